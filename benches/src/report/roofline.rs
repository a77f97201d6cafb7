//! The roofline figure (Williams, Waterman & Patterson 2009), from kept rows: how many operations a kernel does for each
//! byte it moves, and how many it does a second, below what memory and the processor allow.

use bm_io::picture::{Chart, ChartAxis, Image, Mark, Rgb, Series, draw_chart};

use super::row::Row;

/// A kernel whose operations and bytes are known by counting what its source says.
struct Kernel {
    name: &'static str,
    suite: &'static str,
    /// What stands in the name of the case before and after the number of columns.
    case: [&'static str; 2],
    /// Additions, subtractions, multiplications, divisions and roots a cell; comparisons are not counted.
    flops: fn(f64) -> f64,
    /// Bytes read and written a cell.
    bytes: fn(f64) -> f64,
    colour: Rgb,
}

/// Sub-steps of a step of suite `heat`.
const SUB_STEPS: f64 = 15.0;

/// Passes for each sub-step of heat: as many sub-steps in one as keep three rows of each within 384 KiB (with faces of their
/// own, half as many), twelve at most, passes of equal length.
fn passes(columns: f64, rows: f64) -> f64 {
    let depth = (f64::from(384 << 10) / (columns * 8.0 * 3.0 * rows)).floor().clamp(1.0, 12.0);
    (SUB_STEPS / depth).ceil() / SUB_STEPS
}

// Heat: two faces of 5 and 3 more (4 where each cell has its capacity); a pass reads and writes temperatures (and reads three
// coefficients); the ledger adds all temperatures before and after a step.
// Water: 61 for each of two faces, 54 for the cell, and 6 for the mean of two stages.
// Creep: in either direction 6 for the right-hand side and 5 for the chain; 4 for the ledger, which reads both again.
const KERNELS: [Kernel; 7] = [
    Kernel {
        name: "heat, one sub-step a pass",
        suite: "heat",
        case: ["uniform-", "-2-threads-one-pass"],
        flops: |_| 15.0,
        bytes: |_| 32.0,
        colour: [230, 120, 0],
    },
    Kernel {
        name: "heat, several sub-steps a pass",
        suite: "heat",
        case: ["uniform-", "-2-threads"],
        flops: |_| 13.0 + 2.0 / SUB_STEPS,
        bytes: |columns| 16.0 * (passes(columns, 1.0) + 1.0 / SUB_STEPS),
        colour: [200, 30, 30],
    },
    Kernel {
        name: "heat by cells, one sub-step a pass",
        suite: "heat",
        case: ["cells-", "-2-threads-one-pass"],
        flops: |_| 16.0,
        bytes: |_| 56.0,
        colour: [230, 190, 40],
    },
    Kernel {
        name: "heat by cells, several a pass",
        suite: "heat",
        case: ["cells-", "-2-threads"],
        flops: |_| 14.0 + 2.0 / SUB_STEPS,
        bytes: |columns| 40.0 * passes(columns, 2.0) + 16.0 / SUB_STEPS,
        colour: [150, 90, 20],
    },
    Kernel {
        name: "water, one stage (Euler)",
        suite: "shallow-water",
        case: ["euler-", "-2-threads"],
        flops: |_| 176.0,
        bytes: |_| 56.0,
        colour: [60, 150, 230],
    },
    Kernel {
        name: "water, two stages (Heun)",
        suite: "shallow-water",
        case: ["bare-", "-2-threads"],
        flops: |_| 358.0,
        bytes: |_| 136.0,
        colour: [20, 60, 170],
    },
    Kernel {
        name: "creep (ADI)",
        suite: "diffusion",
        case: ["creep-fractal-", "-2t"],
        flops: |_| 26.0,
        bytes: |_| 48.0,
        colour: [20, 140, 60],
    },
];

/// A name, a shape, a colour.
type Line = (String, Vec<(f64, f64)>, Rgb);

/// Where kernels and roofs lie, as far as rows say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Roofline {
    /// Bytes a second and operations a second, for one thread and two.
    pub roofs: Vec<(usize, f64, f64)>,
    /// Name, columns, operations a byte, operations a second, colour.
    pub points: Vec<(&'static str, f64, f64, f64, Rgb)>,
}

impl Roofline {
    /// From rows that were measured: of a kernel, those of the largest raster.
    #[must_use]
    pub fn of(rows: &[Row]) -> Self {
        // What is possible is what the best round says.
        let best = |case: &str| {
            let row = rows.iter().find(|row| row.suite == "heat" && row.case == case)?;
            Some(row.ours_spread[1])
        };
        let roof = |threads: usize| {
            let bytes = best(&format!("triad-{threads}-threads"))?;
            let flops = best(&format!("arithmetic-{threads}-threads"))?;
            Some((threads, bytes, flops))
        };
        let point = |kernel: &Kernel| {
            let columns = |row: &&Row| -> Option<u32> {
                let inner = row.case.strip_prefix(kernel.case[0])?.strip_suffix(kernel.case[1])?;
                inner.parse().ok().filter(|_| row.suite == kernel.suite)
            };
            let row = rows.iter().filter(|row| columns(row).is_some()).max_by_key(columns)?;
            let columns = f64::from(columns(&row)?);
            let cells = if row.unit == "s" { columns * columns / row.ours } else { row.ours };
            let (flops, bytes) = ((kernel.flops)(columns), (kernel.bytes)(columns));
            Some((kernel.name, columns, flops / bytes, flops * cells, kernel.colour))
        };
        Self {
            roofs: [1, 2].into_iter().filter_map(roof).collect(),
            points: KERNELS.iter().filter_map(point).collect(),
        }
    }

