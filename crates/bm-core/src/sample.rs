//! An answer, and who gives it.

use crate::material::MaterialId;
use crate::pos::Pos;

/// Which part of the world gave an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "lowercase"))]
#[non_exhaustive]
pub enum SourceKind {
    /// A page of one material.
    Uniform,
    /// Layered columns (relief, sediments, crust).
    Strata,
    /// A versioned generator.
    Procedural,
    /// Runs along the Morton curve.
    Runs,
    /// Bit-packed cells.
    Palette,
    /// The summary pyramid: several of the above inside one coarse cell.
    Summary,
    /// An edit that is not yet folded into a page.
    Edit,
    /// The side of a boundary.
    Boundary,
    /// A dense grid that was checked out.
    Grid,
}

impl SourceKind {
    /// Lower-case name, as `--json` prints it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::Strata => "strata",
            Self::Procedural => "procedural",
            Self::Runs => "runs",
            Self::Palette => "palette",
            Self::Summary => "summary",
            Self::Edit => "edit",
            Self::Boundary => "boundary",
            Self::Grid => "grid",
        }
    }

    /// Whether somebody said so of this very cell: an edit, folded into a page or not. Everything else is a function
    /// that answers for want of anything better.
    #[inline]
    #[must_use]
    pub const fn is_explicit(self) -> bool {
        matches!(self, Self::Edit | Self::Runs | Self::Palette)
    }
}

/// The material of one cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sample {
    /// What is there; for a coarse cell, the material with the largest volume.
    pub material: MaterialId,
    /// Level of the cell that was asked for.
    pub level: u8,
    /// Whether every voxel of that cell is this material.
    pub exact: bool,
    /// Which form answered.
    pub source: SourceKind,
    /// Level of the page that answered: 0, 7, 14 or 21.
    pub page_level: u8,
}

/// Anything that knows the material of a voxel.
pub trait MaterialSource: Send + Sync {
    /// Why an answer could not be given.
    type Error;

    /// The material of one voxel (level 28).
    ///
    /// # Errors
    /// When the page that knows it cannot be read.
    fn sample(&self, pos: Pos) -> Result<Sample, Self::Error>;

    /// The materials of many voxels, in input order. `out` is cleared first.
    ///
    /// # Errors
    /// As [`MaterialSource::sample`]; `out` then holds the answers before the failing one.
    fn sample_batch(&self, at: &[Pos], out: &mut Vec<MaterialId>) -> Result<(), Self::Error> {
        out.clear();
        out.reserve(at.len());
        for &p in at {
            out.push(self.sample(p)?.material);
        }
        Ok(())
    }
}
