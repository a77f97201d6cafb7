//! Lines over the date line, and rings around a pole.

use crate::frame::Frame;
use geo_types::Coord;

/// What [`unwrap`] found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Lap {
    /// No date line crossed.
    None,
    /// Crossed; a ring comes back to where it began.
    Back,
    /// A ring that comes back this much beside where it began.
    Around(f64),
}

/// Lets x go on beyond ±180 where a line crosses the date line: a step of more than half the globe goes the other way
/// around.
pub(super) fn unwrap(line: &mut [Coord<f64>], frame: Frame) -> Lap {
    let Some(period) = frame.period() else { return Lap::None };
    let jump = |a: Coord<f64>, b: Coord<f64>| {
        // Along the map's upper and lower rim any step goes the way it says.
        let rim = a.y == b.y && a.y.abs() == 90.0;
        if rim || (b.x - a.x).abs() <= period / 2.0 { 0.0 } else { -period * (b.x - a.x).signum() }
    };
    let is_ring = line.first() == line.last();
    let (mut jumps, mut split, mut lap) = (false, true, 0.0);
    let mut xs = Vec::with_capacity(line.len());
    for (i, c) in line.iter().enumerate() {
        if let Some(last) = i.checked_sub(1).map(|i| line[i]) {
            let step = jump(last, *c);
            jumps |= step != 0.0;
            split &= step == 0.0 || (last.x.abs() == period / 2.0 && c.x.abs() == period / 2.0);
            lap += step;
        }
        xs.push(c.x + lap);
    }
    // The whole width of the map in one step from rim to rim, as a box of the world has it, is no crossing.
    let flat = xs.windows(2).all(|x| x[0] == x[1]);
    if !jumps || (split && flat) {
        return Lap::None;
    }
    for (c, x) in line.iter_mut().zip(xs) {
        c.x = x;
    }
    if is_ring && lap != 0.0 { Lap::Around(lap) } else { Lap::Back }
}

/// The least and the greatest x.
pub(super) fn span(ring: &[Coord<f64>]) -> (f64, f64) {
    ring.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), c| (lo.min(c.x), hi.max(c.x)))
}

fn shift(ring: &mut [Coord<f64>], dx: f64) {
    if dx != 0.0 {
        ring.iter_mut().for_each(|c| c.x += dx);
    }
}

/// Moves a ring by whole periods so that its middle lies on the map. A ring that was cut at the date line, its other
/// half named from the other side, so comes to lie beside that.
pub(super) fn centre(ring: &mut [Coord<f64>], frame: Frame) {
    let Some(period) = frame.period() else { return };
    let (lo, hi) = span(ring);
    shift(ring, -period * (f64::midpoint(lo, hi) / period).round());
}

/// Moves a hole by whole periods to where its shell is; both are given with their [`span`].
pub(super) fn follow(ring: &mut [Coord<f64>], own: (f64, f64), shell: (f64, f64), frame: Frame) {
    let Some(period) = frame.period() else { return };
    let within = |dx: &f64| own.0 + dx >= shell.0 && own.1 + dx <= shell.1;
    if let Some(dx) = [0.0, period, -period].into_iter().find(within) {
        shift(ring, dx);
    }
}

/// Whether a ring runs around the globe within some hundred metres of a pole, as files have it whose polygons
/// know no inside on a sphere: it stands for the map's rim.
pub(super) fn is_rim(ring: &[Coord<f64>], frame: Frame) -> bool {
    let same = |sign: f64| ring.iter().all(|c| c.y * sign >= 89.99);
    frame.period().is_some()
        && (same(1.0) || same(-1.0))
        && matches!(unwrap(&mut ring.to_vec(), frame), Lap::Around(_))
}

/// Closes an unwrapped ring that comes back `lap` beside its start over the pole of its hemisphere: cut at the date
/// line, along it to the pole, along the map's rim, and back.
pub(super) fn over_pole(ring: &mut Vec<Coord<f64>>, lap: f64) {
    let [first, .., _] = *ring.as_slice() else { return };
    let pole = if ring.iter().map(|c| c.y).sum::<f64>() < 0.0 { -90.0 } else { 90.0 };
    let way = lap.signum();
    // The date line's name that lies ahead of the start, or there.
    let cut = way * (((first.x * way - 180.0) / 360.0).ceil() * 360.0 + 180.0);
    // The start again, one lap on, is left out: it is the first.
    let open = &ring[..ring.len() - 1];
    let ahead = |c: &Coord<f64>| c.x * way >= cut * way;
    let at = open.iter().position(ahead).unwrap_or(open.len());
    let meets = match open.get(at) {
        Some(c) if c.x == cut => *c,
        next => {
            let (a, b) = (open[at.max(1) - 1], next.copied().unwrap_or(Coord { x: first.x + lap, ..first }));
            Coord { x: cut, y: a.y + (b.y - a.y) * ((cut - a.x) / (b.x - a.x)) }
        }
    };
    // From −180 to 180, or back.
    let home = |c: &Coord<f64>, dx: f64| Coord { x: c.x + dx - cut - lap / 2.0, y: c.y };
    let mut out = vec![home(&meets, 0.0)];
    out.extend(open[at..].iter().map(|c| home(c, 0.0)));
    out.extend(open[..at].iter().map(|c| home(c, lap)));
    let end = home(&meets, lap);
    out.extend([end, Coord { y: pole, ..end }, Coord { y: pole, ..out[0] }, out[0]]);
    out.dedup();
    *ring = out;
}

#[cfg(test)]
#[path = "laps_tests.rs"]
mod tests;
