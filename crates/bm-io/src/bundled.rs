//! The relief that comes with the crate.

use crate::error::IoError;
use crate::relief::{Relief, ReliefOptions, read_relief_bytes};

/// The file itself: NetCDF classic, compressed with zstd. `data/README.md` says where from.
pub const ETOPO20_CDF_ZST: &[u8] = include_bytes!("../data/etopo20.cdf.zst");

/// Global relief of the land and the sea floor, 1080 × 540 samples 20 minutes of arc apart
/// (ETOPO, NOAA, public domain). Heights are kept to the quarter metre.
///
/// # Errors
/// None in practice: the data are checked by the crate's tests.
pub fn bundled_etopo20() -> Result<Relief, IoError> {
    read_relief_bytes(ETOPO20_CDF_ZST, "bundled etopo20.cdf.zst", &ReliefOptions::default())
}
