//! Where a place is in relation to a trace.

use std::ops::Range;

use super::FaultError;
use crate::field::Field;

/// The trace in columns and rows (cell 0 spans 0 to 1).
pub(super) struct Trace {
    points: Vec<[f64; 2]>,
    /// Metres along the trace up to each point.
    along: Vec<f64>,
}

/// A place seen from the trace.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Near {
    /// 1 on the left of the trace's direction, −1 on the right, 0 on it.
    pub(super) side: f64,
    /// Metres to it.
    pub(super) distance: f64,
    /// Share of the slip there is at the nearest point of the trace, 0 beyond its ends and the influence.
    pub(super) share: f64,
}

fn cross(a: [f64; 2], b: [f64; 2]) -> f64 {
    a[0] * b[1] - a[1] * b[0]
}

fn less(a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
    [a[0] - b[0], a[1] - b[1]]
}

fn unit(a: [f64; 2]) -> [f64; 2] {
    let length = a[0].hypot(a[1]);
    [a[0] / length, a[1] / length]
}

impl Trace {
    pub(super) fn new(like: &Field, metres: &[[f64; 2]]) -> Result<Self, FaultError> {
        for (at, point) in metres.iter().enumerate() {
            if let Some(value) = point.iter().copied().find(|value| !value.is_finite()) {
                return Err(FaultError::Value { what: "trace", at, value });
            }
        }
        if metres.len() < 2 {
            return Err(FaultError::Trace { at: metres.len() });
        }
        if let Some(at) = metres.windows(2).position(|pair| pair[0] == pair[1]) {
            return Err(FaultError::Trace { at: at + 1 });
        }
        let middle = like.dx.get(like.height / 2).copied().unwrap_or(1.0);
        let mut along = vec![0.0];
        for pair in metres.windows(2) {
            let [dx, dy] = less(pair[1], pair[0]);
            along.push(along[along.len() - 1] + dx.hypot(dy));
        }
        let points = metres.iter().map(|[x, y]| [x / middle, y / like.dy]).collect();
        Ok(Self { points, along })
    }

    /// Columns and rows that may be within `reach` metres.
    pub(super) fn window(&self, like: &Field, reach: f64) -> (Range<usize>, Range<usize>) {
        let narrowest = like.dx.iter().copied().fold(f64::INFINITY, f64::min);
        let span = |axis: usize, cell: f64, count: usize| {
            let all = self.points.iter().map(|point| point[axis]);
            let least = all.clone().fold(f64::INFINITY, f64::min) - reach / cell - 1.0;
            let most = all.fold(f64::NEG_INFINITY, f64::max) + reach / cell + 1.0;
            let limit = |at: f64| at.clamp(0.0, count as f64) as usize;
            limit(least.floor())..limit(most.ceil())
        };
        (span(0, narrowest, like.width), span(1, like.dy, like.height))
    }

    /// A place (column, row) seen from the trace, in the metric of its own row.
    pub(super) fn near(&self, like: &Field, [column, row]: [f64; 2], reach: f64, taper: f64) -> Near {
        // At a corner between two rows: the mean of their widths.
        let last = like.height - 1;
        let (below, above) = ((row - 0.5).floor().max(0.0) as usize, (row - 0.5).ceil().max(0.0) as usize);
        let wide = 0.5 * (like.dx[below.min(last)] + like.dx[above.min(last)]);
        let place = |point: &[f64; 2]| [point[0] * wide, point[1] * like.dy];
        let here = place(&[column, row]);
        let count = self.points.len() - 1;
        let (mut best, mut found) = (reach * reach, None);
        for segment in 0..count {
            let (from, to) = (place(&self.points[segment]), place(&self.points[segment + 1]));
            let (way, off) = (less(to, from), less(here, from));
            let share = (way[0] * off[0] + way[1] * off[1]) / (way[0] * way[0] + way[1] * way[1]);
            let part = share.clamp(0.0, 1.0);
            let apart = less(off, [way[0] * part, way[1] * part]);
            let square = apart[0] * apart[0] + apart[1] * apart[1];
            if square < best {
                (best, found) = (square, Some((segment, share, apart, way)));
            }
        }
        let Some((segment, share, apart, way)) = found else {
            return Near { side: 0.0, distance: reach, share: 0.0 };
        };
        let part = share.clamp(0.0, 1.0);
        // At a bend, left and right are those of the mean of both directions.
        let bend = if share >= 1.0 && segment + 1 < count {
            Some(segment + 1)
        } else if share <= 0.0 && segment > 0 {
            Some(segment - 1)
        } else {
            None
        };
        let way = match bend {
            Some(other) => {
                let next = less(place(&self.points[other + 1]), place(&self.points[other]));
                let (a, b) = (unit(way), unit(next));
                [a[0] + b[0], a[1] + b[1]]
            }
            None => way,
        };
        let beyond = bend.is_none() && !(0.0..=1.0).contains(&share);
        let length = self.along[segment + 1] - self.along[segment];
        let at = self.along[segment] + part * length;
        let to_end = at.min(self.along[count] - at);
        let grown = if taper > 0.0 { (to_end / taper).min(1.0) } else { 1.0 };
        let turn = cross(way, apart);
        let side = if turn > 0.0 {
            1.0
        } else if turn < 0.0 {
            -1.0
        } else {
            0.0
        };
        Near { side, distance: best.sqrt(), share: if beyond { 0.0 } else { grown } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_of_a_bent_trace() {
        let like = Field::square(100, 100, 10.0, |_, _| 0.0);
        // North, then a sharp turn back to the south-east.
        let trace = Trace::new(&like, &[[500.0, 100.0], [500.0, 600.0], [800.0, 200.0]]).unwrap();
        let near = |x: f64, y: f64| trace.near(&like, [x / 10.0, y / 10.0], 300.0, 0.0);
        assert_eq!(near(450.0, 300.0), Near { side: 1.0, distance: 50.0, share: 1.0 });
        assert_eq!(near(520.0, 300.0).side, -1.0);
        assert_eq!(near(500.0, 300.0).side, 0.0);
        // Around the outside of the bend everything is on the left.
        for (x, y) in [(480.0, 650.0), (500.0, 700.0), (540.0, 700.0), (600.0, 640.0)] {
            assert_eq!(near(x, y).side, 1.0, "{x} {y}");
        }
        // Past the ends there is no slip, nor beyond the influence.
        assert_eq!(near(500.0, 50.0).share, 0.0);
        assert_eq!(near(100.0, 300.0), Near { side: 0.0, distance: 300.0, share: 0.0 });
        let tapered = trace.near(&like, [48.0, 20.0], 300.0, 200.0);
        assert!((tapered.share - 0.5).abs() < 1e-12);
    }

    #[test]
    fn traces_need_points() {
        let like = Field::square(4, 4, 1.0, |_, _| 0.0);
        assert!(matches!(Trace::new(&like, &[]), Err(FaultError::Trace { at: 0 })));
        assert!(matches!(Trace::new(&like, &[[1.0, 1.0]]), Err(FaultError::Trace { at: 1 })));
        assert!(matches!(Trace::new(&like, &[[1.0, 1.0], [1.0, 1.0]]), Err(FaultError::Trace { at: 1 })));
        let endless = [[1.0, 1.0], [f64::INFINITY, 1.0]];
        assert!(matches!(Trace::new(&like, &endless), Err(FaultError::Value { at: 1, .. })));
    }
}
