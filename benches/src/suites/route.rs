//! Suite `route`: what it costs to ask a world instead of the layer that has the answer.

use bm_core::{GeoPoint, MaterialId, Pos, Sample, SourceKind};
use bm_hybrid::ingest::boundary::{BoundaryIngest, Source};
use bm_hybrid::route::{Point, Router};
use bm_hybrid::{ReliefIngest, View, World};
use bm_overlay::{Durability, Transaction};
use bm_vector::set::Change;
use bm_vector::{Boundary, Extent, Frame, Kind, Shape, Transition};
use geo_types::{Coord, LineString};

use super::Suite;
use crate::harness::{Bench, BenchError, Case, Measure, Targets, Unit};
use crate::inputs::{Random, points, shores};

/// The suite.
pub const SUITE: Suite = Suite {
    name: "route",
    about: "\
A world in memory of the bundled relief, a coastline (GSHHG where it is fetched, Natural Earth otherwise), 10 000 faults of a
kilometre with a transition of 20 m, and 100 000 voxels of edits. Every point is asked in two ways: by the world
(`View::sample`, and `Router::answer` in `…-router`), and by the layer that has the answer, directly. Ratios are theirs
over ours: 0.95 is an overhead of 5 %. One thread, by its own processor time.

`pages`: points uniform on the sphere within ±12 km of sea level, those that the page tree answers; directly by
the page tree. `edits`: voxels that were edited; directly by the overlay. `boundaries`: points half a metre below sea
level that a boundary answers; directly by the page tree (what is there decides whether a boundary speaks) and then the set of
boundaries. `no-boundaries`: the points of `pages` in the same world without boundaries. `exact-tests`: the share
of all random points at sea level for which an edge of a boundary was looked at.",
    run,
};

const UNIT: Unit = Unit::PerSecond("points");
const OVERHEAD: Targets = Targets { at_least: Some(0.95), aim: Some(0.99) };
const REACH: f64 = 12_000.0;

fn ours(error: impl std::fmt::Display) -> BenchError {
    BenchError::contestant("ours", error)
}

fn run(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    let quick = bench.is_quick();
    let world = World::in_memory().map_err(ours)?;
    let relief = bm_io::bundled::bundled_etopo20().map_err(ours)?;
    world.ingest_relief(&relief, &ReliefIngest::default(), &|_| ()).map_err(ours)?;
    let without = world.view();
    coast(&world)?;
    faults(&world, if quick { 2_000 } else { 10_000 })?;
    // Last, as commits of boundaries fold what was edited before into pages.
    let edited = edit(&world, if quick { 20_000 } else { 100_000 })?;
    let view = world.view();
    let count = if quick { 1 << 17 } else { 1 << 20 };
    let everywhere = points::on_the_globe(count, REACH, 0x0b0e).map_err(ours)?;

    let pages =
        keep(&view, &everywhere, |s| s.source != SourceKind::Boundary && s.source != SourceKind::Edit)?;
    let ground = |at: Pos| view.reader().sample(at).map_or(MaterialId::UNSET, |s| s.material);
    compare(bench, "pages", &view, &pages, ground, "the page tree")?;
    compare(bench, "no-boundaries", &without, &pages, ground, "the page tree")?;
    router(bench, "pages-router", &view, &pages, ground, "the page tree")?;

    let snapshot = view.reader().snapshot();
    let overlay = |at: Pos| snapshot.find(at).and_then(|hit| hit.material).unwrap_or(MaterialId::UNSET);
    compare(bench, "edits", &view, &edited, overlay, "the overlay")?;

    let wading: Vec<Pos> = everywhere
        .iter()
        .map(|p| Pos::new(p.x(), p.y(), bm_core::frame::SEA_LEVEL - 2))
        .collect::<Result<_, _>>()
        .map_err(ours)?;
    let spoken = keep(&view, &wading, |s| s.source == SourceKind::Boundary)?;
    let boundaries = |at: Pos| {
        let base = view.reader().sample(at).map_or(MaterialId::UNSET, |s| s.material);
        let point = Point::voxel(at);
        let phase = |m| bm_hybrid::route::Ground::phase(&*view, m);
        let said = view.boundaries().resolve(point.at, 0.25, base, &phase, Some(point.alt));
        said.map_or(base, |a| a.material)
    };
    compare(bench, "boundaries", &view, &spoken, boundaries, "pages, then boundaries")?;

    let router = Router::of(&view);
    for &at in &wading {
        router.answer(&Point::voxel(at)).map_err(ours)?;
    }
    let share = router.stats().exact_tests() as f64 / wading.len() as f64;
    bench.run(
        Case::new(
            "exact-tests",
            Unit::Factor("points with an exact test / points"),
            Measure::constant(share),
        )
        .targets(Targets::new(0.1, 0.005))
        .rounds(1),
    )
}

