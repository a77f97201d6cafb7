//! Eight threads that commit durably.

use std::cell::RefCell;
use std::path::Path;
use std::time::Instant;

use bm_hybrid::World;
use bm_overlay::Durability;

use crate::harness::{Bench, BenchError, Case, Measure, Targets, Unit};
use crate::inputs::edits::{CellEdit, EIGHT, clusters_about, in_a_cube};
use crate::peers::key_value::{Fjall, KeyValue, Redb, Sqlite, WRITERS, expected};
use crate::suites::earth::TemporaryFolder;
use crate::suites::edited::ours::{agrees, commit, last, warm};
use crate::suites::edited::{KILOMETRE, alps, emptied, one_after_another, ours, written};

/// Cells of a transaction.
const SIZE: usize = 100;

/// For each writer its transactions; no two writers share a cell.
type Work = Vec<Vec<Vec<CellEdit>>>;

pub(super) fn run(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    let each = if bench.is_quick() { 25 } else { 250 };
    let centre = alps()?;
    let mut clusters = Work::new();
    let mut uniform = Work::new();
    for writer in 0..WRITERS as u64 {
        // Side by side, with room between.
        let mine = centre.east(writer as i64 * 4 * i64::from(KILOMETRE));
        clusters.push(clusters_about(mine, KILOMETRE, each, SIZE, 3 + writer).map_err(ours)?);
        let cells = in_a_cube(mine, KILOMETRE, each * SIZE, &EIGHT, 30 + writer).map_err(ours)?;
        uniform.push(cells.chunks(SIZE).map(<[_]>::to_vec).collect());
    }
    compare(bench, "clusters", &clusters)?;
    compare(bench, "uniform", &uniform)
}

/// Values of one contestant, round by round.
#[derive(Default)]
struct Values {
    rates: RefCell<Vec<f64>>,
    written: RefCell<Vec<f64>>,
}

impl Values {
    /// Has all writers do their work at the same time.
    fn round(
        &self,
        folder: &Path,
        work: &Work,
        commit: impl Fn(usize, &[CellEdit]) -> Result<(), BenchError> + Sync,
    ) -> Result<(), BenchError> {
        let transactions: usize = work.iter().map(Vec::len).sum();
        let before = written(folder);
        let start = Instant::now();
        std::thread::scope(|scope| {
            let writers: Vec<_> = work
                .iter()
                .enumerate()
                .map(|(writer, mine)| {
                    let commit = &commit;
                    scope.spawn(move || mine.iter().try_for_each(|cells| commit(writer, cells)))
                })
                .collect();
            writers
                .into_iter()
                .try_for_each(|writer| writer.join().unwrap_or_else(|_| Err(ours("a writer panicked"))))
        })?;
        let count = transactions as f64;
        self.rates.borrow_mut().push(count / start.elapsed().as_secs_f64());
        if let (Some(before), Some(after)) = (before, written(folder)) {
            self.written.borrow_mut().push((after - before) / count);
        }
        Ok(())
    }
}

fn compare(bench: &mut Bench<'_>, name: &str, work: &Work) -> Result<(), BenchError> {
    let folder = TemporaryFolder::new("durable")?;
    let rounds = if bench.is_quick() { 3 } else { 7 };
    let (mine, redb, sqlite, fjall) = <(Values, Values, Values, Values)>::default();
    let mut equal = [true; 4];
    let all: Vec<CellEdit> = work.iter().flatten().flatten().copied().collect();
    let (cells, content) = (last(&all), expected(&all));
    let empty = World::in_memory().map_err(ours)?.view();
    for _ in 0..rounds {
        let here = folder.path().join("ours");
        emptied(&here)?;
        let world = World::create(here.join("w.bm")).map_err(ours)?;
        warm(&world)?;
        mine.round(&here, work, |_, cells| commit(&world, cells, Durability::Group).map(drop))?;
        equal[0] &= agrees(&world, &cells, &|at| empty.sample(at).map(|found| found.material).map_err(ours))?;
        drop(world);
        equal[1] &= peer::<Redb>(folder.path(), work, &redb, &content)?;
        equal[2] &= peer::<Sqlite>(folder.path(), work, &sqlite, &content)?;
        equal[3] &= peer::<Fjall>(folder.path(), work, &fjall, &content)?;
    }
    let case = |what: &str, unit, targets: [Targets; 3], values: &dyn Fn(&Values) -> Measure<'static>| {
        Case::new(format!("durable-{name}-{what}"), unit, values(&mine))
            .peer_with(Redb::NAME, values(&redb), equal[0] && equal[1], targets[0])
            .peer_with(Sqlite::NAME, values(&sqlite), equal[0] && equal[2], targets[1])
            .peer_with(Fjall::NAME, values(&fjall), equal[0] && equal[3], targets[2])
            .rounds(rounds)
    };
    let (aim, none) = (Targets::new(10.0, 20.0), Targets::default());
    bench.run(case("8-threads", Unit::PerSecond("commits"), [aim, aim, none], &|values| {
        one_after_another(values.rates.borrow().clone())
    }))?;
    if mine.written.borrow().is_empty() {
        return bench.leave_out("bytes written", "the system does not say what the disk is sent");
    }
    bench.run(case("written", Unit::Bytes, [none; 3], &|values| {
        one_after_another(values.written.borrow().clone())
    }))
}

/// One round of a database; whether it then holds what it should.
fn peer<D: KeyValue>(
    folder: &Path,
    work: &Work,
    values: &Values,
    content: &[(u128, u16)],
) -> Result<bool, BenchError> {
    let here = folder.join("peer");
    emptied(&here)?;
    let database = D::create(&here)?;
    values.round(&here, work, |writer, cells| database.commit(writer, cells))?;
    Ok(database.content()? == content)
}
