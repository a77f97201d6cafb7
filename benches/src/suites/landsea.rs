//! Suite `landsea`: land or sea, exactly as the shorelines of the world say.

use std::path::Path;
use std::time::Instant;

use bm_vector::{Area, Where};
use geo_types::Coord;

use super::Suite;
use super::earth::TemporaryFolder;
use crate::harness::{Bench, BenchError, Case, Measure, Targets, Unit};
use crate::inputs::{self, shores};
use crate::peers::shapes::{LAND, Shapes};

/// The suite.
pub const SUITE: Suite = Suite {
    name: "landsea",
    about: "\
GSHHG's shorelines at full resolution: 180 496 rings, 9.28 million edges. Ours is an `Area` opened from its file and
asked by `locate_batch`; roaring-landmask holds the very same rings and is asked by its own batch calls.

`uniform-…`: ten million points uniform on the sphere (half a million in a quick run), by one thread (processor time
of both) and by two (the clock on the wall). `shore-1km-…`: points uniform within 1 km of vertices drawn at random. All
answers are compared; points exactly on an edge have none on either side, and are counted apart. Where answers differ,
all edges are asked, one by one and in exact arithmetic: such points are listed, and `same` means that ours was right at
each of them.

`open`: the time until the first answer; our file is in the system's cache, and all its check sums are compared.
`size`: our file beside the multipolygon as WKB. `exact-tests`: the share of the uniform points that lie in a cell that
an edge touches. `build`: the time to make the area of the rings, by all processors.",
    run,
};

const POINTS: Unit = Unit::PerSecond("points");

fn run(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    if !shores::path().exists() {
        return bench.leave_out("everything", "there is no data/gshhg.wkb; run `cargo xtask data gshhg.wkb`");
    }
    let rings = shores::rings()?;
    let folder = TemporaryFolder::new("landsea")?;
    let file = folder.path().join("land.bma");
    let built = Area::build(&rings, None).map_err(|error| ours(&error))?;
    std::fs::write(&file, built.as_bytes())
        .map_err(|source| BenchError::File { path: file.clone(), source })?;
    let same = built.rings().eq(rings.iter().cloned());
    drop(built);
    let area = Area::open(&file).map_err(|error| ours(&error))?;

    let python = inputs::peer_python();
    let mut peer = match &python {
        Some(python) => {
            let mut peer = Shapes::start(LAND, python, folder.path())?;
            match peer.land() {
                Ok(_) => Some(peer),
                Err(error) => {
                    bench.leave_out(LAND, &error.to_string())?;
                    None
                }
            }
        }
        None => {
            bench.leave_out(LAND, "it is not installed; run `cargo xtask peers`")?;
            None
        }
    };

    let quick = bench.is_quick();
    let points = shores::on_the_sphere(if quick { 500_000 } else { 10_000_000 }, 0x1a7d_5ea0);
    let near = shores::near(&rings, if quick { 200_000 } else { 2_000_000 }, 1000.0, 0x1a7d_5ea1);
    for (name, points, targets) in
        [("uniform", &points, Targets::new(20.0, 75.0)), ("shore-1km", &near, Targets::new(10.0, 40.0))]
    {
        many(bench, name, &area, &rings, points, peer.as_mut(), targets)?;
    }
    let exact = points.iter().filter(|&&p| !area.is_settled(p)).count() as f64 / points.len() as f64;
    bench.run(
        Case::new(
            "exact-tests",
            Unit::Factor("points with an exact test / points"),
            Measure::constant(exact),
        )
        .targets(Targets::new(0.1, 0.005))
        .rounds(1),
    )?;
    drop(peer);
    costs(bench, &file, &rings, same, python.as_deref(), folder.path())
}

/// Points by one thread and by two, beside the peer.
fn many(
    bench: &mut Bench<'_>,
    name: &str,
    area: &Area,
    rings: &[Vec<Coord<f64>>],
    points: &[Coord<f64>],
    peer: Option<&mut Shapes>,
    targets: Targets,
) -> Result<(), BenchError> {
    let mut out = vec![Where::On; points.len()];
    area.locate_batch(points, &mut out);
    let count = points.len() as u64;
    let Some(peer) = peer else {
        return bench.run(
            Case::new(
                format!("{name}-1t"),
                POINTS,
                Measure::one_thread(count, || area.locate_batch(points, &mut out)),
            )
            .rounds(3),
        );
    };
    let theirs = peer.points(points)?;
    let equal = compare(bench, name, rings, points, &out, &theirs)?;
    for threads in [1, 2] {
        let share = points.len().div_ceil(threads);
        let ask = || {
            if threads == 1 {
                return area.locate_batch(points, &mut out);
            }
            std::thread::scope(|scope| {
                for (points, out) in points.chunks(share).zip(out.chunks_mut(share)) {
                    scope.spawn(move || area.locate_batch(points, out));
                }
            });
        };
        let ours = if threads == 1 { Measure::one_thread(count, ask) } else { Measure::timed(count, ask) };
        let round = || Ok(count as f64 / peer.time(threads)?);
        let targets = if threads == 1 { targets } else { Targets::default() };
        bench.run(
            Case::new(format!("{name}-{threads}t"), POINTS, ours)
                .peer_with(LAND, Measure::given(round), equal, targets)
                .rounds(3),
        )?;
    }
    Ok(())
}

