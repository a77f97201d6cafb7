//! Blocks of cells as they were at one of a thousand versions.

use std::cell::RefCell;
use std::path::Path;
use std::time::Instant;

use bm_core::{Pos, TickBox};
use bm_hybrid::{Retention, View, World};
use bm_overlay::{Durability, StrategyKind};

use crate::harness::{Bench, BenchError, Case, Measure, Targets, Unit};
use crate::inputs::edits::{CellEdit, normal_about};
use crate::inputs::{Random, peer_python};
use crate::peers::arrays::{Array, Change, Kind};
use crate::suites::earth::TemporaryFolder;
use crate::suites::edited::ours::{commit, warm};
use crate::suites::edited::{alps, earth, emptied, ours};

/// Edge of the peers' arrays, and of their tiles and the blocks that are read.
const EDGE: u32 = 256;
const BLOCK: u32 = 32;
/// Cells of a commit.
const CELLS: usize = 100;
/// Reads of a round.
const READS: usize = 8;
/// Quarter metres.
const LEVEL: u8 = 28;

/// A cube of the world that the ground runs through, what is done to it, and what is read of it.
struct Scene {
    corner: [u32; 3],
    /// Before the first commit, a byte a cell.
    first: Vec<u8>,
    commits: Vec<Vec<CellEdit>>,
    reads: Vec<Read>,
}

/// A block to be read.
struct Read {
    /// Commits before it.
    after: u64,
    /// Its corner in the cube.
    at: [u32; 3],
    /// CRC-32 of its cells.
    crc: u32,
}

/// A world with these commits.
struct History {
    world: World,
    /// Version after so many commits.
    versions: Vec<u64>,
}

pub(super) fn run(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    let (commits, rounds) = if bench.is_quick() { (200, 5) } else { (1000, 31) };
    let folder = TemporaryFolder::new("blocks")?;
    let base = folder.path().join("earth.bm");
    let scene = Scene::new(&earth(&base)?, commits, rounds * READS)?;
    let mut arrays = Vec::new();
    for kind in Kind::ALL {
        arrays.extend(scene.peer(bench, kind, folder.path())?.map(RefCell::new));
    }
    for (name, folds) in [("live", 0), ("folded", 4)] {
        let history = scene.history(&folder.path().join(format!("{name}.bm")), folds)?;
        scene.compare(bench, name, &history, &arrays, rounds)?;
    }
    Ok(())
}

impl Scene {
    fn new(world: &World, commits: u64, reads: usize) -> Result<Self, BenchError> {
        let near = alps()?;
        let view = world.view();
        let top = view.surface(near.x(), near.y()).map_err(ours)?.map_or(near.z(), |(top, _)| top);
        let corner = [near.x(), near.y(), top - EDGE / 2].map(|c| c & !(BLOCK - 1));
        let [x, y, z] = corner.map(|c| c + EDGE / 2);
        let middle = Pos::new(x, y, z).map_err(ours)?;
        let first = block(&view, corner, EDGE)?;
        let commits: Result<_, _> = (0..commits).map(|i| normal_about(middle, 12.0, CELLS, i)).collect();
        let mut random = Random::new(9);
        let mut scene = Self { corner, first, commits: commits.map_err(ours)?, reads: Vec::new() };
        for _ in 0..reads {
            let at = [(); 3].map(|()| EDGE / 2 - BLOCK + random.below(BLOCK.into()) as u32);
            let after = random.below(scene.commits.len() as u64 + 1);
            scene.reads.push(Read { after, at, crc: 0 });
        }
        scene.replay();
        Ok(scene)
    }

    /// Works out what every block must hold, from the edits alone.
    fn replay(&mut self) {
        let mut order: Vec<usize> = (0..self.reads.len()).collect();
        order.sort_by_key(|&i| self.reads[i].after);
        let mut now = self.first.clone();
        let mut done = 0;
        for i in order {
            let Read { after, at, .. } = self.reads[i];
            for commit in &self.commits[done..after as usize] {
                for (at, value) in self.changes(commit) {
                    now[index(at)] = value;
                }
            }
            done = after as usize;
            let mut cells = Vec::with_capacity((BLOCK * BLOCK * BLOCK) as usize);
            for z in at[2]..at[2] + BLOCK {
                for y in at[1]..at[1] + BLOCK {
                    let row = index([at[0], y, z]);
                    cells.extend_from_slice(&now[row..row + BLOCK as usize]);
                }
            }
            self.reads[i].crc = crc32fast::hash(&cells);
        }
    }

    /// A commit as the arrays take it.
    fn changes(&self, commit: &[CellEdit]) -> Vec<Change> {
        let inside = |p: Pos| {
            let [x, y, z] = self.corner;
            [p.x() - x, p.y() - y, p.z() - z]
        };
        commit.iter().map(|&(at, material)| (inside(at), material.0 as u8)).collect()
    }

