//! Damaged, missing and stale pages are found, and named.

use crate::worlds::{Rng, World, beside, body, strata};
use bm_codec::body::{Base, Body};
use bm_codec::exceptions::Exceptions;
use bm_core::frame::{SEA_LEVEL, WORLD_Z_MAX, WORLD_Z_MIN};
use bm_core::page::SUBCELLS;
use bm_core::{Cell, ErrorKind, MaterialId, PageId, Pos};
use bm_octree::{Context, MemoryPages, Problem, Tree, TreeError};
use std::collections::BTreeMap;

/// A small tree of every kind of page.
fn world() -> World {
    let anchor = Pos::new(70 << 20, 41 << 20, SEA_LEVEL - 3).unwrap();
    let mut rng = Rng(2024);
    let top = PageId::containing(anchor, 7).unwrap();
    let middle = PageId::containing(anchor, 14).unwrap();
    let fine = PageId::containing(anchor, 21).unwrap();
    let over = beside(middle, [0, 0, 1]).unwrap();
    let runs =
        Exceptions::from_runs([(1000, None), (9, Some(MaterialId::ORE)), (SUBCELLS - 1009, None)]).unwrap();
    let bodies = [
        (PageId::ROOT, Body::new(Base::Uniform(MaterialId::MANTLE))),
        (top, Body { exceptions: runs, ..Body::new(Base::Strata(strata(top, anchor, &mut rng).into())) }),
        (middle, Body::new(Base::Strata(strata(middle, anchor, &mut rng).into()))),
        (over, Body::new(Base::Shared(middle))),
        (fine, Body { base: Base::Inherit, ..body(fine, anchor, &mut rng) }),
    ];
    World { anchor, bodies: bodies.into(), rng }
}

/// Everything there is to ask, as one comparable value.
fn read_all(pages: &BTreeMap<PageId, Vec<u8>>, crc: u32) -> Result<Vec<MaterialId>, TreeError> {
    let tree = Tree::open(Context::default(), MemoryPages(pages.clone()).into(), crc)?;
    let mut out = Vec::new();
    for id in world().bodies.keys() {
        let [x, y, z] = id.cell().origin();
        let at = Pos::new(x, y, z.max(WORLD_Z_MIN))?;
        out.push(tree.sample(at)?.material);
        out.push(tree.sample_at_level(at, id.level())?.material);
        out.extend(tree.shares(Cell::containing(at, id.level()))?.list().iter().map(|s| s.0));
        let mut runs = Vec::new();
        tree.column(x, y, WORLD_Z_MIN, WORLD_Z_MAX, &mut runs)?;
        out.extend(runs.iter().map(|r| r.material));
    }
    Ok(out)
}

fn problems(
    pages: &BTreeMap<PageId, Vec<u8>>,
    crc: u32,
    good: &BTreeMap<PageId, Vec<u8>>,
) -> (Vec<Problem>, bm_octree::Report) {
    // The root is read when the tree is opened; validation must see it go bad afterwards too.
    let mut opened = pages.clone();
    opened.insert(PageId::ROOT, good[&PageId::ROOT].clone());
    let source = std::sync::Arc::new(Swap { opened, now: pages.clone(), open: true.into() });
    let tree = Tree::open(Context::default(), source.clone(), crc).unwrap();
    source.open.store(false, std::sync::atomic::Ordering::Relaxed);
    let mut found = Vec::new();
    let mut steps = Vec::new();
    let report = tree.validate(&mut |p| found.push(p), &mut |done, known| steps.push((done, known)));
    assert_eq!(report.problems, found.len() as u64);
    assert!(steps.iter().all(|(done, known)| done <= known));
    assert_eq!(steps.last(), Some(&(report.pages, report.pages)));
    (found, report)
}

/// Pages that change once the tree is open.
struct Swap {
    opened: BTreeMap<PageId, Vec<u8>>,
    now: BTreeMap<PageId, Vec<u8>>,
    open: std::sync::atomic::AtomicBool,
}

impl bm_core::PageSource for Swap {
    fn page(&self, id: PageId) -> Result<Option<Vec<u8>>, bm_core::PageError> {
        let open = self.open.load(std::sync::atomic::Ordering::Relaxed);
        Ok(if open { &self.opened } else { &self.now }.get(&id).cloned())
    }
}

#[test]
fn a_sound_tree_has_no_problems() {
    let w = world();
    let commit = w.commit();
    let pages: BTreeMap<_, _> = commit.pages.into_iter().collect();
    assert!(read_all(&pages, commit.root_crc).is_ok());
    let (found, report) = problems(&pages, commit.root_crc, &pages);
    assert!(found.is_empty(), "{found:?}");
    // Five, and one made up: the sharing page lies on the other side of sea level, in another page.
    assert_eq!(report.pages, 6);
    assert_eq!(report.kinds, [("uniform", 1), ("strata", 2), ("shared", 1), ("inherit", 2)].into());
    assert_eq!(report.reachable, pages.keys().copied().collect());
}

#[test]
fn every_damaged_byte_is_found() {
    let w = world();
    let commit = w.commit();
    let good: BTreeMap<_, _> = commit.pages.into_iter().collect();
    for (&id, bytes) in &good {
        let mut bad = good.clone();
        // Long pages (a directory, a palette) are thinned out; every region of them is met all the same.
        for k in (0..bytes.len()).step_by(bytes.len().div_ceil(150)) {
            for flip in [0xff, 1 << (k % 8)] {
                let mut b = bytes.clone();
                b[k] ^= flip;
                bad.insert(id, b);
                let e = read_all(&bad, commit.root_crc).expect_err("a check sum covers every byte");
                assert!(matches!(e, TreeError::Stale { page, .. } if page == id), "{e}");
                assert_eq!(e.kind(), ErrorKind::Corrupt);
            }
        }
        // Cut short, or longer.
        for b in [&bytes[..bytes.len() - 1], &[], &[bytes.as_slice(), &[0]].concat()] {
            bad.insert(id, b.to_vec());
            assert!(
                matches!(read_all(&bad, commit.root_crc), Err(TreeError::Stale { page, .. }) if page == id)
            );
        }
        let (found, _) = problems(&bad, commit.root_crc, &good);
        assert!(
            found.iter().any(|p| p.page == id && matches!(p.error, TreeError::Stale { .. })),
            "{found:?}"
        );
    }
}

