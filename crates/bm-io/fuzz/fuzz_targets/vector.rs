#![no_main]
//! Any vector file but a database: TopoJSON, GeoJSON, WKB, its digits, FlatGeobuf, compressed or not. The first byte
//! sets the options. What is handed over is finite, in range and counted.
use bm_io::IoError;
use bm_io::vector::{DateLine, GeoJsonStyle, VectorOptions, geojson_to, read_vector_bytes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((flags, bytes)) = bytes.split_first() else { return };
    if bytes.starts_with(b"SQLite format 3") {
        return;
    }
    let has = |bit: u8| flags & bit != 0;
    let options = VectorOptions {
        layer: None,
        id_property: has(1).then(|| "name".to_owned()),
        swap_xy: has(2),
        date_line: if has(4) { DateLine::Shortest } else { DateLine::AsIs },
        skip_invalid: has(8),
        max_bytes: 1 << 24,
    };
    let mut features = Vec::new();
    let outcome = read_vector_bytes(bytes, "fuzz", &options, |feature| {
        features.push(feature);
        Ok::<(), IoError>(())
    });
    let mut out = Vec::new();
    geojson_to(&mut out, &features, GeoJsonStyle::default()).expect("finite");
    if let Ok(summary) = outcome {
        assert_eq!(summary.features, features.len() as u64);
        // The RFC's own form is read here whatever it was made of: rings cut at the date line may vanish.
        let again = read_vector_bytes(&out, "again", &VectorOptions::default(), |_| Ok::<(), IoError>(()));
        assert!(again.expect("written here").features <= summary.features);
    }
});
