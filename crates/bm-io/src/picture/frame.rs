//! What surrounds a plot: title, ticks, legend, colour bar, scale.

use super::text::{Type, draw};
use super::{Image, Rgb, land_tint, sea_tint};
use crate::error::IoError;

pub(super) const PAPER: Rgb = [250, 250, 248];
pub(super) const INK: Rgb = [34, 38, 44];
const SOFT: Rgb = [104, 110, 118];
const METRES_A_DEGREE: f64 = 111_195.0;

/// One tick on an axis: where (0 to 1 along it) and what it says.
pub(super) struct Tick {
    pub(super) at: f64,
    pub(super) label: String,
}

/// A plot with its axes and legend.
pub(super) struct Sheet<'a> {
    pub(super) plot: &'a Image,
    pub(super) title: &'a str,
    pub(super) note: &'a str,
    pub(super) x_name: &'a str,
    pub(super) y_name: &'a str,
    pub(super) x_ticks: Vec<Tick>,
    /// From bottom to top.
    pub(super) y_ticks: Vec<Tick>,
    pub(super) legend: Vec<(Rgb, String)>,
    /// Pixels to keep free right of the plot besides the legend.
    pub(super) extra_right: usize,
}

/// The finished sheet and where on it the plot's upper left corner is.
pub(super) fn lay_out(s: &Sheet<'_>) -> Result<(Image, usize, usize), IoError> {
    let line = Type::Label.line();
    let widest =
        |labels: &mut dyn Iterator<Item = &str>| labels.map(|l| Type::Label.width(l)).max().unwrap_or(0);
    let left = widest(&mut s.y_ticks.iter().map(|t| t.label.as_str())) + 26;
    let legend_width = widest(&mut s.legend.iter().map(|l| l.1.as_str()));
    let right = if s.legend.is_empty() { 24 } else { legend_width + 60 } + s.extra_right;
    let head_lines = if s.note.is_empty() { 0 } else { line + 2 };
    let top = 14 + Type::Title.line() + head_lines + if s.y_name.is_empty() { 8 } else { line + 8 };
    let bottom = 12 + line + if s.x_name.is_empty() { 6 } else { line + 8 };
    let (w, h) = (s.plot.width, s.plot.height);
    // A long title or legend must not be cut off by a narrow plot.
    let texts = Type::Title.width(s.title).max(Type::Label.width(s.note)) + left + 16;
    let legend_height = s.legend.len() * (line + 6) + 8;
    let mut sheet = Image::new((left + w + right).max(texts), top + h.max(legend_height) + bottom, PAPER)?;
    draw(&mut sheet, left, 12, s.title, Type::Title, INK);
    draw(&mut sheet, left, 14 + Type::Title.line(), s.note, Type::Label, SOFT);
    sheet.paste(left, top, s.plot);
    sheet.outline(left, top, w, h, INK);
    draw(&mut sheet, left.saturating_sub(6), top - line - 4, s.y_name, Type::Label, SOFT);
    let mut free_from = 0;
    for t in &s.x_ticks {
        let x = left + (t.at * w as f64).round() as usize;
        sheet.fill(x.min(left + w), top + h, 1, 7, INK);
        let wide = Type::Label.width(&t.label);
        let from = x.saturating_sub(wide / 2);
        if from >= free_from {
            draw(&mut sheet, from, top + h + 8, &t.label, Type::Label, INK);
            free_from = from + wide + 10;
        }
    }
    let name_at = left + w.saturating_sub(Type::Label.width(s.x_name)) / 2;
    draw(&mut sheet, name_at, top + h + 12 + line, s.x_name, Type::Label, SOFT);
    for t in &s.y_ticks {
        let y = top + ((1.0 - t.at) * h as f64).round() as usize;
        sheet.fill(left - 7, y.min(top + h), 7, 1, INK);
        let from = left - 11 - Type::Label.width(&t.label);
        draw(&mut sheet, from, y.saturating_sub(line / 2), &t.label, Type::Label, INK);
    }
    let lx = left + w + 20;
    for (i, (colour, name)) in s.legend.iter().enumerate() {
        let y = top + i * (line + 6);
        sheet.fill(lx, y, 22, line, *colour);
        sheet.outline(lx, y, 22, line, SOFT);
        draw(&mut sheet, lx + 30, y, name, Type::Label, INK);
    }
    Ok((sheet, left, top))
}

/// 1, 2 or 5 times a power of ten, so that about `count` steps span `range`.
pub(super) fn nice_step(range: f64, count: f64) -> f64 {
    let raw = range / count.max(1.0);
    let power = 10_f64.powf(raw.log10().floor());
    let m = raw / power;
    power
        * if m <= 1.0 {
            1.0
        } else if m <= 2.0 {
            2.0
        } else if m <= 5.0 {
            5.0
        } else {
            10.0
        }
}

