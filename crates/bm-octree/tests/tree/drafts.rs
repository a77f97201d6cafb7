//! Drafts: the order of work does not matter, and changing a tree comes to the same as building it anew.

use crate::oracle::Bodies;
use crate::worlds::{Rng, World, beside, body, open, strata, worlds};
use bm_codec::body::{Base, Body, body_crc};
use bm_core::frame::SEA_LEVEL;
use bm_core::{ErrorKind, MaterialId, PageId, Pos};
use bm_octree::{Commit, Context, Draft, MemoryPages, Tree, TreeError};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Pages of a store after a commit.
fn apply(pages: &mut BTreeMap<PageId, Vec<u8>>, commit: &Commit) {
    for id in &commit.removed {
        pages.remove(id);
    }
    pages.extend(commit.pages.iter().cloned());
}

fn stored(commit: &Commit) -> BTreeMap<PageId, Vec<u8>> {
    commit.pages.iter().cloned().collect()
}

fn has_below(bodies: &Bodies, id: PageId) -> bool {
    bodies.keys().any(|k| k.parent() == Some(id))
}

fn is_owner(bodies: &Bodies, id: PageId) -> bool {
    bodies.values().any(|b| b.base == Base::Shared(id))
}

/// The world as it might have been before: pages with other content, pages too few, pages too many.
fn earlier(w: &World, rng: &mut Rng) -> Bodies {
    let mut out = w.bodies.clone();
    let ids: Vec<PageId> = out.keys().copied().collect();
    for &id in &ids {
        match rng.range(0, 6) {
            0 if is_owner(&out, id) => {
                let other = strata(id, w.anchor, rng).into();
                out.entry(id).and_modify(|b| b.base = Base::Strata(other));
            }
            0 => {
                let mut other = body(id, w.anchor, rng);
                if id == PageId::ROOT {
                    other.base = w.bodies[&id].base.clone();
                }
                out.insert(id, other);
            }
            1 if id != PageId::ROOT && !has_below(&out, id) && !is_owner(&out, id) => {
                out.remove(&id);
            }
            2 => {
                let extra = beside(id, [rng.range(-2, 3), rng.range(-2, 3), rng.range(-2, 3)]);
                let extra = extra.filter(|e| e.parent().is_some_and(|p| out.contains_key(&p)));
                if let Some(e) = extra.filter(|e| !out.contains_key(e)) {
                    out.insert(e, body(e, w.anchor, rng));
                    if let Some(below) = e.child(rng.range(0, 1 << 21) as u32) {
                        out.insert(below, body(below, w.anchor, rng));
                    }
                }
            }
            _ => {}
        }
    }
    out
}

