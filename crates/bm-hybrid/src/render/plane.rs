//! Materials in a plane: slices at one altitude, vertical sections.

use super::{DEGREE, Frame, OnProgress, Rows, Size, Window};
use crate::Progress;
use crate::error::WorldError;
use crate::view::View;
use bm_core::Pos;
use bm_core::frame::{MAX_ALT, MIN_ALT, WORLD_X, WORLD_Y};
use bm_core::pos::alt_to_tick;
use bm_io::picture::{self, Along, Image, MaterialKey, SectionPicture, SlicePicture};
use bm_octree::parallel;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// Altitudes of a section when none are given: from below the deepest trench to above the
/// highest mountain.
const USUAL_ALT: [f64; 2] = [-12_000.0, 10_000.0];
/// Rows or columns worked on at a time.
const BAND: usize = 16;

/// The materials at one altitude (metres above sea level), with a legend: the voxel at the middle
/// of each pixel. The plot has `size` pixels; axes and legend come around it.
///
/// # Errors
/// [`WorldError::Data`] for a bad window or size, [`WorldError::OutOfWorld`] for a bad altitude,
/// [`WorldError::Tree`] when a page cannot be read.
pub fn slice_image(
    view: &View,
    window: &Window,
    size: Size,
    alt_m: f64,
    progress: OnProgress<'_>,
) -> Result<Image, WorldError> {
    let frame = Frame::new(window, size)?;
    let cells = slice_cells(view, &frame, alt_m, progress)?;
    let slice = SlicePicture {
        columns: frame.width,
        rows: frame.height,
        cells: &cells,
        window: frame.degrees(),
        altitude_m: alt_m,
        materials: &keys(view),
        title: "Materials",
    };
    Ok(picture::draw_slice(&slice, frame.width, frame.height)?)
}

/// Writes [`slice_image`] as a PNG file, which appears whole or not at all.
///
/// # Errors
/// As [`slice_image`], and [`WorldError::Io`] when the file cannot be written.
pub fn write_slice(
    view: &View,
    window: &Window,
    size: Size,
    alt_m: f64,
    path: impl AsRef<Path>,
    progress: OnProgress<'_>,
) -> Result<(), WorldError> {
    Ok(picture::write_png(path, &slice_image(view, window, size, alt_m, progress)?)?)
}

/// Materials of the voxels in the middle of each pixel, southernmost row first.
pub(crate) fn slice_cells(
    view: &View,
    frame: &Frame,
    alt_m: f64,
    progress: OnProgress<'_>,
) -> Result<Vec<u16>, WorldError> {
    let z = alt_to_tick(alt_m)?;
    let bands = Rows::bands(frame.height, BAND);
    let (done, total) = (AtomicU64::new(0), bands.len() as u64);
    let parts = parallel::map(&bands, 0, |&(from, to)| -> Result<Vec<u16>, WorldError> {
        let mut out = Vec::with_capacity((to - from) * frame.width);
        for j in from..to {
            let y = frame.y(j as i64, 1);
            for i in 0..frame.width {
                let pos = Pos::new(frame.x(i as i64, 1), y, z)?;
                out.push(view.sample(pos)?.material.0);
            }
        }
        progress(&Progress { stage: "slice", done: done.fetch_add(1, Ordering::Relaxed) + 1, total });
        Ok(out)
    });
    let mut cells = Vec::with_capacity(frame.width * frame.height);
    for p in parts {
        cells.extend(p?);
    }
    Ok(cells)
}

/// Where a section runs; its left end is the first point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SectionLine(Line);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Line {
    /// Latitude; longitudes, the second greater than the first.
    Parallel(f64, [f64; 2]),
    /// Longitude; latitudes, ascending.
    Meridian(f64, [f64; 2]),
    /// Ends as unit vectors, the angle between them.
    Great([[f64; 3]; 2], f64),
}

