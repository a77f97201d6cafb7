//! Layered columns: relief, sediments, crust — exact at every level without a single voxel.

use crate::error::DecodeError;
use crate::function::{ColumnFunction, ColumnRun};
use crate::procedural::PlanetShells;
use crate::raster::{Raster, SCALE_BITS, Spot};
use crate::wire::{Reader, put_signed, put_varint};
use bm_core::frame::SEA_LEVEL;
use bm_core::{MaterialId, TickBox};

/// Most layers below one surface.
pub const MAX_LAYERS: usize = 64;
/// Most samples of the surface and all layers together; bounds the time a hostile page can cost.
pub const MAX_STRATA_SAMPLES: usize = 1 << 22;

/// A number for every column: one value, or a raster's heights.
#[derive(Clone, Debug, PartialEq)]
pub enum Field {
    /// The same everywhere, in ticks.
    Constant(i32),
    /// Interpolated; a column outside the raster has no value.
    Raster(Raster),
}

/// What a layer's number means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Datum {
    /// Ticks above sea level.
    SeaLevel,
    /// Ticks below the ground's surface (negative counts as 0).
    Surface,
}

/// One layer under the ground's topmost material.
///
/// Layers are listed from the top down. A layer begins at its top, but never above the layer before it,
/// and reaches down to the next one: thickness zero is a layer that is not there.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// What it is made of.
    pub material: MaterialId,
    /// From where its top is counted.
    pub datum: Datum,
    /// Its top.
    pub top: Field,
}

/// The fluid that lies on the ground below a level: the sea.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fluid {
    /// What it is.
    pub material: MaterialId,
    /// Its surface in ticks above sea level.
    pub level: i32,
}

/// One bit for each sample of the surface raster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask(Box<[u64]>);

impl Mask {
    /// A mask of `n` samples; `None` when none is set, because an empty mask is no mask.
    pub fn new(n: usize, set: impl Fn(usize) -> bool) -> Option<Self> {
        let mut bits = vec![0u64; n.div_ceil(64)];
        for i in (0..n).filter(|&i| set(i)) {
            bits[i / 64] |= 1 << (i % 64);
        }
        bits.iter().any(|&b| b != 0).then(|| Self(bits.into()))
    }

    /// Whether sample `i` is set.
    #[inline]
    #[must_use]
    pub fn get(&self, i: usize) -> bool {
        self.0[i / 64] >> (i % 64) & 1 == 1
    }

    /// Whether it can be one of `n` samples.
    fn fits(&self, n: usize) -> bool {
        self.0.len() == n.div_ceil(64)
            && (n.is_multiple_of(64) || self.0.last().is_none_or(|&last| last >> (n % 64) == 0))
    }

    fn encode(&self, out: &mut Vec<u8>) {
        let bytes: Vec<u8> = self.0.iter().flat_map(|w| w.to_le_bytes()).collect();
        // Level 19 is the format: equal masks give equal bytes.
        let packed = zstd::bulk::compress(&bytes, 19).unwrap_or_default();
        put_varint(out, packed.len() as u64);
        out.extend_from_slice(&packed);
    }

    fn decode(r: &mut Reader<'_>, n: usize) -> Result<Self, DecodeError> {
        let len = r.count(r.remaining() as u64, "mask bytes")?;
        let packed = r.bytes(len, "mask bytes")?;
        let want = n.div_ceil(64) * 8;
        let bytes =
            zstd::bulk::decompress(packed, want).map_err(|e| DecodeError::invalid("mask", e.to_string()))?;
        if bytes.len() != want {
            return Err(DecodeError::invalid("mask", format!("{} bytes, not {want}", bytes.len())));
        }
        let (words, _) = bytes.as_chunks::<8>();
        let bits: Box<[u64]> = words.iter().map(|w| u64::from_le_bytes(*w)).collect();
        let mask = Self(bits);
        if !mask.fits(n) || mask.0.iter().all(|&b| b == 0) {
            return Err(DecodeError::invalid("mask", "bits beyond the raster, or none at all"));
        }
        Ok(mask)
    }
}

