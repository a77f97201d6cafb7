//! The first block: where the grid lies, and what layers follow.

use super::error::Trouble;
use crate::layer::LayerKind;
use crate::plane::TILE;
use crate::region::{Ground, Region, RegionParts};
use glam::DVec2;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a grid is, without its values.
pub(crate) struct Head {
    pub(crate) region: Region,
    pub(crate) id: String,
    pub(crate) affected: BTreeSet<Arc<str>>,
    /// By name.
    pub(crate) layers: Vec<(Box<str>, LayerKind)>,
}

const KINDS: [LayerKind; 5] =
    [LayerKind::F32, LayerKind::F64, LayerKind::U16, LayerKind::U8, LayerKind::F32x2];

const fn mark(kind: LayerKind) -> u8 {
    match kind {
        LayerKind::F32 => 1,
        LayerKind::F64 => 2,
        LayerKind::U16 => 3,
        LayerKind::U8 => 4,
        LayerKind::F32x2 => 5,
    }
}

fn text(text: &str, out: &mut Vec<u8>) -> Result<(), Trouble> {
    let length = u32::try_from(text.len()).or(Err(Trouble::TooLong("a name")))?;
    out.extend(length.to_le_bytes());
    out.extend_from_slice(text.as_bytes());
    Ok(())
}

fn count(count: usize) -> Result<[u8; 4], Trouble> {
    Ok(u32::try_from(count).or(Err(Trouble::TooLong("a list")))?.to_le_bytes())
}

pub(crate) fn write(head: &Head) -> Result<Vec<u8>, Trouble> {
    let RegionParts { origin, cell, first, size, ground } = head.region.parts();
    let mut out = Vec::new();
    for number in [origin.x, origin.y, cell] {
        out.extend(number.to_le_bytes());
    }
    for number in first {
        out.extend(number.to_le_bytes());
    }
    for number in size {
        out.extend(number.to_le_bytes());
    }
    out.push(match ground {
        Ground::Flat => 0,
        Ground::World => 1,
    });
    out.extend([TILE.ilog2() as u8, 0, 0]);
    text(&head.id, &mut out)?;
    out.extend(count(head.affected.len())?);
    for id in &head.affected {
        text(id, &mut out)?;
    }
    out.extend(count(head.layers.len())?);
    for (name, kind) in &head.layers {
        out.push(mark(*kind));
        text(name, &mut out)?;
    }
    Ok(out)
}

/// Bytes that are taken from the front.
struct Bytes<'a>(&'a [u8], u64);

impl<'a> Bytes<'a> {
    const fn damaged(&self, what: &'static str) -> Trouble {
        Trouble::Damaged(self.1, what)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Trouble> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(self.damaged("the head ends too soon"))?;
        self.0 = rest;
        Ok(*taken)
    }

    fn f64(&mut self) -> Result<f64, Trouble> {
        self.take().map(f64::from_le_bytes)
    }

    fn u32(&mut self) -> Result<u32, Trouble> {
        self.take().map(u32::from_le_bytes)
    }

    fn text(&mut self) -> Result<&'a str, Trouble> {
        let length = self.u32()? as usize;
        let (taken, rest) = self.0.split_at_checked(length).ok_or(self.damaged("the head ends too soon"))?;
        self.0 = rest;
        std::str::from_utf8(taken).or(Err(self.damaged("a name is no text")))
    }
}

pub(crate) fn read(body: &[u8], at: u64) -> Result<Head, Trouble> {
    let mut bytes = Bytes(body, at);
    let origin = DVec2::new(bytes.f64()?, bytes.f64()?);
    let cell = bytes.f64()?;
    let first = [bytes.take().map(i64::from_le_bytes)?, bytes.take().map(i64::from_le_bytes)?];
    let size = [bytes.u32()?, bytes.u32()?];
    let [ground, tile, zero @ ..] = bytes.take::<4>()?;
    let ground = match ground {
        0 => Ground::Flat,
        1 => Ground::World,
        _ => return Err(bytes.damaged("an unknown kind of plane")),
    };
    if u32::from(tile) != TILE.ilog2() || zero != [0; 2] {
        return Err(bytes.damaged("tiles of another size"));
    }
    let region =
        Region::of_parts(RegionParts { origin, cell, first, size, ground }).map_err(Trouble::Region)?;
    let id = bytes.text()?.to_owned();
    let mut affected = BTreeSet::new();
    for _ in 0..bytes.u32()? {
        if !affected.insert(Arc::from(bytes.text()?)) {
            return Err(bytes.damaged("a boundary is named twice"));
        }
    }
    let mut layers: Vec<(Box<str>, LayerKind)> = Vec::new();
    for _ in 0..bytes.u32()? {
        let [kind] = bytes.take()?;
        let kind = KINDS.into_iter().find(|&k| mark(k) == kind);
        let kind = kind.ok_or(bytes.damaged("an unknown kind of layer"))?;
        let name = bytes.text()?;
        if layers.last().is_some_and(|(before, _)| **before >= *name) {
            return Err(bytes.damaged("layers are not in order"));
        }
        layers.push((name.into(), kind));
    }
    if !bytes.0.is_empty() {
        return Err(bytes.damaged("there are bytes behind the head"));
    }
    Ok(Head { region, id, affected, layers })
}