fn draft_of(bodies: &Bodies) -> Draft<'static> {
    let mut d = Draft::new(Context::default());
    for (&id, b) in bodies {
        d.put(id, b.clone());
    }
    d
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn neither_order_nor_threads_matter(w in worlds(), seed: u64) {
        let want = w.commit();
        for threads in [1, 2, 8] {
            let mut rng = Rng(seed);
            let mut pages: Vec<_> = w.bodies.iter().collect();
            pages.sort_by_cached_key(|_| rng.next());
            let mut draft = Draft::new(Context::default());
            draft.threads(threads);
            for (id, b) in pages {
                if rng.chance(3) {
                    // Changed one's mind.
                    draft.put(*id, Body::new(Base::Uniform(MaterialId::ORE)));
                    draft.remove(*id);
                }
                draft.put(*id, b.clone());
            }
            prop_assert_eq!(&draft.finish().unwrap(), &want);
        }
    }

    #[test]
    fn directories_list_exactly_the_pages(w in worlds()) {
        let commit = w.commit();
        let pages = stored(&commit);
        prop_assert_eq!(pages.keys().collect::<Vec<_>>(), w.bodies.keys().collect::<Vec<_>>());
        prop_assert_eq!(body_crc(&pages[&PageId::ROOT]), commit.root_crc);
        for (id, bytes) in &pages {
            let decoded = Body::decode(bytes).unwrap();
            prop_assert_eq!(&decoded.base, &w.bodies[id].base);
            prop_assert_eq!(&decoded.exceptions, &w.bodies[id].exceptions);
            let listed: Vec<(PageId, u32)> = decoded.children.iter().map(|c| (id.child(c.sub).unwrap(), c.crc)).collect();
            let below = pages.iter().filter(|(k, _)| k.parent() == Some(*id));
            let below: Vec<(PageId, u32)> = below.map(|(k, b)| (*k, body_crc(b))).collect();
            prop_assert_eq!(listed, below, "directory of {}", id);
        }
    }

    #[test]
    fn changing_comes_to_the_same_as_building_anew(w in worlds(), seed: u64) {
        let mut rng = Rng(seed);
        let before = earlier(&w, &mut rng);
        let first = draft_of(&before).finish().unwrap();
        let mut pages = stored(&first);
        let mut crc = first.root_crc;
        // In one commit, or in several where pages may change one after the other.
        let mut steps: Vec<Vec<PageId>> = vec![Vec::new(); if seed.is_multiple_of(2) { 1 } else { 3 }];
        for &id in before.keys().chain(w.bodies.keys()) {
            if before.get(&id) != w.bodies.get(&id) {
                let last = steps.len() as i64;
                // Pages that share or are shared go first, all together, so that no step is in between.
                let at = if steps.len() == 1 || w.bodies.get(&id).is_some_and(|b| matches!(b.base, Base::Shared(_)))
                    || before.get(&id).is_some_and(|b| matches!(b.base, Base::Shared(_)))
                    || is_owner(&before, id) || is_owner(&w.bodies, id) || !w.bodies.contains_key(&id) { 0 } else { rng.range(0, last) };
                steps[at as usize].push(id);
            }
        }
        for step in steps {
            let tree = Tree::open(Context::default(), MemoryPages(pages.clone()).into(), crc).unwrap();
            let mut draft = Draft::of(&tree);
            for id in step {
                match w.bodies.get(&id) {
                    Some(b) => draft.put(id, b.clone()),
                    None => draft.remove(id),
                };
            }
            let commit = draft.finish().unwrap();
            apply(&mut pages, &commit);
            crc = commit.root_crc;
        }
        let anew = w.commit();
        prop_assert_eq!(pages.keys().collect::<Vec<_>>(), w.bodies.keys().collect::<Vec<_>>());
        for (id, bytes) in &anew.pages {
            let (was, is) = (Body::decode(&pages[id]).unwrap(), Body::decode(bytes).unwrap());
            prop_assert_eq!(was.children, is.children, "directory of {}", id);
            prop_assert_eq!(&pages[id], bytes, "page {}", id);
        }
        prop_assert_eq!(crc, anew.root_crc);
    }

    #[test]
    fn a_draft_without_changes_changes_nothing(w in worlds()) {
        let commit = w.commit();
        let tree = open(&commit);
        let nothing = Draft::of(&tree).finish().unwrap();
        prop_assert_eq!(&nothing, &Commit { pages: vec![], removed: vec![], root_crc: commit.root_crc });
        // A page that is not there can be removed any number of times.
        let absent = PageId::new(21, [1, 2, 3]).unwrap();
        prop_assume!(!w.bodies.contains_key(&absent));
        let mut draft = Draft::of(&tree);
        draft.remove(absent);
        prop_assert_eq!(&draft.finish().unwrap(), &nothing);
        // What is put as it was comes out as it was.
        let mut draft = Draft::of(&tree);
        for id in w.bodies.keys() {
            let body = draft.get(*id).unwrap().unwrap();
            draft.put(*id, body);
        }
        prop_assert_eq!(draft.finish().unwrap(), commit);
    }
}

const PAGE: [u32; 3] = [30, 20, 64];

fn page() -> PageId {
    PageId::new(7, PAGE).unwrap()
}

fn over() -> PageId {
    beside(page(), [0, 0, 1]).unwrap()
}

fn relief() -> Base {
    let anchor = Pos::new(30 << 21, 20 << 21, SEA_LEVEL).unwrap();
    Base::Strata(strata(page(), anchor, &mut Rng(7)).into())
}

fn with_root(pages: &[(PageId, Base)]) -> Draft<'static> {
    let mut d = Draft::new(Context::default());
    d.put(PageId::ROOT, Body::new(Base::Uniform(MaterialId::ROCK)));
    for (id, base) in pages {
        d.put(*id, Body::new(base.clone()));
    }
    d
}

#[track_caller]
fn refused(draft: Draft<'_>, page: PageId) {
    match draft.finish() {
        Err(TreeError::Structure { page: p, .. }) => assert_eq!(p, page),
        other => panic!("{other:?}"),
    }
}

#[test]
fn columns_are_shared_with_a_neighbour_that_has_them() {
    assert!(with_root(&[(page(), relief()), (over(), Base::Shared(page()))]).finish().is_ok());
    // Not there, no columns, itself, a ring, another tier, another place.
    refused(with_root(&[(over(), Base::Shared(page()))]), over());
    refused(with_root(&[(page(), Base::Inherit), (over(), Base::Shared(page()))]), over());
    refused(with_root(&[(page(), Base::Shared(page()))]), page());
    refused(with_root(&[(page(), Base::Shared(over())), (over(), Base::Shared(page()))]), page());
    refused(with_root(&[(page(), Base::Shared(PageId::ROOT))]), page());
    let aside = beside(page(), [1, 0, 0]).unwrap();
    refused(with_root(&[(aside, relief()), (page(), Base::Shared(aside))]), page());
    let mut root = Draft::new(Context::default());
    root.put(PageId::ROOT, Body::new(Base::Shared(PageId::ROOT)));
    refused(root, PageId::ROOT);
}

