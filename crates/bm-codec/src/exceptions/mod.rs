//! Exceptions: what a page's sub-cells hold where they differ from the page's base function.
//!
//! A page tells [`SUBCELLS`] = 128³ sub-cells apart, named by their Morton index within the page (x is
//! bit 0, y bit 1, z bit 2), so that every octant is one interval of indices. An exceptions part maps
//! each of them to a material, or to `None`: there the base answers ("through").
//!
//! Two forms hold it, both read in place: [`Runs`] where the content is coherent, [`Palette`] where it is
//! not. The form in memory and the bytes at rest both follow from the content alone, whatever its
//! history: equal content is equal with `==` and has equal bytes.
//!
//! | file | what it holds |
//! |---|---|
//! | `runs.rs` | Morton-ordered runs with a rank directory |
//! | `palette.rs` | bit-packed dense indices |
//! | `select.rs` | homogeneity analysis and the cost model between the two |
//! | `build.rs` | octant recursion over a [`Footprint`] |
//! | `bytes.rs` | the bytes at rest |
//! | `sparse.rs` | the bytes of scattered cells |
//! | `codes.rs` | sets of contents |

mod build;
mod bytes;
mod codes;
mod palette;
mod runs;
mod select;
mod sparse;
#[cfg(test)]
mod tests;

pub use build::{Class, Footprint, build_exceptions};
pub use palette::Palette;
pub use runs::Runs;
pub use select::Homogeneity;

use bm_core::page::SUBCELLS;
use bm_core::{ErrorKind, MaterialId};
use runs::RunList;

/// A sub-cell's content in memory: a material id, or 0 (which no material may have) for "through".
type Code = u16;

/// "Through" as a [`Code`].
const THROUGH: Code = MaterialId::UNSET.0;

/// A code as the answer it stands for.
#[inline]
fn answer(code: Code) -> Option<MaterialId> {
    (code != THROUGH).then_some(MaterialId(code))
}

/// An answer as a code; the unset material counts as no material.
#[inline]
fn code_of(answer: Option<MaterialId>) -> Code {
    answer.map_or(THROUGH, |m| m.0)
}

/// Runs that do not describe a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExceptionsError {
    /// The lengths do not add up to the sub-cells of a page.
    #[error("the runs cover {0} sub-cells, a page has {SUBCELLS}: add or drop runs")]
    Length(u64),
    /// A run holds the unset material, which is never an answer.
    #[error("the run at sub-cell {0} holds the unset material (id 0): use None where the base answers")]
    Unset(u32),
}

impl ExceptionsError {
    /// The class of the failure.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        ErrorKind::BadInput
    }
}

/// The form an [`Exceptions`] is held in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExceptionsKind {
    /// There are none.
    None,
    /// Morton-ordered runs.
    Runs,
    /// Bit-packed dense sub-cells.
    Palette,
}

/// Materials of single sub-cells of a page, over whatever its base function says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Exceptions {
    /// The base answers everywhere.
    #[default]
    None,
    /// Coherent content.
    Runs(Runs),
    /// Content without much order.
    Palette(Palette),
}

impl Exceptions {
    /// Takes runs in Morton order, as (number of sub-cells, content). Empty runs and equal neighbours are
    /// fine; the result depends on the content only.
    ///
    /// # Errors
    /// When the lengths do not add up to [`SUBCELLS`], or a run holds [`MaterialId::UNSET`].
    pub fn from_runs(
        runs: impl IntoIterator<Item = (u32, Option<MaterialId>)>,
    ) -> Result<Self, ExceptionsError> {
        let mut list = RunList::default();
        let mut total = 0u64;
        for (len, content) in runs {
            if content == Some(MaterialId::UNSET) {
                return Err(ExceptionsError::Unset(list.end()));
            }
            total += u64::from(len);
            if total > u64::from(SUBCELLS) {
                return Err(ExceptionsError::Length(total));
            }
            list.push(len, code_of(content));
        }
        if total != u64::from(SUBCELLS) {
            return Err(ExceptionsError::Length(total));
        }
        Ok(list.finish())
    }

    /// Takes the content of every sub-cell in Morton order, [`SUBCELLS`] of them.
    ///
    /// # Errors
    /// As for [`from_runs`](Self::from_runs).
    pub fn from_dense(cells: &[Option<MaterialId>]) -> Result<Self, ExceptionsError> {
        Self::from_runs(cells.chunk_by(|a, b| a == b).map(|run| {
            // A longer slice than u32 is refused for its sum anyway.
            (u32::try_from(run.len()).unwrap_or(u32::MAX), run[0])
        }))
    }

    /// The exception at a sub-cell; `None` where the base answers (also beyond the last sub-cell).
    #[inline]
    #[must_use]
    pub fn get(&self, sub: u32) -> Option<MaterialId> {
        match self {
            Self::None => None,
            Self::Runs(runs) => runs.get(sub),
            Self::Palette(palette) => palette.get(sub),
        }
    }

    /// `Some(content)` if all sub-cells of the half-open interval `from..to` hold the same; `None` if
    /// they differ, or if the interval is empty or reaches beyond the page.
    #[must_use]
    pub fn range_uniform(&self, from: u32, to: u32) -> Option<Option<MaterialId>> {
        if from >= to || to > SUBCELLS {
            return None;
        }
        let (_, end, content) = self.runs(from, to).next()?;
        (end == to).then_some(content)
    }

    /// The maximal runs of `from..to` in order, as (first sub-cell, first sub-cell beyond, content).
    /// The interval is cut to the page; an empty one has no runs.
    pub fn runs(&self, from: u32, to: u32) -> impl Iterator<Item = (u32, u32, Option<MaterialId>)> + '_ {
        let to = to.min(SUBCELLS);
        // In each form, `at` is the run or sub-cell the iterator stands on.
        let mut run = match self {
            Self::Runs(runs) if from < to => runs.rank(from),
            _ => 0,
        };
        let mut pos = from;
        std::iter::from_fn(move || {
            if pos >= to {
                return None;
            }
            let start = pos;
            let code = match self {
                Self::None => {
                    pos = to;
                    THROUGH
                }
                Self::Runs(runs) => {
                    let (end, code) = runs.run(run);
                    run += 1;
                    pos = end.min(to);
                    code
                }
                Self::Palette(palette) => {
                    let (end, code) = palette.run_from(pos, to);
                    pos = end;
                    code
                }
            };
            Some((start, pos, answer(code)))
        })
    }

    /// Whether the base answers everywhere.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        matches!(self, Self::None)
    }

    /// The form it is held in.
    #[must_use]
    pub const fn kind(&self) -> ExceptionsKind {
        match self {
            Self::None => ExceptionsKind::None,
            Self::Runs(_) => ExceptionsKind::Runs,
            Self::Palette(_) => ExceptionsKind::Palette,
        }
    }

    /// Bytes held outside the value itself.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        match self {
            Self::None => 0,
            Self::Runs(runs) => runs.heap_bytes(),
            Self::Palette(palette) => palette.heap_bytes(),
        }
    }

    /// How uniform the content is, and how coherent along the Morton curve. One pass.
    #[must_use]
    pub fn homogeneity(&self) -> Homogeneity {
        Homogeneity::of(self.runs(0, SUBCELLS).map(|(from, to, content)| (to - from, content)))
    }
}
