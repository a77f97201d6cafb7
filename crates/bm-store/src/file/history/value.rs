//! The bytes of a record of the history, and of a list.

use super::super::segment::leb;
use super::super::tables::{Translate, corrupt, join_pieces};
use super::{Bytes, ListKey, PageKey, PieceKey};
use crate::{StoreError, envelope};
use redb::ReadableTable;

pub(super) const ABSENT: u8 = 0;
pub(super) const INLINE: u8 = 1;
pub(super) const LARGE: u8 = 2;

/// Mixed into a record's checksum, so that it holds for this version and kind only. Because it is mixed in by
/// exclusive or, a page that was damaged when it was replaced stays as damaged as it was.
fn mark(last: u64, kind: u8) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&last.to_le_bytes());
    crc.update(&[kind]);
    crc.finalize()
}

pub(super) fn encode(kind: u8, body: &[u8], crc: u32, last: u64) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 5);
    out.push(kind);
    out.extend_from_slice(body);
    out.extend_from_slice(&(crc ^ mark(last, kind)).to_le_bytes());
    out
}

/// Kind, body and checksum of a record's value.
fn decode(value: &[u8], last: u64) -> Option<(u8, &[u8], u32)> {
    let (&kind, rest) = value.split_first()?;
    let (body, crc) = rest.split_last_chunk::<4>()?;
    Some((kind, body, u32::from_le_bytes(*crc) ^ mark(last, kind)))
}

/// The checked payload of a page as it was up to `last`; `None` if it was not there.
pub(super) fn page(
    key: PageKey,
    value: &[u8],
    pieces: Option<&impl ReadableTable<PieceKey, Bytes>>,
    t: &impl Translate,
) -> Result<Option<Vec<u8>>, StoreError> {
    let (id, last) = key;
    let damaged = |detail: &str| corrupt(id, format!("as of version {last}: {detail}"));
    let (kind, body, crc) = decode(value, last).ok_or_else(|| damaged("truncated"))?;
    let payload = match (kind, body) {
        (ABSENT, []) => vec![],
        (INLINE, payload) => payload.to_vec(),
        (LARGE, &[a, b, c, d]) => {
            let pieces = pieces.ok_or_else(|| damaged("its pieces are not there"))?;
            let range = pieces.range((id, last, 0)..=(id, last, u32::MAX)).map_err(|e| t.storage(e))?;
            join_pieces(range, id, u32::from_le_bytes([a, b, c, d]), t)?
        }
        _ => return Err(damaged("unknown kind of record")),
    };
    if envelope::page_crc(id, &payload) != crc {
        return Err(damaged("checksum does not match"));
    }
    Ok((kind != ABSENT).then_some(payload))
}

/// The checked payload of a named record as it was up to `last`; `None` if it was not there.
pub(super) fn named(name: &str, last: u64, value: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
    let damaged = |detail: &str| StoreError::CorruptRecord {
        name: name.into(),
        detail: format!("as of version {last}: {detail}"),
    };
    let (kind, body, crc) = decode(value, last).ok_or_else(|| damaged("truncated"))?;
    let sealed = [body, &crc.to_le_bytes()].concat();
    let payload =
        envelope::unseal_named(name, &sealed).map_err(|_its_detail| damaged("checksum does not match"))?;
    match kind {
        ABSENT => Ok(None),
        INLINE => Ok(Some(payload.to_vec())),
        _ => Err(damaged("unknown kind of record")),
    }
}

pub(super) fn list_crc(key: ListKey, body: &[u8]) -> [u8; 4] {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&key.0.to_le_bytes());
    crc.update(&key.1.to_le_bytes());
    crc.update(body);
    crc.finalize().to_le_bytes()
}

/// The page codes of a part of a list.
pub(super) fn list(key: ListKey, value: &[u8]) -> Result<Vec<u64>, StoreError> {
    let damaged = |detail: &str| StoreError::CorruptRecord {
        name: format!("list of the pages replaced after version {}, part {}", key.0, key.1),
        detail: detail.into(),
    };
    let (mut body, crc) = value.split_last_chunk::<4>().ok_or_else(|| damaged("truncated"))?;
    if *crc != list_crc(key, body) {
        return Err(damaged("checksum does not match"));
    }
    let (mut ids, mut id) = (Vec::new(), 0u64);
    while !body.is_empty() {
        let step = leb(&mut body).and_then(|step| id.checked_add(step));
        id = step.ok_or_else(|| damaged("malformed"))?;
        ids.push(id);
    }
    Ok(ids)
}