/// Degrees a map reader expects: whole parts of a circle, then of a degree.
fn degree_step(range: f64, count: f64) -> f64 {
    let steps = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 45.0, 60.0, 90.0];
    let raw = range / count.max(1.0);
    steps
        .into_iter()
        .find(|s| *s >= raw)
        .unwrap_or_else(|| if raw > 90.0 { 90.0 } else { nice_step(range, count) })
}

pub(super) fn ticks(from: f64, to: f64, step: f64, label: impl Fn(f64) -> String) -> Vec<Tick> {
    let mut out = Vec::new();
    let first = (from / step - 1e-9).ceil();
    for i in 0..64 {
        let v = (first + f64::from(i)) * step;
        if v > to + step * 1e-9 {
            break;
        }
        out.push(Tick { at: ((v - from) / (to - from)).clamp(0.0, 1.0), label: label(v) });
    }
    out
}

fn trim(v: f64) -> String {
    let s = format!("{v:.2}");
    s.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn longitude_label(v: f64) -> String {
    let v = (v + 180.0).rem_euclid(360.0) - 180.0;
    let size = trim(v.abs());
    match size.as_str() {
        "0" => "0°".into(),
        "180" => "180°".into(),
        _ if v < 0.0 => format!("{size}°W"),
        _ => format!("{size}°E"),
    }
}

fn latitude_label(v: f64) -> String {
    let size = trim(v.abs());
    match size.as_str() {
        "0" => "0°".into(),
        _ if v < 0.0 => format!("{size}°S"),
        _ => format!("{size}°N"),
    }
}

pub(super) fn longitude_ticks(west: f64, east: f64, pixels: usize) -> Vec<Tick> {
    ticks(west, east, degree_step(east - west, pixels as f64 / 110.0), longitude_label)
}

pub(super) fn latitude_ticks(south: f64, north: f64, pixels: usize) -> Vec<Tick> {
    ticks(south, north, degree_step(north - south, pixels as f64 / 80.0), latitude_label)
}

/// 12 500 as "12 500".
pub(super) fn grouped(v: f64) -> String {
    let digits = format!("{:.0}", v.abs());
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(c);
    }
    if v <= -0.5 { format!("-{out}") } else { out }
}

/// A map picture's edges and words.
#[derive(Debug, Clone, PartialEq)]
pub struct MapFrame<'a> {
    /// Western edge of the picture, degrees.
    pub west: f64,
    /// Southern edge.
    pub south: f64,
    /// Eastern edge, more than `west`.
    pub east: f64,
    /// Northern edge, more than `south`.
    pub north: f64,
    /// Title above the map.
    pub title: &'a str,
    /// A line below the title; may be empty.
    pub note: &'a str,
    /// Lowest and highest height for the colour bar, metres; `None` leaves the bar out.
    pub heights_m: Option<(f64, f64)>,
}

/// Puts a shaded map into a frame: degrees along the edges, a colour bar of heights and a scale
/// in kilometres (true at the map's middle latitude).
///
/// # Errors
/// [`IoError::Argument`] if the edges are not a window or the sheet would be too large.
pub fn frame_map(map: &Image, frame: &MapFrame<'_>) -> Result<Image, IoError> {
    // Sea and land share the bar by their ranges, so that each ramp can be read.
    let tint = |h: f64| if h < 0.0 { sea_tint(h as f32) } else { land_tint(h as f32) };
    let bar = frame.heights_m.map(|(lo, hi)| Bar { lo, hi, name: "metres", tint: &tint });
    frame_map_with(map, frame, bar.as_ref())
}

/// A colour bar of any numbers.
pub struct Bar<'a> {
    /// The number at its lower end.
    pub lo: f64,
    /// The number at its upper end, more than `lo`.
    pub hi: f64,
    /// What stands over it: a unit.
    pub name: &'a str,
    /// The colour of a number.
    pub tint: &'a dyn Fn(f64) -> Rgb,
}

impl std::fmt::Debug for Bar<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} to {} {}", self.lo, self.hi, self.name)
    }
}

/// [`frame_map`] with a colour bar of one's own instead of that of heights.
///
/// # Errors
/// As [`frame_map`].
pub fn frame_map_with(map: &Image, frame: &MapFrame<'_>, bar: Option<&Bar<'_>>) -> Result<Image, IoError> {
    let MapFrame { west, south, east, north, .. } = *frame;
    if !(east > west && north > south) {
        return Err(IoError::argument("map frame", "empty", "give west < east and south < north"));
    }
    let (mut sheet, left, top) = lay_out(&Sheet {
        plot: map,
        title: frame.title,
        note: frame.note,
        x_name: "",
        y_name: "",
        x_ticks: longitude_ticks(west, east, map.width),
        y_ticks: latitude_ticks(south, north, map.height),
        legend: Vec::new(),
        extra_right: bar.map_or(0, |bar| (bar_width(bar, map.height) + 40).max(110)),
    })?;
    if let Some(bar) = bar {
        colour_bar(&mut sheet, left + map.width + 24, top, map.height, bar);
    }
    scale_bar(&mut sheet, left, top, map, frame);
    Ok(sheet)
}

