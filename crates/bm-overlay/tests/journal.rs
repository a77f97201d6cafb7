//! The journal on real files: what goes in comes out, whatever was done in between.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use bm_core::{MaterialId, PageId, Pos};
use bm_overlay::journal::{
    Folder, Head, Journal, JournalError, Lsn, Options, Record, decode_edits, encode_cell,
};
use std::sync::Arc;

const ID: u64 = 0x1234_5678_9abc_def0;

fn small() -> Options {
    Options { segment_bytes: 4096, ..Options::default() }
}

fn head(seq: u64, origin: &str) -> Head<'_> {
    Head { seq, time_ms: 1_700_000_000_000 + seq / 3, origin, note: "" }
}

fn cell(n: u32) -> Vec<u8> {
    let page = PageId::containing(Pos::new(1_000_000 + n * 7, 2_000_000, 1 << 27).unwrap(), 21).unwrap();
    let mut out = Vec::new();
    encode_cell(page, n, MaterialId(n as u16), &mut out);
    out
}

fn seqs(folder: &Folder) -> (Journal, Vec<u64>) {
    let mut seen = Vec::new();
    let (journal, found) = Journal::open(Arc::new(folder.clone()), ID, small(), &mut |r: Record<'_>| {
        let edits = r.edits()?;
        assert_eq!(edits.runs[0].from as u64, r.head.seq % 100_000);
        seen.push(r.head.seq);
        Ok(())
    })
    .unwrap();
    assert_eq!(found.records, seen.len() as u64);
    assert_eq!(found.last_seq, seen.last().copied());
    assert_eq!(found.torn_bytes, 0);
    (journal, seen)
}

#[test]
fn across_segments_and_opens() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::create(dir.path().join("w.edits")).unwrap();
    let media = Arc::new(folder.clone());
    let journal = Journal::create(media.clone(), ID, 10, small()).unwrap();
    let mut expected = Vec::new();
    let mut seq = 10;
    let mut journal = journal;
    for round in 0..6 {
        for i in 0..200 {
            let origin = ["erosion", "anna", "climate"][i % 3];
            let lsn = journal.append(&head(seq, origin), &cell(seq as u32)).unwrap();
            if i % 17 == 0 {
                journal.wait(lsn).unwrap();
                assert!(journal.is_durable(lsn));
            }
            expected.push(seq);
            seq += 1 + (i % 5) as u64;
        }
        let mut seen = Vec::new();
        journal
            .read(10..u64::MAX, &mut |r| {
                seen.push(r.head.seq);
                Ok(())
            })
            .unwrap();
        assert_eq!(seen, expected);
        if round % 2 == 0 {
            journal.close().unwrap();
        }
        drop(journal);
        let (again, seen) = seqs(&folder);
        assert_eq!(seen, expected);
        journal = again;
    }
    assert!(journal.stats().segments > 5);
    // Any range reads what it should.
    for (from, to) in [(10, 11), (500, 900), (11, 12), (seq, u64::MAX), (expected[700], expected[701] + 1)] {
        let mut seen = Vec::new();
        journal
            .log(from..to, &mut |e| {
                assert_eq!(e.cells, 1);
                assert_eq!(e.bounds.unwrap().volume(), 1);
                assert!(!e.head.origin.is_empty());
                seen.push(e.head.seq);
                Ok(())
            })
            .unwrap();
        let want: Vec<_> = expected.iter().copied().filter(|s| (from..to).contains(s)).collect();
        assert_eq!(seen, want);
    }
    // Retire: whole segments, never the last.
    let before = journal.stats().segments as usize;
    let removed = journal.retire(expected[600]).unwrap();
    assert!(removed > 0 && removed < before);
    assert!(journal.first_seq() <= expected[600]);
    assert!(matches!(journal.read(10..20, &mut |_| Ok(())), Err(JournalError::Retired { asked: 10, .. })));
    assert_eq!(journal.retire(u64::MAX).unwrap(), before - removed - 1);
    drop(journal);
    let (journal, seen) = seqs(&folder);
    assert!(expected.ends_with(&seen));
    assert_eq!(journal.stats().segments, 1);
}

