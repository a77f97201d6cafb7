//! The bytes of edits and of segments: there and back, pinned, and hostile.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]
#![cfg(feature = "fault")]

use bm_core::page::SUBCELLS;
use bm_core::{MaterialId, PageId, TickBox};
use bm_overlay::journal::{
    Change, FaultFolder, Head, Journal, JournalError, Options, Record, annex, decode_edits, encode_cell,
    encode_edits, encode_with, visit_edits,
};
use bm_overlay::{BoxEdit, Edits, RunEdit};
use proptest::prelude::*;
use std::sync::Arc;

fn page(level: u8, at: [u32; 3]) -> PageId {
    PageId::new(level, at).unwrap()
}

prop_compose! {
    fn any_page()(level in prop::sample::select(vec![0u8, 7, 14, 21]), at: [u32; 3], near: bool) -> PageId {
        let mask = if near { 3.min((1u32 << level) - 1) } else { (1 << level) - 1 };
        page(level, at.map(|v| v & mask))
    }
}

fn any_material() -> impl Strategy<Value = MaterialId> {
    prop_oneof![3 => (0u16..4).prop_map(MaterialId), 1 => any::<u16>().prop_map(MaterialId)]
}

prop_compose! {
    fn any_box()(page in any_page(), a in prop::array::uniform3(0u8..128), b in prop::array::uniform3(0u8..128),
                 material in any_material()) -> BoxEdit {
        BoxEdit { page, lo: [0, 1, 2].map(|i| a[i].min(b[i])), hi: [0, 1, 2].map(|i| a[i].max(b[i])), material }
    }
}

prop_compose! {
    fn any_run()(page in any_page(), from in 0..SUBCELLS, len in prop_oneof![4 => Just(1), 1 => 1..SUBCELLS],
                 material in any_material()) -> RunEdit {
        RunEdit { page, from, to: from.saturating_add(len).min(SUBCELLS), material }
    }
}

prop_compose! {
    fn any_edits()(mut boxes in prop::collection::vec(any_box(), 0..8),
                   mut runs in prop::collection::vec(any_run(), 0..60)) -> Edits {
        boxes.sort_by_key(|b| b.page);
        runs.sort_by_key(|r| (r.page, r.from));
        let mut kept: Vec<RunEdit> = Vec::new();
        for run in runs {
            if kept.last().is_none_or(|k| k.page < run.page || k.to <= run.from) {
                kept.push(run);
            }
        }
        Edits { boxes, runs: kept }
    }
}

