//! Masks: arrays that say cell by cell what is inside.

use super::solid::{Side, Solid};
use super::span::Axis;
use super::{bad, voxel};
use crate::error::WorldError;
use bm_core::{Cell, GeoPoint};
use std::path::Path;
use std::sync::Arc;

/// Most cells of a mask.
const MAX_CELLS: u64 = 1 << 32;
/// Longest NPY header that is read.
const MAX_HEADER: usize = 1 << 16;

/// Cells that are in or not, `[z][y][x]`: upwards, northwards, eastwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask {
    /// Extents along z, y, x.
    shape: [u32; 3],
    cells: Arc<[u8]>,
}

impl Mask {
    /// A mask from an array in C order; everything but 0 is in.
    ///
    /// # Errors
    /// [`WorldError::Data`] when the shape is empty or does not fit the cells.
    pub fn new(shape: [usize; 3], cells: Vec<u8>) -> Result<Self, WorldError> {
        let count = shape.iter().try_fold(1u64, |n, &s| n.checked_mul(s as u64));
        if count.is_none_or(|n| n == 0 || n > MAX_CELLS || n != cells.len() as u64) {
            return Err(bad("mask", format!("the shape {shape:?} does not fit its {} cells", cells.len())));
        }
        // Each extent divides a number below 2^32.
        Ok(Self { shape: shape.map(|s| s as u32), cells: cells.into() })
    }

    /// Reads a mask from a NumPy file (`.npy`): an array of `bool` or `uint8` with axes `[z][y][x]` in C order;
    /// everything but 0 is in.
    ///
    /// # Errors
    /// [`WorldError::Data`] when the file cannot be read, or holds something else.
    pub fn read_npy(path: impl AsRef<Path>) -> Result<Self, WorldError> {
        let path = path.as_ref();
        let named = |detail: String| bad("mask", format!("{}: {detail}", path.display()));
        let bytes = std::fs::read(path).map_err(|e| named(format!("cannot be read: {e}")))?;
        let (shape, data) = npy(&bytes).map_err(named)?;
        Self::new(shape, data.to_vec()).map_err(|e| match e {
            WorldError::Data { detail, .. } => named(detail),
            other => other,
        })
    }

    /// Extents along z, y and x.
    #[must_use]
    pub const fn shape(&self) -> [u32; 3] {
        self.shape
    }

    /// Number of cells that are in.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.cells.iter().filter(|&&c| c != 0).count() as u64
    }

    /// The mask in the world, its first cell around a place; two pieces over the date line.
    pub(super) fn pieces(&self, origin: GeoPoint, level: u8) -> Result<Vec<Pyramid>, WorldError> {
        let at = Cell::containing(voxel("mask", origin)?, level).coords();
        let [nz, ny, nx] = self.shape;
        for (name, axis, from, n) in [("y", Axis::NorthSouth, at[1], ny), ("z", Axis::UpDown, at[2], nz)] {
            let [_, end] = axis.cells(level);
            if u64::from(from) + u64::from(n) > u64::from(end) {
                return Err(bad(
                    "mask",
                    format!(
                        "{n} cells along {name} from cell {from} on reach out of the world, which ends with cell {}",
                        end - 1
                    ),
                ));
            }
        }
        let [_, around] = Axis::EastWest.cells(level);
        if nx > around {
            return Err(bad(
                "mask",
                format!("{nx} cells along x reach around the globe, which has {around}"),
            ));
        }
        let here = nx.min(around - at[0]);
        let mut pieces = vec![Pyramid::new(self, level, at, 0, here)];
        if here < nx {
            pieces.push(Pyramid::new(self, level, [0, at[1], at[2]], here, nx - here));
        }
        Ok(pieces)
    }
}

const NONE: u8 = 0;
const SOME: u8 = 1;
const ALL: u8 = 2;

/// A box of cells of one level, each with nothing, something or everything in it.
#[derive(Debug)]
struct Grid {
    /// First cell, x, y, z.
    origin: [u32; 3],
    size: [u32; 3],
    states: Vec<u8>,
}

/// A part of a mask and its coarser levels, so that large cells can be settled at once.
#[derive(Debug)]
pub(super) struct Pyramid {
    level: u8,
    /// From `level` up.
    grids: Vec<Grid>,
}

impl Pyramid {
    /// `width` columns of a mask from `skip` on, with the first cell of them at `origin`.
    fn new(mask: &Mask, level: u8, origin: [u32; 3], skip: u32, width: u32) -> Self {
        let [nz, ny, nx] = mask.shape;
        let rows = mask.cells.chunks_exact(nx as usize);
        let of_row = |row: &[u8]| {
            let part = row[skip as usize..(skip + width) as usize].iter();
            part.map(|&c| if c == 0 { NONE } else { ALL }).collect::<Vec<u8>>()
        };
        let finest = Grid { origin, size: [width, ny, nz], states: rows.flat_map(of_row).collect() };
        let mut grids = vec![finest];
        for _ in 0..level {
            let next = grids.last().map(Grid::coarser);
            grids.extend(next);
        }
        Self { level, grids }
    }
}

