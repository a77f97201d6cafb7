#![no_main]
//! Sealed records: what is taken must be exactly what sealing makes.
use bm_core::PageId;
use bm_store::{seal_named, seal_page, unseal_named, unseal_page};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // The key first, so that the fuzzer can hit it.
    let key = bytes.first_chunk::<8>().copied().unwrap_or_default();
    let sealed = bytes.get(8..).unwrap_or_default();
    if let Some(id) = PageId::from_raw(u64::from_le_bytes(key)) {
        if let Ok(payload) = unseal_page(id, sealed) {
            assert_eq!(seal_page(id, payload).expect("it fits"), sealed);
        }
        // And with a right check sum, which no fuzzer finds by itself.
        if let Ok(made) = seal_page(id, sealed) {
            assert_eq!(unseal_page(id, &made).expect("sealed here"), sealed);
            assert!(PageId::ROOT == id || unseal_page(PageId::ROOT, &made).is_err(), "another page's record");
        }
    }
    for name in ["log", "world", ""] {
        if let Ok(payload) = unseal_named(name, sealed) {
            assert_eq!(seal_named(name, payload).expect("it fits"), sealed);
        }
    }
});
