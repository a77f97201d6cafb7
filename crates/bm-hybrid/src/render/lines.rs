//! Boundaries as lines over a picture.

use super::{Frame, Size, Window};
use crate::error::WorldError;
use crate::view::View;
use bm_io::picture::{Image, Rgb};
use bm_vector::{Boundary, Kind, Shape};
use geo_types::{Coord, Rect};

/// How a kind of boundary is drawn, and how much of the picture under it is covered.
const fn ink(kind: Kind) -> (Rgb, u8) {
    match kind {
        Kind::Coastline => ([16, 32, 64], 170),
        Kind::Fault => ([196, 36, 36], 255),
        Kind::Layer | Kind::Formation => ([110, 62, 20], 220),
        Kind::Political => ([120, 60, 140], 220),
        _ => ([20, 20, 20], 220),
    }
}

/// Draws every boundary of the view that crosses the window over a picture of it, a pixel wide and antialiased.
/// Where several vertices fall into a pixel they cover it once.
///
/// # Errors
/// [`WorldError::Data`] for a bad window or size.
pub fn draw_boundaries(
    view: &View,
    window: &Window,
    size: Size,
    image: &mut Image,
) -> Result<(), WorldError> {
    let frame = Frame::new(window, size)?;
    let [west, south, east, north] = frame.degrees();
    let [px, py] = [(east - west) / frame.width as f64, (north - south) / frame.height as f64];
    let around = Rect::new(Coord { x: west - px, y: south - py }, Coord { x: east + px, y: north + py });
    let mut cover = Cover { width: frame.width, height: frame.height, of: Vec::new(), touched: Vec::new() };
    for boundary in view.boundaries().intersecting(around) {
        cover.clear();
        // A boundary over the date line is met at all names of a place.
        for turn in [-360.0, 0.0, 360.0] {
            let pixel = |c: Coord<f64>| [(c.x + turn - west) / px, (north - c.y) / py];
            let shifted = Rect::new(
                Coord { x: around.min().x - turn, y: around.min().y },
                Coord { x: around.max().x - turn, y: around.max().y },
            );
            edges(boundary, shifted, &mut |a, b| cover.line(pixel(a), pixel(b)));
        }
        let (colour, strength) = ink(boundary.kind);
        cover.blend(image, colour, strength);
    }
    Ok(())
}

/// Edges of a boundary that may touch a box; those along the date line or a pole are where a file was cut.
fn edges(boundary: &Boundary, bounds: Rect<f64>, edge: &mut dyn FnMut(Coord<f64>, Coord<f64>)) {
    let mut visible = |a: Coord<f64>, b: Coord<f64>| {
        let seam = (a.x == b.x && a.x.abs() == 180.0) || (a.y == b.y && a.y.abs() == 90.0);
        if !seam {
            edge(a, b);
        }
    };
    match &boundary.shape {
        Shape::Area(area) => area.edges_in(bounds, visible),
        Shape::Lines(lines) => {
            for line in lines.iter().flat_map(geo_types::LineString::lines) {
                let (lo, hi) = (bounds.min(), bounds.max());
                let (a, b) = (line.start, line.end);
                if a.x.min(b.x) <= hi.x
                    && a.x.max(b.x) >= lo.x
                    && a.y.min(b.y) <= hi.y
                    && a.y.max(b.y) >= lo.y
                {
                    visible(a, b);
                }
            }
        }
    }
}

/// How much of each pixel a boundary covers.
struct Cover {
    width: usize,
    height: usize,
    of: Vec<u8>,
    touched: Vec<usize>,
}

impl Cover {
    fn clear(&mut self) {
        if self.of.is_empty() {
            self.of = vec![0; self.width * self.height];
        }
        for i in self.touched.drain(..) {
            self.of[i] = 0;
        }
    }

    fn add(&mut self, x: i64, y: i64, much: f64) {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else { return };
        if x < self.width && y < self.height {
            let i = y * self.width + x;
            let much = (much * 255.0).round().clamp(0.0, 255.0) as u8;
            if self.of[i] == 0 && much > 0 {
                self.touched.push(i);
            }
            self.of[i] = self.of[i].max(much);
        }
    }

    /// A line between two points in pixels: step by step along the axis it is longer on, spread over the two
    /// pixels across (Wu 1991).
    fn line(&mut self, a: [f64; 2], b: [f64; 2]) {
        let Some([a, b]) = self.clip(a, b) else { return };
        let d = [b[0] - a[0], b[1] - a[1]];
        let flat = d[0].abs() >= d[1].abs();
        let (long, short) = if flat { (0, 1) } else { (1, 0) };
        let (a, b) = if d[long] < 0.0 { (b, a) } else { (a, b) };
        let slope = if d[long] == 0.0 { 0.0 } else { d[short] / d[long] };
        let (from, to) = (a[long].floor() as i64, b[long].floor() as i64);
        for step in from..=to {
            // Where the line runs at this pixel's middle, or at its own end.
            let along = (step as f64 + 0.5).clamp(a[long], b[long]);
            let across = a[short] + (along - a[long]) * slope - 0.5;
            let (lower, part) = (across.floor(), across - across.floor());
            for (at, much) in [(lower as i64, 1.0 - part), (lower as i64 + 1, part)] {
                let (x, y) = if flat { (step, at) } else { (at, step) };
                self.add(x, y, much);
            }
        }
    }

    /// The part of a line within the picture and a pixel around it (Liang and Barsky 1984).
    fn clip(&self, a: [f64; 2], b: [f64; 2]) -> Option<[[f64; 2]; 2]> {
        let hi = [self.width as f64 + 1.0, self.height as f64 + 1.0];
        let (mut t0, mut t1) = (0.0f64, 1.0f64);
        for k in 0..2 {
            let d = b[k] - a[k];
            for (p, q) in [(-d, a[k] + 1.0), (d, hi[k] - a[k])] {
                if p == 0.0 {
                    if q < 0.0 {
                        return None;
                    }
                } else if p < 0.0 {
                    t0 = t0.max(q / p);
                } else {
                    t1 = t1.min(q / p);
                }
            }
        }
        let at = |t: f64| [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])];
        (t0 <= t1).then(|| [at(t0), at(t1)])
    }

    fn blend(&self, image: &mut Image, colour: Rgb, strength: u8) {
        for &i in &self.touched {
            let cover = (u32::from(self.of[i]) * u32::from(strength) / 255) as u8;
            image.blend(i % self.width, i / self.width, colour, cover);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(a: [f64; 2], b: [f64; 2]) -> Vec<u8> {
        let mut c = Cover { width: 8, height: 8, of: Vec::new(), touched: Vec::new() };
        c.clear();
        c.line(a, b);
        c.of
    }

    #[test]
    fn lines_cover_the_pixels_they_cross() {
        let row = drawn([0.5, 2.5], [7.5, 2.5]);
        assert!((0..8).all(|x| row[2 * 8 + x] == 255 && row[3 * 8 + x] == 0));
        let between = drawn([4.0, -3.0], [4.0, 20.0]);
        assert!((0..8).all(|y| between[y * 8 + 3] == 128 && between[y * 8 + 4] == 128));
        assert_eq!(drawn([0.5, 0.5], [7.5, 7.5]), drawn([7.5, 7.5], [0.5, 0.5]));
        assert!(drawn([-5.0, 3.0], [-2.0, 9.0]).iter().all(|&c| c == 0), "outside");
        assert!(drawn([1e300, 0.0], [-1e300, 8.0]).iter().any(|&c| c > 0), "clipped");
    }
}