fn encoded(edits: &Edits) -> Vec<u8> {
    let mut out = Vec::new();
    encode_edits(edits, &mut out);
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn edits_round_trip(edits in any_edits()) {
        let bytes = encoded(&edits);
        prop_assert_eq!(decode_edits(&bytes).unwrap(), edits.clone());
        let mut pages = Vec::new();
        visit_edits(&bytes, |change| match change {
            Change::Box(b) => pages.push((b.page, 0)),
            Change::Run(r) => pages.push((r.page, 1)),
        }).unwrap();
        prop_assert_eq!(pages.len(), edits.boxes.len() + edits.runs.len());
        prop_assert!(pages.is_sorted(), "page by page, boxes first");
    }

    #[test]
    fn cells_round_trip(page in any_page(), sub in 0..SUBCELLS, material in any_material()) {
        let mut bytes = vec![7];
        encode_cell(page, sub, material, &mut bytes);
        let run = RunEdit { page, from: sub, to: sub + 1, material };
        let edits = Edits { boxes: vec![], runs: vec![run] };
        prop_assert_eq!(decode_edits(&bytes[1..]).unwrap(), edits.clone());
        prop_assert_eq!(&encoded(&edits)[..], &bytes[1..]);
    }

    #[test]
    fn an_annex_travels_along(edits in any_edits(), bytes in prop::collection::vec(any::<u8>(), 0..300),
                              cut in any::<prop::sample::Index>()) {
        let mut whole = Vec::new();
        encode_with(&edits, &bytes, &mut whole);
        prop_assert_eq!(annex(&whole).unwrap(), (!bytes.is_empty()).then_some(&bytes[..]));
        prop_assert_eq!(decode_edits(&whole).unwrap(), edits);
        let part = &whole[..cut.index(whole.len())];
        prop_assert!(decode_edits(part).is_err(), "a part was read as a whole");
    }

    /// Damage is refused, or read as other edits in normal form; it never panics.
    #[test]
    fn hostile_edits(edits in any_edits(), flips in prop::collection::vec((any::<prop::sample::Index>(), 1u8..), 1..4),
                     cut in any::<prop::sample::Index>()) {
        let mut bytes = encoded(&edits);
        for (at, mask) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= mask;
        }
        if let Ok(edits) = decode_edits(&bytes) {
            prop_assert_eq!(edits.fault(), None);
        }
        let whole = encoded(&edits);
        prop_assert!(decode_edits(&whole[..cut.index(whole.len())]).is_err(), "a part was read as a whole");
    }

    #[test]
    fn noise(mut bytes in prop::collection::vec(any::<u8>(), 0..200), form in 0u8..4) {
        if let Some(first) = bytes.first_mut() {
            *first = form;
        }
        if let Ok(edits) = decode_edits(&bytes) {
            prop_assert_eq!(edits.fault(), None);
        }
    }

    /// The summary of a record against every cell of its edits.
    #[test]
    fn summaries(mut edits in any_edits()) {
        // Few sub-cells, so that each can be looked at.
        edits.runs.retain(|r| r.to - r.from < 5000);
        edits.boxes.retain(|b| b.volume() < 5000);
        let payload = encoded(&edits);
        let head = Head { seq: 1, time_ms: 2, origin: "o", note: "n" };
        let journal = Journal::create(Arc::new(FaultFolder::new()), 1, 1, Options::default()).unwrap();
        journal.append(&head, &payload).unwrap();
        let mut bounds: Option<TickBox> = None;
        let mut grow = |page: PageId, sub: u32| {
            let cell = page.cell();
            let edge = cell.edge_ticks() / 128;
            let at = bm_morton::decode3_u32(sub).map(u32::from);
            let min = [0, 1, 2].map(|a| cell.origin()[a] + at[a] * edge);
            let b = bounds.get_or_insert(TickBox { min, max: min });
            b.min = [0, 1, 2].map(|a| b.min[a].min(min[a]));
            b.max = [0, 1, 2].map(|a| b.max[a].max(min[a] + edge));
        };
        for run in &edits.runs {
            (run.from..run.to).for_each(|sub| grow(run.page, sub));
        }
        for b in &edits.boxes {
            for at in [b.lo, b.hi] {
                grow(b.page, bm_morton::encode3_u32(at[0].into(), at[1].into(), at[2].into()));
            }
        }
        let mut entries = 0;
        journal.log(1..2, &mut |entry| {
            entries += 1;
            assert_eq!((entry.head, entry.cells, entry.payload_bytes), (head, edits.cells(), payload.len()));
            assert_eq!(entry.bounds, bounds);
            Ok(())
        }).unwrap();
        prop_assert_eq!(entries, 1);
    }
}

#[test]
fn how_small_they_are() {
    let mut dice = 5u64;
    let mut roll = |n: u32| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((dice >> 33) % u64::from(n)) as u32
    };
    // 100 cells anywhere in a cube of 1 km (32 pages a side), of ten materials.
    let mut runs: Vec<_> = (0..100)
        .map(|_| {
            let page = page(21, [700_000 + roll(32), 300_000 + roll(32), (1 << 20) + roll(32)]);
            let from = roll(SUBCELLS);
            RunEdit { page, from, to: from + 1, material: MaterialId(roll(10) as u16) }
        })
        .collect();
    runs.sort_by_key(|r| (r.page, r.from));
    let edits = Edits { boxes: vec![], runs };
    let journal = Journal::create(Arc::new(FaultFolder::new()), 1, 1, Options::default()).unwrap();
    let head = |seq| Head { seq, time_ms: 1_700_000_000_000 + seq, origin: "erosion", note: "" };
    journal.append(&head(1), &[]).unwrap();
    let mut before = journal.stats().bytes;
    let mut size = |seq, payload: &[u8]| {
        journal.append(&head(seq), payload).unwrap();
        let after = journal.stats().bytes;
        std::mem::replace(&mut before, after).abs_diff(after)
    };
    assert!(size(2, &encoded(&edits)) <= 700);
    let cell = Edits { boxes: vec![], runs: edits.runs[..1].to_vec() };
    assert_eq!(size(3, &encoded(&cell)), 21);
    // A clock that stood still and a number left out.
    assert_eq!(size(5, &encoded(&cell)), 22);
}

