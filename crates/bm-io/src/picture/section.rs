//! Materials in a plane: vertical sections and slices at one altitude.

use super::frame::{Sheet, grouped, latitude_ticks, lay_out, longitude_ticks, nice_step, ticks};
use super::{Image, Rgb};
use crate::error::IoError;
use std::collections::HashMap;

/// A material's id, name and colour, from the world's registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaterialKey<'a> {
    /// Material id.
    pub id: u16,
    /// Name for the legend.
    pub name: &'a str,
    /// Colour.
    pub rgb: Rgb,
}

/// What runs along the bottom of a section.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Along {
    /// Ground distance from the left end, kilometres; from 0 to the section's length.
    Distance,
    /// Longitude from the first to the second value, degrees.
    Longitude(f64, f64),
    /// Latitude from the first to the second value, degrees.
    Latitude(f64, f64),
}

/// A vertical section.
#[derive(Debug, Clone, Copy)]
pub struct SectionPicture<'a> {
    /// Columns of `cells`.
    pub columns: usize,
    /// Rows of `cells`; **row 0 is the lowest**.
    pub rows: usize,
    /// `columns · rows` material ids.
    pub cells: &'a [u16],
    /// Altitude of the lower edge of row 0, metres.
    pub bottom_m: f64,
    /// Altitude of the upper edge of the last row, metres.
    pub top_m: f64,
    /// Length over ground, metres.
    pub length_m: f64,
    /// What the horizontal axis shows.
    pub along: Along,
    /// Names and colours.
    pub materials: &'a [MaterialKey<'a>],
    /// Title.
    pub title: &'a str,
}

/// A slice at one altitude.
#[derive(Debug, Clone, Copy)]
pub struct SlicePicture<'a> {
    /// Columns of `cells`, west to east.
    pub columns: usize,
    /// Rows of `cells`; **row 0 is the southernmost**.
    pub rows: usize,
    /// `columns · rows` material ids.
    pub cells: &'a [u16],
    /// `[west, south, east, north]` edges, degrees.
    pub window: [f64; 4],
    /// Altitude, metres.
    pub altitude_m: f64,
    /// Names and colours.
    pub materials: &'a [MaterialKey<'a>],
    /// Title.
    pub title: &'a str,
}

/// Draws a section as a sheet whose plot has `width` by `height` pixels.
///
/// # Errors
/// [`IoError::Argument`] if sizes or edges do not fit together.
pub fn draw_section(s: &SectionPicture<'_>, width: usize, height: usize) -> Result<Image, IoError> {
    if !(s.top_m > s.bottom_m
        && s.length_m > 0.0
        && s.length_m.is_finite()
        && (s.top_m - s.bottom_m).is_finite())
    {
        return Err(IoError::argument(
            "section",
            "it has no height or no length",
            "give bottom < top and a length above 0",
        ));
    }
    let (plot, legend) = paint(s.columns, s.rows, s.cells, s.materials, width, height, Sort::ByHeight)?;
    let km = s.length_m / 1000.0;
    let exaggeration = (height as f64 / (s.top_m - s.bottom_m)) / (width as f64 / s.length_m);
    let times = if exaggeration >= 10.0 { grouped(exaggeration) } else { format!("{exaggeration:.1}") };
    let note = match s.along {
        Along::Distance => format!("vertical exaggeration {times}×"),
        _ => format!("length {} km, vertical exaggeration {times}×", grouped(km)),
    };
    let distance = |v: f64| {
        if km < 5.0 { format!("{v:.1}") } else { grouped(v) }
    };
    let (x_ticks, x_name) = match s.along {
        Along::Distance => (ticks(0.0, km, nice_step(km, width as f64 / 110.0), distance), "km"),
        Along::Longitude(a, b) if b > a => (longitude_ticks(a, b, width), ""),
        Along::Latitude(a, b) if b > a => (latitude_ticks(a, b, width), ""),
        Along::Longitude(a, b) => (mirrored(longitude_ticks(b, a, width)), ""),
        Along::Latitude(a, b) => (mirrored(latitude_ticks(b, a, width)), ""),
    };
    // Above 20 km of height, thousands of metres are easier to read as kilometres.
    let deep = s.top_m - s.bottom_m > 20_000.0;
    let (unit, y_name) = if deep { (1000.0, "altitude, km") } else { (1.0, "altitude, m") };
    let (lo, hi) = (s.bottom_m / unit, s.top_m / unit);
    let (sheet, ..) = lay_out(&Sheet {
        plot: &plot,
        title: s.title,
        note: &note,
        x_name,
        y_name,
        x_ticks,
        y_ticks: ticks(lo, hi, nice_step(hi - lo, height as f64 / 60.0), |v| {
            if hi - lo < 5.0 { format!("{v:.1}") } else { grouped(v) }
        }),
        legend,
        extra_right: 0,
    })?;
    Ok(sheet)
}

