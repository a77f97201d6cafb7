//! The journal on a disk that loses power, fails, and rots: every image a crash can leave is opened and compared
//! with a model.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]
#![cfg(feature = "fault")]

use bm_overlay::journal::{FaultFolder, Head, Journal, JournalError, Options, Record, Recovered};
use std::io::ErrorKind;
use std::sync::Arc;

const ID: u64 = 42;

/// A small fixed generator: the same runs on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % u64::from(n)) as u32
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    seq: u64,
    time_ms: u64,
    origin: String,
    note: String,
    payload: Vec<u8>,
}

impl Entry {
    fn of(record: &Record<'_>) -> Self {
        let Head { seq, time_ms, origin, note } = record.head;
        Self { seq, time_ms, origin: origin.into(), note: note.into(), payload: record.payload.to_vec() }
    }

    fn roll(seq: u64, dice: &mut Dice) -> Self {
        let len = match dice.below(10) {
            0..6 => 14,
            6..9 => dice.below(400),
            _ => dice.below(6000),
        };
        Self {
            seq,
            time_ms: 1_000_000 + seq * 7 - u64::from(dice.below(20)),
            origin: ["erosion", "anna", ""][dice.below(3) as usize].into(),
            note: if dice.below(8) == 0 { "why".into() } else { String::new() },
            payload: (0..len).map(|_| dice.below(256) as u8).collect(),
        }
    }

    fn head(&self) -> Head<'_> {
        Head { seq: self.seq, time_ms: self.time_ms, origin: &self.origin, note: &self.note }
    }
}

fn options(dice: &mut Dice) -> Options {
    Options {
        segment_bytes: [1024, 4096, 20_000][dice.below(3) as usize],
        flush_bytes: [0, 700, 100_000][dice.below(3) as usize],
        buffer_bytes: 100_000,
        room_bytes: 4096,
    }
}

/// What was promised, and when (in operations of the folder).
#[derive(Default)]
struct Model {
    /// Records, and after how many operations each was appended.
    appended: Vec<(usize, Entry)>,
    /// After so many operations this many records were acknowledged as durable.
    durable: Vec<(usize, usize)>,
    /// From so many operations on records below this number may be gone.
    retired: Vec<(usize, u64)>,
}

impl Model {
    /// Whether `found` is what may be found after `n` operations.
    fn check(&self, n: usize, found: &[Entry], what: &str) {
        let appended = self.appended.iter().take_while(|(at, _)| *at <= n).count();
        let durable = self.durable.iter().filter(|(at, _)| *at <= n).map(|(_, d)| *d).max().unwrap_or(0);
        let retired = self.retired.iter().filter(|(at, _)| *at <= n).map(|(_, r)| *r).max().unwrap_or(0);
        let gone = self.appended.iter().take_while(|(_, e)| e.seq < retired).count();
        // An empty journal is right if all that is gone may be gone, and the rest was never promised.
        let Some(first) = found.first() else {
            assert!(durable <= gone, "{what}: nothing is left of {durable} durable records ({gone} retired)");
            return;
        };
        let from = self.appended.iter().position(|(_, e)| e.seq == first.seq).expect("a record from nowhere");
        assert!(from <= gone, "{what}: records {gone}..{from} are lost at the beginning");
        let to = from + found.len();
        assert!(to <= appended, "{what}: {to} records, {appended} were appended");
        assert!(to >= durable, "{what}: {to} records, {durable} were durable");
        for (i, entry) in found.iter().enumerate() {
            assert_eq!(*entry, self.appended[from + i].1, "{what}: record {}", from + i);
        }
    }
}

fn open(folder: &FaultFolder, options: &Options) -> Result<(Journal, Recovered, Vec<Entry>), JournalError> {
    let mut found = Vec::new();
    let (journal, recovered) =
        Journal::open(Arc::new(folder.clone()), ID, options.clone(), &mut |r: Record<'_>| {
            found.push(Entry::of(&r));
            Ok(())
        })?;
    assert_eq!(recovered.records, found.len() as u64);
    Ok((journal, recovered, found))
}

