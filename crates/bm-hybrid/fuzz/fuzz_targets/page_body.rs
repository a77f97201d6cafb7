#![no_main]
//! A page body that decodes must survive being written and read again.
use bm_codec::body::{Body, peek_kind};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = peek_kind(bytes);
    if let Ok(body) = Body::decode(bytes) {
        body.check().expect("what was read may be written");
        let again = body.encode();
        assert!(Body::decode(&again).expect("what was written can be read") == body);
        assert!(Body::decode(&again).expect("twice").encode() == again, "equal pages give equal bytes");
    }
});