/// Layered columns over a surface raster.
#[derive(Clone, Debug, PartialEq)]
pub struct Strata {
    /// Top of the ground.
    pub surface: Raster,
    /// Samples of the surface that have no data: columns that lean on one have no answer here.
    pub holes: Option<Mask>,
    /// What fills the column above the ground and the fluid.
    pub above: MaterialId,
    /// The sea, if any.
    pub fluid: Option<Fluid>,
    /// Samples that stay dry although they lie below the fluid's level: basins the sea does not reach.
    pub dry: Option<Mask>,
    /// Topmost material of the ground.
    pub ground: MaterialId,
    /// What lies below it, from the top down.
    pub layers: Vec<Layer>,
}

/// Twice the height of a voxel's centre above sea level, in ticks: always odd.
fn doubled(z: u32) -> i64 {
    2 * (i64::from(z) - i64::from(SEA_LEVEL)) + 1
}

/// First tick (relative to sea level) whose centre is not below a scaled height.
fn first_above(height: i64) -> i64 {
    (height + (1 << (SCALE_BITS - 1)) - 1) >> SCALE_BITS
}

/// A tick relative to sea level as a root tick, clipped to the column `z0..z1`.
fn clip(rel: i64, z0: u32, z1: u32) -> u32 {
    (rel + i64::from(SEA_LEVEL)).clamp(z0.into(), z1.into()) as u32
}

impl Strata {
    /// A bare surface: `ground` below, `above` over it, no sea.
    #[must_use]
    pub fn new(surface: Raster, ground: MaterialId) -> Self {
        Self {
            surface,
            holes: None,
            above: MaterialId::AIR,
            fluid: None,
            dry: None,
            ground,
            layers: Vec::new(),
        }
    }

    /// The spot of a column, unless it has no answer here.
    #[inline]
    fn spot(&self, x: u32, y: u32) -> Option<Spot> {
        let s = self.surface.locate(x, y)?;
        match &self.holes {
            Some(h) if self.surface.support(s).any(|k| h.get(k)) => None,
            _ => Some(s),
        }
    }

    /// Top of the ground in column (`x`, `y`): the first tick above it, relative to sea level. `None`
    /// where the strata have no answer.
    #[must_use]
    pub fn ground_top(&self, x: u32, y: u32) -> Option<i64> {
        self.spot(x, y).map(|s| first_above(self.surface.height(s)))
    }

    /// Bounds of [`Strata::ground_top`] over a footprint, if the whole footprint is covered.
    #[must_use]
    pub fn ground_bounds(&self, x: [u32; 2], y: [u32; 2]) -> Option<(i64, i64)> {
        self.surface.bounds(x, y).map(|(lo, hi)| (first_above(lo), first_above(hi)))
    }

    #[inline]
    fn over_ground(&self, s: Spot, z: u32) -> MaterialId {
        match self.fluid {
            Some(f) if i64::from(z) < i64::from(SEA_LEVEL) + i64::from(f.level) && !self.is_dry(s) => {
                f.material
            }
            _ => self.above,
        }
    }

    fn is_dry(&self, s: Spot) -> bool {
        self.dry.as_ref().is_some_and(|d| d.get(self.surface.nearest_index(s)))
    }

    /// The layer's top (scaled) in a column whose surface is at `surface`, not above `limit`.
    fn layer_top(layer: &Layer, x: u32, y: u32, surface: i64, limit: i64) -> Option<i64> {
        let v = match &layer.top {
            Field::Constant(t) => i64::from(*t) << SCALE_BITS,
            Field::Raster(r) => r.height(r.locate(x, y)?),
        };
        let top = match layer.datum {
            Datum::SeaLevel => v,
            Datum::Surface => surface - v.max(0),
        };
        Some(top.min(limit))
    }

    fn in_ground(&self, x: u32, y: u32, z2: i64, surface: i64) -> MaterialId {
        let (mut material, mut limit) = (self.ground, surface);
        for layer in &self.layers {
            let Some(top) = Self::layer_top(layer, x, y, surface, limit) else { continue };
            if z2 << (SCALE_BITS - 1) >= top {
                break;
            }
            (material, limit) = (layer.material, top);
        }
        material
    }

