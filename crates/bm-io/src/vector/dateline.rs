//! Geometry that runs over the date line.
//!
//! There are three ways to write it. *Cut*, as RFC 7946 wants it: two parts that meet at ±180°. *Unwrapped*:
//! longitudes go on beyond ±180°. *Jumping*: 179.9 is followed by −179.9, which a plane takes for an edge around the
//! whole globe; d3 and TopoJSON stitched for it are written so, and rings around a pole do not close in a plane at
//! all. [`unwrap`] makes the second of the third.

use super::sink::FARTHEST;
use geo_types::{Coord, Geometry, LineString, Polygon};

/// Takes every edge the short way round, and closes rings around a pole over that pole. What is out of range stays as
/// it is, to be refused, and so does a ring that winds around more than once.
pub(super) fn unwrap(geometry: &mut Geometry<f64>) {
    match geometry {
        Geometry::LineString(l) => unwrap_line(l),
        Geometry::MultiLineString(m) => m.0.iter_mut().for_each(unwrap_line),
        Geometry::Polygon(p) => unwrap_polygon(p),
        Geometry::MultiPolygon(m) => m.0.iter_mut().for_each(unwrap_polygon),
        Geometry::GeometryCollection(c) => c.0.iter_mut().for_each(unwrap),
        _ => {}
    }
}

/// Number of turns to add to each vertex, so that no edge spans more than half the globe. The first is 0. None if a
/// vertex is out of range.
fn turns(coords: &[Coord<f64>]) -> Option<Vec<i32>> {
    let mut turn = 0;
    let mut before = coords.first().map_or(0.0, |c| c.x);
    coords
        .iter()
        .map(|c| {
            if !(c.x.abs() <= FARTHEST && c.y.abs() <= 90.0) {
                return None;
            }
            let step = c.x - before;
            before = c.x;
            // Exactly 180° may be meant either way: it stays.
            #[expect(clippy::cast_possible_truncation, reason = "three at most, as both ends are in range")]
            let more = ((step.abs() - 180.0) / 360.0).ceil().max(0.0) as i32;
            turn -= if step > 0.0 { more } else { -more };
            Some(turn)
        })
        .collect()
}

fn turned(x: f64, turns: i32) -> f64 {
    // Nothing is rounded where nothing is turned.
    if turns == 0 { x } else { x + 360.0 * f64::from(turns) }
}

fn unwrap_line(line: &mut LineString<f64>) {
    let Some(turns) = turns(&line.0) else { return };
    for (c, turn) in line.0.iter_mut().zip(turns) {
        c.x = turned(c.x, turn);
    }
}

fn unwrap_polygon(polygon: &mut Polygon<f64>) {
    polygon.exterior_mut(|ring| unwrap_ring(&mut ring.0));
    let (west, east) = range(&polygon.exterior().0);
    polygon.interiors_mut(|holes| {
        for hole in holes {
            unwrap_ring(&mut hole.0);
            // A hole goes where its shell went.
            let (w, e) = range(&hole.0);
            let turn = i32::from(w < west && e + 360.0 <= east) - i32::from(e > east && w - 360.0 >= west);
            hole.0.iter_mut().for_each(|c| c.x = turned(c.x, turn));
        }
    });
}

fn range(coords: &[Coord<f64>]) -> (f64, f64) {
    coords.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(w, e), c| (w.min(c.x), e.max(c.x)))
}

fn unwrap_ring(ring: &mut Vec<Coord<f64>>) {
    let Some(mut turns) = turns(ring) else { return };
    match turns.last() {
        None | Some(0) => {
            for (c, turn) in ring.iter_mut().zip(turns) {
                c.x = turned(c.x, turn);
            }
        }
        Some(&around) if around.abs() > 1 => {}
        Some(&around) => {
            // The closing vertex is the first one, a turn on.
            turns.pop();
            ring.pop();
            *ring = over_the_pole(ring, &turns, around);
        }
    }
}

/// A ring that goes once around a pole as one that closes in the plane: from −180° to 180° or back, then along the
/// meridian, the pole and the meridian again. The pole is the one of the ring's own hemisphere.
fn over_the_pole(ring: &[Coord<f64>], turns: &[i32], around: i32) -> Vec<Coord<f64>> {
    let pole = if ring.iter().map(|c| c.y).sum::<f64>() < 0.0 { -90.0 } else { 90.0 };
    let n = ring.len();
    let at = |i: usize| {
        let turn = turns[i % n] + if i < n { 0 } else { around };
        (ring[i % n], turn)
    };
    // Where the ring passes the date line, in its direction, nearest to the pole: there it is cut, so that the
    // meridian between the cut and the pole meets it nowhere else.
    let mut cut: Option<(usize, f64, i32)> = None;
    for i in 0..n {
        let ((a, turn_a), (b, turn_b)) = (at(i), at(i + 1));
        let (ax, bx) = (turned(a.x, turn_a), turned(b.x, turn_b));
        // In units of turns from the date line.
        let (ta, tb) = ((ax - 180.0) / 360.0, (bx - 180.0) / 360.0);
        let passed = if around > 0 {
            (ta.ceil() <= tb).then(|| ta.ceil())
        } else {
            (ta.floor() >= tb).then(|| ta.floor())
        };
        let Some(line) = passed.filter(|_| ta != tb) else { continue };
        let x = 180.0 + 360.0 * line;
        let lat = if ax == x { a.y } else { a.y + (b.y - a.y) * ((x - ax) / (bx - ax)) };
        if cut.is_none_or(|(_, best, _)| (lat - pole).abs() < (best - pole).abs()) {
            #[expect(clippy::cast_possible_truncation, reason = "a few turns at most")]
            let line = line as i32;
            cut = Some((i, lat, line));
        }
    }
    let (start, lat, line) = cut.unwrap_or((0, ring[0].y, 0));
    // The ring begins at −180° going east, or at 180° going west.
    let (from, to) = if around > 0 { (-180.0, 180.0) } else { (180.0, -180.0) };
    let shift = -line - i32::from(around > 0);
    let mut out = Vec::with_capacity(n + 6);
    out.push(Coord { x: from, y: lat });
    for i in start + 1..=start + n {
        let (c, turn) = at(i);
        let turn = turn + shift;
        out.push(Coord { x: turned(c.x, turn), y: c.y });
    }
    out.push(Coord { x: to, y: lat });
    out.push(Coord { x: to, y: pole });
    out.push(Coord { x: from, y: pole });
    out.push(Coord { x: from, y: lat });
    out.dedup();
    out
}