impl Grid {
    fn get(&self, at: [u32; 3]) -> u8 {
        let [x, y, z] = [0, 1, 2].map(|a| at[a].wrapping_sub(self.origin[a]));
        if x >= self.size[0] || y >= self.size[1] || z >= self.size[2] {
            return NONE;
        }
        let row = z as usize * self.size[1] as usize + y as usize;
        self.states[row * self.size[0] as usize + x as usize]
    }

    fn coarser(&self) -> Self {
        let origin = self.origin.map(|o| o / 2);
        let size = [0, 1, 2].map(|a| (self.origin[a] + self.size[a]).div_ceil(2) - origin[a]);
        let count = size.iter().map(|&s| s as usize).product();
        let mut states = Vec::with_capacity(count);
        for z in 0..size[2] {
            for y in 0..size[1] {
                for x in 0..size[0] {
                    let first = [origin[0] + x, origin[1] + y, origin[2] + z].map(|c| c * 2);
                    let part =
                        |o: u32| self.get([first[0] + (o & 1), first[1] + (o >> 1 & 1), first[2] + (o >> 2)]);
                    let same = part(0);
                    states.push(if (1..8).all(|o| part(o) == same) { same } else { SOME });
                }
            }
        }
        Self { origin, size, states }
    }
}

impl Solid for Pyramid {
    fn side(&self, cell: Cell) -> Side {
        match self.grids.get(usize::from(self.level - cell.level())).map(|g| g.get(cell.coords())) {
            Some(ALL) => Side::Inside,
            Some(SOME) => Side::Mixed,
            _ => Side::Outside,
        }
    }
}

/// Shape and data of a NumPy array of bytes (format versions 1 to 3).
fn npy(bytes: &[u8]) -> Result<([usize; 3], &[u8]), String> {
    const CURE: &str = "a mask is an array of bool or uint8 with axes [z][y][x], saved by numpy.save";
    let short = || format!("the file is cut short: {CURE}");
    let Some(rest) = bytes.strip_prefix(b"\x93NUMPY") else {
        return Err(format!("not a NumPy array: {CURE}"));
    };
    let (length, rest) = match rest {
        [1, _, a, b, rest @ ..] => (usize::from(u16::from_le_bytes([*a, *b])), rest),
        [2 | 3, _, a, b, c, d, rest @ ..] => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, rest),
        [1..=3, ..] | [] => return Err(short()),
        [v, ..] => return Err(format!("NumPy format version {v} is not known: {CURE}")),
    };
    if length > MAX_HEADER {
        return Err(format!("a header of {length} bytes: {CURE}"));
    }
    let (Some(header), Some(data)) = (rest.get(..length), rest.get(length..)) else { return Err(short()) };
    let header = String::from_utf8_lossy(header);
    let value = |key: &str| {
        let at = header.find(&format!("'{key}'"))? + key.len() + 2;
        header.get(at..)?.trim_start().strip_prefix(':').map(str::trim_start)
    };
    let missing = |key: &str| format!("the header has no {key}: {CURE}");
    let kind = value("descr").ok_or_else(|| missing("descr"))?;
    let kind = kind.strip_prefix('\'').and_then(|d| d.split('\'').next()).unwrap_or("record");
    if !matches!(kind, "|b1" | "|u1" | "b1" | "u1" | "<u1" | ">u1" | "=u1" | "?") {
        return Err(format!("its type is {kind}: {CURE}; try array.astype(bool)"));
    }
    if value("fortran_order").ok_or_else(|| missing("fortran_order"))?.starts_with("True") {
        return Err("it is in Fortran order: save numpy.ascontiguousarray(mask)".into());
    }
    let text = value("shape").and_then(|s| s.strip_prefix('(')).ok_or_else(|| missing("shape"))?;
    let text = text.split(')').next().unwrap_or("");
    let dims = text.split(',').map(str::trim).filter(|d| !d.is_empty()).map(str::parse::<usize>);
    let dims = dims.collect::<Result<Vec<_>, _>>().map_err(|e| format!("shape ({text}): {e}"))?;
    let Ok(shape) = <[usize; 3]>::try_from(dims) else {
        return Err(format!("its shape is ({text}): {CURE}"));
    };
    if shape.iter().try_fold(1usize, |n, &s| n.checked_mul(s)) != Some(data.len()) {
        return Err(format!("its shape ({text}) does not fit its {} bytes", data.len()));
    }
    Ok((shape, data))
}