/// Works for a while: commits of all three kinds, retirements, closing and opening again. Stops at the first error.
fn work(
    folder: &FaultFolder,
    dice: &mut Dice,
    options: &Options,
    steps: u32,
    model: &mut Model,
    mut journal: Journal,
) -> Result<Journal, JournalError> {
    let ops = || folder.recorded();
    for _ in 0..steps {
        match dice.below(40) {
            0 => journal.flush()?,
            1 => {
                let seq = model.appended[dice.below(model.appended.len() as u32) as usize].1.seq;
                model.retired.push((ops() + 1, seq));
                journal.retire(seq)?;
            }
            2 => {
                journal.close()?;
                model.durable.push((ops(), model.appended.len()));
            }
            3 => {
                drop(journal);
                let (again, recovered, _) = open(folder, options)?;
                assert_eq!(recovered.torn_bytes, 0);
                // Whoever opens again may count on everything that was read.
                model.durable.push((ops(), model.appended.len()));
                journal = again;
            }
            _ => {
                let last = model.appended.last().map_or(0, |(_, e)| e.seq);
                let entry = Entry::roll(last + 1 + u64::from(dice.below(3) / 2), dice);
                model.appended.push((ops(), entry.clone()));
                let lsn = journal.append(&entry.head(), &entry.payload)?;
                if dice.below(3) == 0 {
                    journal.wait(lsn)?;
                    model.durable.push((ops(), model.appended.len()));
                }
            }
        }
    }
    Ok(journal)
}

fn crash(folder: &FaultFolder, dice: &mut Dice, way: u32, sector: usize) -> FaultFolder {
    match way {
        0 => folder.crash_image(|_| 0, sector),
        1 => folder.crash_image(|n| n - 1, sector),
        // Mostly lost, mostly kept, and anything.
        2 => folder.crash_image(|n| if dice.below(5) == 0 { dice.below(n) } else { 0 }, sector),
        3 => folder.crash_image(|n| if dice.below(5) == 0 { dice.below(n) } else { n - 1 }, sector),
        _ => folder.crash_image(|n| dice.below(n), sector),
    }
}

#[test]
fn every_crash_image_is_a_prefix_with_all_that_was_promised() {
    let (mut images, mut again, mut torn) = (0, 0, 0);
    for seed in 0..12 {
        let mut dice = Dice(seed);
        let options = options(&mut dice);
        let folder = FaultFolder::new();
        folder.record();
        let journal = Journal::create(Arc::new(folder.clone()), ID, 1, options.clone()).unwrap();
        let created = folder.recorded();
        let mut model = Model::default();
        model.appended.push((folder.recorded(), Entry::roll(1, &mut dice)));
        journal.append(&model.appended[0].1.head(), &model.appended[0].1.payload).unwrap();
        drop(work(&folder, &mut dice, &options, 60, &mut model, journal).unwrap());
        for n in 0..=folder.recorded() {
            let then = folder.at(n);
            for way in 0..9 {
                let sector = if way % 2 == 0 { 512 } else { 4096 };
                let disk = crash(&then, &mut dice, way / 2, sector);
                images += 1;
                let what = format!("seed {seed}, operation {n}, way {way}");
                disk.record();
                let (journal, recovered, found) = match open(&disk, &options) {
                    Err(JournalError::Missing) if n < created => continue,
                    opened => opened.unwrap_or_else(|e| panic!("{what}: {e}")),
                };
                torn += u64::from(recovered.torn_bytes > 0);
                model.check(n, &found, &what);
                if way != 4 && way != 8 {
                    continue;
                }
                // Life goes on, and ends a second time; what the first recovery showed must stay.
                let mut second = Model::default();
                second.appended.extend(found.iter().map(|e| (0, e.clone())));
                second.durable.push((disk.recorded(), found.len()));
                let next = recovered.last_seq.unwrap_or(recovered.first_seq).max(1_000);
                second.appended.push((disk.recorded(), Entry::roll(next + 1, &mut dice)));
                let (_, entry) = second.appended.last().unwrap();
                journal.append(&entry.head(), &entry.payload).unwrap();
                drop(work(&disk, &mut dice, &options, 4, &mut second, journal).unwrap());
                for _ in 0..4 {
                    let n = dice.below(disk.recorded() as u32 + 1) as usize;
                    let disk = crash(&disk.at(n), &mut dice, 4, 512);
                    again += 1;
                    let what = format!("{what}, then operation {n}");
                    let (_, _, left) = open(&disk, &options).unwrap_or_else(|e| panic!("{what}: {e}"));
                    if n < second.durable[0].0 {
                        // The power failed during the recovery: what it had found is there to be found again.
                        assert_eq!(left, found, "{what}");
                    } else {
                        second.check(n, &left, &what);
                    }
                }
            }
        }
    }
    assert!(images >= 6000, "{images}");
    assert!(again >= 2000 && torn >= 500, "{again}, {torn}");
}