impl SectionLine {
    /// Along a parallel from `west` eastwards to `east`, across the date line if `east` is less.
    ///
    /// # Errors
    /// [`WorldError::Data`] for values that are no degrees, and for no length.
    pub fn parallel(lat: f64, west: f64, east: f64) -> Result<Self, WorldError> {
        let ends = [west, if east < west { east + 360.0 } else { east }];
        if !(lat.abs() < 90.0 && west.abs() <= 180.0 && east.abs() <= 180.0 && ends[1] > ends[0]) {
            return Err(bad_line(format!("no parallel {lat} from {west} to {east}")));
        }
        Ok(Self(Line::Parallel(lat, ends)))
    }

    /// Along a meridian from `south` to `north`.
    ///
    /// # Errors
    /// [`WorldError::Data`] for values that are no degrees, and for no length.
    pub fn meridian(lon: f64, south: f64, north: f64) -> Result<Self, WorldError> {
        if !(lon.abs() <= 180.0 && south >= -90.0 && north <= 90.0 && north > south) {
            return Err(bad_line(format!("no meridian {lon} from {south} to {north}")));
        }
        Ok(Self(Line::Meridian(lon, [south, north])))
    }

    /// The shortest way (a great circle) between two points `[lon, lat]`.
    ///
    /// # Errors
    /// [`WorldError::Data`] for values that are no degrees, for equal points and for opposite ones.
    pub fn between(from: [f64; 2], to: [f64; 2]) -> Result<Self, WorldError> {
        let ends = [from, to];
        if !ends.iter().all(|[lon, lat]| lon.abs() <= 180.0 && lat.abs() <= 90.0) {
            return Err(bad_line(format!("no places at {from:?} and {to:?}")));
        }
        let ends = ends.map(unit);
        let angle = angle(ends[0], ends[1]);
        if !(1e-9..std::f64::consts::PI - 1e-6).contains(&angle) {
            let why = "are the same, or on opposite sides of the globe";
            return Err(bad_line(format!("the places {from:?} and {to:?} {why}")));
        }
        Ok(Self(Line::Great(ends, angle)))
    }

    /// The section that stands for a window: along the parallel through its middle if it has more
    /// degrees of longitude than of latitude, else along the meridian through its middle.
    ///
    /// # Errors
    /// As [`Window::new`].
    pub fn of_window(w: &Window) -> Result<Self, WorldError> {
        w.ticks()?;
        if w.width() > w.height() {
            return Self::parallel((w.south + w.north) / 2.0, w.west, w.east);
        }
        let lon = w.west + w.width() / 2.0;
        Self::meridian(if lon > 180.0 { lon - 360.0 } else { lon }, w.south, w.north)
    }

    /// `[lon, lat]` at a fraction (0 to 1) of the way; the longitude may be beyond 180.
    #[must_use]
    pub fn point(&self, t: f64) -> [f64; 2] {
        let mix = |[a, b]: [f64; 2]| a + (b - a) * t;
        match self.0 {
            Line::Parallel(lat, lons) => [mix(lons), lat],
            Line::Meridian(lon, lats) => [lon, mix(lats)],
            Line::Great([a, b], angle) => {
                let (p, q) = (((1.0 - t) * angle).sin(), (t * angle).sin());
                let v = [0, 1, 2].map(|k| a[k] * p + b[k] * q);
                [v[1].atan2(v[0]).to_degrees(), v[2].atan2(v[0].hypot(v[1])).to_degrees()]
            }
        }
    }

    /// Length over ground in metres, on the sphere whose equator is the world's.
    #[must_use]
    pub fn length_m(&self) -> f64 {
        let degrees = match self.0 {
            Line::Parallel(lat, [a, b]) => (b - a) * lat.to_radians().cos(),
            Line::Meridian(_, [a, b]) => b - a,
            Line::Great(_, angle) => angle.to_degrees(),
        };
        degrees * DEGREE as f64 / f64::from(bm_core::frame::TICKS_PER_METRE)
    }