/// Every kind of edits, byte for byte.
#[test]
fn golden_edits() {
    let hex = |edits: &Edits| encoded(edits).iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(" ");
    let run = |page, from, to, m| RunEdit { page, from, to, material: MaterialId(m) };
    let cell = |level, at, sub, m| Edits { boxes: vec![], runs: vec![run(page(level, at), sub, sub + 1, m)] };
    insta::assert_snapshot!(hex(&Edits::default()), @"02 00");
    insta::assert_snapshot!(hex(&cell(0, [0; 3], 0x12345, 0x0607)), @"01 45 23 01 07 06");
    insta::assert_snapshot!(hex(&cell(7, [1, 2, 3], 0x12345, 0x0607)), @"11 45 23 a1 06 00 00 07 06");
    insta::assert_snapshot!(hex(&cell(14, [1, 2, 3], 0x12345, 0x0607)), @"21 45 23 a1 06 00 00 00 00 07 06");
    insta::assert_snapshot!(hex(&cell(21, [0x1f_ffff; 3], 0x1f_ffff, 0xffff)), @"31 ff ff ff ff ff ff ff ff ff ff 0f ff ff");
    let (a, b, c) = (page(14, [5, 5, 5]), page(14, [5, 5, 6]), page(21, [9, 9, 9]));
    let boxed = |page, lo, hi, m| BoxEdit { page, lo, hi, material: MaterialId(m) };
    let edits = Edits {
        boxes: vec![
            boxed(a, [0; 3], [127; 3], 6),
            boxed(b, [1, 2, 3], [4, 5, 6], 6),
            boxed(b, [0; 3], [0; 3], 7),
        ],
        runs: vec![
            run(b, 0, 8, 6),
            run(b, 8, 9, 6),
            run(b, 1000, 1002, 9),
            run(c, 77, 78, 9),
            run(page(21, [9, 9, 10]), 5, 6, 7),
        ],
    };
    insta::assert_snapshot!(hex(&edits), @"02 04 02 c7 01 00 00 00 04 00 00 01 00 00 00 7f 7f 7f 00 06 00 00 72 02 81 02 03 04 05 06 00 00 00 00 00 00 00 07 00 03 01 06 01 02 fd 1e 00 00 09 00 03 07 0e 00 00 00 00 00 80 4d 71 05 02");
}

/// A segment with every kind of frame, byte for byte, and the one that follows it.
#[test]
fn golden_segments() {
    let folder = FaultFolder::new();
    let options = Options { segment_bytes: 1024, room_bytes: 4096, ..Options::default() };
    let journal = Journal::create(Arc::new(folder.clone()), 0x0123_4567_89ab_cdef, 10, options).unwrap();
    let mut payload = Vec::new();
    encode_cell(page(21, [1_000_000, 500_000, 1 << 20]), 0x1234, MaterialId(6), &mut payload);
    let head = |seq, time_ms, origin, note| Head { seq, time_ms, origin, note };
    let lsn = journal.append(&head(10, 1_700_000_000_000, "erosion", ""), &payload).unwrap();
    journal.append(&head(11, 1_700_000_000_000, "erosion", ""), &payload).unwrap();
    journal.wait(lsn).unwrap();
    journal.append(&head(20, 1_699_999_999_999, "anna", "a hole for the well"), &payload).unwrap();
    journal.append(&head(21, 1_700_000_000_005, "erosion", ""), &vec![0xaa; 800]).unwrap();
    journal.append(&head(22, 1_700_000_000_006, "anna", ""), &payload).unwrap();
    journal.flush().unwrap();
    let dump: Vec<String> = folder
        .files()
        .into_iter()
        .map(|(name, bytes)| {
            let used = bytes.iter().rposition(|b| *b != 0).unwrap() + 1;
            let lines = bytes[..used]
                .chunks(16)
                .map(|line| line.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(" "));
            let mut lines: Vec<_> = lines.collect();
            lines.dedup();
            format!("{name}, {} bytes\n{}", bytes.len(), lines.join("\n"))
        })
        .collect();
    insta::assert_snapshot!(dump.join("\n"));
}

