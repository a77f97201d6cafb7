//! Geometry cut at the date line, as RFC 7946 (§3.1.9) wants it: parts that meet at ±180°.
//!
//! Rings are cut by the even–odd rule alone: the pieces between two meridians are joined along them in pairs, in the
//! order of latitude. No vertex moves and none is snapped to a grid, unlike with general clipping; only the points on
//! the cut are new.

use geo_types::{
    Coord, Geometry, GeometryCollection, LineString, MultiLineString, MultiPoint, MultiPolygon, Polygon,
};

/// The geometry with every longitude in −180…180. What does not go beyond that stays as it is, bit for bit; what does
/// becomes its multi-part counterpart. Holes lie in the part that holds them.
#[must_use]
pub fn split_at_date_line(geometry: &Geometry<f64>) -> Geometry<f64> {
    match geometry {
        Geometry::Point(p) => Geometry::Point(point(p.0).into()),
        Geometry::MultiPoint(m) => MultiPoint(m.0.iter().map(|p| point(p.0).into()).collect()).into(),
        Geometry::LineString(l) if inside(&l.0) => l.clone().into(),
        Geometry::LineString(l) => MultiLineString(line(&l.0)).into(),
        Geometry::MultiLineString(m) => MultiLineString(m.0.iter().flat_map(|l| line(&l.0)).collect()).into(),
        Geometry::Polygon(p) if inside(&p.exterior().0) => p.clone().into(),
        Geometry::Polygon(p) => MultiPolygon(polygon(p)).into(),
        Geometry::MultiPolygon(m) => MultiPolygon(m.0.iter().flat_map(polygon).collect()).into(),
        Geometry::GeometryCollection(c) => {
            Geometry::GeometryCollection(GeometryCollection(c.0.iter().map(split_at_date_line).collect()))
        }
        Geometry::Line(l) => split_at_date_line(&LineString(vec![l.start, l.end]).into()),
        Geometry::Rect(r) => split_at_date_line(&r.to_polygon().into()),
        Geometry::Triangle(t) => split_at_date_line(&t.to_polygon().into()),
    }
}

/// True if there is nothing to cut, or nothing that could be cut: not finite, or many times around the globe.
fn inside(run: &[Coord<f64>]) -> bool {
    run.iter().all(|c| (-180.0..=180.0).contains(&c.x)) || !run.iter().all(|c| c.x.abs() <= 3600.0)
}

fn point(c: Coord<f64>) -> Coord<f64> {
    if inside(&[c]) { c } else { Coord { x: c.x - 360.0 * turn(c.x), y: c.y } }
}

/// The strip of 360° that a longitude lies in: 0 is −180…180, which holds its eastern end.
fn turn(x: f64) -> f64 {
    ((x - 180.0) / 360.0).ceil()
}

/// Strips that a run touches, by number.
fn strips(run: &[Coord<f64>]) -> impl Iterator<Item = f64> {
    let (west, east) =
        run.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(w, e), c| (w.min(c.x), e.max(c.x)));
    let last = turn(east);
    std::iter::successors(Some(turn(west)), |s| Some(s + 1.0)).take_while(move |s| *s <= last)
}

/// Where the edge from `a` to `b` meets the meridian `x`.
fn crossing(a: Coord<f64>, b: Coord<f64>, x: f64) -> Coord<f64> {
    // The same from either end, so that neighbours keep their common border.
    let (a, b) = if a.x <= b.x { (a, b) } else { (b, a) };
    let y = if a.x == x {
        a.y
    } else if b.x == x {
        b.y
    } else {
        a.y + (b.y - a.y) * ((x - a.x) / (b.x - a.x))
    };
    Coord { x, y }
}

fn line(run: &[Coord<f64>]) -> Vec<LineString<f64>> {
    if inside(run) {
        return vec![LineString(run.to_vec())];
    }
    let mut out = Vec::new();
    let mut part: Vec<Coord<f64>> = Vec::new();
    let mut strip = None;
    let shifted = |c: Coord<f64>, strip: f64| Coord { x: c.x - 360.0 * strip, y: c.y };
    for pair in run.windows(2) {
        let (mut a, b) = (pair[0], pair[1]);
        // Piece by piece along the edge, each in the strip of its middle.
        loop {
            let here = strip_of(a, b);
            let (west, east) = (360.0 * here - 180.0, 360.0 * here + 180.0);
            let stop = if b.x > east {
                crossing(a, b, east)
            } else if b.x < west {
                crossing(a, b, west)
            } else {
                b
            };
            if strip != Some(here) {
                if part.len() > 1 {
                    out.push(LineString(std::mem::take(&mut part)));
                }
                part = vec![shifted(a, here)];
                strip = Some(here);
            }
            part.push(shifted(stop, here));
            if stop == b || stop == a {
                break;
            }
            a = stop;
        }
    }
    if part.len() > 1 {
        out.push(LineString(part));
    }
    out
}

/// The strip in which the edge from `a` begins.
fn strip_of(a: Coord<f64>, b: Coord<f64>) -> f64 {
    let strip = turn(a.x);
    // On its eastern end and going on: the next.
    if a.x == 360.0 * strip + 180.0 && b.x > a.x { strip + 1.0 } else { strip }
}

