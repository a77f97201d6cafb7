//! Colours by height.

use super::Rgb;

/// Height in metres and its colour, ascending.
type Ramp = [(f32, [f32; 3])];

/// Greens of the lowlands over ochres to browns, greys and white: the order atlases use, muted so
/// that hill-shade stays readable over it.
const LAND: &Ramp = &[
    (-450.0, [104.0, 138.0, 110.0]),
    (0.0, [126.0, 164.0, 118.0]),
    (120.0, [148.0, 178.0, 122.0]),
    (350.0, [182.0, 195.0, 137.0]),
    (700.0, [212.0, 205.0, 152.0]),
    (1200.0, [215.0, 190.0, 138.0]),
    (1900.0, [196.0, 160.0, 116.0]),
    (2800.0, [170.0, 132.0, 102.0]),
    (3800.0, [160.0, 134.0, 118.0]),
    (4800.0, [188.0, 178.0, 172.0]),
    (5800.0, [224.0, 222.0, 222.0]),
    (7000.0, [248.0, 248.0, 250.0]),
];

/// Pale over the shelves, a quick step at the shelf edge, dark in the trenches.
const SEA: &Ramp = &[
    (-11_000.0, [8.0, 20.0, 50.0]),
    (-8000.0, [14.0, 34.0, 74.0]),
    (-6000.0, [24.0, 56.0, 104.0]),
    (-4500.0, [38.0, 82.0, 136.0]),
    (-3000.0, [56.0, 110.0, 162.0]),
    (-1500.0, [82.0, 142.0, 188.0]),
    (-500.0, [112.0, 172.0, 206.0]),
    (-180.0, [140.0, 194.0, 218.0]),
    (0.0, [172.0, 214.0, 228.0]),
];

fn along(ramp: &Ramp, at: f32) -> [f32; 3] {
    let above = ramp.partition_point(|(h, _)| *h <= at);
    match (above.checked_sub(1).and_then(|i| ramp.get(i)), ramp.get(above)) {
        (Some((h0, c0)), Some((h1, c1))) => {
            let t = (at - h0) / (h1 - h0);
            std::array::from_fn(|k| c0[k] + (c1[k] - c0[k]) * t)
        }
        (Some((_, c)), None) | (None, Some((_, c))) => *c,
        (None, None) => [0.0; 3],
    }
}

fn bytes(c: [f32; 3]) -> Rgb {
    c.map(|v| v.round().clamp(0.0, 255.0) as u8)
}

/// Colour of land at a height in metres, without shading.
#[must_use]
pub fn land_tint(height_m: f32) -> Rgb {
    bytes(along(LAND, height_m))
}

/// Colour of the sea over a floor at a height in metres (negative), without shading.
#[must_use]
pub fn sea_tint(height_m: f32) -> Rgb {
    bytes(along(SEA, height_m))
}

pub(super) fn land(height_m: f32) -> [f32; 3] {
    along(LAND, height_m)
}

pub(super) fn sea(height_m: f32) -> [f32; 3] {
    along(SEA, height_m)
}
