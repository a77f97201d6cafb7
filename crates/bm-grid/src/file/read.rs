//! All of a file, in order, nothing believed.

use super::blocks::{GROUP, Reader, Tiles, dense_cells, most_bytes, unpack_tiles};
use super::error::Trouble;
use super::head::{self, Head};
use super::{MAGIC, VERSION};
use crate::grid::Grid;
use crate::layer::{AnyLayer, Layer, LayerKind, LayerValue};
use crate::pack::Unpacker;
use crate::plane::{Plane, Tile, Tiling};
use crate::scalar::Scalar;
use crate::workers;
use bm_core::MaterialId;
use std::io::{self, Read};

/// Blocks a thread is given at a time: bounds the memory used.
const AHEAD: usize = 4;

pub(super) fn read(
    from: &mut dyn Read,
    length: u64,
    threads: usize,
    most: u64,
) -> Result<(Grid, Vec<u8>), Trouble> {
    let mut from = Reader::new(from, length, most);
    from.start(&MAGIC, VERSION)?;
    let block = from.block(u32::MAX.into())?;
    // Names are kept beside their bytes.
    let body = block.checked()?;
    from.take(body.len() as u64 * 2)?;
    let Head { region, id, affected, layers } = head::read(body, block.at)?;
    drop(block);
    let block = from.block(u32::MAX.into())?;
    let meta = block.checked()?.to_vec();
    from.take(meta.len() as u64)?;
    drop(block);

    let tiling = Tiling::new(region.width(), region.height());
    let at = from.at();
    let (tiles, stale) = tiles::<MaterialId>(&mut from, tiling, (false, true), threads)?;
    let base = plane(tiling, tiles, &stale, at)?;
    let unset = |tile: &Tile<MaterialId>| match tile {
        Tile::Uniform(material) => *material == MaterialId::UNSET,
        Tile::Dense(all) => all.contains(&MaterialId::UNSET),
    };
    let at_derived = from.at();
    let (mut derived, _) = self::tiles::<MaterialId>(&mut from, tiling, (true, false), threads)?;
    // The room left over by growing would be kept as long as the grid.
    derived.shrink_to_fit();
    if (0..tiling.len()).any(|t| unset(base.kept_tile(t))) {
        return Err(Trouble::Damaged(at, "a cell has no material"));
    }
    if derived.iter().flatten().any(unset) {
        return Err(Trouble::Damaged(at_derived, "a cell has no material"));
    }

    let mut made = Vec::with_capacity(layers.len());
    for (name, kind) in layers {
        let layer = match kind {
            LayerKind::F32 => layer::<f32>(&mut from, tiling, threads)?,
            LayerKind::F64 => layer::<f64>(&mut from, tiling, threads)?,
            LayerKind::U16 => layer::<u16>(&mut from, tiling, threads)?,
            LayerKind::U8 => layer::<u8>(&mut from, tiling, threads)?,
            LayerKind::F32x2 => layer::<[f32; 2]>(&mut from, tiling, threads)?,
        };
        made.push((name, layer));
    }
    from.end()?;
    Ok((Grid::of_parts(&id, region, base, derived, affected, made), meta))
}

fn layer<V: LayerValue>(from: &mut Reader<'_>, tiling: Tiling, threads: usize) -> Result<AnyLayer, Trouble> {
    let mut planes = Vec::with_capacity(V::PLANES);
    for _ in 0..V::PLANES {
        let at = from.at();
        let (tiles, stale) = tiles::<V::Scalar>(from, tiling, (false, false), threads)?;
        planes.push(plane(tiling, tiles, &stale, at)?);
    }
    Ok(V::wrap(Layer::of_planes(planes)))
}

fn plane<T: Scalar>(
    tiling: Tiling,
    tiles: Vec<Option<Tile<T>>>,
    stale: &[bool],
    at: u64,
) -> Result<Plane<T>, Trouble> {
    let tiles: Option<Vec<_>> = tiles.into_iter().collect();
    // Refused when they were read.
    Ok(Plane::of_tiles(tiling, tiles.ok_or(Trouble::Damaged(at, "tiles are missing"))?, stale))
}

/// All tiles of a plane. Memory grows with what was read: a tile costs a byte of the file at least, and the values of
/// a block's tiles are made after its check sum was right.
fn tiles<T: Scalar>(
    from: &mut Reader<'_>,
    tiling: Tiling,
    allowed: (bool, bool),
    threads: usize,
) -> Result<Tiles<T>, Trouble> {
    let count = tiling.len();
    let (mut all, mut stale) = (Vec::new(), Vec::new());
    for first in (0..count).step_by(GROUP * AHEAD * threads) {
        let groups = (count - first).div_ceil(GROUP).min(AHEAD * threads);
        let range = |group: usize| {
            let from = first + group * GROUP;
            from..(from + GROUP).min(count)
        };
        let mut blocks = Vec::with_capacity(groups);
        for group in 0..groups {
            let tiles = range(group);
            let cells: usize = tiles.clone().map(|tile| tiling.window(tile).cells()).sum();
            let block = from.block(most_bytes::<T>(tiles.len(), cells))?;
            let words = size_of::<Option<Tile<T>>>() + size_of::<u64>() + 1;
            let values = dense_cells(&block, tiles.clone(), tiling) * T::BYTES as u64;
            from.take(values + (tiles.len() * words) as u64)?;
            blocks.push(block);
        }
        let made = workers::map(groups, threads, Unpacker::new, |unpacker, group| {
            let failed =
                |e: &mut io::Error| Trouble::Io("unpack it", io::Error::new(e.kind(), e.to_string()));
            let unpacker = unpacker.as_mut().map_err(failed)?;
            unpack_tiles(&blocks[group], range(group), tiling, allowed, unpacker)
        });
        for made in made {
            let (tiles, marks) = made?;
            all.extend(tiles);
            stale.extend(marks);
        }
    }
    Ok((all, stale))
}
