//! Random points of the globe, and their order along the Morton curve.

use bm_core::{GeoPoint, OutOfWorld, Pos};

use super::Random;

/// Points uniform on the sphere, at altitudes uniform within ±`reach` metres of sea level.
///
/// # Errors
/// When `reach` goes beyond the world.
pub fn on_the_globe(count: usize, reach: f64, seed: u64) -> Result<Vec<Pos>, OutOfWorld> {
    let mut random = Random::new(seed);
    (0..count)
        .map(|_| {
            // Equal areas are equal steps of the latitude's sine.
            let sine = 2.0 * random.unit() - 1.0;
            Pos::from_geo(GeoPoint {
                lon: 360.0 * random.unit() - 180.0,
                lat: sine.asin().to_degrees(),
                alt: reach * (2.0 * random.unit() - 1.0),
            })
        })
        .collect()
}

/// The points in the order of the Morton curve, which keeps neighbours together.
#[must_use]
pub fn morton_sorted(points: &[Pos]) -> Vec<Pos> {
    let mut sorted = points.to_vec();
    sorted.sort_unstable_by_key(|p| bm_morton::encode3_u128(p.x().into(), p.y().into(), p.z().into()));
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sphere_is_covered_evenly() {
        let points = on_the_globe(20_000, 12_000.0, 1).unwrap();
        assert_eq!(points, on_the_globe(20_000, 12_000.0, 1).unwrap());
        let share = |inside: &dyn Fn(GeoPoint) -> bool| {
            let count = points.iter().filter(|p| inside(p.to_geo())).count();
            count as f64 / points.len() as f64
        };
        // Half of a sphere lies within 30° of its equator; half of the altitudes are below the sea.
        assert!((share(&|p| p.lat.abs() < 30.0) - 0.5).abs() < 0.02);
        assert!((share(&|p| p.alt < 0.0) - 0.5).abs() < 0.02);
        assert!((share(&|p| p.lon < 0.0) - 0.5).abs() < 0.02);
        assert!(points.iter().all(|p| p.to_geo().alt.abs() <= 12_000.0));
    }

    #[test]
    fn sorting_keeps_the_points() {
        let points = on_the_globe(1000, 12_000.0, 2).unwrap();
        let sorted = morton_sorted(&points);
        let (mut a, mut b) = (points, sorted);
        assert_ne!(a, b);
        a.sort_unstable();
        b.sort_unstable();
        assert_eq!(a, b);
    }
}
