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
        let t = if len2 > 0.0 { (-(ax * dx + ay * dy) / len2).clamp(0.0, 1.0) } else { 0.0 };
        let near = Coord { x: a.x + t * (b.x - a.x), y: a.y + t * (b.y - a.y) };
        ((ax + t * dx).hypot(ay + t * dy), near)
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
}
