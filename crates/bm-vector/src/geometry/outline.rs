//! Shapes as the geometries other programs know.

use super::validate::runs_left;
use crate::boundary::Shape;
use geo_types::{Geometry, LineString, MultiLineString, MultiPolygon, Polygon};

impl Shape {
    /// Lines as a (multi-)line, areas as a (multi-)polygon: a ring that runs counter-clockwise begins a polygon, those
    /// that run clockwise are holes of the one before, which is how [`repair`](fn@super::repair) leaves them.
    #[must_use]
    pub fn to_geometry(&self) -> Geometry<f64> {
        match self {
            Self::Lines(lines) => match lines.as_slice() {
                [one] => Geometry::LineString(one.clone()),
                many => Geometry::MultiLineString(MultiLineString(many.to_vec())),
            },
            Self::Area(area) => {
                let mut polygons: Vec<Polygon<f64>> = Vec::new();
                for ring in area.rings() {
                    let hole = runs_left(&ring) == Some(false);
                    match polygons.last_mut() {
                        Some(shell) if hole => shell.interiors_push(LineString(ring)),
                        _ => polygons.push(Polygon::new(LineString(ring), Vec::new())),
                    }
                }
                match <[_; 1]>::try_from(polygons) {
                    Ok([one]) => Geometry::Polygon(one),
                    Err(many) => Geometry::MultiPolygon(MultiPolygon(many)),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Frame;
    use crate::geometry::{Mode, repair};
    use geo_types::{line_string, polygon};

    #[test]
    fn there_and_back() {
        let lake = polygon![
            exterior: [(x: 0.0, y: 0.0), (x: 9.0, y: 0.0), (x: 9.0, y: 9.0), (x: 0.0, y: 9.0), (x: 0.0, y: 0.0)],
            interiors: [
                [(x: 1.0, y: 1.0), (x: 1.0, y: 2.0), (x: 2.0, y: 2.0), (x: 1.0, y: 1.0)],
                [(x: 5.0, y: 5.0), (x: 5.0, y: 6.0), (x: 6.0, y: 6.0), (x: 5.0, y: 5.0)],
            ],
        ];
        let islet = polygon![(x: 20.0, y: 0.0), (x: 21.0, y: 0.0), (x: 20.0, y: 1.0), (x: 20.0, y: 0.0)];
        let two = Geometry::MultiPolygon(MultiPolygon(vec![lake.clone(), islet]));
        let line = Geometry::LineString(line_string![(x: 0.0, y: 0.0), (x: 1.0, y: 2.0)]);
        for g in [Geometry::Polygon(lake), two, line] {
            let (shape, repairs) = repair(g.clone(), Frame::Geographic, Mode::Strict).unwrap();
            assert!(repairs.is_none());
            assert_eq!(shape.to_geometry(), g);
        }
    }
}
