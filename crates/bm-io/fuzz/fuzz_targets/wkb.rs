#![no_main]
//! WKB and EWKB: what is read is the same after writing it again, and no larger than the bytes allow.
use bm_io::vector::wkb::{decode, encode_ewkb};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(decoded) = decode(bytes, "fuzz") else { return };
    let Some(geometry) = decoded.geometry else { return };
    let again = encode_ewkb(&geometry, decoded.srid);
    let twice = decode(&again, "again").expect("written here");
    assert_eq!(twice.srid, decoded.srid);
    let geometry = twice.geometry.expect("not empty");
    // A ring that begins or ends with what is not finite is not taken for open, as that is the worse fault: it is
    // closed, and with NaN once more each time.
    let text = format!("{geometry:?}");
    if !text.contains("NaN") && !text.contains("inf") {
        assert_eq!(encode_ewkb(&geometry, decoded.srid), again);
        assert!(again.len() <= bytes.len() + 4, "{} bytes grew to {}", bytes.len(), again.len());
    }
});
