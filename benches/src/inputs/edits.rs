//! Cells to be edited: where processes of the Earth change it, from fixed seeds.
//!
//! Four patterns are those of the project's requirements, counted in cells of a quarter metre: a share of the edits
//! (the *locality*) comes in clusters about a centre, spread normally; the others lie alone. Centres and lone
//! edits are uniform on the sphere, 0 to 1 000 m above the sea.

use std::f64::consts::TAU;

use bm_core::frame::{SEA_LEVEL, WORLD_X, WORLD_Y};
use bm_core::{MaterialId, OutOfWorld, Pos};

use super::Random;
use super::points::on_the_globe;

/// A cell and its new material.
pub type CellEdit = (Pos, MaterialId);

/// Materials of the patterns, and how many of a hundred edits take each.
const MIX: [(MaterialId, u64); 5] = [
    (MaterialId::SEAWATER, 71),
    (MaterialId::ROCK, 15),
    (MaterialId(11), 10), // dirt
    (MaterialId(2), 3),   // sand
    (MaterialId::ICE, 1),
];

/// Eight materials that are easily told apart.
pub const EIGHT: [MaterialId; 8] = [
    MaterialId::GRANITE,
    MaterialId::LIMESTONE,
    MaterialId::SANDSTONE,
    MaterialId::SHALE,
    MaterialId::BASALT,
    MaterialId::ICE,
    MaterialId::SEDIMENT,
    MaterialId::ORE,
];

/// Where a process changes the ground.
#[derive(Clone, Copy, Debug)]
pub struct Pattern {
    /// What rows call it.
    pub name: &'static str,
    /// Share of the edits that come in clusters.
    locality: f64,
    /// Edits of a cluster.
    cluster: usize,
    /// Standard deviation about the centre, in cells, on each axis.
    sigma: [f64; 3],
    /// How many edits of a cluster lie along a straight fault instead, and its length in cells.
    fault: Option<(usize, f64)>,
}

/// Erosion: dense clusters, flat ones.
pub const EROSION: Pattern =
    Pattern { name: "erosion", locality: 0.85, cluster: 50, sigma: [50.0, 50.0, 10.0], fault: None };
/// Tectonics: wide clusters, half of each along a fault.
pub const TECTONIC: Pattern = Pattern {
    name: "tectonic",
    locality: 0.65,
    cluster: 200,
    sigma: [200.0, 200.0, 50.0],
    fault: Some((100, 2000.0)),
};
/// Climate: most edits alone, the clusters small and wide.
pub const CLIMATE: Pattern =
    Pattern { name: "climate", locality: 0.30, cluster: 10, sigma: [500.0, 500.0, 10.0], fault: None };
/// Nothing but small clusters.
pub const CLUSTERED: Pattern =
    Pattern { name: "clustered", locality: 1.0, cluster: 50, sigma: [25.0, 25.0, 5.0], fault: None };

/// The four patterns of the requirements.
pub const PATTERNS: [Pattern; 4] = [EROSION, TECTONIC, CLIMATE, CLUSTERED];

impl Pattern {
    /// `count` edits in the order a process would hand them over: cluster by cluster, lone ones between.
    ///
    /// # Errors
    /// Does not fail for these patterns: none of them reaches the world's edge.
    pub fn edits(&self, count: usize, seed: u64) -> Result<Vec<CellEdit>, OutOfWorld> {
        let mut random = Random::new(seed);
        // Enough places for every edit, if none were in a cluster.
        let mut places = on_the_globe(count.max(1), 500.0, seed ^ 0x05ee_d0ed)?.into_iter();
        let mut made = Vec::with_capacity(count + self.cluster);
        while made.len() < count {
            // One cluster with as many lone edits as keep the share.
            let lone = self.cluster as f64 * (1.0 - self.locality) / self.locality;
            let lone = lone as usize + usize::from(random.unit() < lone.fract());
            if let Some(centre) = places.next() {
                let centre = up(centre, 500)?;
                self.cluster(centre, &mut random, &mut made)?;
            }
            for place in places.by_ref().take(lone) {
                made.push((up(place, 500)?, mixed(&mut random)));
            }
        }
        made.truncate(count);
        Ok(made)
    }

