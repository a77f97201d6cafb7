//! The shores of the world, points beside them, and rings like them.

use std::path::PathBuf;

use geo_types::Coord;

use super::{Random, root};
use crate::harness::BenchError;

/// Where `cargo xtask data` puts the shorelines.
#[must_use]
pub fn path() -> PathBuf {
    root().join("data/gshhg.wkb")
}

/// The rings of a little-endian WKB multipolygon, in its order.
///
/// # Errors
/// When the file cannot be read, or is not such a multipolygon.
pub fn rings() -> Result<Vec<Vec<Coord<f64>>>, BenchError> {
    let path = path();
    let bytes = std::fs::read(&path).map_err(|source| BenchError::File { path: path.clone(), source })?;
    parse(&bytes)
        .ok_or_else(|| BenchError::contestant("gshhg.wkb", "it is no multipolygon of the expected form"))
}

fn parse(wkb: &[u8]) -> Option<Vec<Vec<Coord<f64>>>> {
    let word = |at: usize| Some(u32::from_le_bytes(wkb.get(at..at + 4)?.try_into().ok()?) as usize);
    let float = |at: usize| Some(f64::from_le_bytes(wkb.get(at..at + 8)?.try_into().ok()?));
    let (mut at, mut rings) = (9, Vec::new());
    for _ in 0..word(5)? {
        let count = word(at + 5)?;
        at += 9;
        for _ in 0..count {
            let vertices = word(at)?;
            at += 4;
            let ring =
                (0..vertices).map(|i| Some(Coord { x: float(at + 16 * i)?, y: float(at + 16 * i + 8)? }));
            rings.push(ring.collect::<Option<_>>()?);
            at += 16 * vertices;
        }
    }
    (at == wkb.len()).then_some(rings)
}

/// Points uniform on the sphere, in degrees.
#[must_use]
pub fn on_the_sphere(count: usize, seed: u64) -> Vec<Coord<f64>> {
    let mut random = Random::new(seed);
    // Equal areas are equal steps of the latitude's sine.
    let mut point =
        || Coord { x: 360.0 * random.unit() - 180.0, y: (2.0 * random.unit() - 1.0).asin().to_degrees() };
    (0..count).map(|_| point()).collect()
}

/// Points uniform within so many metres of vertices drawn at random; seams at ±180° and at the poles are no shores.
#[must_use]
pub fn near(rings: &[Vec<Coord<f64>>], count: usize, metres: f64, seed: u64) -> Vec<Coord<f64>> {
    const METRES_PER_DEGREE: f64 = 111_319.5;
    let vertices: Vec<Coord<f64>> = rings
        .iter()
        .flat_map(|ring| &ring[1..])
        .filter(|c| c.x.abs() < 180.0 && c.y.abs() < 90.0)
        .copied()
        .collect();
    let mut random = Random::new(seed);
    let mut points = Vec::with_capacity(count);
    while points.len() < count {
        let v = vertices[random.below(vertices.len() as u64) as usize];
        let (distance, angle) = (metres * random.unit().sqrt(), std::f64::consts::TAU * random.unit());
        let p = Coord {
            x: v.x + distance * angle.cos() / (METRES_PER_DEGREE * v.y.to_radians().cos()),
            y: v.y + distance * angle.sin() / METRES_PER_DEGREE,
        };
        if p.x.abs() < 180.0 && p.y.abs() < 90.0 {
            points.push(p);
        }
    }
    points
}

/// A closed ring of so many vertices about the origin that is jagged like a shore: its radius, from 0.6 to 1.4, is a
/// sum of waves, each half as long and 0.6 times as high as the one before.
#[must_use]
pub fn ring(vertices: usize, seed: u64) -> Vec<Coord<f64>> {
    let mut random = Random::new(seed);
    let waves: Vec<(f64, f64, f64)> = (0..)
        .map(|i| (f64::from(1_u32 << i) * 2.0, 0.16 * 0.6_f64.powi(i), std::f64::consts::TAU * random.unit()))
        .take_while(|wave| wave.0 * 4.0 < vertices as f64)
        .collect();
    let mut ring: Vec<Coord<f64>> = (0..vertices)
        .map(|i| {
            let angle = std::f64::consts::TAU * i as f64 / vertices as f64;
            let radius = 1.0 + waves.iter().map(|(f, a, phase)| a * (f * angle + phase).sin()).sum::<f64>();
            Coord { x: radius * angle.cos(), y: radius * angle.sin() }
        })
        .collect();
    ring.extend(ring.first().copied());
    ring
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multipolygons_are_read() {
        let mut wkb = vec![1, 6, 0, 0, 0, 1, 0, 0, 0, 1, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0];
        for value in [1.0_f64, 2.0, 3.0, 4.0] {
            wkb.extend(value.to_le_bytes());
        }
        assert_eq!(parse(&wkb), Some(vec![vec![Coord { x: 1.0, y: 2.0 }, Coord { x: 3.0, y: 4.0 }]]));
        wkb.pop();
        assert_eq!(parse(&wkb), None);
    }

    #[test]
    fn rings_are_closed_and_points_are_near() {
        let ring = ring(1000, 1);
        assert_eq!((ring.len(), ring.first()), (1001, ring.last()));
        assert!(ring.iter().all(|c| (0.6..1.4).contains(&c.x.hypot(c.y))));
        for p in near(std::slice::from_ref(&ring), 100, 1000.0, 2) {
            assert!(ring.iter().any(|v| (p.x - v.x).hypot(p.y - v.y) < 0.0091));
        }
    }
}