    /// Bytes on the heap.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        let masks = [&self.holes, &self.dry].into_iter().flatten().map(|m| m.0.len() * 8).sum::<usize>();
        let layers: usize = self
            .layers
            .iter()
            .map(|l| size_of::<Layer>() + if let Field::Raster(r) = &l.top { r.heap_bytes() } else { 0 })
            .sum();
        self.surface.heap_bytes() + masks + layers
    }

    /// Appends the strata's bytes.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let flags = u8::from(self.holes.is_some())
            | u8::from(self.fluid.is_some()) << 1
            | u8::from(self.dry.is_some()) << 2;
        // Bare relief is by far the most common: its layers are known by name.
        let (earth_ground, earth) = earth_layers();
        let of_earth = self.ground == earth_ground && self.layers == earth;
        out.push(flags | u8::from(of_earth) << 3);
        put_varint(out, self.above.0.into());
        if !of_earth {
            put_varint(out, self.ground.0.into());
        }
        if let Some(f) = self.fluid {
            put_varint(out, f.material.0.into());
            put_signed(out, f.level.into());
        }
        self.surface.encode(out);
        for m in [&self.holes, &self.dry].into_iter().flatten() {
            m.encode(out);
        }
        if of_earth {
            return;
        }
        put_varint(out, self.layers.len() as u64);
        for l in &self.layers {
            put_varint(out, l.material.0.into());
            let kind = u8::from(l.datum == Datum::Surface) | u8::from(matches!(l.top, Field::Raster(_))) << 1;
            out.push(kind);
            match &l.top {
                Field::Constant(t) => put_signed(out, (*t).into()),
                Field::Raster(r) => r.encode(out),
            }
        }
    }

    pub(crate) fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let flags = r.u8("strata flags")?;
        if flags > 15 {
            return Err(DecodeError::invalid("strata flags", flags.to_string()));
        }
        let above = material(r)?;
        let earth = (flags >> 3 == 1).then(earth_layers);
        let ground = match &earth {
            Some((ground, _)) => *ground,
            None => material(r)?,
        };
        let fluid = match flags >> 1 & 1 {
            1 => Some(Fluid { material: material(r)?, level: ticks(r)? }),
            _ => None,
        };
        let surface = Raster::decode(r)?;
        let (w, h) = surface.size();
        let holes = if flags & 1 == 1 { Some(Mask::decode(r, w * h)?) } else { None };
        let dry = if flags >> 2 & 1 == 1 { Some(Mask::decode(r, w * h)?) } else { None };
        if let Some((_, layers)) = earth {
            return Ok(Self { surface, holes, above, fluid, dry, ground, layers });
        }
        let n = r.count(MAX_LAYERS as u64, "layer count")?;
        let mut layers = Vec::with_capacity(n);
        let mut samples = w * h;
        for _ in 0..n {
            let material = material(r)?;
            let kind = r.u8("layer kind")?;
            let datum = if kind & 1 == 1 { Datum::Surface } else { Datum::SeaLevel };
            let top = match kind >> 1 {
                0 => Field::Constant(ticks(r)?),
                1 => {
                    let raster = Raster::decode(r)?;
                    samples += raster.size().0 * raster.size().1;
                    check_samples(samples)?;
                    Field::Raster(raster)
                }
                _ => return Err(DecodeError::invalid("layer kind", kind.to_string())),
            };
            layers.push(Layer { material, datum, top });
        }
        Ok(Self { surface, holes, above, fluid, dry, ground, layers })
    }
}

