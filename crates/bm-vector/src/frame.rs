//! The plane that coordinates live in: degrees on the globe, or metres on a drawing board.

use geo_types::Coord;

/// Metres of one degree, east–west at the equator and north–south anywhere: the world frame's 40 075 020 m / 360.
pub const METRES_PER_DEGREE: f64 = 111_319.5;

/// What `x` and `y` of a coordinate mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Frame {
    /// Longitude and latitude in degrees, unquantised. Longitudes wrap: a ring over the date line goes on beyond
    /// 180° (or below −180°) and is met at both names of a place.
    #[default]
    Geographic,
    /// Metres on both axes; nothing wraps.
    Plane,
}

/// Metres per unit of each axis around a place.
///
/// Distances are straight lines in this metric: on the globe it is that of the *asked* point's latitude (design:
/// a cell's east–west ground width is cell · cos φ), which is exact to 0.1 % within 10 km below 60°.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metric {
    /// Metres per unit of x.
    pub sx: f64,
    /// Metres per unit of y.
    pub sy: f64,
}

impl Metric {
    /// Distance in metres.
    #[inline]
    #[must_use]
    pub fn distance(&self, a: Coord<f64>, b: Coord<f64>) -> f64 {
        ((a.x - b.x) * self.sx).hypot((a.y - b.y) * self.sy)
    }

    /// Distance in metres from `p` to the segment `a`–`b`, and the nearest point of it.
    #[must_use]
    pub fn to_segment(&self, p: Coord<f64>, a: Coord<f64>, b: Coord<f64>) -> (f64, Coord<f64>) {
        // Relative to p, so that large coordinates lose nothing.
        let (ax, ay) = ((a.x - p.x) * self.sx, (a.y - p.y) * self.sy);
        let (dx, dy) = ((b.x - a.x) * self.sx, (b.y - a.y) * self.sy);
        let len2 = dx * dx + dy * dy;
        let t = if len2 > 0.0 { -(ax * dx + ay * dy) / len2 } else { 0.0 };
        // Exactly an end beyond it, so that segments that share a vertex name one place at one distance.
        let (x, y, near) = if t <= 0.0 {
            (ax, ay, a)
        } else if t >= 1.0 {
            ((b.x - p.x) * self.sx, (b.y - p.y) * self.sy, b)
        } else {
            (ax + t * dx, ay + t * dy, Coord { x: a.x + t * (b.x - a.x), y: a.y + t * (b.y - a.y) })
        };
        ((x * x + y * y).sqrt(), near)
    }

    /// Half widths in units of the axes of the smallest box around everything within `metres`.
    #[inline]
    #[must_use]
    pub fn half(&self, metres: f64) -> [f64; 2] {
        [metres / self.sx, metres / self.sy]
    }
}

impl Frame {
    /// The metric around a point.
    #[inline]
    #[must_use]
    pub fn metric(self, at: Coord<f64>) -> Metric {
        match self {
            // A pole has no east: the floor keeps reaches finite there.
            Self::Geographic => {
                Metric { sx: METRES_PER_DEGREE * at.y.to_radians().cos().max(1e-6), sy: METRES_PER_DEGREE }
            }
            Self::Plane => Metric { sx: 1.0, sy: 1.0 },
        }
    }

    /// After how much x comes the same place again.
    #[must_use]
    pub const fn period(self) -> Option<f64> {
        match self {
            Self::Geographic => Some(360.0),
            Self::Plane => None,
        }
    }

    /// Half the width along each axis, in units of the frame, of a square cell of `metres` as the world is cut into:
    /// metres of the world's frame, so as many degrees of longitude as of latitude at every latitude.
    #[inline]
    #[must_use]
    pub const fn half_cell(self, metres: f64) -> [f64; 2] {
        let half = match self {
            Self::Geographic => metres / 2.0 / METRES_PER_DEGREE,
            Self::Plane => metres / 2.0,
        };
        [half, half]
    }

