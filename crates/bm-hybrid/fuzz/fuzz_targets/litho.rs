#![no_main]
//! LITHO1.0 archives.
use bm_io::litho::{Interpolation, LithoLayer, LithoOptions, read_litho_bytes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut options = LithoOptions::default();
    options.max_bytes = 1 << 21;
    let Ok(litho) = read_litho_bytes(bytes, "fuzzed", &options) else { return };
    for (lon, lat) in [(0.0, 90.0), (0.0, -90.0), (180.0, 0.0), (-71.3, 26.6), (12.0, 1e-9)] {
        let c = litho.sample(lon, lat, Interpolation::Linear).expect("anywhere on the globe");
        assert!(c.tops_m.is_sorted_by(|a, b| *a >= *b - 1e-3), "{:?}", c.tops_m);
        assert!(c.top_m(LithoLayer::Ice).is_finite());
    }
});
