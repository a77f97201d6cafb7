//! The seal every record carries, whatever store it lies in.
//!
//! ```text
//! offset  size  field
//!      0     2  magic "BM"
//!      2     1  envelope version, 1
//!      3     1  kind: 1 = page, 2 = named record
//!      4     8  key, little endian: the page's code, or the length of the name
//!     12     4  payload length in bytes, little endian
//!     16     n  the name (kind 2 only)
//!      …     m  payload
//!      …     4  CRC-32 (IEEE) of everything before it, little endian
//! ```
//!
//! The key is under the checksum, so a record that landed in the wrong place is found out as well.

use crate::StoreError;
use bm_core::PageId;
use crc32fast::Hasher;

/// Bytes before the name or payload.
pub(crate) const HEADER_LEN: usize = 16;
/// Bytes after the payload.
pub(crate) const TRAILER_LEN: usize = 4;
/// Largest payload a record may have, in bytes.
pub const MAX_PAYLOAD: usize = 256 << 20;
/// Longest name of a named record, in bytes.
pub const MAX_NAME: usize = 255;

const MAGIC: [u8; 2] = *b"BM";
const VERSION: u8 = 1;
const KIND_PAGE: u8 = 1;
const KIND_NAMED: u8 = 2;

fn header(kind: u8, key: u64, len: usize) -> [u8; HEADER_LEN] {
    let mut h = [0; HEADER_LEN];
    h[..2].copy_from_slice(&MAGIC);
    h[2] = VERSION;
    h[3] = kind;
    h[4..12].copy_from_slice(&key.to_le_bytes());
    // Callers have checked the payload against MAX_PAYLOAD, which fits; a longer one could not match its seal.
    h[12..16].copy_from_slice(&u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes());
    h
}

/// Checksum of a page's envelope, for stores that keep the other header fields elsewhere.
#[must_use]
pub fn page_crc(id: u64, payload: &[u8]) -> u32 {
    let mut crc = Hasher::new();
    crc.update(&header(KIND_PAGE, id, payload.len()));
    crc.update(payload);
    crc.finalize()
}

fn seal(kind: u8, key: u64, name: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER_LEN + name.len() + payload.len() + TRAILER_LEN);
    out.extend_from_slice(&header(kind, key, payload.len()));
    out.extend_from_slice(name);
    out.extend_from_slice(payload);
    let crc = crc32fast::hash(&out);
    out.extend_from_slice(&crc.to_le_bytes());
    out
}

fn unseal<'a>(kind: u8, key: u64, name: &[u8], sealed: &'a [u8]) -> Result<&'a [u8], String> {
    let frame = HEADER_LEN + name.len() + TRAILER_LEN;
    let Some(len) = sealed.len().checked_sub(frame) else {
        return Err(format!("truncated to {} bytes", sealed.len()));
    };
    let (body, crc) = sealed.split_at(sealed.len() - TRAILER_LEN);
    if crc != crc32fast::hash(body).to_le_bytes() {
        return Err("checksum does not match".into());
    }
    // The checksum holds, so these are records of another place or time, not flipped bits.
    if body[2] > VERSION && body[..2] == MAGIC {
        return Err(format!("envelope version {} is newer than {VERSION}", body[2]));
    }
    if body[..HEADER_LEN] != header(kind, key, len) || !body[HEADER_LEN..].starts_with(name) {
        return Err("the record belongs elsewhere".into());
    }
    Ok(&body[HEADER_LEN + name.len()..])
}

/// Seals a page's payload.
///
/// # Errors
/// [`StoreError::TooLarge`] beyond [`MAX_PAYLOAD`].
pub fn seal_page(id: PageId, payload: &[u8]) -> Result<Vec<u8>, StoreError> {
    check_payload(|| format!("page {id}"), payload.len())?;
    Ok(seal(KIND_PAGE, id.raw(), &[], payload))
}

/// Checks a sealed page and gives its payload.
///
/// # Errors
/// [`StoreError::Corrupt`] when a bit is wrong, the record is truncated, or it is another page's.
pub fn unseal_page(id: PageId, sealed: &[u8]) -> Result<&[u8], StoreError> {
    unseal(KIND_PAGE, id.raw(), &[], sealed).map_err(|detail| StoreError::Corrupt { page: id, detail })
}

