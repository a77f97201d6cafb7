#![no_main]
//! The payload of a record: what is read is in normal form, and means the same when it is written again.
use bm_overlay::Edits;
use bm_overlay::journal::{Change, decode_edits, encode_edits, visit_edits};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut seen = Edits::default();
    let visited = visit_edits(bytes, |change| match change {
        Change::Box(b) => seen.boxes.push(b),
        Change::Run(r) => seen.runs.push(r),
    });
    let decoded = decode_edits(bytes);
    assert_eq!(visited.is_ok(), decoded.is_ok());
    let Ok(edits) = decoded else { return };
    assert_eq!(seen, edits);
    assert_eq!(edits.fault(), None);
    let mut again = Vec::new();
    encode_edits(&edits, &mut again);
    assert_eq!(decode_edits(&again).expect("written here"), edits);
    assert!(again.len() <= bytes.len() + 1, "{} bytes grew to {}", bytes.len(), again.len());
});
