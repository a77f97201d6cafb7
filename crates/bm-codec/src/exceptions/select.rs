//! Homogeneity analysis, and the cost model that chooses between runs and palette.

use super::{Code, ExceptionsKind, answer, code_of, palette, runs};
use bm_core::MaterialId;
use bm_core::page::SUBCELLS;
use std::collections::BTreeMap;

/// How uniform a content is, and how coherent along the Morton curve. "Through" counts as a material
/// with the lowest id.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Homogeneity {
    /// What fills most of the volume; ties go to the lowest id.
    pub dominant: Option<MaterialId>,
    /// Its share of the volume, 0 to 1 (0 for no content at all).
    pub dominant_share: f64,
    /// Number of different contents.
    pub distinct: u32,
    /// Shannon entropy of the volume shares in bits a sub-cell: 0 to 16. Blind to the arrangement,
    /// for which see `morton_runs`.
    pub entropy_bits: f64,
    /// Maximal runs along the Morton curve.
    pub morton_runs: u32,
}

impl Homogeneity {
    /// Analyses runs in Morton order, as (length, content). Weights are volumes, never run counts.
    pub fn of(runs: impl IntoIterator<Item = (u32, Option<MaterialId>)>) -> Self {
        let mut volumes: BTreeMap<Code, u64> = BTreeMap::new();
        let mut morton_runs = 0;
        let mut before = None;
        for (len, content) in runs {
            if len == 0 {
                continue;
            }
            *volumes.entry(code_of(content)).or_default() += u64::from(len);
            morton_runs += u32::from(before != Some(content));
            before = Some(content);
        }
        let total: u64 = volumes.values().sum();
        let share = |v: u64| v as f64 / total.max(1) as f64;
        // Ascending codes and a strict comparison: the lowest id wins a tie.
        let (dominant, volume) =
            volumes.iter().fold((None, 0), |best, (&c, &v)| if v > best.1 { (answer(c), v) } else { best });
        Self {
            dominant,
            dominant_share: share(volume),
            distinct: volumes.len() as u32,
            entropy_bits: volumes.values().map(|&v| -share(v) * share(v).log2()).sum::<f64>().max(0.0),
            morton_runs,
        }
    }
}

/// The in-memory form for a content with so many runs and different contents: the smaller one.
///
/// Integers only, since every machine must choose alike. Memory alone decides, because measurements (see
/// `docs/decisions/0005-exceptions-cost-model.md`) leave nothing else to weigh: at rest, either form can
/// be written whatever the form in memory; and where runs are the smaller form, they are few enough that
/// a lookup took 5 to 17 ns against the palette's 2 to 7.
pub(super) fn choose(runs: usize, distinct: usize) -> ExceptionsKind {
    if runs::heap_bytes(runs) > palette::heap_bytes(distinct) {
        ExceptionsKind::Palette
    } else {
        ExceptionsKind::Runs
    }
}

/// Whether the palette is worth a try at rest. With fewer runs (longer than 32 sub-cells on average) it
/// was never smaller by more than 1 % in the measurements, and often several times larger.
pub(super) const fn try_palette_at_rest(runs: usize) -> bool {
    runs >= SUBCELLS as usize / 32
}

/// Bodies of runs up to this many bytes are not packed: a frame would save a few bytes at most.
pub(super) const PLAIN_BYTES: usize = 64;

/// Contents of up to this many scattered cells are not packed: they are written as they are, or as plain runs.
pub(super) const PLAIN_CELLS: u32 = 64;

/// zstd level for a first try of each candidate body.
pub(super) const QUICK_LEVEL: i32 = 3;

/// A second, slower level for the better body, if that is at most [`THOROUGH_MAX`] long: thin layers
/// shrink by another third, while on long bodies (noise) it takes 50 to 150 ms for a few percent.
pub(super) const THOROUGH_LEVEL: i32 = 9;
/// Longest body in bytes that is packed twice.
pub(super) const THOROUGH_MAX: usize = 512 << 10;
