//! The world frame: one cube, one origin, one unit.
//!
//! The root is a cube of 2^26 m. A level-`L` cell has an edge of 2^(26−L) m exactly, so level 26 is one
//! metre and level 28, a quarter metre, is the finest. x runs east from the date line, y north from the
//! south pole (plate carrée, both scaled to Earth's circumference), z up, with sea level on the root's
//! mid-plane, so that no cell below the root holds both sea and air only because of where it was cut.

/// Quarter metres (ticks) in a metre.
pub const TICKS_PER_METRE: u32 = 4;
/// The finest level: cells of a quarter metre.
pub const MAX_LEVEL: u8 = 28;
/// Edge of the root cube in ticks, 2^28.
pub const ROOT_TICKS: u32 = 1 << MAX_LEVEL;
/// Extent of the world along x in ticks: 40 075 020 m, the equator. x wraps at this value.
pub const WORLD_X: u32 = 40_075_020 * TICKS_PER_METRE;
/// Extent of the world along y in ticks: 20 037 510 m, pole to pole.
pub const WORLD_Y: u32 = 20_037_510 * TICKS_PER_METRE;
/// The tick of sea level (altitude 0) along z: the root's mid-plane.
pub const SEA_LEVEL: u32 = ROOT_TICKS / 2;
/// Lowest altitude of the world in metres (inclusive).
pub const MIN_ALT: i32 = -10_000_000;
/// Highest altitude of the world in metres (exclusive).
pub const MAX_ALT: i32 = 10_000_000;
/// First tick of the world along z.
pub const WORLD_Z_MIN: u32 = SEA_LEVEL - 10_000_000 * TICKS_PER_METRE;
/// First tick above the world along z.
pub const WORLD_Z_MAX: u32 = SEA_LEVEL + 10_000_000 * TICKS_PER_METRE;

/// Edge of a cell of `level` in ticks. Levels beyond [`MAX_LEVEL`] count as the finest.
#[must_use]
pub const fn edge_ticks(level: u8) -> u32 {
    if level >= MAX_LEVEL { 1 } else { 1 << (MAX_LEVEL - level) }
}

/// Edge of a cell of `level` in metres.
#[must_use]
pub fn edge_metres(level: u8) -> f64 {
    f64::from(edge_ticks(level)) / f64::from(TICKS_PER_METRE)
}

/// The coarsest level whose cells are not wider than `metres`; the finest when nothing is that fine.
/// `None` for a resolution that is not a positive number.
#[must_use]
pub fn level_for_resolution(metres: f64) -> Option<u8> {
    if metres.is_nan() || metres <= 0.0 {
        return None;
    }
    Some((0..=MAX_LEVEL).find(|&l| edge_metres(l) <= metres).unwrap_or(MAX_LEVEL))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_metres() {
        assert_eq!(edge_metres(26), 1.0);
        assert_eq!(edge_metres(28), 0.25);
        assert_eq!(edge_metres(0), 67_108_864.0);
        assert_eq!(level_for_resolution(1.0), Some(26));
        assert_eq!(level_for_resolution(1.5), Some(26));
        assert_eq!(level_for_resolution(0.01), Some(28));
        assert_eq!(level_for_resolution(1e12), Some(0));
        assert_eq!(level_for_resolution(f64::NAN), None);
        assert_eq!(level_for_resolution(0.0), None);
    }

    #[test]
    fn the_world_fits_the_root() {
        const { assert!(WORLD_X < ROOT_TICKS && WORLD_Y < ROOT_TICKS) };
        const { assert!(WORLD_Z_MAX < ROOT_TICKS && WORLD_Z_MIN < SEA_LEVEL) };
    }
}