    fn along(&self) -> Along {
        match self.0 {
            Line::Parallel(_, [a, b]) => Along::Longitude(a, b),
            Line::Meridian(_, [a, b]) => Along::Latitude(a, b),
            Line::Great(..) => Along::Distance,
        }
    }

    fn title(&self) -> String {
        let lon = |v: f64| {
            let v = (v + 180.0).rem_euclid(360.0) - 180.0;
            named(v, ["E", "W"])
        };
        let lat = |v: f64| named(v, ["N", "S"]);
        match self.0 {
            Line::Parallel(0.0, _) => "Section along the equator".into(),
            Line::Parallel(v, _) => format!("Section along {}", lat(v)),
            Line::Meridian(v, _) => format!("Section along {}", lon(v)),
            Line::Great(..) => {
                let [a, b] = [self.point(0.0), self.point(1.0)];
                format!("Section from {} {} to {} {}", lat(a[1]), lon(a[0]), lat(b[1]), lon(b[0]))
            }
        }
    }

    /// The column of ticks at the middle of part `i` of `n`.
    fn column(&self, i: usize, n: usize) -> [u32; 2] {
        let [lon, lat] = self.point((i as f64 + 0.5) / n as f64);
        let x = ((lon + 180.0) * DEGREE as f64).floor() as i64;
        let y = ((lat + 90.0) * DEGREE as f64).floor() as i64;
        [x.rem_euclid(WORLD_X.into()) as u32, y.clamp(0, i64::from(WORLD_Y) - 1) as u32]
    }
}

/// Degrees with two digits at most, and the side of the globe.
fn named(v: f64, [plus, minus]: [&str; 2]) -> String {
    let size = format!("{:.2}", v.abs());
    let size = size.trim_end_matches('0').trim_end_matches('.');
    let side = if size == "0" || size == "180" {
        ""
    } else if v < 0.0 {
        minus
    } else {
        plus
    };
    format!("{size}°{side}")
}

fn unit([lon, lat]: [f64; 2]) -> [f64; 3] {
    let ((sl, cl), (sp, cp)) = (lon.to_radians().sin_cos(), lat.to_radians().sin_cos());
    [cp * cl, cp * sl, sp]
}

fn angle(a: [f64; 3], b: [f64; 3]) -> f64 {
    let cross = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
    let dot: f64 = (0..3).map(|k| a[k] * b[k]).sum();
    cross.iter().map(|c| c * c).sum::<f64>().sqrt().atan2(dot)
}

fn bad_line(detail: String) -> WorldError {
    WorldError::Data {
        what: "section",
        detail: format!("{detail}; give degrees from -180 to 180 and -90 to 90"),
    }
}

/// A vertical section, with axes, legend and the vertical exaggeration: the exact column of the
/// world at the middle of each pixel column. The plot has `size` pixels; axes and legend come
/// around it.
///
/// `alt_m` is the lowest and highest altitude in metres. Without it the section shows −12 km to
/// +10 km, or more if the ground in it lies deeper or higher.
///
/// # Errors
/// [`WorldError::Data`] for a bad size or range of altitudes, [`WorldError::Tree`] when a page
/// cannot be read.
pub fn section_image(
    view: &View,
    line: &SectionLine,
    size: Size,
    alt_m: Option<[f64; 2]>,
    progress: OnProgress<'_>,
) -> Result<Image, WorldError> {
    Size::new(size.width, size.height)?;
    let (w, h) = (size.width as usize, size.height as usize);
    let [bottom_m, top_m] = match alt_m {
        Some(range) => altitudes(range)?,
        None => usual_altitudes(view, line, w)?,
    };
    let cells = section_cells(view, line, [w, h], [bottom_m, top_m], progress)?;
    let section = SectionPicture {
        columns: w,
        rows: h,
        cells: &cells,
        bottom_m,
        top_m,
        length_m: line.length_m(),
        along: line.along(),
        materials: &keys(view),
        title: &line.title(),
    };
    Ok(picture::draw_section(&section, w, h)?)
}

