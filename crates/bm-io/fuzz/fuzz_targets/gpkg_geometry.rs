#![no_main]
//! The geometry column of a GeoPackage.
use bm_io::vector::gpkg::decode_geometry;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = decode_geometry(bytes, "fuzz");
    // Behind a good head, too, so that the rest is reached at once.
    let _ = decode_geometry(&[&b"GP\0\x01\xe6\x10\0\0"[..], bytes].concat(), "fuzz");
});
