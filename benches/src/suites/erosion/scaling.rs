//! Suite `scaling`: cells a second from one million cells to a hundred.

use super::super::Suite;
use super::super::edited::one_after_another;
use super::whole::Step;
use crate::harness::{Bench, BenchError, Case as Row, Targets, Unit};
use crate::inputs::terrain::{Law, ranges};

/// The suite.
pub const SCALING: Suite = Suite {
    name: "scaling",
    about: "\
Whole steps of erosion (routing out of depressions, drainage area, stream power with n = 1, creep; 0.5 m of uplift and
10 000 years in each) on rasters of 1, 4, 16, 64 and 100 million cells with mountains of one kind: octaves of noise from
256 cells down. Nobody else's numbers: the one compared with is ours at 1 million cells, in cells per second. The first of four
steps on each raster, which makes room for what later ones use again, is not counted. Rasters that would not fit into this machine's
memory (100 bytes a cell) are left out, and said to be.",
    run,
};

/// Steps on each raster.
const STEPS: usize = 3;

/// Bytes a cell a step needs, about, with the raster and room for the system.
const BYTES: usize = 100;

fn run(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    let sizes: &[(usize, &str)] = if bench.is_quick() {
        &[(1024, "1M"), (2048, "4M")]
    } else {
        &[(1024, "1M"), (2048, "4M"), (4096, "16M"), (8192, "64M"), (10_240, "100M")]
    };
    for threads in [1, 2] {
        let mut first = Vec::new();
        for &(size, name) in sizes {
            let cells = size * size;
            if let Some(free) = memory().filter(|free| cells * BYTES > *free) {
                bench.leave_out(
                    &format!("step-{name}-{threads}t"),
                    &format!("only {free} bytes of memory are free"),
                )?;
                continue;
            }
            // The same steps on all rasters, as lakes grow fewer with time; several small rasters for one large one.
            let rasters = if cells > 20_000_000 { 1 } else { 3 };
            let mut speeds = Vec::new();
            for seed in 0..rasters {
                let mut land = Step::on(ranges(size, 3 + seed), Law::default(), threads);
                land.timed()?;
                for _ in 0..STEPS {
                    speeds.push(cells as f64 / land.timed()?.wall);
                }
            }
            let steps = speeds.len();
            if first.is_empty() {
                first.clone_from(&speeds);
                first.sort_by(f64::total_cmp);
            }
            let row = Row::new(
                format!("step-{name}-{threads}t"),
                Unit::PerSecond("cells"),
                one_after_another(speeds),
            );
            let middle = one_after_another(vec![first[first.len() / 2]; steps]);
            // The books of each step close; nothing else is to be compared.
            let row = row.peer_with("ours at 1M cells", middle, true, Targets::new(0.75, 0.95)).rounds(steps);
            bench.run(row)?;
        }
    }
    Ok(())
}

/// Bytes of memory that programs can still have.
fn memory() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<usize>().ok()?.checked_mul(1024)
}
