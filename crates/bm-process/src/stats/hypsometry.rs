//! How much land lies at which height.

use crate::field::Field;
use crate::ledger::sum;

/// The land between two heights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    /// From this height, m.
    pub low: f64,
    /// To below this one, m (the highest band: and it).
    pub high: f64,
    /// Ground, m².
    pub area: f64,
    /// Share of all land that lies at `low` or higher.
    pub above: f64,
}

/// Area by height (Strahler 1952).
#[derive(Clone, Debug, PartialEq)]
pub struct Hypsometry {
    /// From the lowest up, equally high.
    pub bands: Vec<Band>,
    /// All ground, m².
    pub area: f64,
    /// Lowest height, m.
    pub min: f64,
    /// Highest height, m.
    pub max: f64,
    /// Mean height by area, m.
    pub mean: f64,
}

impl Hypsometry {
    /// Of a raster of heights, in so many bands (at least one); nothing when there is no land or a height is infinite.
    #[must_use]
    pub fn of(ground: &Field, bands: usize) -> Option<Self> {
        let bands = bands.max(1);
        let land = || ground.values.iter().filter(|z| !z.is_nan());
        let (min, max) = land().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), &z| (a.min(z), b.max(z)));
        let height = (max - min) / bands as f64;
        if !height.is_finite() {
            return None;
        }
        let mut areas = vec![0.0; bands];
        let mut counts = vec![0_u64; bands];
        let (mut whole, mut volume) = (Vec::new(), Vec::new());
        for row in 0..ground.height {
            counts.fill(0);
            let values = &ground.values[row * ground.width..][..ground.width];
            let mut heights = Vec::with_capacity(values.len());
            for &z in values.iter().filter(|z| !z.is_nan()) {
                let band = if height > 0.0 { ((z - min) / height) as usize } else { 0 };
                counts[band.min(bands - 1)] += 1;
                heights.push(z - min);
            }
            let area = ground.cell_area(row);
            for (area_of, &count) in areas.iter_mut().zip(&counts) {
                *area_of += count as f64 * area;
            }
            whole.push(heights.len() as f64 * area);
            volume.push(sum(&heights) * area);
        }
        let area = sum(&whole);
        let mut above = 0.0;
        let mut out: Vec<Band> = Vec::with_capacity(bands);
        for (n, &area_of) in areas.iter().enumerate().rev() {
            above += area_of;
            let edge = |n: usize| if n == bands { max } else { min + height * n as f64 };
            out.push(Band { low: edge(n), high: edge(n + 1), area: area_of, above: above / area });
        }
        out.reverse();
        Some(Self { bands: out, area, min, max, mean: min + sum(&volume) / area })
    }

    /// The hypsometric integral (Pike & Wilson 1971): where the mean height lies between the lowest (0) and the highest (1);
    /// ½ for a level land.
    #[must_use]
    pub fn integral(&self) -> f64 {
        let relief = self.max - self.min;
        if relief > 0.0 { (self.mean - self.min) / relief } else { 0.5 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_add_up() {
        let mut field = Field::square(40, 30, 10.0, |x, y| (x * y % 23) as f64 - 7.0);
        field.dx = (0..30).map(|row| 5.0 + row as f64 * 0.1).collect();
        field.values[100] = f64::NAN;
        let all = Hypsometry::of(&field, 22).unwrap();
        let cells = |wanted: &dyn Fn(f64) -> bool| -> f64 {
            let cells = (0..1200).filter(|&cell| wanted(field.values[cell]));
            cells.map(|cell| field.cell_area(cell / 40)).sum()
        };
        assert_eq!((all.min, all.max, all.bands.len()), (-7.0, 15.0, 22));
        assert!((all.area - cells(&|z| !z.is_nan())).abs() < 1e-9 * all.area);
        for band in &all.bands {
            // Heights are whole, bands one metre high; the highest has two of them.
            let inside = |z: f64| z >= band.low && (z < band.high || band.high == 15.0);
            assert!((band.area - cells(&inside)).abs() < 1e-9 * all.area, "{band:?}");
            assert!((band.above - cells(&|z| z >= band.low) / all.area).abs() < 1e-12, "{band:?}");
        }
        assert!((all.mean * all.area - field.volume()).abs() < 1e-9 * all.area);
    }

    #[test]
    fn level_land_and_none() {
        let level = Hypsometry::of(&Field::square(3, 3, 1.0, |_, _| 4.0), 5).unwrap();
        assert_eq!((level.area, level.mean, level.integral(), level.bands[0].area), (9.0, 4.0, 0.5, 9.0));
        assert!(Hypsometry::of(&Field::square(3, 3, 1.0, |_, _| f64::NAN), 5).is_none());
        assert!(Hypsometry::of(&Field::square(3, 3, 1.0, |x, _| 1.0 / x as f64), 5).is_none());
        assert!(Hypsometry::of(&Field::square(0, 0, 1.0, |_, _| 0.0), 5).is_none());
        assert_eq!(Hypsometry::of(&Field::square(4, 1, 1.0, |x, _| x as f64), 0).unwrap().bands.len(), 1);
    }
}