/// Pixels of a bar that is as tall as the map, or as can be read.
fn bar_height(map_height: usize) -> usize {
    map_height.min(520)
}

fn bar_ticks(bar: &Bar<'_>, tall: usize) -> Vec<Tick> {
    let step = nice_step(bar.hi - bar.lo, tall as f64 / 60.0);
    ticks(bar.lo, bar.hi, step, |v| number(v, step))
}

fn bar_width(bar: &Bar<'_>, map_height: usize) -> usize {
    let labels = bar_ticks(bar, bar_height(map_height));
    let widest = labels.iter().map(|t| Type::Label.width(&t.label) + 30).max().unwrap_or(0);
    widest.max(Type::Label.width(bar.name))
}

/// A number on a scale of such steps: no more places than they need, powers of ten where they are small or large.
fn number(v: f64, step: f64) -> String {
    if step >= 1.0 && v.abs() < 1e7 {
        return grouped(v);
    }
    if v.abs() < step * 1e-6 {
        return "0".into();
    }
    if (1e-4..1e7).contains(&v.abs().max(step)) && step >= 1e-5 {
        let places = (-step.log10().floor()).max(0.0) as usize;
        return format!("{v:.places$}");
    }
    format!("{v:.1e}")
}

fn colour_bar(sheet: &mut Image, x: usize, top: usize, height: usize, bar: &Bar<'_>) {
    let tall = bar_height(height);
    let y0 = top + (height - tall) / 2;
    for i in 0..tall {
        let v = bar.hi - (bar.hi - bar.lo) * (i as f64 + 0.5) / tall as f64;
        sheet.fill(x, y0 + i, 20, 1, (bar.tint)(v));
    }
    sheet.outline(x, y0, 20, tall, INK);
    let line = Type::Label.line();
    for t in bar_ticks(bar, tall) {
        let y = y0 + ((1.0 - t.at) * tall as f64).round() as usize;
        sheet.fill(x + 20, y, 6, 1, INK);
        draw(sheet, x + 30, y.saturating_sub(line / 2), &t.label, Type::Label, INK);
    }
    draw(sheet, x, y0.saturating_sub(line + 8), bar.name, Type::Label, SOFT);
}

fn scale_bar(sheet: &mut Image, left: usize, top: usize, map: &Image, f: &MapFrame<'_>) {
    let middle = (f.south + f.north) / 2.0;
    let km_a_pixel =
        (f.east - f.west) / map.width as f64 * METRES_A_DEGREE * middle.to_radians().cos() / 1000.0;
    if km_a_pixel <= 0.0 || map.width < 240 || map.height < 80 {
        return;
    }
    let km = nice_step(map.width as f64 * km_a_pixel, 6.0);
    let pixels = (km / km_a_pixel).round() as usize;
    let name = if km < 1.0 { format!("{} m", grouped(km * 1000.0)) } else { format!("{} km", grouped(km)) };
    let line = Type::Label.line();
    let (x, y) = (left + 14, top + map.height - 16);
    let wide = pixels.max(Type::Label.width(&name)) + 16;
    for row in y - line - 8..y + 8 {
        for column in x - 8..x - 8 + wide {
            sheet.blend(column, row, PAPER, 190);
        }
    }
    sheet.fill(x, y, pixels, 3, INK);
    sheet.fill(x, y - 4, 1, 7, INK);
    sheet.fill(x + pixels, y - 4, 1, 7, INK);
    draw(sheet, x, y - line - 4, &name, Type::Label, INK);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        let t = longitude_ticks(-180.0, 180.0, 1080);
        let labels: Vec<_> = t.iter().map(|t| t.label.as_str()).collect();
        assert_eq!(labels[..4], ["180°", "135°W", "90°W", "45°W"]);
        assert!(t.iter().all(|t| (0.0..=1.0).contains(&t.at)));
        assert_eq!(grouped(-10_376.0), "-10 376");
        assert_eq!(nice_step(17_000.0, 8.0), 5000.0);
        let on_bar = [(1500.0, 500.0), (-0.002, 0.001), (0.0, 1e-9), (0.25, 0.05), (2e-9, 1e-9), (3e9, 1e9)];
        let labels = on_bar.map(|(v, step)| number(v, step));
        assert_eq!(labels, ["1 500", "-0.002", "0", "0.25", "2.0e-9", "3.0e9"]);
    }
}
