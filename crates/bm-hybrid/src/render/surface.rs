//! The world from above.

use super::{Frame, Lines, OnProgress, Rows, Size, Window};
use crate::Progress;
use crate::error::WorldError;
use crate::view::View;
use bm_codec::strata::Strata;
use bm_core::frame::{SEA_LEVEL, TICKS_PER_METRE, WORLD_Z_MAX, WORLD_Z_MIN};
use bm_core::pos::tick_to_alt;
use bm_core::{MaterialId, PageId, Phase, Pos};
use bm_io::picture::{self, Cover, Image, MapFrame, Rgb, ShadeStyle, SurfaceGrid};
use bm_octree::{Draft, Run, parallel};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Rows drawn at a time; each band reads one more row on either side for its slopes.
const BAND: usize = 40;
/// Most sub-pixels along a side of a pixel.
const MAX_SUB: usize = 3;
/// Ice this thick hides the ground; thinner ice lets it through, so that the rim of a coarse ice
/// model fades out.
const HIDING_ICE_M: u32 = 500;

/// The surface of a window, exactly `size` pixels, north at the top: the ground tinted by height
/// and hill-shaded, the sea over its shaded floor, ice white, other notable covers (lava, sand,
/// vegetation, …) tinted with their material's colour.
///
/// Heights are the tops of the highest solid in the world's own columns; water is where the world
/// has a liquid right above it. Where pixels are coarser than the samples of the world's relief
/// they are averaged from up to 3 × 3 sub-pixels. At most a few bytes a pixel are in memory.
///
/// # Errors
/// [`WorldError::Data`] for a bad window or size, [`WorldError::Tree`] when a page cannot be read.
pub fn surface_image(
    view: &View,
    window: &Window,
    size: Size,
    lines: Lines,
    progress: OnProgress<'_>,
) -> Result<Image, WorldError> {
    draw(view, window, size, lines, progress).map(|(image, _)| image)
}

/// [`surface_image`] in a frame: degrees along the edges, a colour bar of the heights that occur,
/// a scale in kilometres. The map itself has `size` pixels; the sheet is larger.
///
/// # Errors
/// As [`surface_image`].
pub fn surface_sheet(
    view: &View,
    window: &Window,
    size: Size,
    title: &str,
    lines: Lines,
    progress: OnProgress<'_>,
) -> Result<Image, WorldError> {
    let (map, [lo, hi]) = draw(view, window, size, lines, progress)?;
    let [west, south, east, north] = Frame::new(window, size)?.degrees();
    let note = format!("heights from {lo:.0} to {hi:.0} m");
    let heights_m = (hi - lo >= 1.0).then_some((lo, hi));
    let note = if lo <= hi { note.as_str() } else { "" };
    let frame = MapFrame { west, south, east, north, title, note, heights_m };
    Ok(picture::frame_map(&map, &frame)?)
}

/// Writes [`surface_image`] as a PNG file, which appears whole or not at all.
///
/// # Errors
/// As [`surface_image`], and [`WorldError::Io`] when the file cannot be written.
pub fn write_surface(
    view: &View,
    window: &Window,
    size: Size,
    path: impl AsRef<Path>,
    lines: Lines,
    progress: OnProgress<'_>,
) -> Result<(), WorldError> {
    Ok(picture::write_png(path, &surface_image(view, window, size, lines, progress)?)?)
}

/// The picture, and the lowest and highest ground in it (in metres; reversed if there is none).
fn draw(
    view: &View,
    window: &Window,
    size: Size,
    lines: Lines,
    progress: OnProgress<'_>,
) -> Result<(Image, [f64; 2]), WorldError> {
    let frame = Frame::new(window, size)?;
    frame.load_pages(view)?;
    let n = sub_pixels(view, &frame)?;
    let looks = Looks::of(view);
    let bands = Rows::bands(frame.height, BAND);
    let (done, total) = (AtomicU64::new(0), bands.len() as u64);
    let drawn = parallel::map(&bands, 0, |&band| {
        let out = draw_band(view, &frame, &looks, band, n);
        progress(&Progress { stage: "surface", done: done.fetch_add(1, Ordering::Relaxed) + 1, total });
        out
    });
    let mut image = Image::new(frame.width, frame.height, [0; 3])?;
    let mut range = [f64::INFINITY, f64::NEG_INFINITY];
    for (&(_, to), part) in bands.iter().zip(drawn) {
        let (rgb, [lo, hi]) = part?;
        let at = 3 * frame.width * (frame.height - to);
        image.rgb[at..at + rgb.len()].copy_from_slice(&rgb);
        range = [range[0].min(lo), range[1].max(hi)];
    }
    if lines == Lines::Drawn {
        super::draw_boundaries(view, window, size, &mut image)?;
    }
    Ok((image, range))
}