impl Strata {
    /// Whether [`Strata::decode`] will take these strata back.
    pub(crate) fn check(&self) -> Result<(), DecodeError> {
        let fluid = self.fluid.map(|f| f.material);
        let all =
            [self.above, self.ground].into_iter().chain(fluid).chain(self.layers.iter().map(|l| l.material));
        all.into_iter().try_for_each(check_material)?;
        let (w, h) = self.surface.size();
        if [&self.holes, &self.dry].into_iter().flatten().any(|m| !m.fits(w * h)) {
            return Err(DecodeError::invalid("mask", format!("is not one of {w} × {h} samples")));
        }
        if self.layers.len() > MAX_LAYERS {
            return Err(DecodeError::invalid(
                "layer count",
                format!("{} is more than {MAX_LAYERS}", self.layers.len()),
            ));
        }
        let mut samples = w * h;
        for layer in &self.layers {
            match &layer.top {
                Field::Constant(t) => {
                    check_ticks((*t).into())?;
                }
                Field::Raster(r) => samples += r.size().0 * r.size().1,
            }
        }
        self.fluid.map_or(Ok(0), |f| check_ticks(f.level.into()))?;
        check_samples(samples)
    }
}

fn check_samples(n: usize) -> Result<(), DecodeError> {
    if n > MAX_STRATA_SAMPLES {
        return Err(DecodeError::invalid(
            "strata",
            format!("{n} samples are more than {MAX_STRATA_SAMPLES}"),
        ));
    }
    Ok(())
}

/// The unset material is no answer.
pub(crate) fn check_material(m: MaterialId) -> Result<(), DecodeError> {
    if m == MaterialId::UNSET { Err(DecodeError::invalid("material id", "0 means unset")) } else { Ok(()) }
}

/// What lies below a relief until strata say more: the shells of the blank world ([`PlanetShells::earth`]), so
/// that no seam shows where a column of pages ends. The ground's topmost material, and the layers below.
#[must_use]
pub fn earth_layers() -> (MaterialId, Vec<Layer>) {
    let earth = PlanetShells::earth_model();
    let mut down = earth.shells().iter().rev();
    let ground = down.next().map_or(MaterialId::ROCK, |s| s.material);
    let layer = |material, top| Layer { material, datum: Datum::SeaLevel, top: Field::Constant(top) };
    (ground, down.map(|s| layer(s.material, s.top)).collect())
}

/// A material id other than "unset".
pub(crate) fn material(r: &mut Reader<'_>) -> Result<MaterialId, DecodeError> {
    let m = MaterialId(r.count(u16::MAX.into(), "material id")? as u16);
    check_material(m)?;
    Ok(m)
}

/// A height in ticks that fits the world.
fn ticks(r: &mut Reader<'_>) -> Result<i32, DecodeError> {
    check_ticks(r.signed("height")?)
}

fn check_ticks(v: i64) -> Result<i32, DecodeError> {
    let fits = i32::try_from(v).ok().filter(|v| v.unsigned_abs() < crate::raster::MAX_SAMPLE.unsigned_abs());
    fits.ok_or_else(|| DecodeError::invalid("height", format!("{v} ticks")))
}

impl Strata {
    /// Ticks (relative to sea level) that no layer's top exceeds, whatever the column; `i64::MAX` where a
    /// layer hangs below the surface and may be anywhere.
    #[must_use]
    pub fn layer_ceiling(&self) -> i64 {
        let top = |l: &Layer| match (&l.datum, &l.top) {
            (Datum::Surface, _) => i64::MAX,
            (Datum::SeaLevel, Field::Constant(t)) => i64::from(*t),
            (Datum::SeaLevel, Field::Raster(r)) => r.highest(),
        };
        self.layers.iter().map(top).max().unwrap_or(i64::MIN)
    }

    /// What is known about a column before its heights are interpolated; `None` where it has no answer here.
    #[inline]
    #[must_use]
    pub fn probe(&self, x: u32, y: u32) -> Option<Probe> {
        let spot = self.spot(x, y)?;
        let (lo, hi) = self.surface.bounds_near(spot);
        Some(Probe { spot, lo, hi })
    }

