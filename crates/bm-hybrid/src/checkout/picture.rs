//! Pictures of land: shaded relief with rivers, what changed, and plots.

use super::folder::degrees;
use crate::error::WorldError;
use bm_io::picture::{
    Bar, Chart, ChartAxis, Image, MapFrame, Mark, Rgb, Series, ShadeStyle, SurfaceGrid, draw_chart,
    frame_map, frame_map_with, shade,
};
use bm_process::field::Field;
use bm_process::route::{Flow, RouteError, Router, Sinks, fill};
use bm_process::state::State;
use bm_process::stats::{Hypsometry, SlopeArea};

/// Pixels along the longer side, at least and at most.
const SIDE: [f64; 2] = [700.0, 1400.0];
/// The same in animations.
const FILM_SIDE: [f64; 2] = [520.0, 700.0];
/// Cells that a median is told of.
const FEWEST: usize = 8;
const RIVER: Rgb = [38, 92, 160];
const LAKE: Rgb = [116, 160, 200];
const BEFORE: Rgb = [150, 150, 150];
const AFTER: Rgb = [190, 60, 30];

/// Pixels of a map: square on the ground, though cells are as wide as their latitude makes them.
struct Pixels {
    width: usize,
    height: usize,
}

impl Pixels {
    fn of(ground: &Field, side: [f64; 2]) -> Self {
        let across = ground.dx.get(ground.height / 2).copied().unwrap_or(ground.dy) * ground.width as f64;
        let up = ground.dy * ground.height as f64;
        // About a pixel a cell, unless that is too few or too many.
        let long = across.max(up);
        let pixel = (long / ground.dy).clamp(side[0], side[1]);
        let pixels = |metres: f64| ((metres / long * pixel).round() as usize).max(1);
        Self { width: pixels(across), height: pixels(up) }
    }

    /// Cells (fractional) at the middle of a pixel; rows from the south.
    fn at(&self, ground: &Field, x: usize, y: usize) -> [f64; 2] {
        let along = |k: usize, n: usize, cells: usize| (k as f64 + 0.5) / n as f64 * cells as f64 - 0.5;
        [along(x, self.width, ground.width), along(y, self.height, ground.height)]
    }

    /// Values between cells, rows from the south.
    fn spread(&self, ground: &Field, values: &[f64]) -> Vec<f64> {
        let mut out = Vec::with_capacity(self.width * self.height);
        for y in 0..self.height {
            for x in 0..self.width {
                out.push(between(ground, values, self.at(ground, x, y)));
            }
        }
        out
    }
}

fn between(ground: &Field, values: &[f64], [x, y]: [f64; 2]) -> f64 {
    let clamp = |v: f64, n: usize| v.clamp(0.0, (n - 1) as f64);
    let (x, y) = (clamp(x, ground.width), clamp(y, ground.height));
    let (i, j) = (x.floor() as usize, y.floor() as usize);
    let (e, n) = (usize::from(i + 1 < ground.width), usize::from(j + 1 < ground.height) * ground.width);
    let (wx, wy, k) = (x - i as f64, y - j as f64, j * ground.width + i);
    let south = values[k] * (1.0 - wx) + values[k + e] * wx;
    let north = values[k + n] * (1.0 - wx) + values[k + n + e] * wx;
    south * (1.0 - wy) + north * wy
}

/// The land from above: tinted by height, hill-shaded, with its rivers, north at the top.
///
/// # Errors
/// [`WorldError::Io`] when the picture would be too large.
pub fn relief(land: &State) -> Result<Image, WorldError> {
    relief_within(land, SIDE)
}

fn relief_within(land: &State, side: [f64; 2]) -> Result<Image, WorldError> {
    let pixels = Pixels::of(&land.ground, side);
    let heights: Vec<f32> = pixels
        .spread(&land.ground, &land.ground.values)
        .iter()
        .map(|&z| (z - land.sea_level) as f32)
        .collect();
    let [west, south, east, north] = bounds(land);
    let grid = SurfaceGrid {
        width: pixels.width,
        height: pixels.height,
        south: south + (north - south) / pixels.height as f64 / 2.0,
        step_lon: (east - west) / pixels.width as f64,
        step_lat: (north - south) / pixels.height as f64,
        wraps: false,
        heights_m: &heights,
        cover: None,
    };
    let mut style = ShadeStyle::default();
    style.snow = false;
    let mut image = shade(&grid, &style)?;
    draw_lakes(land, &pixels, &mut image);
    draw_rivers(land, &pixels, &mut image);
    Ok(image)
}