/// Bytes of payload in the value of a replaced named record, if it is whole.
pub(super) fn named_len(name: &str, value: &[u8]) -> u64 {
    let frame = 1 + envelope::HEADER_LEN + name.len() + envelope::TRAILER_LEN;
    value.len().saturating_sub(frame) as u64
}

/// Length of the payload that a record's value speaks of.
pub(super) fn page_len(value: &[u8]) -> u64 {
    match *value {
        [LARGE, a, b, c, d, ..] => u64::from(u32::from_le_bytes([a, b, c, d])),
        _ => value.len().saturating_sub(5) as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An engine that never fails.
    struct Sound;
    impl Translate for Sound {
        fn translate(&self, error: redb::Error) -> StoreError {
            StoreError::Damaged { path: "test".into(), detail: error.to_string() }
        }
    }
    type NoPieces = redb::ReadOnlyTable<PieceKey, Bytes>;

    fn page(key: PageKey, value: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        super::page(key, value, None::<&NoPieces>, &Sound)
    }

    #[test]
    fn golden_bytes() {
        let id = 0x0040_0123;
        let kept = encode(INLINE, b"gneiss", envelope::page_crc(id, b"gneiss"), 9);
        insta::assert_snapshot!(format!("{kept:02x?}"), @"[01, 67, 6e, 65, 69, 73, 73, 37, 92, 3a, 39]");
        assert_eq!(page((id, 9), &kept).unwrap().as_deref(), Some(&b"gneiss"[..]));
        let absent = encode(ABSENT, &[], envelope::page_crc(id, &[]), 9);
        insta::assert_snapshot!(format!("{absent:02x?}"), @"[00, d3, da, 38, 49]");
        assert_eq!(page((id, 9), &absent).unwrap(), None);
        let mut listed = vec![0x81, 0x20, 0x05];
        listed.extend(list_crc((9, 1), &listed));
        insta::assert_snapshot!(format!("{listed:02x?}"), @"[81, 20, 05, a6, be, cf, 02]");
        assert_eq!(list((9, 1), &listed).unwrap(), [0x1001, 0x1006]);
        assert!(list((9, 0), &listed).is_err() && list((8, 1), &listed).is_err());
        let sealed = envelope::seal_internal("name", b"Earth");
        let (body, crc) = sealed.split_last_chunk::<4>().unwrap();
        let value = encode(INLINE, body, u32::from_le_bytes(*crc), 9);
        insta::assert_snapshot!(format!("{value:02x?}"), @"[01, 42, 4d, 01, 02, 04, 00, 00, 00, 00, 00, 00, 00, 05, 00, 00, 00, 6e, 61, 6d, 65, 45, 61, 72, 74, 68, e1, 6f, 50, 2f]");
        assert_eq!(named("name", 9, &value).unwrap().as_deref(), Some(&b"Earth"[..]));
        assert!(named("name", 8, &value).is_err() && named("nome", 9, &value).is_err());
    }

    #[test]
    fn every_flip_and_cut_is_found() {
        for value in [
            encode(INLINE, b"schist", envelope::page_crc(77, b"schist"), 5),
            encode(INLINE, b"", envelope::page_crc(77, b""), 5),
            encode(ABSENT, b"", envelope::page_crc(77, b""), 5),
        ] {
            assert!(page((77, 5), &value).is_ok());
            assert!(page((77, 6), &value).is_err() && page((78, 5), &value).is_err());
            for bit in 0..value.len() * 8 {
                let mut bad = value.clone();
                bad[bit / 8] ^= 1 << (bit % 8);
                assert!(page((77, 5), &bad).is_err(), "bit {bit}");
            }
            for len in 0..value.len() {
                assert!(page((77, 5), &value[..len]).is_err());
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn hostile_values_are_errors(mut bytes in proptest::collection::vec(any::<u8>(), 0..60), kind in 0u8..4, sign: bool) {
            if sign {
                let crc = list_crc((3, 0), &bytes);
                let _ = list((3, 0), &[&bytes[..], &crc].concat());
            } else if let Some(first) = bytes.first_mut() {
                *first = kind;
            }
            prop_assert!(page((1, 3), &bytes).is_err());
            prop_assert!(named("x", 3, &bytes).is_err() && list((3, 0), &bytes).is_err());
            let _ = (page_len(&bytes), named_len("x", &bytes));
        }
    }
}