/// Pixels of the rows `from..to` (counted from the south), top row first, and the range of heights.
fn draw_band(
    view: &View,
    frame: &Frame,
    looks: &Looks,
    (from, to): (usize, usize),
    n: usize,
) -> Result<(Vec<u8>, [f64; 2]), WorldError> {
    // One sub-pixel of rim on every side, so that slopes do not depend on where a picture or a
    // band ends.
    let (w, h) = (frame.width * n + 2, (to - from) * n + 2);
    let mut heights = Vec::with_capacity(w * h);
    let mut cover = Vec::with_capacity(w * h);
    let mut thin_ice: Vec<(usize, u8)> = Vec::new();
    let mut tints: Vec<(usize, Rgb)> = Vec::new();
    let mut range = [f64::INFINITY, f64::NEG_INFINITY];
    let mut search = Search::default();
    let xs: Vec<u32> = (0..w as i64).map(|i| frame.x(i - 1, n)).collect();
    for j in 0..h as i64 {
        let y = frame.y((from * n) as i64 + j - 1, n);
        for &x in &xs {
            let Some(g) = search.ground(view, [x, y])? else {
                heights.push(f32::NAN);
                cover.push(Cover::Land);
                continue;
            };
            let m = tick_to_alt(g.top);
            range = [range[0].min(m), range[1].max(m)];
            let hiding = (g.thickness * 255 / HIDING_TICKS).min(255) as u8;
            cover.push(match looks.get(g.material) {
                _ if g.wet => Cover::Water,
                Look::Ice if hiding == 255 => Cover::Ice,
                Look::Ice => {
                    thin_ice.push((heights.len(), hiding));
                    Cover::Land
                }
                Look::Tint(rgb) => {
                    tints.push((heights.len(), rgb));
                    Cover::Land
                }
                Look::ByHeight => Cover::Land,
            });
            heights.push(m as f32);
        }
    }
    let [px, py] = frame.pixel();
    let degree = super::DEGREE as f64 * n as f64;
    let south = f64::from(frame.y((from * n) as i64, n)) / super::DEGREE as f64 - 90.0;
    let grid = SurfaceGrid {
        width: w,
        height: h,
        south: south - py / degree,
        step_lon: px / degree,
        step_lat: py / degree,
        wraps: false,
        heights_m: &heights,
        cover: Some(&cover),
    };
    let style = ShadeStyle::default();
    let mut fine = picture::shade(&grid, &style)?;
    for (k, rgb) in tints {
        fine.blend(k % w, h - 1 - k / w, rgb, 140);
    }
    if !thin_ice.is_empty() {
        let mut iced = cover.clone();
        thin_ice.iter().for_each(|&(k, _)| iced[k] = Cover::Ice);
        let ice = picture::shade(&SurfaceGrid { cover: Some(&iced), ..grid }, &style)?;
        for (k, hiding) in thin_ice {
            let (column, row) = (k % w, h - 1 - k / w);
            if let Some(white) = ice.get(column, row) {
                fine.blend(column, row, white, hiding);
            }
        }
    }
    Ok((shrink(&fine, frame.width, to - from, n), range))
}

/// Averages `n` × `n` sub-pixels into pixels and drops the rim.
fn shrink(fine: &Image, width: usize, height: usize, n: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(3 * width * height);
    let count = (n * n) as u32;
    for row in 0..height {
        for column in 0..width {
            let mut sum = [0u32; 3];
            for k in 0..n * n {
                let at = 3 * ((1 + row * n + k / n) * fine.width + 1 + column * n + k % n);
                for (s, &c) in sum.iter_mut().zip(&fine.rgb[at..at + 3]) {
                    *s += u32::from(c);
                }
            }
            out.extend(sum.map(|s| ((s + count / 2) / count) as u8));
        }
    }
    out
}

const HIDING_TICKS: u32 = HIDING_ICE_M * TICKS_PER_METRE;

/// The highest solid of a column.
struct Ground {
    /// The tick above it.
    top: u32,
    material: MaterialId,
    /// A liquid lies right above it.
    wet: bool,
    /// Ticks of this material; at least [`HIDING_TICKS`] if it goes on below what was read.
    thickness: u32,
}

