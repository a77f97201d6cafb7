//! The surface seen from above: tints, hill-shade, sea floor.

use super::{Image, Rgb, tint};
use crate::error::IoError;
use crate::relief::Relief;

/// Metres a degree of latitude on the Earth's mean sphere.
const METRES_A_DEGREE: f64 = 111_195.0;

/// What covers the ground at a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cover {
    /// Bare ground, tinted by height.
    Land,
    /// Water; the height is that of the bottom.
    Water,
    /// Ice; the height is that of its surface.
    Ice,
}

/// Heights to shade, row 0 southernmost, columns west to east.
#[derive(Debug, Clone, Copy)]
pub struct SurfaceGrid<'a> {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Latitude of row 0's samples, degrees.
    pub south: f64,
    /// Degrees from one column to the next.
    pub step_lon: f64,
    /// Degrees from one row to the next.
    pub step_lat: f64,
    /// Column 0 follows the last column eastwards.
    pub wraps: bool,
    /// `width · height` heights in metres, NaN where unknown.
    pub heights_m: &'a [f32],
    /// What covers each sample; without it everything below 0 m is water.
    pub cover: Option<&'a [Cover]>,
}

/// How to shade.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct ShadeStyle {
    /// Strength of the hill-shade on land, 0 (none) to 1.
    pub relief: f32,
    /// Strength of the hill-shade on the sea floor.
    pub sea_relief: f32,
    /// Vertical exaggeration of the slopes; `None` chooses by the sample spacing: 1 at 50 m,
    /// growing to about 14 at 20 km, where true slopes would hardly show.
    pub exaggeration: Option<f64>,
    /// Whiten land above a snow line that falls from 5.2 km in the tropics to the sea at high
    /// latitudes. It is drawn from height and latitude alone.
    pub snow: bool,
    /// Colour of samples without data.
    pub nodata: Rgb,
}

impl Default for ShadeStyle {
    fn default() -> Self {
        Self { relief: 0.75, sea_relief: 0.5, exaggeration: None, snow: true, nodata: [120, 120, 120] }
    }
}

/// Light from four sides, the north-west strongest (where readers expect it): azimuth in degrees,
/// weight. Slopes that face away from one light still get form from the others.
const LIGHTS: [(f64, f64); 4] = [(315.0, 0.5), (270.0, 0.2), (0.0, 0.2), (225.0, 0.1)];
/// Height of the lights above the horizon: sine and cosine of 45°.
const LIGHT_UP: f64 = std::f64::consts::FRAC_1_SQRT_2;

/// Shades a grid; the picture has one pixel a sample and north at the top.
///
/// # Errors
/// [`IoError::Argument`] if sizes do not fit together.
pub fn shade(grid: &SurfaceGrid<'_>, style: &ShadeStyle) -> Result<Image, IoError> {
    let n = grid.width.checked_mul(grid.height);
    if n != Some(grid.heights_m.len()) || grid.cover.is_some_and(|c| Some(c.len()) != n) {
        return Err(IoError::argument(
            "surface grid",
            format!("{} heights for {} by {}", grid.heights_m.len(), grid.width, grid.height),
            "pass width times height heights, and as many covers or none",
        ));
    }
    let mut image = Image::new(grid.width, grid.height, style.nodata)?;
    let spacing = grid.step_lat.abs() * METRES_A_DEGREE;
    let exaggeration = style.exaggeration.unwrap_or_else(|| (spacing / 50.0).powf(0.45).max(1.0));
    let lights = LIGHTS.map(|(azimuth, weight)| {
        let (s, c) = azimuth.to_radians().sin_cos();
        [s * LIGHT_UP * weight, c * LIGHT_UP * weight, LIGHT_UP * weight]
    });
    for row in 0..grid.height {
        let lat = grid.south + grid.step_lat * row as f64;
        // Near the poles columns crowd together and east–west slopes lose their meaning.
        let cos = lat.to_radians().cos().max(0.08);
        let polar = ((89.0 - lat.abs()) / 12.0).clamp(0.0, 1.0) as f32;
        let per_metre = [
            exaggeration / (8.0 * grid.step_lon * METRES_A_DEGREE * cos),
            exaggeration / (8.0 * grid.step_lat * METRES_A_DEGREE),
        ];
        for column in 0..grid.width {
            let at = row * grid.width + column;
            let h = grid.heights_m[at];
            if h.is_nan() {
                continue;
            }
            let cover = grid.cover.map_or(if h < 0.0 { Cover::Water } else { Cover::Land }, |c| c[at]);
            let [gx, gy] = gradient(grid, column, row);
            let light = lit(gx * per_metre[0], gy * per_metre[1], &lights);
            let (base, strength) = match cover {
                Cover::Water => (tint::sea(h.min(0.0)), style.sea_relief),
                Cover::Ice => ([238.0, 243.0, 248.0], style.relief * 0.7),
                Cover::Land => (land(h, lat, style.snow), style.relief),
            };
            image.put(column, grid.height - 1 - row, apply(base, light, strength * polar));
        }
    }
    Ok(image)
}

