//! The mesh of LITHO1.0: an icosahedron whose faces were halved again and again.
//!
//! Because the mesh is nested, the triangle under a point is found by descending from one of the
//! 20 faces, deciding among four children with three planes a level; no search structure is
//! needed. Positions are the exact ones of the construction; the file's, rounded to 10⁻⁴ degree,
//! are matched to them.

use std::collections::HashMap;

pub(super) type Vec3 = [f64; 3];

pub(super) fn unit(lon: f64, lat: f64) -> Vec3 {
    let (sl, cl) = lon.to_radians().sin_cos();
    let (sp, cp) = lat.to_radians().sin_cos();
    [cp * cl, cp * sl, sp]
}

fn dot(a: &Vec3, b: &Vec3) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn cross(a: &Vec3, b: &Vec3) -> Vec3 {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

/// Positive if `p` is left of the great circle from `a` to `b`.
fn side(a: &Vec3, b: &Vec3, p: &Vec3) -> f64 {
    dot(&cross(a, b), p)
}

/// A nested triangulation of the sphere, counter-clockwise seen from outside.
#[derive(Debug, Clone)]
pub(super) struct Icosphere {
    pub(super) vertices: Vec<Vec3>,
    /// `levels[k]` has 20·4^k triangles; the children of triangle `t` are `4t … 4t+3` one level
    /// on: its three corners, then the middle.
    levels: Vec<Vec<[u32; 3]>>,
}

/// Where a point lies: the corners of its triangle and their weights, which add up to 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Located {
    pub(super) corners: [u32; 3],
    pub(super) weights: [f64; 3],
}

impl Icosphere {
    /// The mesh after `halvings` halvings: 10·4^halvings + 2 vertices. At most 8 halvings.
    pub(super) fn new(halvings: u32) -> Self {
        let ring = 0.5_f64.atan().to_degrees();
        let mut vertices = vec![unit(0.0, 90.0)];
        vertices.extend((0..5).map(|k| unit(72.0 * f64::from(k), ring)));
        vertices.extend((0..5).map(|k| unit(72.0 * f64::from(k) + 36.0, -ring)));
        vertices.push(unit(0.0, -90.0));
        let mut faces = Vec::with_capacity(20);
        for k in 0..5_u32 {
            let (a, b) = (1 + k, 1 + (k + 1) % 5);
            let (c, d) = (6 + k, 6 + (k + 1) % 5);
            faces.extend([[0, a, b], [a, c, b], [b, c, d], [c, 11, d]]);
        }
        let mut levels = vec![faces];
        for _ in 0..halvings.min(8) {
            let next = halve(&mut vertices, levels.last().map_or(&[], Vec::as_slice));
            levels.push(next);
        }
        Self { vertices, levels }
    }

    /// The finest triangle that holds `p`, and where in it `p` lies.
    pub(super) fn locate(&self, p: &Vec3) -> Located {
        let inside = |t: &[u32; 3]| {
            let [a, b, c] = self.corners(t);
            side(a, b, p).min(side(b, c, p)).min(side(c, a, p))
        };
        // On an edge rounding may put the point outside both faces: the least outside wins.
        let faces = &self.levels[0];
        let mut t =
            (0..faces.len()).max_by(|&i, &j| inside(&faces[i]).total_cmp(&inside(&faces[j]))).unwrap_or(0);
        for level in &self.levels[1..] {
            let [m01, m12, m20] = self.corners(&level[4 * t + 3]);
            t = 4 * t
                + if side(m01, m20, p) > 0.0 {
                    0
                } else if side(m12, m01, p) > 0.0 {
                    1
                } else if side(m20, m12, p) > 0.0 {
                    2
                } else {
                    3
                };
        }
        let finest = self.levels.last().map_or([0; 3], |l| l[t]);
        self.weigh(finest, p)
    }

    /// `hint` again if `p` still lies in its triangle (neighbouring points mostly do).
    pub(super) fn locate_near(&self, p: &Vec3, hint: Option<Located>) -> Located {
        if let Some(h) = hint {
            let [a, b, c] = self.corners(&h.corners);
            if side(a, b, p) >= 0.0 && side(b, c, p) >= 0.0 && side(c, a, p) >= 0.0 {
                return self.weigh(h.corners, p);
            }
        }
        self.locate(p)
    }

    /// Barycentric weights of the point where the ray through `p` meets the flat triangle.
    fn weigh(&self, corners: [u32; 3], p: &Vec3) -> Located {
        let [a, b, c] = self.corners(&corners);
        let w = [side(b, c, p).max(0.0), side(c, a, p).max(0.0), side(a, b, p).max(0.0)];
        let sum = w[0] + w[1] + w[2];
        Located { corners, weights: w.map(|x| x / sum) }
    }

    fn corners(&self, t: &[u32; 3]) -> [&Vec3; 3] {
        t.map(|i| &self.vertices[i as usize])
    }