    /// The material of voxel `at` in a probed column. `ceiling` is [`Strata::layer_ceiling`]: between it and
    /// the surface, the ground needs no look at the layers.
    #[inline]
    #[must_use]
    pub fn decide(&self, p: &Probe, at: [u32; 3], ceiling: i64) -> MaterialId {
        let z2 = doubled(at[2]);
        // Most voxels are far from the surface: the bounds of the block around decide them. Which side they
        // are on is anybody's guess, so both answers are made before one is taken.
        let over_layers = i64::from(at[2]) - i64::from(SEA_LEVEL) >= ceiling;
        let over = z2 >= 2 * p.hi;
        if over | (over_layers & (z2 < 2 * p.lo)) {
            let above = self.over_ground(p.spot, at[2]);
            return if over { above } else { self.ground };
        }
        self.near_surface(p.spot, at, over_layers)
    }

    #[inline(never)]
    fn near_surface(&self, spot: Spot, [x, y, z]: [u32; 3], over_layers: bool) -> MaterialId {
        let z2 = doubled(z);
        let surface = self.surface.height(spot);
        if z2 << (SCALE_BITS - 1) >= surface {
            return self.over_ground(spot, z);
        }
        if over_layers {
            return self.ground;
        }
        self.in_ground(x, y, z2, surface)
    }
}

/// A column of strata, half asked: see [`Strata::probe`].
#[derive(Clone, Copy, Debug)]
pub struct Probe {
    spot: Spot,
    /// Bounds of the surface around, in ticks above sea level.
    lo: i64,
    hi: i64,
}

impl ColumnFunction for Strata {
    #[inline]
    fn material(&self, at: [u32; 3]) -> Option<MaterialId> {
        let ceiling = if self.layers.is_empty() { i64::MIN } else { i64::MAX };
        self.probe(at[0], at[1]).map(|p| self.decide(&p, at, ceiling))
    }

    fn column(&self, x: u32, y: u32, z0: u32, z1: u32, out: &mut Vec<ColumnRun>) {
        if z0 >= z1 {
            return;
        }
        let Some(s) = self.spot(x, y) else {
            out.push(ColumnRun { from: z0, to: z1, material: None });
            return;
        };
        let surface = self.surface.height(s);
        // From the top down, turned over at the end.
        let first = out.len();
        let ground = clip(first_above(surface), z0, z1);
        let fluid =
            self.fluid.filter(|_| !self.is_dry(s)).map(|f| (clip(f.level.into(), z0, z1), f.material));
        let floor = fluid.map_or(ground, |(level, _)| level.max(ground));
        if z1 > floor {
            out.push(ColumnRun { from: floor, to: z1, material: Some(self.above) });
        }
        if let Some((_, material)) = fluid.filter(|_| floor > ground) {
            out.push(ColumnRun { from: ground, to: floor, material: Some(material) });
        }
        let (mut material, mut to, mut limit) = (self.ground, ground, surface);
        for layer in &self.layers {
            // No later layer rises above this one: below the column's foot nothing matters any more.
            if to <= z0 {
                break;
            }
            if let Some(top) = Self::layer_top(layer, x, y, surface, limit) {
                let from = clip(first_above(top), z0, z1);
                if to > from {
                    out.push(ColumnRun { from, to, material: Some(material) });
                }
                (material, to, limit) = (layer.material, from.min(to), top);
            }
        }
        if to > z0 {
            out.push(ColumnRun { from: z0, to, material: Some(material) });
        }
        out[first..].reverse();
    }

    fn uniform(&self, b: &TickBox) -> Option<MaterialId> {
        let (xs, ys) = ([b.min[0], b.max[0]], [b.min[1], b.max[1]]);
        if self.holes.as_ref().is_some_and(|h| self.marked(h, xs, ys) != Some(false)) {
            return None;
        }
        let (z0, z1) =
            (i64::from(b.min[2]) - i64::from(SEA_LEVEL), i64::from(b.max[2]) - i64::from(SEA_LEVEL));
        let mut range = self.surface.loose_bounds(xs, ys)?;
        if range.0 < z1 && z0 < range.1 {
            // Not decided by whole blocks: look closer.
            range = self.ground_bounds(xs, ys)?;
        }
        if z0 >= range.1 {
            return self.uniform_over_ground(xs, ys, z0, z1);
        }
        if z1 > range.0 {
            return None;
        }
        let (mut material, mut limit) = (self.ground, range);
        for layer in &self.layers {
            let (lo, hi) = match &layer.top {
                Field::Constant(t) => (i64::from(*t), i64::from(*t)),
                Field::Raster(r) => {
                    let (lo, hi) = r.bounds(xs, ys)?;
                    // Widened to whole ticks, since depths are taken off before rounding.
                    (lo >> SCALE_BITS, (hi >> SCALE_BITS) + 1)
                }
            };
            let (lo, hi) = match layer.datum {
                Datum::SeaLevel => (lo, hi),
                Datum::Surface => (range.0 - hi.max(0) - 1, range.1 - lo.max(0) + 1),
            };
            limit = (limit.0.min(lo), limit.1.min(hi));
            if z0 >= limit.1 {
                return Some(material);
            }
            if z1 > limit.0 {
                return None;
            }
            material = layer.material;
        }
        Some(material)
    }
}

