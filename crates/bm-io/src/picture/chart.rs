//! Charts: lines and points over two axes, drawn by `plotters` onto pictures.

use super::canvas::{Image, Rgb};
use super::text::{self, Type};
use crate::error::IoError;
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};
use plotters::style::{FontTransform, ShapeStyle};
use plotters_backend::{BackendColor, BackendCoord, BackendTextStyle, DrawingBackend, DrawingErrorKind};
use std::convert::Infallible;

/// One axis of a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct ChartAxis<'a> {
    /// What it is, with its unit.
    pub label: &'a str,
    /// Powers of ten in equal steps; values that are not positive are left out.
    pub log: bool,
}

/// How a series is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A line from point to point.
    Line,
    /// A dot a point.
    Dots,
}

/// One series of a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Series<'a> {
    /// Its name in the legend; none for an empty one.
    pub name: &'a str,
    /// Places on both axes; what is not finite is left out.
    pub points: &'a [(f64, f64)],
    /// How it is drawn.
    pub mark: Mark,
    /// In which colour.
    pub colour: Rgb,
}

/// A chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart<'a> {
    /// What it shows.
    pub title: &'a str,
    /// The axis along the bottom.
    pub x: ChartAxis<'a>,
    /// The axis at the left.
    pub y: ChartAxis<'a>,
    /// What is drawn, later ones over earlier ones.
    pub series: &'a [Series<'a>],
}

/// Draws a chart.
///
/// # Errors
/// [`IoError::Argument`] for a bad size, and when no series has a point to draw.
pub fn draw_chart(chart: &Chart<'_>, width: usize, height: usize) -> Result<Image, IoError> {
    let mut image = Image::new(width, height, [255; 3])?;
    let shown = |axis: &ChartAxis<'_>, v: f64| v.is_finite() && (!axis.log || v > 0.0);
    let all = || {
        let points = chart.series.iter().flat_map(|s| s.points);
        points.copied().filter(|&(x, y)| shown(&chart.x, x) && shown(&chart.y, y))
    };
    if all().next().is_none() {
        return Err(IoError::argument(
            "chart",
            "no point to draw".to_owned(),
            "give it a series with points",
        ));
    }
    let xs = range(all().map(|p| p.0), chart.x.log);
    let ys = range(all().map(|p| p.1), chart.y.log);
    let drawn = match (chart.x.log, chart.y.log) {
        (false, false) => draw(&mut image, chart, xs, ys),
        (true, false) => draw(&mut image, chart, xs.log_scale(), ys),
        (false, true) => draw(&mut image, chart, xs, ys.log_scale()),
        (true, true) => draw(&mut image, chart, xs.log_scale(), ys.log_scale()),
    };
    drawn.map_err(|e| IoError::argument("chart", e, "give it a larger picture"))?;
    Ok(image)
}

/// The range of values, with some room around them.
fn range(values: impl Iterator<Item = f64>, log: bool) -> std::ops::Range<f64> {
    let (mut low, mut high) = values.fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(v), h.max(v)));
    if log {
        return low / 1.3..high * 1.3;
    }
    if low == high {
        (low, high) = (low - 1.0, high + 1.0);
    }
    let room = (high - low) * 0.04;
    low - room..high + room
}