    /// What to add to a point's x so that it meets things between `min_x` and `max_x`, from no farther than `reach`
    /// units of x: `0`, and on the globe the laps of the date line. Half a period of reach finds the nearest way
    /// around the globe.
    pub fn laps(self, x: f64, min_x: f64, max_x: f64, reach: f64) -> impl Iterator<Item = f64> {
        let period = self.period();
        // Unwrapped longitudes go to ±540, asked ones to ±180: two laps either way.
        [0.0, 1.0, -1.0, 2.0, -2.0]
            .into_iter()
            .filter_map(move |lap: f64| period.map(|p| lap * p).or((lap == 0.0).then_some(0.0)))
            .filter(move |dx| x + dx >= min_x - reach && x + dx <= max_x + reach)
    }

    /// Whether an edge only closes a file's polygons at the rim of the map: it lies along longitude ±180 or latitude
    /// ±90. It counts for inside and outside, and is no shore.
    #[inline]
    #[must_use]
    pub fn is_seam(self, a: Coord<f64>, b: Coord<f64>) -> bool {
        self == Self::Geographic && (a.x == b.x && a.x.abs() == 180.0 || a.y == b.y && a.y.abs() == 90.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn laps_meet_what_is_near() {
        let laps = |frame: Frame, x, min, max, reach| frame.laps(x, min, max, reach).collect::<Vec<_>>();
        assert_eq!(laps(Frame::Geographic, -179.0, 170.0, 185.0, 0.0), [360.0]);
        assert_eq!(laps(Frame::Geographic, -179.0, 170.0, 185.0, 180.0), [360.0]);
        assert_eq!(laps(Frame::Geographic, 10.0, -180.0, 180.0, 0.0), [0.0]);
        assert_eq!(laps(Frame::Geographic, 180.0, -180.0, 180.0, 0.0), [0.0, -360.0]);
        assert_eq!(laps(Frame::Geographic, -180.0, 530.0, 540.0, 0.0), [720.0]);
        assert_eq!(laps(Frame::Plane, 10.0, -180.0, 180.0, 0.0), [0.0]);
        assert_eq!(laps(Frame::Plane, -200.0, -180.0, 180.0, 0.0), [0.0; 0]);
    }

    #[test]
    fn distances_to_segments() {
        let at = |x, y| Coord { x, y };
        let m = Frame::Plane.metric(at(0.0, 0.0));
        assert_eq!(m.to_segment(at(50.0, 5.0), at(0.0, 0.0), at(100.0, 0.0)), (5.0, at(50.0, 0.0)));
        assert_eq!(m.to_segment(at(-3.0, 4.0), at(0.0, 0.0), at(100.0, 0.0)), (5.0, at(0.0, 0.0)));
        assert_eq!(m.to_segment(at(103.0, 4.0), at(0.0, 0.0), at(100.0, 0.0)), (5.0, at(100.0, 0.0)));
        let north = Frame::Geographic.metric(at(7.0, 60.0));
        assert!((north.distance(at(7.0, 60.0), at(8.0, 60.0)) - METRES_PER_DEGREE / 2.0).abs() < 1e-6);
        assert!((north.half(METRES_PER_DEGREE)[0] - 2.0).abs() < 1e-9);
    }

    #[test]
    fn seams_are_the_rim_of_the_map() {
        let at = |x, y| Coord { x, y };
        assert!(Frame::Geographic.is_seam(at(180.0, -80.0), at(180.0, -90.0)));
        assert!(Frame::Geographic.is_seam(at(180.0, -90.0), at(-180.0, -90.0)));
        assert!(!Frame::Geographic.is_seam(at(180.0, 10.0), at(179.0, 10.0)));
        assert!(!Frame::Geographic.is_seam(at(180.0, 10.0), at(-180.0, 11.0)));
        assert!(!Frame::Plane.is_seam(at(180.0, 1.0), at(180.0, 2.0)));
    }
}
