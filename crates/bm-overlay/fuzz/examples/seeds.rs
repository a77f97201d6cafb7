//! Writes a few good inputs for every target into `corpus/`.
use bm_core::{MaterialId, PageId};
use bm_overlay::journal::{FaultFolder, Head, Journal, Options, encode_cell, encode_edits};
use bm_overlay::{BoxEdit, Edits, RunEdit};
use std::error::Error;
use std::sync::Arc;

fn put(target: &str, name: &str, bytes: &[u8]) -> Result<(), Box<dyn Error>> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    std::fs::create_dir_all(&folder)?;
    Ok(std::fs::write(folder.join(name), bytes)?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let page = |level, at| PageId::new(level, at).unwrap_or(PageId::ROOT);
    let run = |page, from, to, m| RunEdit { page, from, to, material: MaterialId(m) };
    let (a, b) = (page(14, [5, 5, 6]), page(21, [9, 9, 9]));
    let edits = Edits {
        boxes: vec![BoxEdit { page: a, lo: [1, 2, 3], hi: [4, 5, 6], material: MaterialId(7) }],
        runs: vec![
            run(a, 0, 8, 6),
            run(a, 9, 1000, 6),
            run(b, 77, 78, 9),
            run(page(21, [9, 9, 10]), 5, 6, 7),
        ],
    };
    let mut payload = Vec::new();
    encode_edits(&edits, &mut payload);
    put("edits", "pages", &payload)?;
    for level in [0, 7, 14, 21] {
        let mut cell = Vec::new();
        encode_cell(page(level, [0; 3]), 77, MaterialId(6), &mut cell);
        put("edits", &format!("cell{level}"), &cell)?;
    }

    let folder = FaultFolder::new();
    let options = Options { segment_bytes: 1024, room_bytes: 4096, ..Options::default() };
    let journal = Journal::create(Arc::new(folder.clone()), 1, 1, options)?;
    for seq in [1, 2, 5] {
        let note = if seq == 2 { "why" } else { "" };
        let lsn = journal.append(&Head { seq, time_ms: 1000 * seq, origin: "erosion", note }, &payload)?;
        journal.wait(lsn)?;
    }
    journal.close()?;
    let file = folder.files().into_values().next().unwrap_or_default();
    put("journal", "raw", &[&[0], &file[..600]].concat())?;
    // The same as frames: header fields, then name, record, mark, record, end; and a second segment.
    let mut frames = vec![1];
    frames.extend([0; 24]);
    frames.extend(b"\x04\x01abc");
    frames.extend(b"\x05\x16\x02\x00hi");
    frames.extend(b"\x06\x02\x00\x40\x00\x00\x00");
    frames.extend(b"\x08\x1d\x03\x00\x02ok\x02\x00");
    frames.extend(b"\x01\x03\x00");
    frames.extend([9; 24]);
    frames.extend(b"\x02\x01d\x04\x14\x00\x02\x00");
    put("journal", "frames", &frames)
}