/// Most samples of a mask that a look at a box goes through.
const MAX_FOOTPRINT: usize = 4096;

impl Strata {
    /// The material over the ground between two ticks (relative to sea level), if it is but one.
    fn uniform_over_ground(&self, xs: [u32; 2], ys: [u32; 2], z0: i64, z1: i64) -> Option<MaterialId> {
        match self.fluid {
            None => Some(self.above),
            Some(f) if z0 >= i64::from(f.level) || f.material == self.above => Some(self.above),
            Some(f) => match self.dry.as_ref().map_or(Some(false), |d| self.marked(d, xs, ys)) {
                Some(true) => Some(self.above),
                Some(false) if z1 <= i64::from(f.level) => Some(f.material),
                _ => None,
            },
        }
    }

    /// Whether the strata are known to answer nowhere in a footprint: it lies beyond the raster, or in a hole.
    #[must_use]
    pub fn is_silent(&self, xs: [u32; 2], ys: [u32; 2]) -> bool {
        let (cx, cy) = self.surface.coverage();
        let apart = |a: [u32; 2], b: [u32; 2]| a[0] >= b[1] || b[0] >= a[1];
        apart(cx, xs)
            || apart(cy, ys)
            || self.holes.as_ref().is_some_and(|h| self.marked(h, xs, ys) == Some(true))
    }