    fn cluster(&self, centre: Pos, random: &mut Random, out: &mut Vec<CellEdit>) -> Result<(), OutOfWorld> {
        let direction = TAU * random.unit();
        let (along, length) = self.fault.unwrap_or((0, 0.0));
        for i in 0..self.cluster {
            let mut offset = self.sigma.map(|sigma| sigma * normal(random));
            if i < along {
                // Evenly along the fault, a few cells to its sides.
                let way = length * (i as f64 / along as f64 - 0.5);
                offset = [
                    way * direction.cos() + offset[0] * 0.02,
                    way * direction.sin() + offset[1] * 0.02,
                    offset[2],
                ];
            }
            out.push((moved(centre, offset)?, mixed(random)));
        }
        Ok(())
    }
}

/// Edits uniform in a cube of `edge` cells about a centre, each of one of `materials`.
///
/// # Errors
/// When the cube leaves the world.
pub fn in_a_cube(
    centre: Pos,
    edge: u32,
    count: usize,
    materials: &[MaterialId],
    seed: u64,
) -> Result<Vec<CellEdit>, OutOfWorld> {
    let mut random = Random::new(seed);
    (0..count)
        .map(|_| {
            let [x, y, z] = [centre.x(), centre.y(), centre.z()]
                .map(|at| (at - edge / 2) + random.below(edge.into()) as u32);
            Ok((Pos::new(x, y, z)?, any_of(materials, &mut random)))
        })
        .collect()
}

/// Edits uniform on the sphere, within `reach` metres of the ground; `ground` gives the first tick above it.
///
/// # Errors
/// Does not fail while `ground` stays within the world by `reach`.
pub fn near_the_ground(
    count: usize,
    reach: u32,
    ground: &dyn Fn(u32, u32) -> u32,
    materials: &[MaterialId],
    seed: u64,
) -> Result<Vec<CellEdit>, OutOfWorld> {
    let mut random = Random::new(seed ^ 0x960d);
    on_the_globe(count, 1.0, seed)?
        .into_iter()
        .map(|p| {
            let z = ground(p.x(), p.y()) - 4 * reach + random.below(u64::from(8 * reach)) as u32;
            Ok((Pos::new(p.x(), p.y(), z)?, any_of(materials, &mut random)))
        })
        .collect()
}

/// Transactions of `size` cells each, every one a cluster (as [`CLUSTERED`]) about a place of its own within
/// `spread` cells of the centre.
///
/// # Errors
/// When they leave the world.
pub fn clusters_about(
    centre: Pos,
    spread: u32,
    transactions: usize,
    size: usize,
    seed: u64,
) -> Result<Vec<Vec<CellEdit>>, OutOfWorld> {
    let places = in_a_cube(centre, spread, transactions, &EIGHT, seed)?;
    let mut random = Random::new(seed ^ 0xc1a5);
    let pattern = Pattern { cluster: size, ..CLUSTERED };
    places
        .into_iter()
        .map(|(place, _)| {
            let mut cells = Vec::with_capacity(size);
            pattern.cluster(place, &mut random, &mut cells)?;
            Ok(cells)
        })
        .collect()
}

/// Edits normally distributed about a place, with the same deviation (in cells) on each axis.
///
/// # Errors
/// When they leave the world.
pub fn normal_about(place: Pos, sigma: f64, count: usize, seed: u64) -> Result<Vec<CellEdit>, OutOfWorld> {
    let mut random = Random::new(seed);
    (0..count)
        .map(|_| {
            let offset = [(); 3].map(|()| sigma * normal(&mut random));
            Ok((moved(place, offset)?, any_of(&EIGHT, &mut random)))
        })
        .collect()
}

fn any_of(materials: &[MaterialId], random: &mut Random) -> MaterialId {
    let pick = random.below(materials.len() as u64) as usize;
    materials.get(pick).copied().unwrap_or(MaterialId::ROCK)
}

