//! Routing and rivers, each alone.

use std::cell::RefCell;
use std::path::Path;

use bm_process::route::{Flow, Rim, Router, Sinks};
use bm_process::stream_power::{Erodibility, StreamPower};

use super::{difference, ours, peer};
use crate::harness::{Bench, BenchError, Case as Row, Measure, Unit};
use crate::inputs::terrain::Case;
use crate::peers::terrain::{Kind, Terrain};

/// Rounds of a part.
const ROUNDS: usize = 15;

pub(super) fn run(bench: &mut Bench<'_>, name: &str, case: &Case, folder: &Path) -> Result<(), BenchError> {
    for n in [1.0, 1.5] {
        let mut case = case.clone();
        case.law.n = n;
        let Some(terrain) = peer(bench, Kind::Fastscapelib, &case, folder)? else { return Ok(()) };
        let terrain = RefCell::new(terrain);
        if n == 1.0 {
            routes(bench, name, &case, &terrain)?;
        }
        cut(bench, &format!("cut-{name}-n{n}"), &case, &terrain)?;
    }
    Ok(())
}

/// One row on one thread and one on two.
fn rows(
    bench: &mut Bench<'_>,
    name: &str,
    part: &str,
    mut work: impl FnMut(usize),
    terrain: &RefCell<Terrain>,
    equal: bool,
) -> Result<(), BenchError> {
    let cpu = Measure::given(|| Ok(terrain.borrow_mut().part(part)?.cpu));
    let kind = Kind::Fastscapelib.name();
    let one = Row::new(name, Unit::Seconds, Measure::one_thread(1, || work(1)));
    bench.run(one.peer(kind, cpu, equal).rounds(ROUNDS))?;
    let wall = Measure::given(|| Ok(terrain.borrow_mut().part(part)?.wall));
    let two = Row::new(format!("{name}-2t"), Unit::Seconds, Measure::timed(1, || work(2)));
    bench.run(two.peer(kind, wall, equal).rounds(ROUNDS))
}

fn routes(
    bench: &mut Bench<'_>,
    name: &str,
    case: &Case,
    terrain: &RefCell<Terrain>,
) -> Result<(), BenchError> {
    // The flooded routing last: the parts that follow use its areas.
    for (part, sinks) in [("carve", Sinks::Carve), ("flood", Sinks::Flood)] {
        let mut router = Router::new(Rim::default()).sinks(sinks);
        let mut flow = Flow::default();
        router.route(&case.ground, &mut flow).map_err(ours)?;
        let (receivers, area) = {
            let mut terrain = terrain.borrow_mut();
            terrain.part(part)?;
            (terrain.get("receivers")?, terrain.get("area")?)
        };
        let leaving = |area: &[f64]| {
            (0..area.len() as u32)
                .filter(|&cell| flow.is_base(cell))
                .map(|cell| area[cell as usize])
                .sum::<f64>()
        };
        let equal = match sinks {
            Sinks::Carve => (leaving(&flow.area) / leaving(&area) - 1.0).abs() < 1e-9,
            _ => {
                let near = |(a, b): (&f64, &f64)| (a / b - 1.0).abs() < 1e-9;
                receivers.iter().copied().eq(flow.receivers().into_iter().map(f64::from))
                    && flow.area.iter().zip(&area).all(near)
            }
        };
        let work = |threads| {
            router.threads = threads;
            let _ = router.route(&case.ground, &mut flow);
        };
        rows(bench, &format!("{part}-{name}"), part, work, terrain, equal)?;
    }
    Ok(())
}

fn cut(bench: &mut Bench<'_>, name: &str, case: &Case, terrain: &RefCell<Terrain>) -> Result<(), BenchError> {
    let law = case.law;
    let mut flow = Flow::default();
    Router::new(Rim::default()).route(&case.ground, &mut flow).map_err(ours)?;
    let mut rivers = StreamPower::new(Erodibility::Uniform(law.k), law.m, law.n);
    let mut after = case.ground.clone();
    rivers.erode(&mut after, &flow, law.dt).map_err(ours)?;
    let theirs = {
        let mut terrain = terrain.borrow_mut();
        terrain.part("flood")?;
        terrain.part("cut")?;
        terrain.get("cut")?
    };
    let equal = difference(&case.ground, &after.values, &theirs) < 1e-9;
    let work = |threads| {
        rivers.threads = threads;
        after.values.copy_from_slice(&case.ground.values);
        let _ = rivers.erode(&mut after, &flow, law.dt);
    };
    rows(bench, name, "cut", work, terrain, equal)
}