/// Bounds in degrees; of land on a drawing board as if it lay at the equator.
fn bounds(land: &State) -> [f64; 4] {
    const METRES_A_DEGREE: f64 = 111_195.0;
    match &land.region {
        Some(region) if region.ground() == bm_grid::Ground::World => degrees(region),
        _ => {
            let g = &land.ground;
            let wide = g.dx.first().copied().unwrap_or(g.dy) * g.width as f64;
            [0.0, 0.0, wide / METRES_A_DEGREE, g.dy * g.height as f64 / METRES_A_DEGREE]
        }
    }
}

/// Hollows that would be lakes: what filling them up to where they spill raises by a metre or more.
fn draw_lakes(land: &State, pixels: &Pixels, image: &mut Image) {
    let ground = &land.ground;
    let mut filled = ground.clone();
    if fill(&mut filled, &land.rim, land.threads).is_err() {
        return;
    }
    for y in 0..pixels.height {
        for x in 0..pixels.width {
            let [i, j] = pixels.at(ground, x, y).map(|v| v.round().max(0.0) as usize);
            let k = j.min(ground.height - 1) * ground.width + i.min(ground.width - 1);
            if ground.values[k] >= land.sea_level && filled.values[k] - ground.values[k] >= 1.0 {
                image.blend(x, pixels.height - 1 - y, LAKE, 200);
            }
        }
    }
}

/// Rivers, the darker the more ground drains through them.
fn draw_rivers(land: &State, pixels: &Pixels, image: &mut Image) {
    let ground = &land.ground;
    let mut flow = Flow::default();
    let mut router = Router::new(land.rim).threads(land.threads);
    let routed = match router.route(ground, &mut flow) {
        Err(RouteError::NoOutlet { .. }) => router.sinks(Sinks::Keep).route(ground, &mut flow),
        other => other,
    };
    if routed.is_err() {
        // Land that no water can run on has no rivers.
        return;
    }
    let total: f64 = ground.dx.iter().map(|dx| dx * ground.dy * ground.width as f64).sum();
    let (least, most) = (total / 400.0, total / 8.0);
    for cell in 0..ground.values.len() as u32 {
        let area = flow.area[cell as usize];
        let Some(to) = flow.receiver(cell).filter(|&to| to != cell) else { continue };
        if area.is_nan() || area < least || ground.values[cell as usize] < land.sea_level {
            continue;
        }
        // In a lake nobody sees which way the water goes.
        if ground.values[to as usize] >= ground.values[cell as usize] {
            continue;
        }
        let strength = ((area / least).ln() / (most / least).ln()).clamp(0.0, 1.0);
        let place = |cell: u32| {
            let (x, y) = (cell as usize % ground.width, cell as usize / ground.width);
            let along = |k: usize, n: usize, cells: usize| (k as f64 + 0.5) / cells as f64 * n as f64;
            [along(x, pixels.width, ground.width), along(y, pixels.height, ground.height)]
        };
        let (from, to) = (place(cell), place(to));
        let steps = ((to[0] - from[0]).abs().max((to[1] - from[1]).abs()) * 2.0).ceil().max(1.0);
        for step in 0..=steps as u32 {
            let t = f64::from(step) / steps;
            let at = [0, 1].map(|k| from[k] + (to[k] - from[k]) * t);
            let (x, y) = (at[0] as usize, at[1] as usize);
            if y < image.height {
                image.blend(x, image.height - 1 - y, RIVER, (60.0 + 130.0 * strength) as u8);
            }
        }
    }
}

/// [`relief`] in a frame: degrees along the edges, a colour bar of the heights, a scale in kilometres.
///
/// # Errors
/// As [`relief`].
pub fn relief_sheet(land: &State, title: &str) -> Result<Image, WorldError> {
    let map = relief(land)?;
    let range = heights(land);
    let note = range.map_or_else(String::new, |(lo, hi)| format!("heights from {lo:.0} to {hi:.0} m"));
    framed(land, &map, title, &note, range)
}

/// A picture of an animation: small, and laid out so that nothing moves but the land. `heights` are those of the colour bar, the
/// same in all of them.
///
/// # Errors
/// As [`relief`].
pub fn film_sheet(land: &State, title: &str, heights: Option<(f64, f64)>) -> Result<Image, WorldError> {
    framed(land, &relief_within(land, FILM_SIDE)?, title, "", heights)
}

