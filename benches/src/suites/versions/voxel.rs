//! One voxel, one durable commit.

use std::path::Path;

use bm_core::MaterialId;
use bm_hybrid::World;
use bm_overlay::Durability;

use crate::harness::{Bench, BenchError, Case, Measure, Targets, Unit};
use crate::inputs::edits::{CellEdit, EIGHT, in_a_cube};
use crate::inputs::peer_python;
use crate::latency::Latencies;
use crate::peers::arrays::{Array, Kind};
use crate::peers::key_value::{Fjall, KeyValue, Redb, expected};
use crate::suites::earth::TemporaryFolder;
use crate::suites::edited::ours::{agrees, last, put, warm};
use crate::suites::edited::{KILOMETRE, alps, emptied, one_after_another, ours, written};

/// Commits of a turn.
const TURN: usize = 32;
/// Edge of the peers' arrays.
const EDGE: u32 = 256;
const TILE: u32 = 32;

type Commit<'a> = dyn FnMut(&[CellEdit], &mut Latencies) -> Result<(), BenchError> + 'a;

/// One contestant: how it commits, and what that took.
struct Contestant<'a> {
    name: &'static str,
    /// Commits the cells one by one and times each.
    commit: Box<Commit<'a>>,
    /// All of its commits.
    all: Latencies,
    /// The median of each turn, in seconds.
    medians: Vec<f64>,
    /// Bytes the disk was sent a commit, by turn.
    written: Vec<f64>,
}

impl<'a> Contestant<'a> {
    fn new(
        name: &'static str,
        commit: impl FnMut(&[CellEdit], &mut Latencies) -> Result<(), BenchError> + 'a,
    ) -> Result<Self, BenchError> {
        Ok(Self {
            name,
            commit: Box::new(commit),
            all: Latencies::new()?,
            medians: Vec::new(),
            written: Vec::new(),
        })
    }

    fn turn(&mut self, folder: &Path, cells: &[CellEdit]) -> Result<(), BenchError> {
        let mut times = Latencies::new()?;
        let before = written(folder);
        (self.commit)(cells, &mut times)?;
        if let (Some(before), Some(after)) = (before, written(folder)) {
            self.written.push((after - before) / cells.len() as f64);
        }
        self.medians.push(times.at(0.5) * 1e-9);
        self.all.join(&times);
        Ok(())
    }
}

pub(super) fn run(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    let turns = if bench.is_quick() { 5 } else { 31 };
    let cells = in_a_cube(alps()?, KILOMETRE, turns * TURN, &EIGHT, 7).map_err(ours)?;
    let folder = TemporaryFolder::new("voxel")?;
    let at = |name: &str| -> Result<std::path::PathBuf, BenchError> {
        let path = folder.path().join(name);
        emptied(&path)?;
        Ok(path)
    };

    let world = World::create(at("ours")?.join("w.bm")).map_err(ours)?;
    warm(&world)?;
    let journal_before = world.overlay().journal_bytes;
    let redb = Redb::create(&at("redb")?)?;
    let fjall = Fjall::create(&at("fjall")?)?;
    let mut arrays = Vec::new();
    for kind in Kind::ALL {
        arrays.extend(array(bench, kind, &at(kind.name())?)?);
    }
    let arrays: Vec<std::cell::RefCell<Array>> = arrays.into_iter().map(std::cell::RefCell::new).collect();
    let mut before = Vec::new();
    for array in &arrays {
        before.push(array.borrow_mut().bytes()?);
    }

    let mut contestants = vec![
        Contestant::new("ours", |cells, times| {
            cells.iter().try_for_each(|&cell| times.time(|| put(&world, cell, Durability::Sync)).map(drop))
        })?,
        Contestant::new(Redb::NAME, |cells, times| one_by_one(&redb, cells, times))?,
        Contestant::new(Fjall::NAME, |cells, times| one_by_one(&fjall, cells, times))?,
    ];
    for array in &arrays {
        contestants.push(Contestant::new(array.borrow().kind().name(), |cells, times| {
            for &(at, material) in cells {
                let at = [at.x(), at.y(), at.z()].map(|c| c % EDGE);
                let seconds = array.borrow_mut().commit(&[(at, material.0 as u8)])?;
                times.add(std::time::Duration::from_secs_f64(seconds));
            }
            Ok(())
        })?);
    }
    for turn in cells.chunks(TURN) {
        for contestant in &mut contestants {
            contestant.turn(folder.path(), turn)?;
        }
    }

    let count = cells.len() as f64;
    let growth = (world.overlay().journal_bytes - journal_before) as f64 / count;
    let empty = World::in_memory().map_err(ours)?.view();
    let right =
        agrees(&world, &last(&cells), &|at| empty.sample(at).map(|found| found.material).map_err(ours))?;
    let content = expected(&cells);
    let mut equal = vec![right && redb.content()? == content, right && fjall.content()? == content];
    for array in &arrays {
        equal.push(right && holds(&mut array.borrow_mut(), &cells)?);
    }
    rows(bench, &contestants, &equal)?;
    let mut case = Case::new("one-voxel-growth", Unit::Bytes, Measure::constant(growth))
        .targets(Targets::new(400.0, 100.0))
        .rounds(1);
    for ((array, before), &equal) in arrays.iter().zip(before).zip(equal.iter().skip(2)) {
        let mut array = array.borrow_mut();
        let grown = (array.bytes()? - before) / count;
        case = case.peer(array.kind().name(), Measure::constant(grown), equal);
    }
    bench.run(if arrays.is_empty() { case.checked(right) } else { case })
}

