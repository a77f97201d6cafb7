//! What the journal costs on this machine's disk: `cargo run --release -p bm-overlay --example journal_speed [FOLDER]`.
//! Takes about ten seconds; writes into a new folder in FOLDER (or the system's temporary one) and removes it.
#![allow(clippy::print_stdout)]

use bm_core::{MaterialId, PageId, Pos};
use bm_overlay::journal::{Change, Folder, Head, Journal, JournalError, Options, encode_cell, encode_edits};
use bm_overlay::{Edits, RunEdit};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const SPAN: Duration = Duration::from_secs(2);

/// A cell somewhere in a cube of one kilometre.
fn cell(dice: &mut u64) -> (PageId, u32) {
    *dice ^= *dice << 13;
    *dice ^= *dice >> 7;
    *dice ^= *dice << 17;
    let at = |shift: u32| (*dice >> shift) as u32 & 4095;
    // Inside the world, so never the fallback.
    let pos = Pos::new(20_000_000 + at(0), 40_000_000 + at(20), (1 << 27) + at(40));
    let page = pos.ok().and_then(|pos| PageId::containing(pos, 21)).unwrap_or(PageId::ROOT);
    (page, (*dice >> 43) as u32)
}

fn cells(n: usize, dice: &mut u64) -> Edits {
    let mut cells: Vec<_> = (0..n).map(|_| cell(dice)).collect();
    cells.sort_unstable();
    cells.dedup();
    let run = |(i, (page, from)): (usize, (PageId, u32))| RunEdit {
        page,
        from,
        to: from + 1,
        material: MaterialId(i as u16 % 8),
    };
    Edits { boxes: Vec::new(), runs: cells.into_iter().enumerate().map(run).collect() }
}

fn head(seq: u64) -> Head<'static> {
    Head { seq, time_ms: 1_700_000_000_000 + seq / 5000, origin: "erosion", note: "" }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = match std::env::args_os().nth(1) {
        Some(path) => tempfile::tempdir_in(path)?,
        None => tempfile::tempdir()?,
    };
    let mut dice = 0x1234_5678_9abc_def1;
    let journal = |name: &str| -> Result<(Journal, Arc<Folder>), Box<dyn std::error::Error>> {
        let media = Arc::new(Folder::create(folder.path().join(name))?);
        Ok((Journal::create(media.clone(), 1, 1, Options::default())?, media))
    };

    let places: Vec<_> = (0..1 << 16).map(|_| cell(&mut dice)).collect();
    let mut out = Vec::with_capacity(64);
    let start = Instant::now();
    for (page, sub) in places.iter().cycle().take(10_000_000) {
        out.clear();
        encode_cell(*page, *sub, MaterialId(6), &mut out);
        std::hint::black_box(&out);
    }
    println!("encode one cell             {:8.1} ns", start.elapsed().as_secs_f64() * 100.0);

    let (memory, media) = journal("memory")?;
    let mut seq = 0;
    let start = Instant::now();
    while seq < 1_000_000 {
        let (page, sub) = places[seq as usize & 0xffff];
        seq += 1;
        out.clear();
        encode_cell(page, sub, MaterialId(6), &mut out);
        memory.append(&head(seq), &out)?;
    }
    println!("append one cell, Memory     {:8.1} ns (1 M)", start.elapsed().as_secs_f64() * 1e3);
    let stats = memory.stats();
    println!("bytes a single-cell record  {:8.2}", stats.bytes as f64 / stats.records as f64);
    let start = Instant::now();
    memory.wait(memory.end())?;
    println!("then to the disk            {:8.1} ms", start.elapsed().as_secs_f64() * 1e3);
    drop(memory);
    let mut sum = 0u64;
    let mut replay = |read_only| -> Result<f64, JournalError> {
        let start = Instant::now();
        let mut each = |record: bm_overlay::journal::Record<'_>| {
            record.visit(|change| {
                if let Change::Run(run) = change {
                    sum = sum.wrapping_add(run.page.raw() ^ u64::from(run.from));
                }
            })
        };
        if read_only {
            Journal::open_read_only(media.clone(), 1, &mut each)?;
        } else {
            Journal::open(media.clone(), 1, Options::default(), &mut each)?;
        }
        Ok(start.elapsed().as_secs_f64() * 1e3)
    };
    println!("replay 1 M, read-only       {:8.1} ms", replay(true)?);
    println!(
        "replay 1 M, for writing     {:8.1} ms (writes again what was not marked as safe)",
        replay(false)?
    );
    std::hint::black_box(sum);

    let (memory, _) = journal("more")?;
    let start = Instant::now();
    let mut seq = 0;
    while start.elapsed() < SPAN {
        for _ in 0..1000 {
            let (page, sub) = places[seq as usize & 0xffff];
            seq += 1;
            out.clear();
            encode_cell(page, sub, MaterialId(6), &mut out);
            memory.append(&head(seq), &out)?;
        }
    }
    println!("the same for two seconds    {:8.1} ns", start.elapsed().as_secs_f64() * 1e9 / seq as f64);
    drop(memory);

    let (sync, _) = journal("sync")?;
    let start = Instant::now();
    let mut seq = 0;
    while start.elapsed() < SPAN {
        let (page, sub) = places[seq as usize & 0xffff];
        seq += 1;
        out.clear();
        encode_cell(page, sub, MaterialId(6), &mut out);
        sync.wait(sync.append(&head(seq), &out)?)?;
    }
    let stats = sync.stats();
    println!("one cell, Sync              {:8.1} us", start.elapsed().as_secs_f64() * 1e6 / seq as f64);
    println!("bytes a commit              {:8.2}", stats.bytes as f64 / stats.records as f64);

    let hundred: Vec<Vec<u8>> = (0..64)
        .map(|_| {
            let mut out = Vec::new();
            encode_edits(&cells(100, &mut dice), &mut out);
            out
        })
        .collect();
    for threads in [1, 8] {
        let (group, _) = journal(&format!("group{threads}"))?;
        let next = Mutex::new(0u64);
        let done = AtomicU64::new(0);
        let start = Instant::now();
        let work = || -> Result<(), JournalError> {
            while start.elapsed() < SPAN {
                let lsn = {
                    let mut next = next.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                    *next += 1;
                    group.append(&head(*next), &hundred[*next as usize & 63])?
                };
                group.wait(lsn)?;
                done.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        };
        std::thread::scope(|s| {
            let threads: Vec<_> = (0..threads).map(|_| s.spawn(work)).collect();
            threads.into_iter().filter_map(|t| t.join().ok()).collect::<Result<(), _>>()
        })?;
        let (done, stats) = (done.into_inner() as f64, group.stats());
        println!(
            "{threads} threads, 100 cells, Group {:8.0} commits/s, {:.2} a sync, {:.0} bytes each",
            done / start.elapsed().as_secs_f64(),
            done / stats.syncs as f64,
            stats.bytes as f64 / done
        );
    }
    Ok(())
}
