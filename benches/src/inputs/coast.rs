//! Real coasts: the rings of the GSHHG shorelines that meet a box.

use std::path::PathBuf;

use geo_types::Coord;

use crate::harness::BenchError;

/// The WKB multipolygon that `cargo xtask data` makes; `None` when it is not there.
#[must_use]
pub fn gshhg_path() -> Option<PathBuf> {
    let path = super::root().join("data/gshhg.wkb");
    path.exists().then_some(path)
}

/// Every ring of a little-endian WKB multipolygon that has a vertex in a box of degrees, from `[west, south]` to
/// `[east, north]`.
///
/// # Errors
/// When the file cannot be read or is something else.
pub fn rings_in(path: &PathBuf, min: [f64; 2], max: [f64; 2]) -> Result<Vec<Vec<Coord<f64>>>, BenchError> {
    let bytes = std::fs::read(path).map_err(|source| BenchError::File { path: path.clone(), source })?;
    let bad = || BenchError::contestant("gshhg.wkb", "not a little-endian WKB multipolygon");
    let mut at = Reader { bytes: &bytes, at: 0 };
    if at.take(5).ok_or_else(bad)? != [1, 6, 0, 0, 0] {
        return Err(bad());
    }
    let mut found = Vec::new();
    for _ in 0..at.count().ok_or_else(bad)? {
        if at.take(5).ok_or_else(bad)? != [1, 3, 0, 0, 0] {
            return Err(bad());
        }
        for _ in 0..at.count().ok_or_else(bad)? {
            let count = at.count().ok_or_else(bad)?;
            let ring = at.take(count.checked_mul(16).ok_or_else(bad)?).ok_or_else(bad)?;
            let coords = || ring.chunks_exact(16).map(|c| Coord { x: number(&c[..8]), y: number(&c[8..]) });
            let inside = |c: Coord<f64>| (min[0]..=max[0]).contains(&c.x) && (min[1]..=max[1]).contains(&c.y);
            if coords().any(inside) {
                found.push(coords().collect());
            }
        }
    }
    Ok(found)
}

fn number(bytes: &[u8]) -> f64 {
    bytes.try_into().map_or(f64::NAN, f64::from_le_bytes)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..self.at.checked_add(count)?)?;
        self.at += count;
        Some(taken)
    }

    fn count(&mut self) -> Option<usize> {
        let bytes = self.take(4)?.try_into().ok()?;
        usize::try_from(u32::from_le_bytes(bytes)).ok()
    }
}
