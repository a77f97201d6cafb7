//! Boundaries into grids.

use bm_core::{MaterialId, Phase};
use bm_grid::Grid;
use bm_vector::set::{BoundarySet, Change};
use bm_vector::{Boundary, sync};

use super::ours;
use super::scan::scan;
use super::scenes::{Coast, Scene, line, lines};
use crate::harness::{Bench, BenchError, Case, Measure, Targets, Unit};

fn solid(_: MaterialId) -> Phase {
    Phase::Solid
}

fn all(grid: &Grid) -> Vec<MaterialId> {
    grid.materials(grid.region().window())
}

/// What is asked of so many boundaries, in seconds.
fn targets(count: usize) -> Targets {
    match count {
        1 => Targets::new(0.005, 0.0005),
        10 => Targets::new(0.04, 0.004),
        _ => Targets::new(0.3, 0.03),
    }
}

pub(super) fn run(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    for (name, slope, jag) in [("straight", 0.0, 0.0), ("diagonal", 1.0, 0.0), ("jagged", 0.0, 3.0)] {
        for count in [1, 10, 100] {
            let scene = lines(count, slope, jag)?;
            rebuild(bench, format!("{name}-{count}"), &scene, targets(count as usize))?;
        }
    }
    match Coast::read()? {
        None => bench.leave_out("coast, area", "run `cargo xtask data`")?,
        Some(coast) => {
            for count in [1, 10, 100] {
                let scene = coast.lines(count)?;
                let name = format!("coast-{count} ({} segments)", coast.segments(count));
                rebuild(bench, name, &scene, targets(count))?;
            }
            let scene = coast.area()?;
            let mut grid = scene.grid.clone();
            sync::rebuild(&mut grid, &scene.set, &solid).map_err(ours)?;
            // The area's own classifier, cell by cell.
            let ask = || each(&scene.grid, &scene.set);
            let equal = all(&grid) == ask();
            bench.run(
                Case::new(
                    "area",
                    Unit::Seconds,
                    Measure::one_thread(1, || sync::rebuild(&mut grid, &scene.set, &solid)),
                )
                .peer("query a cell", Measure::one_thread(1, ask), equal),
            )?;
        }
    }
    edits(bench)
}

/// A query at every cell's centre.
fn each(grid: &Grid, set: &BoundarySet) -> Vec<MaterialId> {
    let region = grid.region();
    let mut out = Vec::with_capacity(region.cells() as usize);
    for y in 0..region.height() {
        for x in 0..region.width() {
            let p = sync::degrees(region.center_x(x), region.center_y(y));
            let base = grid.base().get(x, y).unwrap_or_default();
            let said = set.resolve(p, region.cell_size(), base, &solid, None);
            out.push(said.map_or(base, |answer| answer.material));
        }
    }
    out
}

fn rebuild(bench: &mut Bench<'_>, name: String, scene: &Scene, targets: Targets) -> Result<(), BenchError> {
    let mut grid = scene.grid.clone();
    sync::rebuild(&mut grid, &scene.set, &solid).map_err(ours)?;
    let start = on_processor();
    let equal = all(&grid) == scan(&scene.grid, &scene.set);
    let slow = on_processor() - start;
    // The peer may take minutes: as many rounds as fit a few seconds, or just the one of the comparison.
    let rounds = (if bench.is_quick() { 2.0 } else { 8.0 } / slow) as usize;
    let ours = Measure::one_thread(1, || sync::rebuild(&mut grid, &scene.set, &solid));
    let case = Case::new(name, Unit::Seconds, ours).targets(targets);
    if rounds < 2 {
        return bench.run(case.rounds(9).peer("rectangle scan", Measure::constant(slow), equal));
    }
    let peer = Measure::one_thread(1, || scan(&scene.grid, &scene.set));
    bench.run(case.rounds(rounds.min(9)).peer("rectangle scan", peer, equal))
}

/// Seconds this thread spent on a processor.
fn on_processor() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// One line of a hundred moves there and back.
fn edits(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    let Scene { mut grid, set } = lines(100, 0.0, 3.0)?;
    sync::rebuild(&mut grid, &set, &solid).map_err(ours)?;
    // A line's cells are a band about 12 wide: old and new together make these shares of a million cells.
    for (name, length) in [("edit-0.1pct", 60.0), ("edit-0.5pct", 300.0), ("edit-1pct", 600.0)] {
        let cut = |dy: f64| {
            let mut cut = line(50, 100, 0.0, 3.0, dy);
            cut.id = "cut".into();
            if let bm_vector::Shape::Lines(lines) = &mut cut.shape {
                lines[0].0.retain(|c| c.x <= length);
            }
            cut
        };
        let (a, b): (Boundary, Boundary) = (cut(1.0), cut(4.0));
        let with = |b: &Boundary| set.apply(&[Change::Put(b.clone())]).map_err(ours);
        let (set_a, set_b) = (with(&a)?, with(&b)?);
        let put = sync::Changed { old: None, new: Some(&a) };
        sync::apply(&mut grid, &set_a, &[put], &solid).map_err(ours)?;
        let mut fresh = grid.clone();
        let there = sync::Changed { old: Some(&a), new: Some(&b) };
        let back = sync::Changed { old: Some(&b), new: Some(&a) };
        let report = sync::apply(&mut grid, &set_b, &[there], &solid).map_err(ours)?;
        sync::rebuild(&mut fresh, &set_b, &solid).map_err(ours)?;
        let equal = all(&grid) == all(&fresh);
        sync::apply(&mut grid, &set_a, &[back], &solid).map_err(ours)?;
        let edit = Measure::one_thread(2, || {
            let there = sync::apply(&mut grid, &set_b, &[there], &solid);
            (there, sync::apply(&mut grid, &set_a, &[back], &solid))
        });
        let scratch = Measure::one_thread(1, || sync::rebuild(&mut fresh, &set_b, &solid));
        let name = format!("{name} ({} cells)", report.looked_at);
        // Two edits a call.
        bench.run(
            Case::new(name, Unit::Nanoseconds("edit"), edit)
                .targets(Targets::at_least(1e8))
                .peer("rebuild", scratch, equal),
        )?;
        let gone = sync::Changed { old: Some(&a), new: None };
        sync::apply(&mut grid, &set, &[gone], &solid).map_err(ours)?;
    }
    Ok(())
}
