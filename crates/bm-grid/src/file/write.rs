//! All of a grid, in order.

use super::blocks::{GROUP, Writer, pack_tiles};
use super::error::Trouble;
use super::head::{self, Head};
use super::{MAGIC, VERSION};
use crate::grid::Grid;
use crate::layer::{AnyLayer, Layer, LayerValue};
use crate::pack::Packer;
use crate::plane::{Plane, Tile};
use crate::scalar::Scalar;
use crate::workers;
use std::collections::HashSet;
use std::io::Write;

/// Blocks a thread makes before they are written: bounds the memory used.
const AHEAD: usize = 4;

pub(super) fn write(grid: &Grid, meta: &[u8], threads: usize, to: &mut dyn Write) -> Result<u64, Trouble> {
    let mut out = Writer::new(to);
    out.start(&MAGIC, VERSION)?;
    let head = Head {
        region: *grid.region(),
        id: grid.id().to_owned(),
        affected: grid.affected().clone(),
        layers: grid.any_layers().iter().map(|(name, layer)| (name.clone(), layer.kind())).collect(),
    };
    out.block(&head::write(&head)?, "the list of names")?;
    out.block(meta, "the caller's bytes")?;
    let stale: HashSet<usize> = grid.stale().collect();
    plane(&mut out, grid.base(), |tile| stale.contains(&tile), threads)?;
    let derived = grid.derived_tiles();
    tiles(&mut out, derived.len(), |tile| derived[tile].as_ref(), |_| false, threads)?;
    for (_, any) in grid.any_layers() {
        match any {
            AnyLayer::F32(l) => layer(&mut out, l, threads)?,
            AnyLayer::F64(l) => layer(&mut out, l, threads)?,
            AnyLayer::U16(l) => layer(&mut out, l, threads)?,
            AnyLayer::U8(l) => layer(&mut out, l, threads)?,
            AnyLayer::F32x2(l) => layer(&mut out, l, threads)?,
        }
    }
    out.end()
}

fn layer<V: LayerValue>(out: &mut Writer<'_>, layer: &Layer<V>, threads: usize) -> Result<(), Trouble> {
    layer.planes().iter().try_for_each(|p| plane(out, p, |_| false, threads))
}

fn plane<T: Scalar>(
    out: &mut Writer<'_>,
    plane: &Plane<T>,
    stale: impl Fn(usize) -> bool + Sync,
    threads: usize,
) -> Result<(), Trouble> {
    tiles(out, plane.tiling().len(), |tile| Some(plane.kept_tile(tile)), stale, threads)
}

fn tiles<'a, T: Scalar>(
    out: &mut Writer<'_>,
    count: usize,
    tile: impl Fn(usize) -> Option<&'a Tile<T>> + Sync,
    stale: impl Fn(usize) -> bool + Sync,
    threads: usize,
) -> Result<(), Trouble> {
    for first in (0..count).step_by(GROUP * AHEAD * threads) {
        let groups = (count - first).div_ceil(GROUP).min(AHEAD * threads);
        let blocks = workers::map(groups, threads, Packer::new, |packer, group| {
            let packer = packer.as_mut().map_err(|e| std::io::Error::new(e.kind(), e.to_string()))?;
            let from = first + group * GROUP;
            pack_tiles(from..(from + GROUP).min(count), &tile, &stale, packer)
        });
        for block in blocks {
            out.block(&block.map_err(|e| Trouble::Io("compress it", e))?, "a group of tiles")?;
        }
    }
    Ok(())
}