/// Writes [`section_image`] as a PNG file, which appears whole or not at all.
///
/// # Errors
/// As [`section_image`], and [`WorldError::Io`] when the file cannot be written.
pub fn write_section(
    view: &View,
    line: &SectionLine,
    size: Size,
    alt_m: Option<[f64; 2]>,
    path: impl AsRef<Path>,
    progress: OnProgress<'_>,
) -> Result<(), WorldError> {
    Ok(picture::write_png(path, &section_image(view, line, size, alt_m, progress)?)?)
}

/// A range of altitudes within the world.
pub(crate) fn altitudes([lo, hi]: [f64; 2]) -> Result<[f64; 2], WorldError> {
    let (min, max) = (f64::from(MIN_ALT), f64::from(MAX_ALT));
    if !(lo >= min && hi <= max && hi - lo >= 1.0) {
        let detail = format!(
            "{lo} to {hi} m: give two altitudes from {min} to {max} m, the lower one first, at least 1 m apart"
        );
        return Err(WorldError::Data { what: "altitudes", detail });
    }
    Ok([lo, hi])
}

fn usual_altitudes(view: &View, line: &SectionLine, columns: usize) -> Result<[f64; 2], WorldError> {
    let mut range = USUAL_ALT;
    for i in 0..columns {
        let [x, y] = line.column(i, columns);
        if let Some((top, _)) = view.surface(x, y)? {
            let m = bm_core::pos::tick_to_alt(top);
            range = [range[0].min(m * 1.1), range[1].max(m * 1.1)];
        }
    }
    altitudes([range[0].max(MIN_ALT.into()), range[1].min(MAX_ALT.into())])
}

/// Materials, lowest row first.
fn section_cells(
    view: &View,
    line: &SectionLine,
    [w, h]: [usize; 2],
    [bottom_m, top_m]: [f64; 2],
    progress: OnProgress<'_>,
) -> Result<Vec<u16>, WorldError> {
    let step = (top_m - bottom_m) / h as f64;
    let ticks: Vec<u32> =
        (0..h).map(|j| alt_to_tick(bottom_m + (j as f64 + 0.5) * step)).collect::<Result<_, _>>()?;
    let (z0, z1) = (ticks[0], ticks[h - 1] + 1);
    let bands = Rows::bands(w, BAND);
    let (done, total) = (AtomicU64::new(0), bands.len() as u64);
    let parts = parallel::map(&bands, 0, |&(from, to)| -> Result<Vec<u16>, WorldError> {
        let mut out = Vec::with_capacity((to - from) * h);
        let mut runs = Vec::new();
        for i in from..to {
            let [x, y] = line.column(i, w);
            runs.clear();
            view.column_into(x, y, z0, z1, &mut runs)?;
            let mut k = 0;
            for &z in &ticks {
                // Runs fill the column without gaps, bottom up, as the rows ascend.
                while runs.get(k).is_some_and(|r| r.to <= z) {
                    k += 1;
                }
                out.push(runs.get(k).map_or(0, |r| r.material.0));
            }
        }
        progress(&Progress { stage: "section", done: done.fetch_add(1, Ordering::Relaxed) + 1, total });
        Ok(out)
    });
    let mut cells = vec![0; w * h];
    for (&(from, to), part) in bands.iter().zip(parts) {
        let part = part?;
        for (i, column) in (from..to).zip(part.chunks_exact(h)) {
            for (j, &m) in column.iter().enumerate() {
                cells[j * w + i] = m;
            }
        }
    }
    Ok(cells)
}

fn keys(view: &View) -> Vec<MaterialKey<'_>> {
    let all = view.materials().all().iter();
    all.map(|m| MaterialKey { id: m.id.0, name: &m.name, rgb: m.rgb }).collect()
}