fn draw<X, Y>(image: &mut Image, chart: &Chart<'_>, xs: X, ys: Y) -> Result<(), String>
where
    X: AsRangedCoord<Value = f64>,
    Y: AsRangedCoord<Value = f64>,
    X::CoordDescType: ValueFormatter<f64> + Ranged<ValueType = f64>,
    Y::CoordDescType: ValueFormatter<f64> + Ranged<ValueType = f64>,
{
    let say = |e: DrawingAreaErrorKind<Infallible>| e.to_string();
    let shown = |axis: &ChartAxis<'_>, v: f64| v.is_finite() && (!axis.log || v > 0.0);
    let area = Canvas(image).into_drawing_area();
    let mut built = ChartBuilder::on(&area);
    built.caption(chart.title, ("sans-serif", 20)).margin(14).x_label_area_size(48).y_label_area_size(88);
    let mut plot = built.build_cartesian_2d(xs, ys).map_err(say)?;
    let faint = RGBColor(225, 225, 225);
    plot.configure_mesh()
        .x_desc(chart.x.label)
        .y_desc(chart.y.label)
        .bold_line_style(faint)
        .light_line_style(WHITE)
        .x_label_formatter(&|v| number(*v))
        .y_label_formatter(&|v| number(*v))
        .label_style(("sans-serif", 16))
        .draw()
        .map_err(say)?;
    let mut named = false;
    for series in chart.series {
        let [r, g, b] = series.colour;
        let colour = RGBColor(r, g, b);
        let points = series.points.iter().copied().filter(|&(x, y)| shown(&chart.x, x) && shown(&chart.y, y));
        let drawn = match series.mark {
            Mark::Line => {
                let style = ShapeStyle::from(&colour).stroke_width(2);
                plot.draw_series(LineSeries::new(points, style))
            }
            Mark::Dots => plot.draw_series(points.map(|p| Circle::new(p, 3, colour.filled()))),
        }
        .map_err(say)?;
        if !series.name.is_empty() {
            named = true;
            drawn
                .label(series.name)
                .legend(move |(x, y)| Rectangle::new([(x, y - 4), (x + 14, y + 4)], colour.filled()));
        }
    }
    if named {
        plot.configure_series_labels()
            .background_style(WHITE)
            .border_style(RGBColor(180, 180, 180))
            .label_font(("sans-serif", 16))
            .position(SeriesLabelPosition::UpperRight)
            .draw()
            .map_err(say)?;
    }
    drop(plot);
    area.present().map_err(say)
}

/// As short as it can be said: 1200, 0.05, 3e-7.
fn number(v: f64) -> String {
    // What is left of sums that should be zero.
    let v = if v.abs() < 1e-12 { 0.0 } else { v };
    if v != 0.0 && !(1e-3..1e5).contains(&v.abs()) {
        return format!("{v:.0e}");
    }
    let text = format!("{v:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Our picture as what `plotters` draws on: text comes from the same font as everywhere.
struct Canvas<'a>(&'a mut Image);

fn kind(size: f64) -> Type {
    if size >= 18.0 { Type::Title } else { Type::Label }
}

impl DrawingBackend for Canvas<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        (self.0.width as u32, self.0.height as u32)
    }

    fn ensure_prepared(&mut self) -> Result<(), DrawingErrorKind<Infallible>> {
        Ok(())
    }

    fn present(&mut self) -> Result<(), DrawingErrorKind<Infallible>> {
        Ok(())
    }

    fn draw_pixel(
        &mut self,
        (x, y): BackendCoord,
        color: BackendColor,
    ) -> Result<(), DrawingErrorKind<Infallible>> {
        if let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) {
            let (r, g, b) = color.rgb;
            self.0.blend(x, y, [r, g, b], (color.alpha.clamp(0.0, 1.0) * 255.0) as u8);
        }
        Ok(())
    }

    fn estimate_text_size<S: BackendTextStyle>(
        &self,
        words: &str,
        style: &S,
    ) -> Result<(u32, u32), DrawingErrorKind<Infallible>> {
        let kind = kind(style.size());
        Ok((kind.width(words) as u32, kind.line() as u32))
    }

    fn draw_text<S: BackendTextStyle>(
        &mut self,
        words: &str,
        style: &S,
        (x, y): BackendCoord,
    ) -> Result<(), DrawingErrorKind<Infallible>> {
        let kind = kind(style.size());
        let (r, g, b) = style.color().rgb;
        let (w, h) = (kind.width(words), kind.line());
        // Drawn upright by itself first, then turned as asked.
        let mut label = Image { width: w.max(1), height: h, rgb: vec![255; 3 * w.max(1) * h] };
        text::draw(&mut label, 0, 0, words, kind, [r, g, b]);
        let turned = !matches!(style.transform(), FontTransform::None);
        let (tw, th) = if turned { (h, w) } else { (w, h) };
        let left = x - match style.anchor().h_pos {
            HPos::Left => 0,
            HPos::Center => tw as i32 / 2,
            HPos::Right => tw as i32,
        };
        let top = y - match style.anchor().v_pos {
            VPos::Top => 0,
            VPos::Center => th as i32 / 2,
            VPos::Bottom => th as i32,
        };
        for j in 0..th {
            for i in 0..tw {
                // Turned texts are read from below.
                let (u, v) = if turned { (w - 1 - j, i) } else { (i, j) };
                let colour = label.get(u, v).filter(|c| *c != [255; 3]);
                let at = (usize::try_from(left + i as i32), usize::try_from(top + j as i32));
                if let (Some(colour), (Ok(x), Ok(y))) = (colour, at) {
                    self.0.put(x, y, colour);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart<'a>(series: &'a [Series<'a>], log: bool) -> Chart<'a> {
        let axis = |label| ChartAxis { label, log };
        Chart { title: "Squares", x: axis("x (m)"), y: axis("y (m²)"), series }
    }

    #[test]
    fn points_land_where_they_belong() {
        let points: Vec<(f64, f64)> = (1..=100).map(|k| (f64::from(k), f64::from(k * k))).collect();
        let red = [200, 0, 0];
        for (log, mark) in [(false, Mark::Line), (true, Mark::Dots)] {
            let series = [Series { name: "k", points: &points, mark, colour: red }];
            let image = draw_chart(&chart(&series, log), 640, 480).unwrap();
            let coloured = |c: Rgb| {
                (0..480 * 640).filter(move |k| image.get(k % 640, k / 640) == Some(c)).collect::<Vec<_>>()
            };
            let reds = coloured(red);
            assert!(reds.len() > 300, "{}", reds.len());
            // In the plot's left half it is low, in its right half high (but for the legend).
            let row = |k: &usize| k / 640;
            let first = reds.iter().filter(|k| *k % 640 < 140).map(row).min();
            let last = reds.iter().filter(|k| *k % 640 > 560 && row(k) > 60).map(row).min();
            assert!(first > last, "{first:?} {last:?}");
        }
    }

    #[test]
    fn charts_without_points_are_refused() {
        let series =
            [Series { name: "", points: &[(f64::NAN, 1.0), (0.0, 0.0)], mark: Mark::Line, colour: [0; 3] }];
        assert!(draw_chart(&chart(&series, true), 640, 480).is_err());
        assert!(draw_chart(&chart(&[], false), 640, 480).is_err());
        assert!(draw_chart(&chart(&series, false), 640, 480).is_ok());
    }

    #[test]
    fn numbers_are_short() {
        for (v, text) in
            [(0.0, "0"), (1200.0, "1200"), (0.05, "0.05"), (1e-17, "0"), (3e7, "3e7"), (-2.5, "-2.5")]
        {
            assert_eq!(number(v), text);
        }
    }
}