fn mixed(random: &mut Random) -> MaterialId {
    let mut pick = random.below(100);
    for (material, share) in MIX {
        if pick < share {
            return material;
        }
        pick -= share;
    }
    MaterialId::ROCK
}

/// A number of the standard normal distribution (Box and Muller, 1958).
fn normal(random: &mut Random) -> f64 {
    let radius = (-2.0 * (1.0 - random.unit()).ln()).sqrt();
    radius * (TAU * random.unit()).cos()
}

/// `metres` higher.
fn up(at: Pos, metres: u32) -> Result<Pos, OutOfWorld> {
    Pos::new(at.x(), at.y(), at.z() + 4 * metres)
}

/// `by` cells away; around the globe in x, and back from the poles in y.
fn moved(at: Pos, by: [f64; 3]) -> Result<Pos, OutOfWorld> {
    let y = (i64::from(at.y()) + by[1] as i64).clamp(0, i64::from(WORLD_Y) - 1);
    let x = (i64::from(at.x()) + by[0] as i64).rem_euclid(i64::from(WORLD_X));
    let z = i64::from(at.z()) + by[2] as i64;
    Pos::new(x as u32, y as u32, u32::try_from(z).unwrap_or(SEA_LEVEL))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn patterns_are_repeatable_and_of_their_kind() {
        for pattern in PATTERNS {
            let edits = pattern.edits(10_000, 42).unwrap();
            assert_eq!(edits.len(), 10_000);
            assert_eq!(edits, pattern.edits(10_000, 42).unwrap());
            assert_ne!(edits, pattern.edits(10_000, 43).unwrap());
            let sea = edits.iter().filter(|(_, m)| *m == MaterialId::SEAWATER).count();
            assert!((6_800..7_400).contains(&sea), "{}: {sea}", pattern.name);
            // Edits within 4 km of the one before are those of a cluster.
            let near = edits
                .windows(2)
                .filter(|w| {
                    w[0].0.x().abs_diff(w[1].0.x()) < 16_000 && w[0].0.y().abs_diff(w[1].0.y()) < 16_000
                })
                .count();
            let expected = pattern.locality * (1.0 - 1.0 / pattern.cluster as f64) * 10_000.0;
            assert!((near as f64 - expected).abs() < 300.0, "{}: {near} of {expected}", pattern.name);
        }
    }

    #[test]
    fn a_cube_is_filled_evenly() {
        let centre = Pos::new(1 << 20, 1 << 20, SEA_LEVEL).unwrap();
        let edits = in_a_cube(centre, 4000, 10_000, &EIGHT, 7).unwrap();
        let inside = |c: u32, at: u32| (at - 2000..at + 2000).contains(&c);
        assert!(edits.iter().all(|(p, _)| inside(p.x(), 1 << 20) && inside(p.z(), SEA_LEVEL)));
        let low = edits.iter().filter(|(p, _)| p.y() < 1 << 20).count();
        assert!((4_700..5_300).contains(&low));
        assert_eq!(edits.iter().map(|(_, m)| m.0).collect::<HashSet<_>>().len(), 8);
    }

    #[test]
    fn the_ground_is_kept_to() {
        let edits = near_the_ground(1000, 100, &|_, _| SEA_LEVEL + 800, &EIGHT, 7).unwrap();
        let reach = SEA_LEVEL + 400..SEA_LEVEL + 1200;
        assert!(edits.iter().all(|(p, _)| reach.contains(&p.z())));
    }

    #[test]
    fn transactions_are_clusters() {
        let centre = Pos::new(1 << 20, 1 << 20, SEA_LEVEL).unwrap();
        let made = clusters_about(centre, 4000, 8, 100, 7).unwrap();
        assert_eq!(made.len(), 8);
        for cells in made {
            assert_eq!(cells.len(), 100);
            let first = cells[0].0;
            assert!(cells.iter().all(|(p, _)| p.x().abs_diff(first.x()) < 400));
        }
    }
}