#[test]
fn after_the_first_failure_nothing_is_acknowledged() {
    let mut runs = 0;
    for seed in 0..6 {
        let operations = {
            let mut dice = Dice(seed);
            let options = options(&mut dice);
            let folder = FaultFolder::new();
            let _done = fail_run(&folder, &options, &mut dice);
            folder.operations()
        };
        for n in 1..=operations {
            for (kind, forever) in
                [(ErrorKind::StorageFull, true), (ErrorKind::StorageFull, false), (ErrorKind::Other, false)]
            {
                let mut dice = Dice(seed);
                let options = options(&mut dice);
                let folder = FaultFolder::new();
                folder.fail_from(n, kind, forever);
                let (model, journal) = fail_run(&folder, &options, &mut dice);
                runs += 1;
                let what = format!("seed {seed}, failure at {n}, {kind:?}, {forever}");
                if let Some(journal) = journal {
                    // It has stopped, and stays so though the disk works again.
                    folder.heal();
                    let entry = Entry::roll(1_000_000, &mut dice);
                    for refused in [
                        journal.append(&entry.head(), &entry.payload).err(),
                        journal.flush().err(),
                        journal.retire(u64::MAX).err(),
                        journal.close().err(),
                    ] {
                        assert!(
                            matches!(refused, Some(JournalError::Poisoned { kind: k, .. }) if k == kind),
                            "{what}: {refused:?}"
                        );
                    }
                }
                folder.heal();
                let durable = model.durable.iter().map(|(_, d)| *d).max().unwrap_or(0);
                // Opened on the same machine, which still shows what its disk never got ...
                let opened = open(&folder, &options);
                if matches!(opened, Err(JournalError::Missing)) && durable == 0 {
                    continue;
                }
                let (journal, recovered, found) = opened.unwrap_or_else(|e| panic!("{what}: {e}"));
                model.check(usize::MAX, &found, &what);
                // ... new commits are safe even so: power fails after the next one.
                let entry = Entry::roll(recovered.last_seq.unwrap_or(0).max(1_000_000) + 1, &mut dice);
                let lsn = journal.append(&entry.head(), &entry.payload).unwrap();
                journal.wait(lsn).unwrap();
                for way in [0, 4] {
                    let disk = crash(&folder, &mut dice, way, 512);
                    let (_, _, left) = open(&disk, &options).unwrap_or_else(|e| panic!("{what}, crash: {e}"));
                    assert_eq!(left.len(), found.len() + 1, "{what}");
                    assert_eq!((&left[..found.len()], &left[found.len()]), (&found[..], &entry), "{what}");
                }
            }
        }
    }
    assert!(runs > 500, "{runs}");
}