/// Whatever lies in the files, opening them ends, and well.
#[test]
fn hostile_files() {
    let open = |files: Vec<(String, Vec<u8>)>| {
        let folder = Arc::new(FaultFolder::with_files(files));
        Journal::open(folder, 1, Options::default(), &mut |r: Record<'_>| r.edits().map(drop))
            .map(|(_, found)| found)
    };
    let name = |n: u32| format!("{n:010}.bmj");
    assert!(matches!(open(vec![]), Err(JournalError::Missing)));
    assert!(matches!(open(vec![("readme.txt".into(), vec![1])]), Err(JournalError::Missing)));
    assert!(matches!(open(vec![(name(1), vec![])]), Err(JournalError::Missing)));
    assert!(matches!(open(vec![(name(1), vec![0; 4096])]), Err(JournalError::Missing)));
    assert!(matches!(open(vec![(name(1), vec![7; 4096])]), Err(JournalError::Damaged { segment: 1, .. })));
    assert!(matches!(
        open(vec![(name(1), vec![]), (name(3), vec![])]),
        Err(JournalError::Damaged { segment: 2, .. })
    ));

    // Frames of any content with right check sums: the check sum is no secret.
    let folder = FaultFolder::new();
    drop(Journal::create(Arc::new(folder.clone()), 1, 1, Options::default()).unwrap());
    let blank = folder.files()[&name(1)].clone();
    let mut dice = 1u64;
    for round in 0..3000 {
        let mut file = blank.clone();
        let mut at = 64usize;
        for _ in 0..1 + round % 4 {
            let mut roll = || {
                dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (dice >> 33) as usize
            };
            let len = 1 + roll() % 40;
            let mut frame = vec![len as u8];
            frame.push([1, 2, 3, 0x10, 0x14, 0x1f, 0x3f, 0xff][roll() % 8]);
            frame.extend((1..len).map(|_| if roll() % 3 == 0 { roll() as u8 } else { 0 }));
            let key = u32::from_le_bytes(blank[60..64].try_into().unwrap());
            let mut crc =
                crc32fast::Hasher::new_with_initial(key.wrapping_add((at as u32).wrapping_mul(0x9E37_79B1)));
            crc.update(&frame);
            file[at..at + 4].copy_from_slice(&crc.finalize().to_le_bytes());
            file[at + 4..at + 4 + frame.len()].copy_from_slice(&frame);
            at += 4 + frame.len();
        }
        match open(vec![(name(1), file)]) {
            Ok(_) | Err(JournalError::Damaged { .. } | JournalError::Edits(_)) => {}
            Err(e) => panic!("{e}"),
        }
    }
}

/// Segments with right check sums that do not follow each other.
#[test]
fn forged_segments() {
    let forged = |number: u32, first_seq: u64, prev_end: u32, frames: &[&[u8]]| {
        let mut file = vec![0; 64];
        file[..9].copy_from_slice(b"BMedits\n\x02");
        file[12..16].copy_from_slice(&number.to_le_bytes());
        file[16] = 1;
        file[24..32].copy_from_slice(&first_seq.to_le_bytes());
        file[48..52].copy_from_slice(&prev_end.to_le_bytes());
        let key = crc32fast::hash(&file[..60]);
        file[60..].copy_from_slice(&key.to_le_bytes());
        for body in frames {
            let seed = key.wrapping_add((file.len() as u32).wrapping_mul(0x9E37_79B1));
            let mut crc = crc32fast::Hasher::new_with_initial(seed);
            let frame = [&[body.len() as u8], *body].concat();
            crc.update(&frame);
            file.extend(crc.finalize().to_le_bytes());
            file.extend(frame);
        }
        (format!("{number:010}.bmj"), file)
    };
    let open = |files: [(String, Vec<u8>); 2]| {
        let folder = Arc::new(FaultFolder::with_files(files));
        let mut seqs = Vec::new();
        let mut each = |r: Record<'_>| {
            seqs.push(r.head.seq);
            Ok(())
        };
        let (journal, _) = Journal::open(folder, 1, Options::default(), &mut each)?;
        let mut again = Vec::new();
        journal.read(journal.first_seq()..u64::MAX, &mut |r| {
            again.push(r.head.seq);
            Ok(())
        })?;
        assert_eq!(seqs, again);
        Ok(seqs)
    };
    let one = || forged(1, 7, 0, &[b"\x01a", b"\x14\x00", b"\x10", b"\x03"]);
    let end = one().1.len() as u32;
    let two = |first_seq, prev_end| forged(2, first_seq, prev_end, &[b"\x01a", b"\x14\x00"]);
    assert_eq!(open([one(), two(9, end)]).unwrap(), [7, 8, 9]);
    assert_eq!(open([one(), two(11, end)]).unwrap(), [7, 8, 11]);
    let damaged = |opened| matches!(opened, Err(JournalError::Damaged { .. }));
    assert!(damaged(open([one(), two(8, end)])), "numbers that were used");
    assert!(damaged(open([one(), two(9, end + 1)])), "not the segment that followed");
    let loose = || forged(1, 7, 0, &[b"\x01a", b"\x14\x00", b"\x10", b"\x03?"]);
    assert!(damaged(open([loose(), two(9, end + 1)])), "an end with a body");
}