#[test]
fn a_missing_page_is_named() {
    let w = world();
    let commit = w.commit();
    let good: BTreeMap<_, _> = commit.pages.into_iter().collect();
    for &id in good.keys() {
        let mut bad = good.clone();
        bad.remove(&id);
        let e = read_all(&bad, commit.root_crc).unwrap_err();
        assert!(matches!(e, TreeError::Missing { page } if page == id), "{e}");
        assert!(e.to_string().contains(&id.to_string()));
        let (found, _) = problems(&bad, commit.root_crc, &good);
        assert!(
            found.iter().any(|p| p.page == id && matches!(p.error, TreeError::Missing { .. })),
            "{found:?}"
        );
    }
}

#[test]
fn an_older_page_is_found_out() {
    let mut w = world();
    let old: BTreeMap<_, _> = w.commit().pages.into_iter().collect();
    for (id, b) in &mut w.bodies {
        // Other content everywhere; the page that shares stays as it is, since its bytes do not say what.
        if !matches!(b.base, Base::Shared(_)) {
            let more = [(7, Some(MaterialId::ICE)), (SUBCELLS - 7, None)];
            b.exceptions = Exceptions::from_runs(more).unwrap();
        }
        assert!(old.contains_key(id));
    }
    let commit = w.commit();
    let new: BTreeMap<_, _> = commit.pages.into_iter().collect();
    for (&id, bytes) in &old {
        if new[&id] == *bytes {
            continue;
        }
        let mut mixed = new.clone();
        mixed.insert(id, bytes.clone());
        let e = read_all(&mixed, commit.root_crc).unwrap_err();
        assert!(matches!(e, TreeError::Stale { page, .. } if page == id), "{e}");
        let (found, _) = problems(&mixed, commit.root_crc, &new);
        assert!(found.iter().any(|p| p.page == id && matches!(p.error, TreeError::Stale { .. })));
    }
}

/// A page source that fails, as a disk does.
struct Failing;

impl bm_core::PageSource for Failing {
    fn page(&self, id: PageId) -> Result<Option<Vec<u8>>, bm_core::PageError> {
        Err(bm_core::PageError::new(id, ErrorKind::Io, "the disk is gone"))
    }
}

#[test]
fn errors_of_the_store_come_through() {
    let e = Tree::open(Context::default(), std::sync::Arc::new(Failing), 0).err().unwrap();
    assert_eq!(e.kind(), ErrorKind::Io);
    assert!(e.to_string().contains("the disk is gone"));
}

/// Check sums right, content wrong: what only a broken writer makes is an error all the same.
#[test]
fn structures_no_writer_makes_are_errors() {
    use bm_codec::body::{Child, body_crc};
    use bm_codec::shares::Shares;
    let shares = Shares::whole(MaterialId::ROCK);
    let child = |sub: u32, bytes: &[u8]| Child { sub, crc: body_crc(bytes), shares: shares.clone() };
    let at = Pos::new(9, 9, SEA_LEVEL).unwrap();
    let chain: Vec<PageId> = [0, 7, 14, 21].iter().map(|&l| PageId::containing(at, l).unwrap()).collect();
    // A finest page with pages below it.
    let mut pages = BTreeMap::new();
    let mut list = vec![child(0, b"no such page")];
    let mut crc = 0;
    for id in chain.iter().rev() {
        let bytes = Body { children: list.clone(), ..Body::new(Base::Uniform(MaterialId::ROCK)) }.encode();
        list = vec![child(id.sub_index(), &bytes)];
        crc = body_crc(&bytes);
        pages.insert(*id, bytes);
    }
    let tree = Tree::open(Context::default(), MemoryPages(pages).into(), crc).unwrap();
    let [x, y, z] = chain[3].cell().origin();
    let e = tree.sample(Pos::new(x, y, z).unwrap()).unwrap_err();
    assert!(matches!(e, TreeError::Structure { page, .. } if page == chain[3]), "{e}");
    let mut found = Vec::new();
    tree.validate(&mut |p| found.push(p), &mut |_, _| ());
    assert!(found.iter().any(|p| p.page == chain[3]), "{found:?}");

    // Two pages that share each other's columns.
    let (a, b) = (chain[1], beside(chain[1], [0, 0, 1]).unwrap());
    let of = |id| Body::new(Base::Shared(id)).encode();
    let (pa, pb) = (of(b), of(a));
    let mut list = vec![child(a.sub_index(), &pa), child(b.sub_index(), &pb)];
    list.sort_by_key(|c| c.sub);
    let root = Body { children: list, ..Body::new(Base::Uniform(MaterialId::ROCK)) }.encode();
    let crc = body_crc(&root);
    let pages = BTreeMap::from([(PageId::ROOT, root), (a, pa), (b, pb)]);
    let tree = Tree::open(Context::default(), MemoryPages(pages).into(), crc).unwrap();
    assert!(matches!(tree.sample(at).unwrap_err(), TreeError::Structure { .. }));
    let report = tree.validate(&mut |_| (), &mut |_, _| ());
    assert_eq!((report.pages, report.problems), (3, 2));
}