/// Horn's 3 × 3 differences, times 8 samples; unknown neighbours count as level.
fn gradient(g: &SurfaceGrid<'_>, column: usize, row: usize) -> [f64; 2] {
    let here = g.heights_m[row * g.width + column];
    let west = if column > 0 {
        column - 1
    } else if g.wraps {
        g.width - 1
    } else {
        column
    };
    let east = if column + 1 < g.width {
        column + 1
    } else if g.wraps {
        0
    } else {
        column
    };
    let (south, north) = (row.saturating_sub(1), (row + 1).min(g.height - 1));
    let at = |c: usize, r: usize| {
        let v = g.heights_m[r * g.width + c];
        f64::from(if v.is_nan() { here } else { v })
    };
    let (sw, s, se) = (at(west, south), at(column, south), at(east, south));
    let (w, e) = (at(west, row), at(east, row));
    let (nw, n, ne) = (at(west, north), at(column, north), at(east, north));
    [(ne + 2.0 * e + se) - (nw + 2.0 * w + sw), (nw + 2.0 * n + ne) - (sw + 2.0 * s + se)]
}

/// Light on a slope, 1 on level ground.
fn lit(dx: f64, dy: f64, lights: &[[f64; 3]; 4]) -> f32 {
    let norm = 1.0 / (1.0 + dx * dx + dy * dy).sqrt();
    let sum: f64 = lights.iter().map(|l| ((l[2] - dx * l[0] - dy * l[1]) * norm).max(0.0)).sum();
    (sum / LIGHT_UP) as f32
}

/// Shadows multiply; lit slopes go part of the way to white.
fn apply(base: [f32; 3], light: f32, strength: f32) -> Rgb {
    let d = (light - 1.0) * strength;
    base.map(|c| {
        let v = if d < 0.0 { c * (1.0 + d) } else { c + (255.0 - c) * (d * 0.9).min(0.8) };
        v.round().clamp(0.0, 255.0) as u8
    })
}

fn land(h: f32, lat: f64, snow: bool) -> [f32; 3] {
    let base = tint::land(h);
    if !snow {
        return base;
    }
    // Antarctica is ice down to the sea; in the north the line reaches it only at the pole.
    let a = lat.abs();
    let line = if lat < -62.0 {
        -1.0
    } else {
        let ends = [
            (0.0, 5200.0),
            (30.0, 5200.0),
            (45.0, 3400.0),
            (60.0, 1900.0),
            (70.0, 1100.0),
            (78.0, 600.0),
            (90.0, 100.0),
        ];
        ends.windows(2)
            .find(|w| a <= w[1].0)
            .map_or(100.0, |w| w[0].1 + (w[1].1 - w[0].1) * (a - w[0].0) / (w[1].0 - w[0].0))
    };
    let fade = if lat < -62.0 { 1.0 } else { 450.0 };
    let t = (((f64::from(h) - line) / fade) as f32).clamp(0.0, 1.0);
    let white = [240.0, 244.0, 248.0];
    std::array::from_fn(|k| base[k] + (white[k] - base[k]) * t)
}

/// The whole of a relief as a picture of `width` by `height` pixels.
///
/// # Errors
/// As [`shade`].
pub fn surface_of(
    relief: &Relief,
    width: usize,
    height: usize,
    style: &ShadeStyle,
) -> Result<Image, IoError> {
    let (x, y) = (&relief.georef.x, &relief.georef.y);
    let west = x.degrees(0) - x.step_degrees() / 2.0;
    let east = if relief.georef.wraps {
        west + 360.0
    } else {
        x.degrees(relief.width as i64) - x.step_degrees() / 2.0
    };
    let south = (y.degrees(0) - y.step_degrees() / 2.0).max(-90.0);
    let north = (y.degrees(relief.height as i64 - 1) + y.step_degrees() / 2.0).min(90.0);
    surface_window(relief, [west, south, east, north], width, height, style)
}