fn rows(bench: &mut Bench<'_>, contestants: &[Contestant<'_>], equal: &[bool]) -> Result<(), BenchError> {
    let Some((mine, peers)) = contestants.split_first() else { return Ok(()) };
    let of = |name: &str, unit, value: &dyn Fn(&Contestant<'_>) -> Vec<f64>| {
        let mut case = Case::new(name, unit, one_after_another(value(mine))).rounds(value(mine).len());
        for (peer, &equal) in peers.iter().zip(equal) {
            case = case.peer(peer.name, one_after_another(value(peer)), equal);
        }
        case
    };
    let seconds = Targets::new(300e-6, 150e-6);
    bench.run(of("one-voxel-median", Unit::Seconds, &|c| c.medians.clone()).targets(seconds))?;
    bench.run(of("one-voxel-p99", Unit::Seconds, &|c| vec![c.all.at(0.99) * 1e-9]))?;
    if mine.written.is_empty() {
        return bench.leave_out("bytes written", "the system does not say what the disk is sent");
    }
    bench.run(of("one-voxel-written", Unit::Bytes, &|c| c.written.clone()))
}

fn one_by_one<D: KeyValue>(
    database: &D,
    cells: &[CellEdit],
    times: &mut Latencies,
) -> Result<(), BenchError> {
    cells.iter().try_for_each(|cell| times.time(|| database.commit(0, std::slice::from_ref(cell))))
}

/// An array of air; `None`, and the reason printed, when the peer is not there.
fn array(bench: &mut Bench<'_>, kind: Kind, folder: &Path) -> Result<Option<Array>, BenchError> {
    let Some(python) = peer_python() else {
        bench.leave_out(kind.name(), "run `cargo xtask peers`")?;
        return Ok(None);
    };
    let volume = vec![MaterialId::AIR.0 as u8; (EDGE * EDGE * EDGE) as usize];
    match Array::create(kind, &python, folder, &volume, EDGE, TILE) {
        Ok(array) => Ok(Some(array)),
        Err(error) => {
            bench.leave_out(kind.name(), &error.to_string())?;
            Ok(None)
        }
    }
}

/// Whether the array holds what was committed to it, looked at cell by cell.
fn holds(array: &mut Array, cells: &[CellEdit]) -> Result<bool, BenchError> {
    let mut last = std::collections::HashMap::new();
    for &(at, material) in cells {
        last.insert([at.x(), at.y(), at.z()].map(|c| c % EDGE), material.0 as u8);
    }
    for (at, material) in last.into_iter().take(20) {
        let (_, crc) = array.read(cells.len() as u64, at, 1)?;
        if crc != crc32fast::hash(&[material]) {
            return Ok(false);
        }
    }
    Ok(true)
}