    /// The figure; `None` without roofs or points.
    #[must_use]
    pub fn draw(&self) -> Option<Image> {
        if self.roofs.is_empty() || self.points.is_empty() {
            return None;
        }
        let [left, right] = [0.1, 20.0];
        let giga = 1e-9;
        let mut lines: Vec<Line> = Vec::new();
        let mut top = 0.0_f64;
        for &(threads, bytes, flops) in &self.roofs {
            let ridge = flops / bytes;
            let line = vec![(left, left * bytes * giga), (ridge, flops * giga), (right, flops * giga)];
            let shade = if threads == 1 { [170; 3] } else { [70; 3] };
            let words = if threads == 1 { "one thread" } else { "two threads" };
            let name = format!("{words}: {:.0} GB/s, {:.0} Gflop/s", bytes * giga, flops * giga);
            lines.push((name, line, shade));
            top = top.max(flops * giga);
        }
        for &(name, columns, intensity, flops, colour) in &self.points {
            let name = format!("{name} ({columns}²): {:.1} Gflop/s", flops * giga);
            lines.push((name, diamond(intensity, flops * giga), colour));
        }
        // Room for the names above all roofs.
        lines.push((String::new(), vec![(right, top * 60.0), (right, top * 60.0)], [255; 3]));
        let series: Vec<Series<'_>> = lines
            .iter()
            .map(|(name, points, colour)| Series { name, points, mark: Mark::Line, colour: *colour })
            .collect();
        let chart = Chart {
            title: "Kernels below what memory and arithmetic allow (two threads)",
            x: ChartAxis { label: "operations a byte of memory traffic (flop/byte)", log: true },
            y: ChartAxis { label: "operations a second (Gflop/s)", log: true },
            series: &series,
        };
        draw_chart(&chart, 1000, 720).ok()
    }
}

/// A mark that stands out, on axes of logarithms: rings in each other.
fn diamond(x: f64, y: f64) -> Vec<(f64, f64)> {
    let ring = |size: f64| {
        let (dx, dy) = ((0.06 * size).exp(), (0.14 * size).exp());
        [(x * dx, y), (x, y * dy), (x / dx, y), (x, y / dy), (x * dx, y)]
    };
    [1.0, 0.8, 0.6, 0.4, 0.2].into_iter().flat_map(ring).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::Unit;

    #[test]
    fn rows_become_points() {
        let row = |suite: &str, case: &str, unit, value: f64| {
            Row::alone(suite, case, unit, &[value], None).unwrap()
        };
        let cells = Unit::PerSecond("cells");
        let mut rows = vec![
            row("heat", "triad-2-threads", Unit::PerSecond("bytes"), 2e10),
            row("heat", "uniform-1024-2-threads-one-pass", cells, 9e8),
            row("heat", "uniform-4096-2-threads-one-pass", cells, 1e9),
            row("heat", "uniform-4096-2-threads-f32", cells, 7e9),
            row("diffusion", "creep-fractal-1024-2t", Unit::Seconds, 0.01),
        ];
        assert_eq!(Roofline::of(&rows).draw(), None);
        rows.push(row("heat", "arithmetic-2-threads", Unit::PerSecond("flop"), 8e10));
        let found = Roofline::of(&rows);
        assert_eq!(found.roofs, [(2, 2e10, 8e10)]);
        let places: Vec<_> = found.points.iter().map(|&(_, n, x, y, _)| (n, x, y)).collect();
        let cells = 1024.0 * 1024.0 / 0.01;
        assert_eq!(places, [(4096.0, 15.0 / 32.0, 15e9), (1024.0, 26.0 / 48.0, 26.0 * cells)]);
        assert!(found.draw().is_some());
        // Four passes of three or four sub-steps.
        assert_eq!(passes(4096.0, 1.0), 4.0 / 15.0);
        assert_eq!(passes(1024.0, 1.0), 2.0 / 15.0);
    }
}
