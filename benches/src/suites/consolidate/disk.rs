//! What edits come to on disk.

use bm_hybrid::Retention;

use crate::harness::{Bench, BenchError, Case, Measure, Targets, Unit};
use crate::inputs::edits::{EIGHT, in_a_cube};
use crate::suites::earth::TemporaryFolder;
use crate::suites::edited::ours::{agrees, commit_all, last};
use crate::suites::edited::{KILOMETRE, alps, earth, files, ours};

pub(super) fn run(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    let count = if bench.is_quick() { 100_000 } else { 1_000_000 };
    for materials in [1, 8] {
        let folder = TemporaryFolder::new("disk")?;
        let path = folder.path().join("w.bm");
        let mut world = earth(&path)?;
        let reference = folder.path().join("reference.bm");
        let bare = earth(&reference)?.view();
        // What no version needs goes; nothing but the newest content is to be paid for.
        world.set_retention(Retention { versions: Some(1), age_ms: None }).map_err(ours)?;
        world.compact().map_err(ours)?;
        let before = files(&path)?;
        let edits = in_a_cube(alps()?, KILOMETRE, count, &EIGHT[..materials], 5).map_err(ours)?;
        let cells = last(&edits);
        commit_all(&world, &edits, 1000)?;
        world.compact().map_err(ours)?;
        let equal = agrees(&world, &cells, &|at| bare.sample(at).map(|found| found.material).map_err(ours))?;
        let each = (files(&path)? - before) / cells.len() as f64;
        bench.run(
            Case::new(
                format!("disk-{materials}-material{}", if materials == 1 { "" } else { "s" }),
                Unit::Factor("bytes/edit"),
                Measure::constant(each),
            )
            .targets(Targets::new(16.0, 5.0))
            .peer("information bound", Measure::constant(bound(cells.len() as f64, materials as f64)), equal)
            .rounds(1),
        )?;
    }
    Ok(())
}

/// Least bytes a cell for any choice of so many of the cube's cells, each of one of so many materials.
fn bound(cells: f64, materials: f64) -> f64 {
    let all = f64::from(KILOMETRE).powi(3);
    (log2_choose(all, cells) / cells + materials.log2()) / 8.0
}

/// log2 of the binomial coefficient, by Stirling's formula.
fn log2_choose(n: f64, k: f64) -> f64 {
    let log_factorial = |n: f64| n * n.ln() - n + 0.5 * (std::f64::consts::TAU * n).ln();
    (log_factorial(n) - log_factorial(k) - log_factorial(n - k)) / std::f64::consts::LN_2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_counted() {
        // 100 over 50 is 1.008913445e29.
        assert!((log2_choose(100.0, 50.0) - 1.008_913_445e29_f64.log2()).abs() < 0.01);
        assert!((bound(1e6, 1.0) - 2.18).abs() < 0.01);
        assert!((bound(1e6, 8.0) - bound(1e6, 1.0) - 0.375).abs() < 1e-9);
    }
}
