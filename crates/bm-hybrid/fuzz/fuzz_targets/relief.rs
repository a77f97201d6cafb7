#![no_main]
//! Relief files of every kind; what is read must be usable.
use bm_hybrid::World;
use bm_io::relief::{Relief, ReliefOptions, read_relief_bytes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut options = ReliefOptions::default();
    options.max_bytes = 1 << 20;
    options.max_samples = 1 << 14;
    let relief = match read_relief_bytes(bytes, "fuzzed", &options) {
        Ok(relief) => relief,
        Err(e) => {
            assert!(e.to_string().contains("fuzzed"), "{e}");
            return;
        }
    };
    assert_eq!(relief.values.len(), relief.width * relief.height);
    assert_eq!(relief.values.iter().filter(|&&v| v == Relief::NODATA).count(), relief.nodata_count);
    let (_, _) = (relief.range_m(), relief.nearest(7.0, 46.0));
    // Small ones go into a world, and come out again.
    if relief.values.len() <= 400 && !relief.georef.wraps {
        let world = World::in_memory().expect("a blank world");
        if world.ingest_relief(&relief, &Default::default(), &|_| ()).is_ok() {
            let a = world.verify_against(&relief, &|_| ()).expect("sound");
            assert_eq!(a.wrong, 0, "{:?} of {:?}", a.examples, relief);
        }
    }
});
