//! Boundaries to put.

use bm_core::MaterialId;
use bm_vector::set::Change;
use bm_vector::{Area, Boundary, Extent, Kind, Shape, Transition};
use geo_types::{Coord, LineString};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) const SAND: MaterialId = MaterialId(2);

/// A boundary that changes nothing yet.
pub(crate) fn plain(id: &str, shape: Shape) -> Boundary {
    Boundary {
        id: id.into(),
        kind: Kind::Custom,
        shape,
        transition: None,
        extent: Extent::Ground,
        priority: 0.0,
        precision: 1.0,
        properties: BTreeMap::new(),
    }
}

pub(crate) fn line(at: &[[f64; 2]]) -> Shape {
    Shape::Lines(vec![LineString(at.iter().map(|&[x, y]| Coord { x, y }).collect())])
}

/// A ring given without its last coordinate.
pub(crate) fn area(at: &[[f64; 2]]) -> Shape {
    let mut ring: Vec<Coord<f64>> = at.iter().map(|&[x, y]| Coord { x, y }).collect();
    ring.push(ring[0]);
    Shape::Area(Arc::new(Area::new(vec![ring]).unwrap()))
}

pub(crate) fn between(left: MaterialId, right: MaterialId) -> Option<Transition> {
    Some(Transition { left: Some(left), right: Some(right), ..Transition::default() })
}

/// An island: land inside, sea outside.
pub(crate) fn island(id: &str, ring: &[[f64; 2]]) -> Boundary {
    Boundary {
        kind: Kind::Coastline,
        transition: between(SAND, MaterialId::SEAWATER),
        extent: Extent::Shore { depth: 3.0 },
        ..plain(id, area(ring))
    }
}

pub(crate) fn put(b: Boundary) -> Vec<Change> {
    vec![Change::Put(b)]
}