    /// For every vertex, the index of the given point that lies on it; `None` with the first
    /// point that lies on no vertex, or shares one.
    pub(super) fn match_points(&self, points: &[Vec3]) -> Result<Vec<u32>, usize> {
        // Vertices are at least 0.6 of the mean edge apart; a twentieth of that is "on".
        let edge = (4.0 * std::f64::consts::PI / (self.vertices.len() as f64)).sqrt();
        let cell = edge * 0.5;
        let key = |p: &Vec3| p.map(|v| (v / cell).floor() as i32);
        let mut buckets: HashMap<[i32; 3], Vec<u32>> = HashMap::new();
        for (i, v) in self.vertices.iter().enumerate() {
            buckets.entry(key(v)).or_default().push(i as u32);
        }
        let mut owner = vec![u32::MAX; self.vertices.len()];
        for (n, p) in points.iter().enumerate() {
            let k = key(p);
            let near = (0..27)
                .filter_map(|o| buckets.get(&[k[0] + o % 3 - 1, k[1] + o / 3 % 3 - 1, k[2] + o / 9 - 1]));
            let found = near.flatten().find(|&&i| {
                let v = &self.vertices[i as usize];
                let d = [v[0] - p[0], v[1] - p[1], v[2] - p[2]];
                dot(&d, &d).sqrt() < edge * 0.05
            });
            match found {
                Some(&i) if owner[i as usize] == u32::MAX => owner[i as usize] = n as u32,
                _ => return Err(n),
            }
        }
        if points.len() == owner.len() { Ok(owner) } else { Err(points.len()) }
    }
}

fn halve(vertices: &mut Vec<Vec3>, triangles: &[[u32; 3]]) -> Vec<[u32; 3]> {
    let mut middles: HashMap<(u32, u32), u32> = HashMap::with_capacity(triangles.len() * 3 / 2);
    let mut middle = |a: u32, b: u32| {
        *middles.entry((a.min(b), a.max(b))).or_insert_with(|| {
            let (p, q) = (vertices[a as usize], vertices[b as usize]);
            let m = [p[0] + q[0], p[1] + q[1], p[2] + q[2]];
            let len = dot(&m, &m).sqrt();
            vertices.push(m.map(|v| v / len));
            vertices.len() as u32 - 1
        })
    };
    let mut out = Vec::with_capacity(triangles.len() * 4);
    for &[a, b, c] in triangles {
        let (ab, bc, ca) = (middle(a, b), middle(b, c), middle(c, a));
        out.extend([[a, ab, ca], [ab, b, bc], [ca, bc, c], [ab, bc, ca]]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faces_are_counter_clockwise_and_cover_the_sphere() {
        let m = Icosphere::new(3);
        assert_eq!((m.vertices.len(), m.levels[3].len()), (642, 1280));
        for t in m.levels.iter().flatten() {
            let [a, b, c] = m.corners(t);
            assert!(side(a, b, c) > 0.0);
        }
        // Girard's excess of all triangles is the sphere's 4π.
        let area: f64 = m.levels[3]
            .iter()
            .map(|t| {
                let [a, b, c] = m.corners(t);
                2.0 * side(a, b, c).atan2(1.0 + dot(a, b) + dot(b, c) + dot(c, a))
            })
            .sum();
        assert!((area - 4.0 * std::f64::consts::PI).abs() < 1e-9);
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(200))]
        #[test]
        fn descent_finds_the_triangle_that_a_full_scan_finds(lon in -180.0..180.0_f64, z in -1.0..1.0_f64) {
            let m = Icosphere::new(3);
            let p = unit(lon, z.asin().to_degrees());
            let got = m.locate(&p);
            let inside = |t: &[u32; 3]| {
                let [a, b, c] = m.corners(t);
                side(a, b, &p).min(side(b, c, &p)).min(side(c, a, &p))
            };
            proptest::prop_assert!(inside(&got.corners) >= -1e-12);
            let best = m.levels[3].iter().max_by(|s, t| inside(s).total_cmp(&inside(t))).unwrap();
            proptest::prop_assert!(*best == got.corners || inside(best) < 1e-12);
            // The weighted corners point where p points.
            let mut q = [0.0; 3];
            for (w, c) in got.weights.iter().zip(m.corners(&got.corners)) {
                for k in 0..3 { q[k] += w * c[k]; }
            }
            let len = dot(&q, &q).sqrt();
            proptest::prop_assert!(dot(&q, &p) / len > 1.0 - 1e-12);
        }
    }

    #[test]
    fn shuffled_rounded_points_are_matched() {
        let m = Icosphere::new(2);
        let n = m.vertices.len();
        let points: Vec<Vec3> = (0..n)
            .map(|i| {
                let v = m.vertices[(i * 5) % n];
                unit(v[1].atan2(v[0]).to_degrees() + 4e-5, v[2].asin().to_degrees())
            })
            .collect();
        let owner = m.match_points(&points).unwrap();
        assert!((0..n).all(|i| owner[(i * 5) % n] == i as u32));
        let mut bad = points.clone();
        bad[7] = unit(1.234, 5.678);
        assert_eq!(m.match_points(&bad), Err(7));
        bad[7] = bad[6];
        assert_eq!(m.match_points(&bad), Err(7));
        assert_eq!(m.match_points(&points[..n - 1]), Err(n - 1));
    }
}