/// Whether our answers are right: where they differ from the peer's, all edges decide. Says where that is.
fn compare(
    bench: &mut Bench<'_>,
    name: &str,
    rings: &[Vec<Coord<f64>>],
    points: &[Coord<f64>],
    ours: &[Where],
    theirs: &[bool],
) -> Result<bool, BenchError> {
    let on = ours.iter().filter(|&&place| place == Where::On).count();
    if on > 0 {
        bench.leave_out(&format!("{name}: {on} of {} points", points.len()), "exactly on an edge")?;
    }
    let differing = points
        .iter()
        .zip(ours)
        .zip(theirs)
        .filter(|&((_, &ours), &theirs)| ours != Where::On && (ours == Where::Inside) != theirs);
    let mut all_right = theirs.len() == ours.len();
    // A handful at most; more would say that something is badly wrong, and take long.
    for (i, ((p, ours), _)) in differing.enumerate() {
        let right = i < 100 && exact(rings, *p) == *ours;
        all_right &= right;
        if i >= 100 {
            break;
        }
        let who = if right { "our answer is right" } else { "our answer is wrong" };
        bench.leave_out(&format!("{name}: agreement at {} {}", p.x, p.y), who)?;
    }
    Ok(all_right)
}

/// Where a point lies, by every edge and in exact arithmetic.
fn exact(rings: &[Vec<Coord<f64>>], p: Coord<f64>) -> Where {
    let c = |c: Coord<f64>| robust::Coord { x: c.x, y: c.y };
    let mut inside = false;
    for edge in rings.iter().flat_map(|ring| ring.windows(2)) {
        let (a, b) = (edge[0], edge[1]);
        if (a.y <= p.y) != (b.y <= p.y) {
            let turn = robust::orient2d(c(a), c(b), c(p));
            if turn == 0.0 {
                return Where::On;
            }
            inside ^= (turn > 0.0) == (b.y > a.y);
        }
    }
    if inside { Where::Inside } else { Where::Outside }
}

/// Opening, bytes, building.
fn costs(
    bench: &mut Bench<'_>,
    file: &Path,
    rings: &[Vec<Coord<f64>>],
    same: bool,
    python: Option<&Path>,
    folder: &Path,
) -> Result<(), BenchError> {
    let open = || {
        let start = Instant::now();
        let area = Area::open(file).map_err(|error| ours(&error))?;
        let land = area.locate(Coord { x: 10.0, y: 50.0 }) == Where::Inside;
        let seconds = start.elapsed().as_secs_f64();
        if land { Ok(seconds) } else { Err(ours(&"the first answer is wrong")) }
    };
    let mut case =
        Case::new("open", Unit::Seconds, Measure::given(open)).targets(Targets::new(0.05, 0.005)).rounds(3);
    if let Some(python) = python {
        case = case.peer(LAND, Measure::given(|| Shapes::start(LAND, python, folder)?.land()), true);
    }
    bench.run(case)?;
    let bytes = |path: &Path| {
        let meta =
            std::fs::metadata(path).map_err(|source| BenchError::File { path: path.to_owned(), source });
        meta.map(|meta| meta.len() as f64)
    };
    let (own, wkb) = (bytes(file)?, bytes(&shores::path())?);
    bench.run(
        Case::new("size", Unit::Bytes, Measure::constant(own))
            .targets(Targets::new(60e6, 30e6))
            .peer("WKB", Measure::constant(wkb), same)
            .rounds(1),
    )?;
    let build = || {
        let start = Instant::now();
        Area::build(rings, None).map_err(|error| ours(&error))?;
        Ok(start.elapsed().as_secs_f64())
    };
    bench.run(Case::new("build", Unit::Seconds, Measure::given(build)).checked(same).rounds(3))
}

fn ours(why: &dyn std::fmt::Display) -> BenchError {
    BenchError::contestant("ours", why)
}