/// Looks for the ground from the sky down to a little below where the last column had it, and
/// deeper only if it is not there: what lies far below need not be asked.
struct Search {
    runs: Vec<Run>,
    last: u32,
}

impl Default for Search {
    fn default() -> Self {
        Self { runs: Vec::new(), last: SEA_LEVEL }
    }
}

impl Search {
    fn ground(&mut self, view: &View, [x, y]: [u32; 2]) -> Result<Option<Ground>, WorldError> {
        let mut margin = 2 * HIDING_TICKS;
        loop {
            let z0 = self.last.saturating_sub(margin).max(WORLD_Z_MIN);
            self.runs.clear();
            view.column_into(x, y, z0, WORLD_Z_MAX, &mut self.runs)?;
            let found = self.runs.iter().rposition(|r| view.is_ground(r.material));
            if let Some(k) = found {
                let run = self.runs[k];
                let thickness = run.to - run.from;
                // A run cut off by the search is as thick as it looks, or thicker.
                if run.from > z0 || thickness >= HIDING_TICKS || z0 == WORLD_Z_MIN {
                    let above = self.runs.get(k + 1).and_then(|r| view.materials().get(r.material));
                    let wet = above.is_some_and(|m| m.phase == Phase::Liquid);
                    self.last = run.to;
                    return Ok(Some(Ground { top: run.to, material: run.material, wet, thickness }));
                }
            } else if z0 == WORLD_Z_MIN {
                return Ok(None);
            }
            margin = margin.saturating_mul(8);
        }
    }
}

/// How a material on top is drawn.
#[derive(Clone, Copy)]
enum Look {
    ByHeight,
    Ice,
    Tint(Rgb),
}

struct Looks(Vec<Look>);

impl Looks {
    /// What geology calls everything that is not covered by something worth a colour of its own:
    /// there the height says more.
    const PLAIN: [MaterialId; 6] = [
        MaterialId::ROCK,
        MaterialId::SEDIMENT,
        MaterialId::SEDIMENTARY_ROCK,
        MaterialId::UPPER_CRUST,
        MaterialId::MIDDLE_CRUST,
        MaterialId::LOWER_CRUST,
    ];

    fn of(view: &View) -> Self {
        let all = view.materials().all();
        let mut out = vec![Look::ByHeight; all.last().map_or(0, |m| usize::from(m.id.0) + 1)];
        for m in all.iter().filter(|m| !Self::PLAIN.contains(&m.id)) {
            let ice = m.id == MaterialId::ICE || m.name == "snow";
            out[usize::from(m.id.0)] = if ice { Look::Ice } else { Look::Tint(m.rgb) };
        }
        Self(out)
    }

    fn get(&self, m: MaterialId) -> Look {
        self.0.get(usize::from(m.0)).copied().unwrap_or(Look::ByHeight)
    }
}

/// Sub-pixels a side, so that the samples of the finest relief in the window are not skipped.
/// Looked up at nine places of the window; a world without strata gets one.
fn sub_pixels(view: &View, frame: &Frame) -> Result<usize, WorldError> {
    let draft = Draft::of(view.tree());
    let mut search = Search::default();
    let pixel = frame.pixel();
    let mut n: usize = 1;
    for k in 0..9 {
        let part = |p: usize, of: usize| ((2 * p + 1) * of / 6) as i64;
        let at = [frame.x(part(k % 3, frame.width), 1), frame.y(part(k / 3, frame.height), 1)];
        let Some(ground) = search.ground(view, at)? else {
            continue;
        };
        let Some(strata) = finest_strata(view, &draft, at, ground.top - 1)? else {
            continue;
        };
        let (x, y) = strata.surface.axes();
        for (a, pixel) in [x, y].into_iter().zip(pixel) {
            let step = a.step as f64 / a.den as f64;
            n = n.max((pixel / step).ceil().clamp(1.0, MAX_SUB as f64) as usize);
        }
    }
    Ok(n)
}

/// Strata of the finest page at a voxel.
fn finest_strata(
    view: &View,
    draft: &Draft<'_>,
    [x, y]: [u32; 2],
    z: u32,
) -> Result<Option<Arc<Strata>>, WorldError> {
    let pos = Pos::new(x, y, z)?;
    for level in [21, 14, 7, 0] {
        let Some(id) = PageId::containing(pos, level) else {
            continue;
        };
        if view.tree().has_page(id)?
            && let Some(s) = draft.own_strata(id)?
        {
            return Ok(Some(s));
        }
    }
    Ok(None)
}