fn polygon(p: &Polygon<f64>) -> Vec<Polygon<f64>> {
    if inside(&p.exterior().0) {
        return vec![p.clone()];
    }
    let rings: Vec<&[Coord<f64>]> =
        std::iter::once(p.exterior()).chain(p.interiors()).map(|r| r.0.as_slice()).collect();
    let mut out = Vec::new();
    for strip in strips(rings[0]) {
        let (west, east) = (360.0 * strip - 180.0, 360.0 * strip + 180.0);
        let mut cut: Vec<Vec<Coord<f64>>> = rings.iter().map(|r| r.to_vec()).collect();
        cut = keep(&cut, west, false);
        cut = keep(&cut, east, true);
        for ring in &mut cut {
            ring.iter_mut().for_each(|c| c.x -= 360.0 * strip);
        }
        out.extend(assemble(cut));
    }
    out
}

/// The part of even–odd rings on one side of a meridian, as closed rings.
fn keep(rings: &[Vec<Coord<f64>>], x: f64, west_side: bool) -> Vec<Vec<Coord<f64>>> {
    let kept = |c: &Coord<f64>| if west_side { c.x < x } else { c.x > x };
    let mut out = Vec::new();
    // Pieces that begin and end on the meridian.
    let mut pieces: Vec<Vec<Coord<f64>>> = Vec::new();
    for ring in rings {
        let n = ring.len().saturating_sub(1);
        // A start outside, so that no piece goes through it.
        let Some(start) = (0..n).find(|i| !kept(&ring[*i])) else {
            out.push(ring.clone());
            continue;
        };
        let mut piece: Vec<Coord<f64>> = Vec::new();
        for i in start..start + n {
            let (a, b) = (ring[i % n], ring[(i + 1) % n]);
            match (kept(&a), kept(&b)) {
                (false, true) => piece = vec![crossing(a, b, x), b],
                (true, true) => piece.push(b),
                (true, false) => {
                    piece.push(crossing(a, b, x));
                    pieces.push(std::mem::take(&mut piece));
                }
                (false, false) => {}
            }
        }
    }
    // Along the meridian, inside is between the first and the second end, the third and the fourth, …
    let mut ends: Vec<(f64, usize, bool)> = pieces
        .iter()
        .enumerate()
        .flat_map(|(i, p)| [(p[0].y, i, true), (p[p.len() - 1].y, i, false)])
        .collect();
    ends.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut partner = vec![[0; 2]; pieces.len()];
    for pair in ends.chunks_exact(2) {
        for (this, other) in [(pair[0], pair[1]), (pair[1], pair[0])] {
            partner[this.1][usize::from(this.2)] = 2 * other.1 + usize::from(other.2);
        }
    }
    let mut done = vec![false; pieces.len()];
    for first in 0..pieces.len() {
        if done[first] {
            continue;
        }
        let mut ring: Vec<Coord<f64>> = Vec::new();
        // A piece is entered at its first end or at its last one.
        let (mut at, mut forward) = (first, true);
        loop {
            done[at] = true;
            if forward {
                ring.extend(&pieces[at]);
            } else {
                ring.extend(pieces[at].iter().rev());
            }
            let next = partner[at][usize::from(!forward)];
            (at, forward) = (next / 2, next % 2 == 1);
            if done[at] {
                break;
            }
        }
        ring.extend(ring.first().copied());
        ring.dedup();
        if ring.len() > 3 {
            out.push(ring);
        }
    }
    out
}

/// Twice the area, positive if anticlockwise.
pub(super) fn signed_area(ring: &[Coord<f64>]) -> f64 {
    let Some(o) = ring.first() else { return 0.0 };
    ring.windows(2).map(|e| (e[0].x - o.x) * (e[1].y - o.y) - (e[1].x - o.x) * (e[0].y - o.y)).sum()
}

/// Rings that do not cross each other as polygons: those within an odd number of others are holes of the smallest.
fn assemble(rings: Vec<Vec<Coord<f64>>>) -> Vec<Polygon<f64>> {
    let area: Vec<f64> = rings.iter().map(|r| signed_area(r).abs()).collect();
    let around = |i: usize| -> Vec<usize> {
        (0..rings.len()).filter(|&j| j != i && area[j] > area[i] && holds(&rings[j], &rings[i])).collect()
    };
    let around: Vec<Vec<usize>> = (0..rings.len()).map(around).collect();
    let mut shells: Vec<(usize, Vec<LineString<f64>>)> =
        (0..rings.len()).filter(|&i| around[i].len().is_multiple_of(2)).map(|i| (i, Vec::new())).collect();
    for i in (0..rings.len()).filter(|&i| !around[i].len().is_multiple_of(2)) {
        let shell = around[i]
            .iter()
            .copied()
            .filter(|&j| around[j].len().is_multiple_of(2))
            .min_by(|&a, &b| area[a].total_cmp(&area[b]));
        if let Some((_, holes)) = shells.iter_mut().find(|(s, _)| Some(*s) == shell) {
            holes.push(LineString(rings[i].clone()));
        }
    }
    shells.into_iter().map(|(i, holes)| Polygon::new(LineString(rings[i].clone()), holes)).collect()
}

/// True if the first vertex of `inner` that is not on `outer`'s own vertices lies in it.
fn holds(outer: &[Coord<f64>], inner: &[Coord<f64>]) -> bool {
    let Some(p) = inner.iter().find(|c| !outer.contains(c)) else { return false };
    outer.windows(2).fold(false, |odd, e| {
        let (a, b) = (e[0], e[1]);
        odd ^ ((a.y > p.y) != (b.y > p.y) && p.x < (b.x - a.x) * ((p.y - a.y) / (b.y - a.y)) + a.x)
    })
}