/// A window `[west, south, east, north]` (degrees, east of west) of a relief, resampled: averaged
/// where pixels are coarser than samples, bilinear where they are finer.
///
/// # Errors
/// As [`shade`]; also if the window is empty.
pub fn surface_window(
    relief: &Relief,
    window: [f64; 4],
    width: usize,
    height: usize,
    style: &ShadeStyle,
) -> Result<Image, IoError> {
    let [west, south, east, north] = window;
    let sound = east > west && north > south && window.iter().all(|v| v.abs() <= 720.0);
    if !sound || width == 0 || height == 0 || width.saturating_mul(height) > 1 << 28 {
        return Err(IoError::argument(
            "window",
            format!("{window:?} at {width} by {height} pixels"),
            "give west < east and south < north in degrees, and 1 to 2^28 pixels",
        ));
    }
    let (step_lon, step_lat) = ((east - west) / width as f64, (north - south) / height as f64);
    let (x, y) = (&relief.georef.x, &relief.georef.y);
    // Supersample so that no sample of the relief is skipped when the picture is coarser.
    let (fx, fy) = (step_lon / x.step_degrees(), step_lat / y.step_degrees());
    let sub = |f: f64| (f.ceil() as usize).clamp(1, 8);
    let (nx, ny) = (sub(fx), sub(fy));
    let mut heights = Vec::with_capacity(width * height);
    let mut cover = Vec::with_capacity(width * height);
    for row in 0..height {
        for column in 0..width {
            let (mut sum, mut n, mut wet) = (0.0, 0_u32, 0_u32);
            for s in 0..nx * ny {
                let lon = west + (column as f64 + ((s % nx) as f64 + 0.5) / nx as f64) * step_lon;
                let lat = south + (row as f64 + ((s / nx) as f64 + 0.5) / ny as f64) * step_lat;
                if let Some(h) = bilinear(relief, lon, lat) {
                    sum += h;
                    n += 1;
                    wet += u32::from(h < 0.0);
                }
            }
            heights.push(if n == 0 { f32::NAN } else { (sum / f64::from(n)) as f32 });
            cover.push(if 2 * wet > n { Cover::Water } else { Cover::Land });
        }
    }
    let grid = SurfaceGrid {
        width,
        height,
        south: south + step_lat / 2.0,
        step_lon,
        step_lat,
        wraps: relief.georef.wraps && (east - west - 360.0).abs() < 1e-9,
        heights_m: &heights,
        cover: Some(&cover),
    };
    shade(&grid, style)
}

/// Height in metres between samples; `None` beyond half a sample outside, or next to no data.
fn bilinear(r: &Relief, lon: f64, lat: f64) -> Option<f64> {
    let (x, y) = (&r.georef.x, &r.georef.y);
    let turn = 360.0 / x.step_degrees();
    let mut c = x.index_of(lon);
    c -= ((c + 0.5) / turn).floor() * turn;
    let row = y.index_of(lat);
    if row < -0.5 || row > r.height as f64 - 0.5 || (!r.georef.wraps && c > r.width as f64 - 0.5) {
        return None;
    }
    let row = row.clamp(0.0, (r.height - 1) as f64);
    let c = if r.georef.wraps { c.rem_euclid(r.width as f64) } else { c.clamp(0.0, (r.width - 1) as f64) };
    let (c0, r0) = ((c as usize).min(r.width - 1), row as usize);
    let c1 = if c0 + 1 < r.width {
        c0 + 1
    } else if r.georef.wraps {
        0
    } else {
        c0
    };
    let r1 = (r0 + 1).min(r.height - 1);
    let (tx, ty) = (c - c0 as f64, row - r0 as f64);
    let (a, b) = (r.height_m(c0, r0)?, r.height_m(c1, r0)?);
    let (d, e) = (r.height_m(c0, r1)?, r.height_m(c1, r1)?);
    Some((a * (1.0 - tx) + b * tx) * (1.0 - ty) + (d * (1.0 - tx) + e * tx) * ty)
}
