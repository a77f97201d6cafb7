#![no_main]
//! Exceptions of a page: read, asked, written again.
use bm_codec::body::Body;
use bm_core::page::SUBCELLS;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut body = vec![1, 0];
    body.extend_from_slice(bytes);
    body.push(0);
    let Ok(body) = Body::decode(&body) else { return };
    let again = Body::decode(&body.encode()).expect("what was written can be read");
    assert!(again == body);
    let mut sub = 0u32;
    while sub < SUBCELLS {
        assert_eq!(body.exceptions.get(sub), again.exceptions.get(sub));
        sub += 997;
    }
    let _ = (body.exceptions.get(SUBCELLS - 1), body.exceptions.heap_bytes());
});