/// One run that a failure may end anywhere; the journal, if it came to be.
fn fail_run(folder: &FaultFolder, options: &Options, dice: &mut Dice) -> (Model, Option<Journal>) {
    let mut model = Model::default();
    let media = Arc::new(folder.clone());
    let Ok(journal) = Journal::create(media, ID, 1, options.clone()) else { return (model, None) };
    for seq in 1..60 {
        let entry = Entry::roll(seq, dice);
        model.appended.push((0, entry.clone()));
        let done = journal.append(&entry.head(), &entry.payload).and_then(|lsn| match seq % 7 {
            0 => journal.flush(),
            3 | 5 => journal.wait(lsn),
            _ => Ok(()),
        });
        let done =
            done.and_then(|()| if seq % 20 == 0 { journal.retire(seq / 2).map(|_| ()) } else { Ok(()) });
        if seq % 20 == 0 {
            model.retired.push((0, seq / 2));
        }
        match done {
            Ok(()) if seq % 7 == 3 || seq % 7 == 5 => model.durable.push((0, seq as usize)),
            Ok(()) => {}
            // A file that cannot be removed stops nothing; all else does.
            Err(JournalError::Io { .. }) => {}
            Err(_) => break,
        }
    }
    let stopped = matches!(journal.flush(), Err(JournalError::Poisoned { .. }));
    (model, stopped.then_some(journal))
}

fn small_journal(closed: bool, segment_bytes: u32) -> (FaultFolder, Vec<Entry>) {
    let folder = FaultFolder::new();
    let options = Options { segment_bytes, room_bytes: 4096, ..Options::default() };
    let journal = Journal::create(Arc::new(folder.clone()), ID, 1, options).unwrap();
    let mut dice = Dice(7);
    let mut entries = Vec::new();
    for seq in 1..40 {
        let mut entry = Entry::roll(seq, &mut dice);
        entry.payload.truncate(200);
        let lsn = journal.append(&entry.head(), &entry.payload).unwrap();
        if seq % 3 == 0 {
            journal.wait(lsn).unwrap();
        }
        entries.push(entry);
    }
    if closed {
        journal.close().unwrap();
    }
    drop(journal);
    assert_eq!(folder.files().len() > 2, segment_bytes == 1024);
    (folder, entries)
}

