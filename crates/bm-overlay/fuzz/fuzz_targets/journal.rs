#![no_main]
//! Segment files that nobody vouches for. Whatever is accepted must still be there after an append.
use bm_overlay::journal::{FaultFolder, Head, Journal, JournalError, Options, Record};
use libfuzzer_sys::fuzz_target;
use std::sync::Arc;

const ID: u64 = 1;

fn options() -> Options {
    Options { segment_bytes: 1024, room_bytes: 4096, ..Options::default() }
}

fn name(segment: usize) -> String {
    format!("{segment:010}.bmj")
}

/// Header with a right check sum around any content.
fn segment(number: usize, fields: &[u8], prev_end: usize) -> Vec<u8> {
    let mut file = vec![0; 64];
    file[..8].copy_from_slice(b"BMedits\n");
    file[8] = 1;
    file[12] = number as u8;
    file[16] = ID as u8;
    file[24..24 + fields.len().min(24)].copy_from_slice(&fields[..fields.len().min(24)]);
    file[48..52].copy_from_slice(&(prev_end as u32).to_le_bytes());
    let crc = crc32fast::hash(&file[..60]);
    file[60..64].copy_from_slice(&crc.to_le_bytes());
    file
}

/// Frames with right check sums: a byte of length, then kind and body; a length of 0 begins the next segment.
fn framed(mut bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    let mut prev_end = 0;
    while files.len() < 4 {
        let (fields, rest) = bytes.split_at(bytes.len().min(24));
        bytes = rest;
        let mut file = segment(files.len() + 1, fields, prev_end);
        while let [len @ 1..128, rest @ ..] = bytes {
            let (body, rest) = rest.split_at(rest.len().min(usize::from(*len)));
            bytes = rest;
            if body.is_empty() {
                break;
            }
            let key = u32::from_le_bytes([file[60], file[61], file[62], file[63]]);
            let seed = key.wrapping_add((file.len() as u32).wrapping_mul(0x9E37_79B1));
            let mut crc = crc32fast::Hasher::new_with_initial(seed);
            let frame = [&[body.len() as u8], body].concat();
            crc.update(&frame);
            file.extend(crc.finalize().to_le_bytes());
            file.extend(frame);
        }
        prev_end = file.len();
        files.push((name(files.len() + 1), file));
        match bytes {
            [_, rest @ ..] if !rest.is_empty() => bytes = rest,
            _ => break,
        }
    }
    files
}

type Entries = Vec<(u64, u64, String, String, Vec<u8>)>;

fn open(folder: &FaultFolder) -> Result<(Journal, Entries), JournalError> {
    let mut found = Vec::new();
    let (journal, _) = Journal::open(Arc::new(folder.clone()), ID, options(), &mut |r: Record<'_>| {
        let _any = (r.edits().is_ok(), r.summary().is_ok());
        let Head { seq, time_ms, origin, note } = r.head;
        found.push((seq, time_ms, origin.to_owned(), note.to_owned(), r.payload.to_owned()));
        Ok(())
    })?;
    Ok((journal, found))
}

fuzz_target!(|bytes: &[u8]| {
    let Some((mode, bytes)) = bytes.split_first() else { return };
    let files = if mode % 4 == 0 { vec![(name(1), bytes.to_vec())] } else { framed(bytes) };
    let folder = FaultFolder::with_files(files);
    let Ok((journal, mut found)) = open(&folder) else { return };
    let first = journal.first_seq();
    let mut read = Vec::new();
    journal.read(first..u64::MAX, &mut |r| Ok(read.push(r.head.seq))).expect("it was read before");
    assert_eq!(read, found.iter().map(|f| f.0).collect::<Vec<_>>());
    let seq = journal.next_seq();
    let head = Head { seq, time_ms: 7, origin: "fuzz", note: "" };
    if seq < u64::MAX {
        let lsn = journal.append(&head, b"payload").expect("a good disk");
        journal.wait(lsn).expect("a good disk");
        found.push((seq, 7, "fuzz".into(), String::new(), b"payload".to_vec()));
    }
    journal.close().expect("a good disk");
    drop(journal);
    assert_eq!(open(&folder).expect("written here").1, found);
});
