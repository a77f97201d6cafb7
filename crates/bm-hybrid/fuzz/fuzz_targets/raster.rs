#![no_main]
//! A raster as the surface of strata: its axes, its samples, and what it says between them.
use bm_codec::body::{Base, Body};
use bm_codec::function::ColumnFunction;
use bm_core::TickBox;
use bm_core::frame::SEA_LEVEL;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // Version, strata, no flags, air above, rock below; then the raster, and after it no layers, no exceptions,
    // no directory.
    let mut body = vec![1, 2, 0, 1, 5];
    body.extend_from_slice(bytes);
    body.extend([0; 3]);
    let Ok(Body { base: Base::Strata(s), .. }) = Body::decode(&body) else { return };
    let ([x0, x1], [y0, y1]) = s.surface.coverage();
    let mut runs = Vec::new();
    for x in [x0, x0 / 2 + x1 / 2, x1.saturating_sub(1), x1, 0] {
        for y in [y0, y0 / 2 + y1 / 2, y1.saturating_sub(1), y1, 0] {
            runs.clear();
            s.column(x, y, SEA_LEVEL - 60_000, SEA_LEVEL + 60_000, &mut runs);
            let mut z = SEA_LEVEL - 60_000;
            for r in &runs {
                assert!(r.from == z && r.to > z);
                assert_eq!(s.material([x, y, r.from]), r.material);
                assert_eq!(s.material([x, y, r.to - 1]), r.material);
                z = r.to;
            }
            assert_eq!(z, SEA_LEVEL + 60_000);
            for z in [SEA_LEVEL - 9000, SEA_LEVEL - 4, SEA_LEVEL, SEA_LEVEL + 9000] {
                let b = TickBox { min: [x, y, z], max: [x + 2, y + 3, z + 4] };
                if let Some(m) = s.uniform(&b) {
                    assert_eq!(s.material([x, y, z]), Some(m));
                    assert_eq!(s.material([x + 1, y + 2, z + 3]), Some(m));
                }
            }
        }
    }
});