#[test]
fn columns_in_use_stay() {
    let commit = with_root(&[(page(), relief()), (over(), Base::Shared(page()))]).finish().unwrap();
    let tree = open(&commit);
    let mut d = Draft::of(&tree);
    d.put(page(), Body::new(Base::Inherit));
    refused(d, over());
    let mut d = Draft::of(&tree);
    d.remove(page());
    refused(d, over());
    let mut d = Draft::of(&tree);
    d.remove(page()).remove(over());
    assert_eq!(d.finish().unwrap().pages.len(), 1);
}

#[test]
fn pages_go_after_those_below_them() {
    let below = page().child(77).unwrap();
    let deep = below.child(5).unwrap();
    let commit =
        with_root(&[(page(), Base::Inherit), (below, relief()), (deep, Base::Inherit)]).finish().unwrap();
    let tree = open(&commit);
    for id in [page(), below] {
        let mut d = Draft::of(&tree);
        d.remove(id);
        refused(d, id);
    }
    let mut d = Draft::of(&tree);
    d.remove(page()).remove(below);
    refused(d, below);
    let mut d = Draft::of(&tree);
    d.remove(page()).remove(below).put(page().child(3).unwrap(), Body::new(Base::Inherit)).remove(deep);
    refused(d, page());
    let mut d = Draft::of(&tree);
    d.remove(page()).remove(below).remove(deep);
    let c = d.finish().unwrap();
    assert_eq!(c.removed, [page(), below, deep]);
    let alone = with_root(&[]).finish().unwrap();
    assert_eq!((c.pages, c.root_crc), (alone.pages, alone.root_crc));
}

#[test]
fn there_is_a_root() {
    let missing = |d: Draft<'_>| matches!(d.finish(), Err(TreeError::Missing { page: PageId::ROOT }));
    assert!(missing(Draft::new(Context::default())));
    let mut d = Draft::new(Context::default());
    d.put(page(), Body::new(relief()));
    assert!(missing(d));
    let commit = with_root(&[]).finish().unwrap();
    let tree = open(&commit);
    let mut d = Draft::of(&tree);
    d.remove(PageId::ROOT);
    assert!(missing(d));
}

#[test]
fn pages_between_are_made_up() {
    let deep = page().child(77).unwrap().child(5).unwrap();
    let commit = with_root(&[(deep, Base::Uniform(MaterialId::ORE))]).finish().unwrap();
    let pages = stored(&commit);
    assert_eq!(pages.len(), 4);
    assert_eq!(Body::decode(&pages[&page()]).unwrap().base, Base::Inherit);
    let tree = open(&commit);
    let [x, y, z] = deep.cell().origin();
    assert_eq!(tree.sample(Pos::new(x, y, z).unwrap()).unwrap().material, MaterialId::ORE);
    assert_eq!(tree.sample(Pos::new(x - 1, y, z).unwrap()).unwrap().material, MaterialId::ROCK);
}

/// What no reader would take is not written.
#[test]
fn unreadable_pages_are_refused() {
    use bm_codec::procedural::{GeneratorRef, PlanetShells};
    use bm_codec::strata::{Datum, Field, Layer, MAX_LAYERS, Mask};
    let Base::Strata(good) = relief() else { panic!() };
    let layer =
        |top: i32| Layer { material: MaterialId::ORE, datum: Datum::SeaLevel, top: Field::Constant(top) };
    let mut bad = vec![Base::Uniform(MaterialId::UNSET)];
    bad.push(Base::Procedural(GeneratorRef { params: vec![0; 5000], ..PlanetShells::earth() }));
    bad.push(Base::Procedural(GeneratorRef { version: 99, ..PlanetShells::earth() }));
    let mut strata = |change: &dyn Fn(&mut bm_codec::strata::Strata)| {
        let mut s = (*good).clone();
        change(&mut s);
        bad.push(Base::Strata(s.into()));
    };
    strata(&|s| s.layers = vec![layer(0); MAX_LAYERS + 1]);
    strata(&|s| s.layers = vec![layer(1 << 27)]);
    strata(&|s| s.layers = vec![Layer { material: MaterialId::UNSET, ..layer(0) }]);
    strata(&|s| s.above = MaterialId::UNSET);
    strata(&|s| s.ground = MaterialId::UNSET);
    strata(&|s| s.holes = Mask::new(64, |_| true));
    strata(&|s| s.dry = Mask::new(1000, |_| true));
    for base in bad {
        let e = with_root(&[(page(), base.clone())]).finish().unwrap_err();
        assert!(matches!(e, TreeError::Decode { page: p, .. } if p == page()), "{base:?}: {e}");
        assert_ne!(e.kind(), ErrorKind::BadInput);
    }
}
