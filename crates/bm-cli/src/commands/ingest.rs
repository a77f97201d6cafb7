//! `bm ingest relief|strata`.

use crate::args;
use crate::fault::Fault;
use crate::output::{Out, bytes, count, rate};
use crate::progress::Bar;
use bm_hybrid::{IngestReport, ReliefIngest, StrataIngest, World, WorldError};
use bm_io::{ReliefOptions, litho};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Instant;

pub(super) fn relief(a: &args::Relief, out: &mut Out) -> Result<u8, Fault> {
    let path = target(&a.world)?;
    let how = ReliefIngest::default().sea(a.sea.into()).nearest(a.nearest).threads(a.threads);
    let options = match &a.var {
        Some(name) => ReliefOptions::default().with_variable(name),
        None => ReliefOptions::default(),
    };
    let mut done = Vec::new();
    for file in &a.files {
        let start = Instant::now();
        // Read before the world is touched: a bad file leaves no empty world behind.
        let one = bm_io::read_relief(file, &options).map_err(WorldError::from).and_then(|relief| {
            let read_seconds = start.elapsed().as_secs_f64();
            let bar = Bar::new();
            let made = change(path, |w| w.ingest_relief(&relief, &how, &|p| bar.tell(p)))?;
            Ok(Done { file, made, read_seconds, rounding_m: Some(relief.max_rounding_m) })
        });
        match one {
            Ok(d) => done.push(d),
            Err(e) => {
                if !done.is_empty() {
                    eprintln!("bm: {} of {} files are in the world already", done.len(), a.files.len());
                }
                return Err(e.into());
            }
        }
    }
    print(path, &done, out)
}

pub(super) fn strata(a: &args::Strata, out: &mut Out) -> Result<u8, Fault> {
    let path = target(&a.world)?;
    let start = Instant::now();
    let model = litho::read_litho(&a.file, &litho::LithoOptions::default())?;
    let read_seconds = start.elapsed().as_secs_f64();
    let how = StrataIngest::default().per_degree(a.per_degree).nearest(a.nearest);
    let made = {
        let bar = Bar::new();
        change(path, |w| w.ingest_strata(&model, &how, &|p| bar.tell(p)))?
    };
    print(path, &[Done { file: &a.file, made, read_seconds, rounding_m: None }], out)
}

/// The path of a world that may have to be made.
pub(super) fn target(path: &Path) -> Result<&Path, Fault> {
    let path = super::local(path)?;
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => Err(Fault::usage(format!(
            "{}: the folder {} is not there; create it first",
            path.display(),
            folder.display()
        ))),
        _ => Ok(path),
    }
}

/// One file that is in the world.
struct Done<'a> {
    file: &'a Path,
    made: IngestReport,
    read_seconds: f64,
    rounding_m: Option<f64>,
}

/// Changes the world at a path. A file that this made and that never got its first commit is removed.
fn change(
    path: &Path,
    work: impl FnOnce(&World) -> Result<IngestReport, WorldError>,
) -> Result<IngestReport, WorldError> {
    let was_there = path.symlink_metadata().is_ok();
    let mut world = World::open_or_create(path)?;
    let made = work(&world);
    if made.is_ok() {
        // The data is in the world already; a file that stays large is only worth a word.
        if let Err(e) = world.compact() {
            eprintln!("bm: {}: the data is in, but the file could not be made smaller: {e}", path.display());
        }
    }
    if made.is_err() && !was_there && world.view().version() == 0 {
        drop(world);
        // What counts is the error that is on its way.
        let _ = std::fs::remove_file(path);
    }
    made
}

fn print(path: &Path, done: &[Done<'_>], out: &mut Out) -> Result<u8, Fault> {
    let on_disk = std::fs::metadata(path).map_or(0, |m| m.len());
    let version = done.last().map_or(0, |d| d.made.version);
    if out.is_json() {
        let files: Vec<Value> = done.iter().map(Done::json).collect();
        out.json(&json!({
            "world": path.display().to_string(),
            "version": version,
            "bytes_on_disk": on_disk,
            "files": files,
        }))?;
        return Ok(0);
    }
    for Done { file, made: m, read_seconds, rounding_m } in done {
        let seconds = m.elapsed.as_secs_f64();
        out.pair("file", file.display())?;
        out.pair(
            "samples",
            format_args!(
                "{}, {} without data, {} dry below sea level",
                count(m.samples),
                count(m.holes),
                count(m.dry)
            ),
        )?;
        if rounding_m.is_some_and(|r| r > 0.0) {
            out.pair(
                "rounded",
                format_args!("to quarter metres, by at most {} m", rounding_m.unwrap_or_default()),
            )?;
        }
        out.pair(
            "pages",
            format_args!(
                "{} with columns, {} that share them, at level {}",
                count(m.pages[0]),
                count(m.pages[1]),
                m.page_level
            ),
        )?;
        out.pair(
            "time",
            format_args!(
                "{read_seconds:.2} s to read, {seconds:.2} s to store: {} samples/s",
                rate(m.samples as f64 / seconds)
            ),
        )?;
    }
    out.pair("world", format_args!("{}, version {version}, {}", path.display(), bytes(on_disk)))?;
    Ok(0)
}

impl Done<'_> {
    fn json(&self) -> Value {
        let (m, seconds) = (&self.made, self.made.elapsed.as_secs_f64());
        json!({
            "file": self.file.display().to_string(),
            "version": m.version,
            "samples": m.samples,
            "holes": m.holes,
            "dry": m.dry,
            "page_level": m.page_level,
            "pages": { "strata": m.pages[0], "shared": m.pages[1] },
            "max_rounding_m": self.rounding_m,
            "read_seconds": self.read_seconds,
            "seconds": seconds,
            "samples_per_second": m.samples as f64 / seconds,
        })
    }
}