#[test]
fn what_it_refuses() {
    let dir = tempfile::tempdir().unwrap();
    let media = Arc::new(Folder::create(dir.path()).unwrap());
    let open = |id| Journal::open(media.clone(), id, small(), &mut |_| Ok(())).map(|_| ());
    assert!(matches!(open(ID), Err(JournalError::Missing)));
    let journal = Journal::create(media.clone(), ID, 5, small()).unwrap();
    let long = "x".repeat(5000);
    assert!(matches!(journal.append(&head(4, "a"), &[]), Err(JournalError::Order { found: 4, last: 4 })));
    assert!(matches!(journal.append(&head(u64::MAX, "a"), &[]), Err(JournalError::Order { .. })));
    assert!(matches!(journal.append(&head(5, &long), &[]), Err(JournalError::TooLarge { .. })));
    let noted = Head { note: &long, ..head(5, "a") };
    assert!(matches!(journal.append(&noted, &[]), Err(JournalError::TooLarge { .. })));
    // Nothing is in it yet: made anew, it is as good.
    drop(journal);
    drop(Journal::create(media.clone(), ID + 1, 1, small()).unwrap());
    let journal = Journal::create(media.clone(), ID, 5, small()).unwrap();
    let lsn = journal.append(&head(5, "a"), &cell(5)).unwrap();
    assert!(matches!(journal.append(&head(5, "a"), &[]), Err(JournalError::Order { found: 5, last: 5 })));
    journal.wait(lsn).unwrap();
    assert!(matches!(Journal::create(media.clone(), ID, 10, small()), Err(JournalError::Exists)));
    let nowhere = Arc::new(Folder::read_only(dir.path().join("nowhere")));
    assert!(matches!(Journal::open_read_only(nowhere, ID, &mut |_| Ok(())), Err(JournalError::Missing)));
    assert!(matches!(open(ID + 1), Err(JournalError::Foreign { .. })));

    let (reader, found) = Journal::open_read_only(media.clone(), ID, &mut |_| Ok(())).unwrap();
    assert_eq!(found.records, 1);
    assert!(matches!(reader.append(&head(6, "a"), &[]), Err(JournalError::ReadOnly)));
    assert!(matches!(reader.retire(9), Err(JournalError::ReadOnly)));
    assert_eq!(reader.end(), lsn);
    let refuse = &mut |_: Record<'_>| Err(JournalError::Refused("no".into()));
    assert!(matches!(Journal::open(media, ID, small(), refuse), Err(JournalError::Refused(_))));
}

/// Eight threads commit; each record is there in order, and syncs are shared.
#[test]
fn eight_threads_share_syncs() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::create(dir.path()).unwrap();
    let journal = Journal::create(Arc::new(folder.clone()), ID, 1, small()).unwrap();
    let next = std::sync::Mutex::new(1u64);
    let commit = || -> Lsn {
        let mut next = next.lock().unwrap();
        let seq = *next;
        *next += 1;
        journal.append(&head(seq, "many"), &cell(seq as u32)).unwrap()
    };
    std::thread::scope(|s| {
        for _ in 0..8 {
            s.spawn(|| {
                for _ in 0..50 {
                    journal.wait(commit()).unwrap();
                }
            });
        }
    });
    assert_eq!(journal.stats().records, 400);
    drop(journal);
    let (_, seen) = seqs(&folder);
    assert_eq!(seen, (1..=400).collect::<Vec<_>>());
}

#[test]
fn a_record_larger_than_a_segment() {
    let dir = tempfile::tempdir().unwrap();
    let media = Arc::new(Folder::create(dir.path()).unwrap());
    let journal = Journal::create(media.clone(), ID, 1, small()).unwrap();
    let sizes = [0, 1, 100, 5000, 3_000_000, 70_000, 4096, 10, 9_000_000];
    for (seq, n) in (1..).zip(sizes) {
        journal.append(&Head { note: "large", ..head(seq, "bulk") }, &vec![seq as u8; n]).unwrap();
    }
    drop(journal);
    let mut seen = Vec::new();
    Journal::open(media, ID, small(), &mut |r: Record<'_>| {
        assert!(r.payload.iter().all(|b| u64::from(*b) == r.head.seq));
        assert_eq!((r.head.note, r.head.origin), ("large", "bulk"));
        seen.push(r.payload.len());
        Ok(())
    })
    .unwrap();
    assert_eq!(seen, sizes);
    assert!(decode_edits(&[]).is_err());
}