    /// Whether a mask is set at all samples of a footprint, or at none; `None` if it is mixed, not all covered, or
    /// too large to look.
    fn marked(&self, mask: &Mask, xs: [u32; 2], ys: [u32; 2]) -> Option<bool> {
        let ([i0, i1], [j0, j1]) = self.surface.footprint(xs, ys)?;
        if (i1 - i0 + 1) * (j1 - j0 + 1) > MAX_FOOTPRINT {
            return None;
        }
        let width = self.surface.size().0;
        let first = mask.get(j0 * width + i0);
        let alike = (j0..=j1).all(|j| (i0..=i1).all(|i| mask.get(j * width + i) == first));
        alike.then_some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raster::{Axis, Interpolation};
    use proptest::prelude::*;

    fn raster(v: Vec<i32>, w: usize, step: i64, how: Interpolation) -> Raster {
        let a = Axis { origin: -3, step, den: 2 };
        let h = v.len() / w;
        Raster::new((a, a), (w, h), 2, how, &v[..w * h]).unwrap()
    }

    prop_compose! {
        fn strata()(
            heights in proptest::collection::vec(-12i32..12, 36..64),
            sed in proptest::collection::vec(-2i32..6, 16..20),
            crust in proptest::collection::vec(-20i32..4, 16..20),
            holes in proptest::option::of(0usize..36),
            dry in proptest::option::of(0usize..36),
            fluid in proptest::option::of(-3i32..4),
            deep in -25i32..0,
        ) -> Strata {
            let surface = raster(heights, 6, 7, Interpolation::Bilinear);
            let (w, h) = surface.size();
            Strata {
                holes: holes.and_then(|k| Mask::new(w * h, |i| i == k)),
                dry: dry.and_then(|k| Mask::new(w * h, |i| i % 7 == k % 7)),
                surface,
                above: MaterialId::AIR,
                fluid: fluid.map(|level| Fluid { material: MaterialId::SEAWATER, level }),
                ground: MaterialId::ROCK,
                layers: vec![
                    Layer { material: MaterialId::SEDIMENT, datum: Datum::Surface, top: Field::Raster(raster(sed, 4, 11, Interpolation::Bilinear)) },
                    Layer { material: MaterialId::UPPER_CRUST, datum: Datum::SeaLevel, top: Field::Raster(raster(crust, 4, 13, Interpolation::Nearest)) },
                    Layer { material: MaterialId::MANTLE, datum: Datum::SeaLevel, top: Field::Constant(deep) },
                ],
            }
        }
    }

    proptest! {
        #[test]
        fn columns_and_boxes_agree_with_voxels(s in strata(), x0 in 0u32..20, y0 in 0u32..20, z0 in -30i64..20, size in 1u32..9) {
            let base = (i64::from(SEA_LEVEL) + z0) as u32;
            let b = TickBox { min: [x0, y0, base], max: [x0 + size, y0 + size, base + size * 3] };
            let mut seen = std::collections::HashSet::new();
            let mut runs = Vec::new();
            for x in b.min[0]..b.max[0] {
                for y in b.min[1]..b.max[1] {
                    runs.clear();
                    s.column(x, y, b.min[2], b.max[2], &mut runs);
                    let mut z = b.min[2];
                    for r in &runs {
                        prop_assert_eq!(r.from, z);
                        prop_assert!(r.to > r.from);
                        for z in r.from..r.to {
                            prop_assert_eq!(s.material([x, y, z]), r.material, "{} {} {}", x, y, z);
                            let probed = s.probe(x, y).map(|p| s.decide(&p, [x, y, z], s.layer_ceiling()));
                            prop_assert_eq!(probed, r.material);
                            seen.insert(r.material);
                        }
                        z = r.to;
                    }
                    prop_assert_eq!(z, b.max[2]);
                }
            }
            if let Some(m) = s.uniform(&b) {
                prop_assert_eq!(seen.into_iter().collect::<Vec<_>>(), vec![Some(m)]);
            }
        }

        #[test]
        fn bytes_come_back(s in strata()) {
            let mut out = Vec::new();
            s.encode(&mut out);
            let mut r = Reader::new(&out);
            prop_assert_eq!(Strata::decode(&mut r).unwrap(), s);
            r.finish().unwrap();
        }
    }

    #[test]
    fn bare_relief_names_its_layers() {
        let mut s = Strata::new(raster(vec![0; 36], 6, 400, Interpolation::Bilinear), MaterialId::ROCK);
        let size = |s: &Strata| {
            let mut out = Vec::new();
            s.encode(&mut out);
            let mut r = Reader::new(&out);
            assert_eq!(Strata::decode(&mut r).unwrap(), *s);
            r.finish().unwrap();
            out.len()
        };
        let plain = size(&s);
        (s.ground, s.layers) = earth_layers();
        assert!(size(&s) < plain);
        s.layers.pop();
        assert!(size(&s) > plain);
    }

    #[test]
    fn the_sea_stops_at_a_dry_basin() {
        let surface = raster(vec![-40; 36], 6, 400, Interpolation::Bilinear);
        let mut s = Strata::new(surface, MaterialId::ROCK);
        s.fluid = Some(Fluid { material: MaterialId::SEAWATER, level: 0 });
        let at = |s: &Strata, x| s.material([x, 500, SEA_LEVEL - 10]).unwrap();
        assert_eq!(at(&s, 100), MaterialId::SEAWATER);
        s.dry = Mask::new(36, |i| i % 6 < 3);
        assert_eq!(at(&s, 100), MaterialId::AIR);
        assert_eq!(at(&s, 900), MaterialId::SEAWATER);
        assert_eq!(s.material([900, 500, SEA_LEVEL]), Some(MaterialId::AIR));
        assert_eq!(s.material([900, 500, SEA_LEVEL - 81]), Some(MaterialId::ROCK));
        assert_eq!(s.material([900, 500, SEA_LEVEL - 80]), Some(MaterialId::SEAWATER));
    }
}