fn mirrored(mut t: Vec<super::frame::Tick>) -> Vec<super::frame::Tick> {
    t.iter_mut().for_each(|t| t.at = 1.0 - t.at);
    t.reverse();
    t
}

/// Draws a slice as a sheet whose plot has `width` by `height` pixels.
///
/// # Errors
/// As [`draw_section`].
pub fn draw_slice(s: &SlicePicture<'_>, width: usize, height: usize) -> Result<Image, IoError> {
    let [west, south, east, north] = s.window;
    if !(east > west && north > south) {
        return Err(IoError::argument("slice", "its window is empty", "give west < east and south < north"));
    }
    let (plot, legend) = paint(s.columns, s.rows, s.cells, s.materials, width, height, Sort::ByArea)?;
    let note = format!("at an altitude of {} m", grouped(s.altitude_m));
    let (sheet, ..) = lay_out(&Sheet {
        plot: &plot,
        title: s.title,
        note: &note,
        x_name: "",
        y_name: "",
        x_ticks: longitude_ticks(west, east, width),
        y_ticks: latitude_ticks(south, north, height),
        legend,
        extra_right: 0,
    })?;
    Ok(sheet)
}

/// In which order a legend lists its materials.
#[derive(Clone, Copy)]
enum Sort {
    /// By mean row, the topmost first.
    ByHeight,
    /// The most frequent first.
    ByArea,
}

type Legend = Vec<(Rgb, String)>;

/// The plot itself and the legend of what occurs in it.
fn paint(
    columns: usize,
    rows: usize,
    cells: &[u16],
    materials: &[MaterialKey<'_>],
    width: usize,
    height: usize,
    sort: Sort,
) -> Result<(Image, Legend), IoError> {
    if columns.checked_mul(rows) != Some(cells.len()) || cells.is_empty() {
        return Err(IoError::argument(
            "picture cells",
            format!("{} cells for {columns} by {rows}", cells.len()),
            "pass columns times rows cells",
        ));
    }
    let known: HashMap<u16, &MaterialKey<'_>> = materials.iter().map(|m| (m.id, m)).collect();
    let colour = |id: u16| known.get(&id).map_or_else(|| unnamed(id), |m| m.rgb);
    let mut plot = Image::new(width, height, [0; 3])?;
    // (cells, sum of their rows) of each material.
    let mut met: HashMap<u16, (u64, u64)> = HashMap::new();
    for (row, line) in cells.chunks_exact(columns).enumerate() {
        for run in line.chunk_by(|a, b| a == b) {
            let (n, sum) = met.entry(run[0]).or_default();
            *n += run.len() as u64;
            *sum += (run.len() * row) as u64;
        }
    }
    let mut order: Vec<(u16, (u64, u64))> = met.into_iter().collect();
    match sort {
        Sort::ByHeight => order.sort_by(|a, b| {
            let mean = |(n, sum): (u64, u64)| sum as f64 / n as f64;
            mean(b.1).total_cmp(&mean(a.1)).then(a.0.cmp(&b.0))
        }),
        Sort::ByArea => order.sort_by_key(|(id, (n, _))| (std::cmp::Reverse(*n), *id)),
    }
    let name = |id: u16| known.get(&id).map_or_else(|| format!("material {id}"), |m| m.name.to_owned());
    let mut legend: Legend = order.iter().map(|&(id, _)| (colour(id), name(id))).collect();
    // More rows than fit a screen help nobody; the rest is counted.
    const MOST: usize = 40;
    if legend.len() > MOST {
        let more = legend.len() - MOST;
        legend.truncate(MOST);
        legend.push(([200; 3], format!("and {more} more")));
    }
    for y in 0..height {
        let row = rows - 1 - y * rows / height;
        for x in 0..width {
            plot.put(x, y, colour(cells[row * columns + x * columns / width]));
        }
    }
    Ok((plot, legend))
}

/// A colour for a material the registry does not name: steady, and apart from its neighbours.
fn unnamed(id: u16) -> Rgb {
    let h = u32::from(id).wrapping_mul(0x9E37_79B1);
    [16, 8, 0].map(|s| 80 + ((h >> s) & 127) as u8)
}