/// Seals a named record.
///
/// # Errors
/// [`StoreError::BadName`] unless the name has 1 to [`MAX_NAME`] bytes; [`StoreError::TooLarge`].
pub fn seal_named(name: &str, payload: &[u8]) -> Result<Vec<u8>, StoreError> {
    check_name(name)?;
    check_payload(|| format!("record {name:?}"), payload.len())?;
    Ok(seal(KIND_NAMED, name.len() as u64, name.as_bytes(), payload))
}

/// [`seal_named`] without the rules for users: the empty name is the store's own record.
#[cfg(feature = "file")]
pub(crate) fn seal_internal(name: &str, payload: &[u8]) -> Vec<u8> {
    seal(KIND_NAMED, name.len() as u64, name.as_bytes(), payload)
}

/// Checks a sealed named record and gives its payload.
///
/// # Errors
/// [`StoreError::CorruptRecord`] when a bit is wrong, the record is truncated, or it has another name.
pub fn unseal_named<'a>(name: &str, sealed: &'a [u8]) -> Result<&'a [u8], StoreError> {
    unseal(KIND_NAMED, name.len() as u64, name.as_bytes(), sealed)
        .map_err(|detail| StoreError::CorruptRecord { name: name.into(), detail })
}

pub(crate) fn check_name(name: &str) -> Result<(), StoreError> {
    if name.is_empty() || name.len() > MAX_NAME {
        return Err(StoreError::BadName { name: name.into() });
    }
    Ok(())
}

pub(crate) fn check_payload(what: impl FnOnce() -> String, len: usize) -> Result<(), StoreError> {
    if len > MAX_PAYLOAD {
        return Err(StoreError::TooLarge { what: what(), bytes: len as u64, limit: MAX_PAYLOAD as u64 });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write;

    fn hex(bytes: &[u8]) -> String {
        bytes.chunks(16).fold(String::new(), |mut s, row| {
            for b in row {
                write!(s, "{b:02x} ").unwrap();
            }
            s.truncate(s.trim_end().len());
            s.push('\n');
            s
        })
    }

    #[test]
    fn golden_bytes() {
        let id = PageId::new(7, [38, 19, 63]).unwrap();
        insta::assert_snapshot!(hex(&seal_page(id, b"granite below, air above").unwrap()), @"
        42 4d 01 01 7e e9 22 00 00 00 00 00 18 00 00 00
        67 72 61 6e 69 74 65 20 62 65 6c 6f 77 2c 20 61
        69 72 20 61 62 6f 76 65 10 64 88 e3
        ");
        insta::assert_snapshot!(hex(&seal_page(PageId::ROOT, b"").unwrap()), @"
        42 4d 01 01 01 00 00 00 00 00 00 00 00 00 00 00
        21 e5 ac a8
        ");
        insta::assert_snapshot!(hex(&seal_named("world", b"{}").unwrap()), @"
        42 4d 01 02 05 00 00 00 00 00 00 00 02 00 00 00
        77 6f 72 6c 64 7b 7d 8d bb a4 1e
        ");
    }

    #[test]
    fn every_flip_cut_and_swap_is_found() {
        let id = PageId::new(7, [1, 2, 3]).unwrap();
        let sealed = seal_page(id, b"basalt").unwrap();
        assert_eq!(unseal_page(id, &sealed).unwrap(), b"basalt");
        assert_eq!(page_crc(id.raw(), b"basalt").to_le_bytes(), sealed[sealed.len() - 4..]);
        for bit in 0..sealed.len() * 8 {
            let mut bad = sealed.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(
                matches!(unseal_page(id, &bad), Err(StoreError::Corrupt { page, .. }) if page == id),
                "bit {bit}"
            );
        }
        for len in 0..sealed.len() {
            assert!(unseal_page(id, &sealed[..len]).is_err());
        }
        assert!(unseal_page(PageId::ROOT, &sealed).is_err(), "another page's record");
        let named = seal_named("a", b"x").unwrap();
        assert_eq!(unseal_named("a", &named).unwrap(), b"x");
        assert!(unseal_named("b", &named).is_err() && unseal_page(id, &named).is_err());
        assert!(seal_named("", b"").is_err() && seal_named(&"n".repeat(256), b"").is_err());
    }
}
