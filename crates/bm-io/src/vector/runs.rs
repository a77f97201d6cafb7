//! Walks over the vertices of a geometry, run by run, and names places in it.

use geo_types::{Coord, Geometry, LineString, Polygon};

/// Where in a geometry a run of vertices lies; all counted from 0.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    part: Option<usize>,
    ring: Option<usize>,
}

impl Place {
    /// Names a vertex of the run.
    #[cold]
    pub(super) fn vertex(&self, vertex: usize) -> String {
        let mut text = String::new();
        if let Some(part) = self.part {
            text += &format!("part {part}, ");
        }
        if let Some(ring) = self.ring {
            text += &format!("ring {ring}, ");
        }
        text + &format!("vertex {vertex}")
    }
}

/// What is called with every run.
pub(super) type Visit<'a, E> = &'a mut dyn FnMut(&Place, &mut [Coord<f64>]) -> Result<(), E>;

/// Calls `f` with every point, line and ring of a geometry, in its order, until it fails. Rings stay closed only if
/// `f` treats their first and last vertex alike.
pub(super) fn each_run<E>(geometry: &mut Geometry<f64>, f: Visit<'_, E>) -> Result<(), E> {
    run_of(geometry, Place::default(), f)
}

fn run_of<E>(geometry: &mut Geometry<f64>, at: Place, f: Visit<'_, E>) -> Result<(), E> {
    let part = |i| Place { part: Some(i), ..at };
    match geometry {
        Geometry::Point(p) => f(&at, std::slice::from_mut(&mut p.0)),
        Geometry::Line(l) => {
            let mut ends = [l.start, l.end];
            f(&at, &mut ends)?;
            [l.start, l.end] = ends;
            Ok(())
        }
        Geometry::LineString(l) => f(&at, &mut l.0),
        Geometry::Polygon(p) => rings_of(p, at, f),
        Geometry::MultiPoint(m) => {
            m.0.iter_mut().enumerate().try_for_each(|(i, p)| f(&part(i), std::slice::from_mut(&mut p.0)))
        }
        Geometry::MultiLineString(m) => {
            m.0.iter_mut().enumerate().try_for_each(|(i, l)| f(&part(i), &mut l.0))
        }
        Geometry::MultiPolygon(m) => {
            m.0.iter_mut().enumerate().try_for_each(|(i, p)| rings_of(p, part(i), f))
        }
        // The place names the outermost part: deeper ones are rare.
        Geometry::GeometryCollection(c) => {
            c.0.iter_mut()
                .enumerate()
                .try_for_each(|(i, g)| run_of(g, Place { part: at.part.or(Some(i)), ..at }, f))
        }
        Geometry::Rect(r) => {
            let mut ends = [r.min(), r.max()];
            f(&at, &mut ends)?;
            *r = geo_types::Rect::new(ends[0], ends[1]);
            Ok(())
        }
        Geometry::Triangle(t) => {
            let mut corners = t.to_array();
            f(&at, &mut corners)?;
            *t = geo_types::Triangle::from(corners);
            Ok(())
        }
    }
}

fn rings_of<E>(polygon: &mut Polygon<f64>, at: Place, f: Visit<'_, E>) -> Result<(), E> {
    polygon.try_exterior_mut(|ring: &mut LineString<f64>| f(&Place { ring: Some(0), ..at }, &mut ring.0))?;
    polygon.try_interiors_mut(|rings| {
        rings
            .iter_mut()
            .enumerate()
            .try_for_each(|(i, ring)| f(&Place { ring: Some(i + 1), ..at }, &mut ring.0))
    })
}
