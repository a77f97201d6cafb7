#![no_main]
//! Pages that check out but that no writer would have written: rings, strangers, columns of other pages.
use bm_codec::body::{Body, body_crc};
use bm_core::frame::{SEA_LEVEL, WORLD_X, WORLD_Y};
use bm_core::{PageId, Pos, TickBox};
use bm_octree::{Context, MemoryPages, Tree};
use libfuzzer_sys::fuzz_target;

/// Reads a page, gives its directory pages of its own from `parts`, and returns its check sum.
fn build(id: PageId, parts: &mut std::vec::IntoIter<&[u8]>, out: &mut Vec<(PageId, Vec<u8>)>) -> Option<u32> {
    let mut body = Body::decode(parts.next()?).ok()?;
    for c in body.children.iter_mut().take(6) {
        if let Some(child) = id.child(c.sub)
            && let Some(crc) = build(child, parts, out)
        {
            c.crc = crc;
        }
    }
    let bytes = body.encode();
    let crc = body_crc(&bytes);
    out.push((id, bytes));
    Some(crc)
}

fuzz_target!(|bytes: &[u8]| {
    let mut parts = Vec::new();
    let mut rest = bytes;
    while let [a, b, tail @ ..] = rest {
        let n = usize::from(u16::from_le_bytes([*a, *b])).min(tail.len());
        parts.push(&tail[..n]);
        rest = &tail[n..];
    }
    let mut pages = Vec::new();
    let Some(crc) = build(PageId::ROOT, &mut parts.into_iter(), &mut pages) else { return };
    let ids: Vec<PageId> = pages.iter().map(|p| p.0).collect();
    let context = Context { cache_bytes: 1 << 20, ..Context::default() };
    let Ok(tree) = Tree::open(context, MemoryPages::from(pages).into(), crc) else { return };
    for id in ids.iter().take(12) {
        let [x, y, z] = id.cell().origin();
        for (dx, dy, dz) in [(0, 0, 0), (5, 70, 3000), (100_000, 9, 40)] {
            let Ok(p) = Pos::new(x + dx, y + dy, z + dz) else { continue };
            let sample = tree.sample(p);
            for level in [0, 6, 7, 9, 14, 17, 21, 26, 28] {
                let coarse = tree.sample_at_level(p, level);
                if let (28, Ok(a), Ok(b)) = (level, &sample, &coarse) {
                    assert_eq!(a.material, b.material);
                }
            }
            let mut runs = Vec::new();
            if tree.column(p.x(), p.y(), SEA_LEVEL - 9000, SEA_LEVEL + 9000, &mut runs).is_ok() {
                assert!(runs.first().is_some_and(|r| r.from == SEA_LEVEL - 9000));
                assert!(runs.last().is_some_and(|r| r.to == SEA_LEVEL + 9000));
                assert!(runs.windows(2).all(|w| w[0].to == w[1].from));
            }
            let max = [(p.x() + 3).min(WORLD_X), (p.y() + 3).min(WORLD_Y), p.z() + 3];
            if let (Ok(v), Ok(s)) = (tree.volume(&TickBox { min: [p.x(), p.y(), p.z()], max }, 28), &sample) {
                assert_eq!(v.cells[0], s.material);
            }
        }
    }
    tree.validate(&mut |_| (), &mut |_, _| ());
});