/// Lowest and highest height of land; nothing when it is level, or there is none.
#[must_use]
pub fn heights(land: &State) -> Option<(f64, f64)> {
    let heights = land.ground.values.iter().filter(|z| !z.is_nan());
    let (lo, hi) = heights.fold((f64::MAX, f64::MIN), |(lo, hi), &z| (lo.min(z), hi.max(z)));
    (hi - lo >= 1.0).then_some((lo, hi))
}

/// Any layer of land as a map, from dark for the least of its numbers to bright for the greatest.
///
/// # Errors
/// [`WorldError::Data`] when it has another size than the land or no numbers; [`WorldError::Io`] as [`relief`].
pub fn layer_sheet(land: &State, name: &str, unit: &str, values: Vec<f64>) -> Result<Image, WorldError> {
    let bad = |detail: String| WorldError::Data { what: "layer", detail: format!("{name}: {detail}") };
    if values.len() != land.cells() {
        return Err(bad(format!("{} numbers for {} cells", values.len(), land.cells())));
    }
    let numbers = values.iter().filter(|v| v.is_finite());
    let (lo, hi) = numbers.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), &v| (lo.min(v), hi.max(v)));
    if lo > hi {
        return Err(bad("it has no numbers to show".into()));
    }
    let note = format!("from {lo:.4e} to {hi:.4e} {unit}");
    // What spans powers of ten, as drainage areas do, would be one colour but for a few cells.
    let mut sizes: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    let middle = sizes.len() / 2;
    let median = *sizes.select_nth_unstable_by(middle, f64::total_cmp).1;
    let powers = lo > 0.0 && hi > 100.0 * median;
    let bar_name = if powers { format!("log10 {unit}") } else { unit.to_owned() };
    let (values, [lo, hi]) = match powers {
        true => (values.into_iter().map(f64::log10).collect(), [lo.log10(), hi.log10()]),
        false => (values, [lo, hi]),
    };
    let pixels = Pixels::of(&land.ground, SIDE);
    let mut image = Image::new(pixels.width, pixels.height, [150; 3])?;
    let shade = |v: f64| if hi > lo { ramp((v - lo) / (hi - lo)) } else { ramp(0.5) };
    for (k, v) in pixels.spread(&land.ground, &values).iter().enumerate().filter(|(_, v)| v.is_finite()) {
        image.put(k % pixels.width, pixels.height - 1 - k / pixels.width, shade(*v));
    }
    let bar = Bar { lo, hi, name: &bar_name, tint: &shade };
    let [west, south, east, north] = bounds(land);
    let frame = MapFrame { west, south, east, north, title: name, note: note.trim_end(), heights_m: None };
    Ok(frame_map_with(&image, &frame, (hi > lo).then_some(&bar))?)
}

/// From dark violet at 0 over green to yellow at 1, evenly brighter: also for those who do not see all colours.
fn ramp(share: f64) -> Rgb {
    const STOPS: [[f64; 3]; 6] = [
        [68.0, 1.0, 84.0],
        [65.0, 68.0, 135.0],
        [42.0, 120.0, 142.0],
        [34.0, 168.0, 132.0],
        [122.0, 209.0, 81.0],
        [253.0, 231.0, 37.0],
    ];
    let at = share.clamp(0.0, 1.0) * (STOPS.len() - 1) as f64;
    let from = (at as usize).min(STOPS.len() - 2);
    let t = at - from as f64;
    std::array::from_fn(|k| (STOPS[from][k] + (STOPS[from + 1][k] - STOPS[from][k]) * t).round() as u8)
}

fn framed(
    land: &State,
    map: &Image,
    title: &str,
    note: &str,
    heights_m: Option<(f64, f64)>,
) -> Result<Image, WorldError> {
    let [west, south, east, north] = bounds(land);
    Ok(frame_map(map, &MapFrame { west, south, east, north, title, note, heights_m })?)
}

