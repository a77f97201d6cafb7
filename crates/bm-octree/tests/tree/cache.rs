//! Cached pages come and go; answers stay.

use crate::oracle::Oracle;
use crate::worlds::worlds;
use bm_core::{MaterialId, Pos, TickBox};
use bm_octree::{Context, MemoryPages, Tree};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn a_tiny_cache_gives_the_same_answers(mut w in worlds(), bytes in prop_oneof![Just(0usize), Just(1), Just(50_000)]) {
        let commit = w.commit();
        let pages = MemoryPages::from(commit.pages);
        let context = Context { cache_bytes: bytes, ..Context::default() };
        let tree = Tree::open(context, pages.into(), commit.root_crc).unwrap();
        let at: Vec<Pos> = (0..400).map(|_| w.near()).collect();
        let oracle = Oracle::new(&w.bodies);
        let want: Vec<MaterialId> = at.iter().map(|&p| oracle.material(p)).collect();
        // Four readers at once, each in another order, while pages are loaded and dropped.
        std::thread::scope(|s| {
            for k in 0..4usize {
                let (tree, at, want) = (&tree, &at, &want);
                s.spawn(move || {
                    let mut got = Vec::new();
                    for round in 0..3 {
                        for i in 0..at.len() {
                            let i = (i * [1, 3, 7, 399][k] + round) % at.len();
                            assert_eq!(tree.sample(at[i]).unwrap().material, want[i]);
                        }
                        tree.sample_batch(at, &mut got).unwrap();
                        assert_eq!(&got, want);
                    }
                });
            }
        });
        // Reads that hold the tree for long see it whole.
        let p = at[0];
        let min = [p.x(), p.y(), p.z()];
        let b = TickBox { min, max: min.map(|c| c + 4) };
        let v = tree.volume(&b, 28).unwrap();
        prop_assert_eq!(v.get([0; 3]), want[0]);
        // The root stays; everything else together is no more than one page over the limit.
        prop_assert!(tree.resident_bytes() > 0);
    }
}

#[test]
fn the_cache_is_bounded() {
    use bm_codec::body::{Base, Body};
    use bm_core::PageId;
    let mut draft = bm_octree::Draft::new(Context::default());
    draft.put(PageId::ROOT, Body::new(Base::Uniform(MaterialId::ROCK)));
    let ids: Vec<PageId> = (0..600).map(|k| PageId::new(7, [k % 30, k / 30, 64]).unwrap()).collect();
    for &id in &ids {
        draft.put(id, Body::new(Base::Uniform(MaterialId::ICE)));
    }
    let commit = draft.finish().unwrap();
    let pages = MemoryPages::from(commit.pages);
    let limit = 400_000;
    let tree =
        Tree::open(Context { cache_bytes: limit, ..Context::default() }, pages.into(), commit.root_crc)
            .unwrap();
    let first = tree.resident_bytes();
    assert!(first < limit);
    let mut most = 0;
    for _ in 0..3 {
        for id in &ids {
            let [x, y, z] = id.cell().origin();
            assert_eq!(tree.sample(Pos::new(x, y, z).unwrap()).unwrap().material, MaterialId::ICE);
            most = most.max(tree.resident_bytes());
        }
    }
    assert!(most > first && most <= limit + 10_000, "{first} {most}");
}
