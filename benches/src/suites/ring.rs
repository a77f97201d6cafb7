//! Points in one ring, for the suite `boundary`.

use bm_vector::{Area, Where};
use geo::Contains;
use geo::indexed::IntervalTreeMultiPolygon;
use geo_types::{Coord, LineString, MultiPolygon, Polygon};

use super::earth::TemporaryFolder;
use crate::harness::{Bench, BenchError, Case, Measure, Targets, Unit};
use crate::inputs::{self, Random, shores};
use crate::peers::shapes::{GEOS, Shapes};

const GEO: &str = "geo 0.33 IntervalTreeMultiPolygon";

/// Measures rings of 1 000 and 100 000 vertices.
///
/// # Errors
/// When a contestant fails or the output cannot be written.
pub fn run(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    let folder = TemporaryFolder::new("ring")?;
    for vertices in [1_000, 100_000] {
        let ring = shores::ring(vertices, 7);
        let area = Area::build([&ring], None).map_err(|error| BenchError::contestant("ours", error))?;
        let points = around(&area, if bench.is_quick() { 100_000 } else { 1_000_000 });
        let mut out = vec![Where::On; points.len()];
        area.locate_batch(&points, &mut out);
        let found: Vec<bool> = out.iter().map(|&place| place == Where::Inside).collect();
        let count = points.len() as u64;
        let mut peer = None;
        let ours = Measure::one_thread(count, || area.locate_batch(&points, &mut out));
        let mut case = Case::new(format!("ring-{vertices}"), Unit::Nanoseconds("point"), ours).rounds(9);
        if let Some(python) = inputs::peer_python() {
            let shapes = peer.insert(Shapes::start(GEOS, &python, folder.path())?);
            shapes.ring(&ring)?;
            let equal = shapes.points(&points)? == found;
            let round = || Ok(shapes.time(1)? * 1e9 / count as f64);
            case = case.peer_with(GEOS, Measure::given(round), equal, Targets::new(1.5, 5.0));
        } else {
            bench.leave_out(GEOS, "it is not installed; run `cargo xtask peers`")?;
        }
        let polygon = MultiPolygon(vec![Polygon::new(LineString(ring.clone()), Vec::new())]);
        let tree = IntervalTreeMultiPolygon::new(&polygon);
        let equal = points.iter().zip(&found).all(|(p, &inside)| tree.contains(p) == inside);
        let ask = || points.iter().filter(|&p| tree.contains(p)).count();
        bench.run(case.peer_with(GEO, Measure::one_thread(count, ask), equal, Targets::new(1.5, 5.0)))?;
    }
    Ok(())
}

/// Points uniform in the box around an area.
fn around(area: &Area, count: usize) -> Vec<Coord<f64>> {
    let mut random = Random::new(11);
    let Some(bounds) = area.bounds() else { return Vec::new() };
    let mut at = |least: f64, extent: f64| least + extent * random.unit();
    (0..count)
        .map(|_| Coord { x: at(bounds.min().x, bounds.width()), y: at(bounds.min().y, bounds.height()) })
        .collect()
}