/// What changed between two states of a land: red where it was worn away, blue where it was laid on or rose.
///
/// # Errors
/// [`WorldError::Data`] when they are not of one size; [`WorldError::Io`] as [`relief`].
pub fn difference_sheet(before: &State, after: &State, title: &str) -> Result<Image, WorldError> {
    let (a, b) = (&before.ground, &after.ground);
    if (a.width, a.height) != (b.width, b.height) {
        return Err(WorldError::Data { what: "land", detail: "two states of other sizes".into() });
    }
    let change: Vec<f64> = a.values.iter().zip(&b.values).map(|(a, b)| b - a).collect();
    let range =
        change.iter().filter(|d| !d.is_nan()).fold((0.0f64, 0.0f64), |(l, h), &d| (l.min(d), h.max(d)));
    // Nearly all of it within the colours: single cells would fade out the rest.
    let mut sizes: Vec<f64> = change.iter().filter(|d| !d.is_nan()).map(|d| d.abs()).collect();
    sizes.sort_by(f64::total_cmp);
    let most = sizes.get(sizes.len() * 99 / 100).copied().unwrap_or(0.0).max(1e-9);
    let pixels = Pixels::of(b, SIDE);
    let shown = pixels.spread(b, &change);
    let mut image = Image::new(pixels.width, pixels.height, [120; 3])?;
    for (k, d) in shown.iter().enumerate().filter(|(_, d)| !d.is_nan()) {
        let (x, y) = (k % pixels.width, k / pixels.width);
        image.put(x, pixels.height - 1 - y, tint(d / most));
    }
    let note = format!(
        "from {:.1} m (red: worn away or sunk) to {:+.1} m (blue: laid on or risen)",
        range.0, range.1
    );
    // A bar of nothing but white would say nothing.
    let bar = Bar { lo: -most, hi: most, name: "metres", tint: &|d| tint(d / most) };
    let [west, south, east, north] = bounds(after);
    let frame = MapFrame { west, south, east, north, title, note: &note, heights_m: None };
    Ok(frame_map_with(&image, &frame, (most > 1e-6).then_some(&bar))?)
}

/// From deep red at -1 over white to deep blue at 1.
fn tint(share: f64) -> Rgb {
    const ENDS: [[f64; 3]; 2] = [[165.0, 15.0, 21.0], [8.0, 69.0, 148.0]];
    let end = ENDS[usize::from(share > 0.0)];
    let t = share.abs().min(1.0).powf(0.7);
    end.map(|c| (250.0 + (c - 250.0) * t) as u8)
}

/// Share of the ground above each height (Strahler 1952), before and after.
///
/// # Errors
/// [`WorldError::Io`] when there is nothing to draw.
pub fn hypsometry_chart(before: &State, after: &State) -> Result<Image, WorldError> {
    let points = |land: &State| -> Vec<(f64, f64)> {
        let bands = Hypsometry::of(&land.ground, 100).map(|h| h.bands).unwrap_or_default();
        bands.iter().map(|b| (b.above * 100.0, b.low)).collect()
    };
    let (old, new) = (points(before), points(after));
    let series = [
        Series { name: "before", points: &old, mark: Mark::Line, colour: BEFORE },
        Series { name: "after", points: &new, mark: Mark::Line, colour: AFTER },
    ];
    let axis = |label| ChartAxis { label, log: false };
    let chart = Chart {
        title: "Hypsometry",
        x: axis("ground above a height (% of its area)"),
        y: axis("height (m)"),
        series: &series,
    };
    Ok(draw_chart(&chart, 900, 620)?)
}

/// Slope by drainage area, before and after: straight and falling where rivers shape the land.
///
/// # Errors
/// [`WorldError::Io`] when there is nothing to draw; [`WorldError::Data`] when the land cannot be routed.
pub fn slope_area_chart(before: &State, after: &State) -> Result<Image, WorldError> {
    let points = |land: &State| -> Result<Vec<(f64, f64)>, WorldError> {
        let found =
            SlopeArea::of(land, 8).map_err(|e| WorldError::Data { what: "land", detail: e.to_string() })?;
        // The median of a handful of cells says where they lie, not how rivers run.
        Ok(found.bins.iter().filter(|b| b.cells >= FEWEST).map(|b| (b.area / 1e6, b.median)).collect())
    };
    let (old, new) = (points(before)?, points(after)?);
    let series = [
        Series { name: "before", points: &old, mark: Mark::Dots, colour: BEFORE },
        Series { name: "after", points: &new, mark: Mark::Dots, colour: AFTER },
    ];
    let axis = |label| ChartAxis { label, log: true };
    let chart = Chart {
        title: "Slope by drainage area (medians)",
        x: axis("drainage area (km²)"),
        y: axis("slope (m/m)"),
        series: &series,
    };
    Ok(draw_chart(&chart, 900, 620)?)
}