fn keep(view: &View, all: &[Pos], want: impl Fn(&Sample) -> bool) -> Result<Vec<Pos>, BenchError> {
    let mut out = Vec::new();
    for &at in all {
        if want(&view.sample(at).map_err(ours)?) {
            out.push(at);
        }
    }
    Ok(out)
}

/// The world beside the layer that has the answer.
fn compare(
    bench: &mut Bench<'_>,
    name: &str,
    view: &View,
    points: &[Pos],
    direct: impl Fn(Pos) -> MaterialId,
    layer: &str,
) -> Result<(), BenchError> {
    let world = |at: Pos| view.sample(at).map_or(MaterialId::UNSET, |s| s.material);
    side_by_side(bench, name, points, world, direct, layer)
}

fn router(
    bench: &mut Bench<'_>,
    name: &str,
    view: &View,
    points: &[Pos],
    direct: impl Fn(Pos) -> MaterialId,
    layer: &str,
) -> Result<(), BenchError> {
    let router = Router::of(view);
    let world = |at: Pos| router.answer(&Point::voxel(at)).map_or(MaterialId::UNSET, |r| r.sample.material);
    side_by_side(bench, name, points, world, direct, layer)
}

fn side_by_side(
    bench: &mut Bench<'_>,
    name: &str,
    points: &[Pos],
    world: impl Fn(Pos) -> MaterialId,
    direct: impl Fn(Pos) -> MaterialId,
    layer: &str,
) -> Result<(), BenchError> {
    let equal = points.iter().all(|&at| world(at) == direct(at) && world(at) != MaterialId::UNSET);
    let ops = points.len() as u64;
    let sum = |f: &dyn Fn(Pos) -> MaterialId| points.iter().fold(0u64, |s, &at| s + u64::from(f(at).0));
    bench.run(Case::new(name, UNIT, Measure::one_thread(ops, || sum(&world))).peer_with(
        layer,
        Measure::one_thread(ops, || sum(&direct)),
        equal,
        OVERHEAD,
    ))
}

/// Voxels all over the globe, from deep to high.
fn edit(world: &World, count: usize) -> Result<Vec<Pos>, BenchError> {
    let at = points::on_the_globe(count, REACH, 0xed17).map_err(ours)?;
    let mut t = Transaction::new("bench");
    t.durability(Durability::Memory);
    for &pos in &at {
        t.set(pos, MaterialId::ORE);
    }
    world.edit(&t).map_err(ours)?;
    Ok(at)
}

fn coast(world: &World) -> Result<(), BenchError> {
    if shores::path().exists() {
        let rings = shores::rings()?;
        let area = bm_vector::Area::build(&rings, None).map_err(ours)?;
        let shore = Boundary {
            id: "shore".into(),
            kind: Kind::Coastline,
            shape: Shape::Area(area.into()),
            transition: Some(Transition {
                left: Some(MaterialId(2)),
                right: Some(MaterialId::SEAWATER),
                ..Transition::default()
            }),
            extent: Extent::Shore { depth: 2.0 },
            priority: 0.0,
            precision: 100.0,
            properties: Default::default(),
        };
        world.commit_boundaries(&[Change::Put(shore)], "coast").map_err(ours)?;
        return Ok(());
    }
    let land = bm_io::bundled::natural_earth_land().map_err(ours)?;
    let source = Source { name: "land".into(), features: land.features };
    world.ingest_boundaries(vec![source], &BoundaryIngest::new(Kind::Coastline), &|_| ()).map_err(ours)?;
    Ok(())
}

/// Lines of a kilometre that run anywhere.
fn faults(world: &World, count: usize) -> Result<(), BenchError> {
    let mut random = Random::new(0xfa17);
    let mut all = Vec::with_capacity(count);
    for i in 0..count {
        let sine = 1.9 * random.unit() - 0.95;
        let at = GeoPoint { lon: 359.0 * random.unit() - 179.5, lat: sine.asin().to_degrees(), alt: 0.0 };
        let from = Coord { x: at.lon, y: at.lat };
        let (metric, turn) = (Frame::Geographic.metric(from), random.unit() * std::f64::consts::TAU);
        let to = from + Coord { x: 1000.0 * turn.cos() / metric.sx, y: 1000.0 * turn.sin() / metric.sy };
        all.push(Change::Put(Boundary {
            id: format!("fault-{i}").into(),
            kind: Kind::Fault,
            shape: Shape::Lines(vec![LineString(vec![from, to])]),
            transition: Some(Transition {
                left: Some(MaterialId::BASALT),
                right: Some(MaterialId::SHALE),
                width: 20.0,
                ..Transition::default()
            }),
            extent: Extent::Ground,
            priority: 1.0,
            precision: 10.0,
            properties: Default::default(),
        }));
    }
    world.commit_boundaries(&all, "faults").map_err(ours)?;
    Ok(())
}