    /// A world with the commits, folded into pages so many times on the way.
    fn history(&self, path: &Path, folds: usize) -> Result<History, BenchError> {
        let world = earth(path)?;
        world.set_retention(Retention::ALL).map_err(ours)?;
        warm(&world)?;
        let mut versions = vec![world.view().version()];
        let part = self.commits.len().div_ceil(folds.max(1));
        for (i, cells) in self.commits.iter().enumerate() {
            versions.push(commit(&world, cells, Durability::Memory)?);
            if folds > 0 && (i + 1) % part == 0 {
                world.consolidate(StrategyKind::All, &|_, _| ()).map_err(ours)?;
            }
        }
        Ok(History { world, versions })
    }

    /// A peer with the commits; `None`, and the reason printed, when it is not there.
    fn peer(&self, bench: &mut Bench<'_>, kind: Kind, folder: &Path) -> Result<Option<Array>, BenchError> {
        let Some(python) = peer_python() else {
            bench.leave_out(kind.name(), "run `cargo xtask peers`")?;
            return Ok(None);
        };
        let here = folder.join(kind.name());
        emptied(&here)?;
        let mut array = match Array::create(kind, &python, &here, &self.first, EDGE, BLOCK) {
            Ok(array) => array,
            Err(error) => {
                bench.leave_out(kind.name(), &error.to_string())?;
                return Ok(None);
            }
        };
        for commit in &self.commits {
            array.commit(&self.changes(commit))?;
        }
        Ok(Some(array))
    }

    fn compare(
        &self,
        bench: &mut Bench<'_>,
        name: &str,
        history: &History,
        arrays: &[RefCell<Array>],
        rounds: usize,
    ) -> Result<(), BenchError> {
        // Every answer of ours is looked at; the peers' in the rounds.
        let mut equal = true;
        for read in &self.reads {
            let view = history.world.at(history.versions[read.after as usize]).map_err(ours)?;
            equal &= crc32fast::hash(&block(&view, self.corner_of(read), BLOCK)?) == read.crc;
        }
        let ours_round = Self::rounds(&self.reads, |read| {
            let start = Instant::now();
            let view = history.world.at(history.versions[read.after as usize]).map_err(ours)?;
            let found = view.volume(&self.bounds(read), LEVEL).map_err(ours)?;
            let seconds = start.elapsed().as_secs_f64();
            // Two cells at opposite corners, so that nothing can be left out.
            std::hint::black_box((found.cells.first(), found.cells.last()));
            Ok(seconds)
        });
        let mut case = Case::new(format!("block-{name}"), Unit::Seconds, ours_round)
            .targets(Targets::new(0.5e-3, 0.05e-3))
            .rounds(rounds);
        for array in arrays {
            let kind = array.borrow().kind();
            let mut same = equal;
            for read in self.reads.iter().take(2 * READS) {
                same &= array.borrow_mut().read(read.after, read.at, BLOCK)?.1 == read.crc;
            }
            let round = Self::rounds(&self.reads, move |read| {
                let (seconds, crc) = array.borrow_mut().read(read.after, read.at, BLOCK)?;
                if crc == read.crc {
                    Ok(seconds)
                } else {
                    Err(BenchError::contestant(kind.name(), "wrong block"))
                }
            });
            case = case.peer(kind.name(), round, same);
        }
        bench.run(if arrays.is_empty() { case.checked(equal) } else { case })
    }

    /// Mean seconds of a round's reads.
    fn rounds<'a>(
        reads: &'a [Read],
        mut one: impl FnMut(&Read) -> Result<f64, BenchError> + 'a,
    ) -> Measure<'a> {
        let mut rounds = reads.chunks(READS).cycle();
        Measure::given(move || {
            let reads = rounds.next().unwrap_or_default();
            let mut sum = 0.0;
            for read in reads {
                sum += one(read)?;
            }
            Ok(sum / reads.len() as f64)
        })
    }

    fn corner_of(&self, read: &Read) -> [u32; 3] {
        [0, 1, 2].map(|a| self.corner[a] + read.at[a])
    }

    fn bounds(&self, read: &Read) -> TickBox {
        let min = self.corner_of(read);
        TickBox { min, max: min.map(|c| c + BLOCK) }
    }
}

/// Place of a cell in the cube.
fn index([x, y, z]: [u32; 3]) -> usize {
    ((z * EDGE + y) * EDGE + x) as usize
}

/// The cells of a cube, x fastest, a byte each.
fn block(view: &View, min: [u32; 3], edge: u32) -> Result<Vec<u8>, BenchError> {
    let bounds = TickBox { min, max: min.map(|c| c + edge) };
    let volume = view.volume(&bounds, LEVEL).map_err(ours)?;
    volume.cells.iter().map(|m| u8::try_from(m.0).map_err(ours)).collect()
}