/// Opens a damaged copy; nothing may be lost without a word, and nothing else may come out.
fn judge(files: Vec<(String, Vec<u8>)>, entries: &[Entry], most: usize, what: &str) {
    let folder = FaultFolder::with_files(files.clone());
    let opened = open(&folder, &Options::default());
    match opened {
        Err(_) => assert_eq!(folder.files().into_iter().collect::<Vec<_>>(), files, "{what}: changed"),
        Ok((_, recovered, found)) => {
            assert!(entries.starts_with(&found), "{what}: other records");
            let lost = entries.len() - found.len();
            assert!(lost == 0 || recovered.torn_bytes > 0, "{what}: {lost} records lost without a word");
            assert!(lost <= most, "{what}: {lost} records lost");
        }
    }
    let (reader, read) = (FaultFolder::with_files(files.clone()), &mut |_: Record<'_>| Ok(()));
    let _any = Journal::open_read_only(Arc::new(reader.clone()), ID, read);
    assert_eq!(reader.files().into_iter().collect::<Vec<_>>(), files, "{what}: a reader wrote");
}

#[test]
fn every_flipped_byte_is_found() {
    for (closed, segment_bytes) in [(true, 1024), (false, 1024), (false, 100_000)] {
        let (folder, entries) = small_journal(closed, segment_bytes);
        let files: Vec<_> = folder.files().into_iter().collect();
        for (f, (name, bytes)) in files.iter().enumerate() {
            let used = bytes.iter().rposition(|b| *b != 0).unwrap() + 1;
            for at in (0..used).chain((used..bytes.len()).step_by(97)) {
                for mask in [1, 0x80, 0xff] {
                    let mut files = files.clone();
                    files[f].1[at] ^= mask;
                    // Only what was written behind the last mark may look like a torn tail.
                    let most = if closed { 0 } else { 3 };
                    judge(files, &entries, most, &format!("{name} byte {at} ^ {mask} (closed: {closed})"));
                }
            }
        }
    }
}

#[test]
fn every_truncation_is_found() {
    for (closed, segment_bytes) in [(true, 1024), (false, 1024), (false, 100_000)] {
        let (folder, entries) = small_journal(closed, segment_bytes);
        let files: Vec<_> = folder.files().into_iter().collect();
        for (f, (name, bytes)) in files.iter().enumerate() {
            for len in (0..bytes.len()).filter(|len| *len < 1200 || len % 61 == 0) {
                let mut files = files.clone();
                files[f].1.truncate(len);
                // The mark that speaks of what was cut off is cut off, too: the odd length must tell.
                judge(files, &entries, usize::MAX, &format!("{name} cut to {len} (closed: {closed})"));
            }
            let mut files = files.clone();
            files.remove(f);
            let names = files.len() + 1;
            let folder = FaultFolder::with_files(files);
            let found = open(&folder, &Options::default());
            // The oldest file may be gone by right; the caller asks for the first sequence number.
            match found {
                Ok((_, recovered, _)) => assert!(f == 0 && recovered.first_seq > 1, "{name} removed"),
                Err(JournalError::Missing) => assert_eq!(names, 1),
                Err(e) => assert!(matches!(e, JournalError::Damaged { .. }), "{name} removed: {e}"),
            }
        }
    }
}

/// Whole frames in a place that is not theirs: left over from before, or copied from another journal.
#[test]
fn frames_of_other_places_do_not_pass() {
    let (folder, entries) = small_journal(true, 1024);
    let files: Vec<_> = folder.files().into_iter().collect();
    let used = |bytes: &[u8]| bytes.iter().rposition(|b| *b != 0).unwrap() + 1;
    let (last, active) = (files.len() - 1, &files[files.len() - 1].1);
    let end = used(active).next_multiple_of(4);
    for (name, bytes) in &files {
        for from in 64..used(bytes) {
            // Right behind the last frame, whose end in zeros is not known exactly.
            for gap in 0..6 {
                let mut files = files.clone();
                let n = (used(bytes) - from).min(400);
                let at = end - 4 + gap;
                if at + n > files[last].1.len() || (name == &files[last].0 && at == from) {
                    continue;
                }
                files[last].1[at..at + n].copy_from_slice(&bytes[from..from + n]);
                let folder = FaultFolder::with_files(files);
                if let Ok((_, _, found)) = open(&folder, &Options::default()) {
                    assert_eq!(found, entries, "{name} from {from}");
                }
            }
        }
    }
    // Two journals that differ by the clock alone, so that all frames of one lie where those of the other do.
    let twin = |time_ms: u64| {
        let folder = FaultFolder::new();
        let options = Options { segment_bytes: 1024, room_bytes: 4096, ..Options::default() };
        let journal = Journal::create(Arc::new(folder.clone()), ID, 1, options).unwrap();
        for seq in 1..100 {
            let head = Head { seq, time_ms, origin: "other", note: "" };
            journal.append(&head, &[time_ms as u8; 33]).unwrap();
        }
        journal.close().unwrap();
        folder.files()
    };
    let (one, other) = (twin(5), twin(6));
    let (name, mixed) = one.iter().next_back().unwrap();
    for cut in 64..1024 {
        let mut files = one.clone();
        let bytes = [&mixed[..cut], &other[name][cut..]].concat();
        files.insert(name.clone(), bytes);
        if let Ok((_, _, found)) = open(&FaultFolder::with_files(files), &Options::default()) {
            assert!(found.iter().all(|e| e.time_ms == 5 && e.payload == [5; 33]), "{cut}");
        }
    }
    // A segment of a journal that went another way, with the same id.
    for (name, bytes) in other.into_iter().skip(1) {
        let mut files = folder.files();
        if files.insert(name.clone(), bytes).is_some() {
            let opened = open(&FaultFolder::with_files(files), &Options::default());
            assert!(matches!(opened, Err(JournalError::Damaged { .. })), "{name}");
        }
    }
}
