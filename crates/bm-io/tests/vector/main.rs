//! Vector formats, read from files that other programs wrote (tests/data/vector/make.py) and from hostile ones.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod golden;
mod hostile;
mod invalid;
mod write;

use bm_io::IoError;
use bm_io::vector::{Features, VectorOptions, read_features, read_features_bytes};
use geo_types::{Geometry, LineString, MultiPolygon, Polygon, line_string, polygon};
use std::path::PathBuf;

pub(crate) fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/vector").join(name)
}

pub(crate) fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(file(name)).unwrap()
}

pub(crate) fn read(name: &str) -> Features {
    read_features(&file(name), &VectorOptions::default()).unwrap_or_else(|e| panic!("{e}"))
}

pub(crate) fn read_text(text: &str, options: &VectorOptions) -> Result<Features, IoError> {
    read_features_bytes(text.as_bytes(), "in.json", options)
}

/// A lake with an isle in it, two isles, a shore.
pub(crate) fn three() -> [Geometry<f64>; 3] {
    let lake = polygon!(
        exterior: [(x: 0., y: 0.), (x: 4., y: 0.), (x: 4., y: 4.), (x: 0., y: 4.)],
        interiors: [[(x: 1., y: 1.), (x: 1., y: 2.), (x: 2., y: 2.), (x: 2., y: 1.)]],
    );
    let isles = MultiPolygon(vec![
        polygon![(x: 4., y: 0.), (x: 8., y: 0.), (x: 8., y: 4.), (x: 4., y: 4.)],
        polygon![(x: 10.5, y: 0.25), (x: 11., y: 0.), (x: 11., y: 1.)],
    ]);
    [lake.into(), isles.into(), shore().into()]
}

pub(crate) fn shore() -> LineString<f64> {
    line_string![(x: -3.125, y: 50.0625), (x: -2., y: 51.), (x: -1., y: 50.5)]
}

/// With every ring wound and begun the same way: writers of the formats differ in both.
pub(crate) fn settled(g: &Geometry<f64>) -> Geometry<f64> {
    let ring = |r: &LineString<f64>, shell: bool| {
        let mut open = r.0[..r.0.len() - 1].to_vec();
        let area: f64 = r.0.windows(2).map(|e| e[0].x * e[1].y - e[1].x * e[0].y).sum();
        if (area > 0.0) != shell {
            open.reverse();
        }
        let first = (0..open.len())
            .min_by(|&a, &b| (open[a].x, open[a].y).partial_cmp(&(open[b].x, open[b].y)).unwrap());
        open.rotate_left(first.unwrap());
        LineString(open)
    };
    let polygon = |p: &Polygon<f64>| {
        Polygon::new(ring(p.exterior(), true), p.interiors().iter().map(|r| ring(r, false)).collect())
    };
    match g {
        Geometry::Polygon(p) => polygon(p).into(),
        Geometry::MultiPolygon(m) => MultiPolygon(m.0.iter().map(polygon).collect()).into(),
        other => other.clone(),
    }
}
