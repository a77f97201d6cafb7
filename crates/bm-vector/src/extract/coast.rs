//! Shorelines as changes of boundaries.

use super::identity::{Identified, Origin, identify};
use super::shore::{ExtractError, shorelines};
use crate::area::Area;
use crate::boundary::{Boundary, BoundaryId, Shape};
use crate::frame::Frame;
use crate::geometry::Topology;
use crate::set::Change;
use bm_grid::{Grid, Ground};
use geo_types::LineString;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Lines with fewer vertices: none left out is farther than `tolerance` metres from the segment instead of it, ends and
/// nodes that lines share stay, and nothing crosses that did not (Douglas & Peucker's method, 1973, on shared arcs).
/// Half a cell is the most that keeps a line within its cells.
#[must_use]
pub fn simplified(lines: &[LineString<f64>], tolerance: f64, frame: Frame) -> Vec<LineString<f64>> {
    if tolerance.is_nan() || tolerance <= 0.0 {
        return lines.to_vec();
    }
    let coarse = Topology::new(lines.iter().map(|line| line.0.as_slice())).simplify(tolerance, frame);
    let coarse = lines.iter().enumerate().map(|(i, line)| {
        let thin = coarse.path(i);
        // A ring has three corners at least.
        if line.is_closed() && thin.len() < 4 || thin.len() < 2 { line.clone() } else { LineString(thin) }
    });
    coarse.collect()
}

/// What becomes of a world's coastlines.
#[derive(Clone, Debug, Default)]
pub struct Coastlines {
    /// What to put and what to remove.
    pub changes: Vec<Change>,
    /// How the lines came by their names. Lines along boundaries that go on beyond the grid ([`Origin::Beyond`]) are
    /// not among the changes: what they replace is only a part of those.
    pub identified: Identified,
}

/// The shorelines of a grid's elevation (see [`shorelines`]), simplified to `tolerance` metres, as changes of the
/// coastlines `old` that the grid has so far (see [`identify`]). A boundary that is an area stays one, of all rings that
/// come from it; what is new is like `template`, with `template`'s name and a number. `taken` says which names are in use by
/// other boundaries.
///
/// # Errors
/// As [`shorelines`].
pub fn coastlines(
    grid: &Grid,
    layer: &str,
    sea_level: f64,
    tolerance: f64,
    old: &[&Boundary],
    template: &Boundary,
    taken: &dyn Fn(&BoundaryId) -> bool,
) -> Result<Coastlines, ExtractError> {
    let frame = match grid.region().ground() {
        Ground::Flat => Frame::Plane,
        Ground::World => Frame::Geographic,
    };
    let lines = simplified(&shorelines(grid, layer, sea_level)?, tolerance, frame);
    let identified = identify(grid.region(), old, lines, &template.id.0, taken);
    let by_id: BTreeMap<&BoundaryId, &Boundary> = old.iter().map(|b| (&b.id, *b)).collect();
    let is_area = |b: &&Boundary| matches!(b.shape, Shape::Area(_));
    let mut areas: BTreeMap<&BoundaryId, Vec<&LineString<f64>>> = BTreeMap::new();
    let mut changes = Vec::new();
    for named in &identified.lines {
        let of = match &named.origin {
            Origin::Kept(_) => by_id.get(&named.id),
            Origin::Split(from) => by_id.get(from),
            Origin::Beyond(_) => continue,
            Origin::New => None,
        };
        if let Some(area) = of.copied().filter(is_area).filter(|_| named.line.is_closed()) {
            areas.entry(&area.id).or_default().push(&named.line);
            continue;
        }
        let shape = Shape::Lines(vec![named.line.clone()]);
        changes.push(Change::Put(Boundary {
            id: named.id.clone(),
            shape,
            ..of.map_or(template, |b| b).clone()
        }));
    }
    for (id, rings) in areas {
        let area = Area::build(rings.iter().map(|ring| ring.0.as_slice()), None)?;
        if let Some(old) = by_id.get(id) {
            changes.push(Change::Put(Boundary { shape: Shape::Area(Arc::new(area)), ..(*old).clone() }));
        }
    }
    changes.extend(identified.removed.iter().cloned().map(Change::Remove));
    Ok(Coastlines { changes, identified })
}
