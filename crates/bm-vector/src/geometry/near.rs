//! The nearest place of a whole boundary, its side, its bounds.

use super::side::{Near, Nearest, Segment, segments};
use crate::area::{Area, Where};
use crate::boundary::{Boundary, Shape, Side};
use crate::frame::Frame;
use geo_types::{Coord, LineString, Rect};

impl Boundary {
    /// The smallest box around all of it; none if it has no coordinates. Looks at every vertex of lines.
    #[must_use]
    pub fn bounds(&self) -> Option<Rect<f64>> {
        match &self.shape {
            Shape::Lines(lines) => bounds(lines),
            Shape::Area(area) => area.bounds(),
        }
    }

    /// The nearest place, and the side `p` lies on: of lines near it, of an area everywhere. None if it has no
    /// segments or `p` is no place (not finite, or laps beyond ±540°).
    ///
    /// Looks at every segment of lines: for many points ask an index, whose answers equal these.
    #[must_use]
    pub fn near(&self, p: Coord<f64>, frame: Frame) -> Option<Near> {
        if !(p.x.is_finite() && p.y.is_finite()) {
            return None;
        }
        match &self.shape {
            Shape::Lines(lines) => near_lines(lines, p, frame),
            Shape::Area(area) => near_area(area, p, frame),
        }
    }
}

/// The smallest box around lines.
#[must_use]
pub fn bounds(lines: &[LineString<f64>]) -> Option<Rect<f64>> {
    bounds_of(lines.iter().flat_map(|l| l.0.iter().copied()))
}

/// The smallest box around coordinates.
pub(crate) fn bounds_of(mut all: impl Iterator<Item = Coord<f64>>) -> Option<Rect<f64>> {
    let first = all.next()?;
    let (mut lo, mut hi) = (first, first);
    for c in all {
        (lo.x, lo.y) = (lo.x.min(c.x), lo.y.min(c.y));
        (hi.x, hi.y) = (hi.x.max(c.x), hi.y.max(c.y));
    }
    Some(Rect::new(lo, hi))
}

/// Half a period: the farthest that the nearest way around the globe goes.
fn half_way(frame: Frame) -> f64 {
    frame.period().map_or(f64::INFINITY, |p| p / 2.0)
}

fn near_lines(lines: &[LineString<f64>], p: Coord<f64>, frame: Frame) -> Option<Near> {
    let (rect, metric) = (bounds(lines)?, frame.metric(p));
    let mut laps: Vec<(f64, Nearest)> = frame
        .laps(p.x, rect.min().x, rect.max().x, half_way(frame))
        .map(|dx| {
            let mut nearest = Nearest::new(Coord { x: p.x + dx, y: p.y }, metric);
            for s in all_segments(lines) {
                nearest.add(s);
            }
            (dx, nearest)
        })
        .collect();
    laps.sort_by(|a, b| a.1.bound().total_cmp(&b.1.bound()));
    let mut laps = laps.into_iter();
    let (dx, mut nearest) = laps.next()?;
    // A line cut at the date line goes on in the next lap: segments of both meet in one vertex.
    for (other, tied) in laps {
        nearest.merge(&tied, other - dx);
    }
    let near = nearest.finish()?;
    Some(Near { point: Coord { x: near.point.x - dx, y: near.point.y }, ..near })
}

fn near_area(area: &Area, p: Coord<f64>, frame: Frame) -> Option<Near> {
    let rect = area.bounds()?;
    let mut near = nearest_edge(area, rect, p, frame);
    near.side = match locate(area, rect, p, frame) {
        Where::Inside => Some(Side::Left),
        Where::Outside => Some(Side::Right),
        Where::On if near.distance > 0.0 => beside_seam(area, rect, p, frame),
        Where::On => None,
    };
    if near.side.is_none() {
        near.distance = 0.0;
    }
    Some(near)
}

/// Where a point lies, under all its names: rings of different laps count together.
pub(crate) fn locate(area: &Area, rect: Rect<f64>, p: Coord<f64>, frame: Frame) -> Where {
    let mut inside = false;
    for dx in frame.laps(p.x, rect.min().x, rect.max().x, 0.0) {
        match area.locate(Coord { x: p.x + dx, y: p.y }) {
            Where::On => return Where::On,
            Where::Inside => inside = !inside,
            Where::Outside => {}
        }
    }
    if inside { Where::Inside } else { Where::Outside }
}

/// The side of a point on a seam: the one of the points next to it on the map, if they agree.
pub(crate) fn beside_seam(area: &Area, rect: Rect<f64>, p: Coord<f64>, frame: Frame) -> Option<Side> {
    let toward_zero = |v: f64| if v > 0.0 { v.next_down() } else { v.next_up() };
    let y = if p.y.abs() == 90.0 { toward_zero(p.y) } else { p.y };
    let east = if p.x.abs() == 180.0 { (-180.0f64).next_up() } else { p.x };
    let west = if p.x.abs() == 180.0 { 180.0f64.next_down() } else { p.x };
    let [a, b] = [east, west].map(|x| locate(area, rect, Coord { x, y }, frame));
    match (a, b) {
        (Where::Inside, Where::Inside) => Some(Side::Left),
        (Where::Outside, Where::Outside) => Some(Side::Right),
        _ => None,
    }
}

/// The nearest edge that is no seam, by boxes that grow until one must hold it.
fn nearest_edge(area: &Area, rect: Rect<f64>, p: Coord<f64>, frame: Frame) -> Near {
    let metric = frame.metric(p);
    let mut best = Near { distance: f64::INFINITY, point: p, segment: [p, p], side: None, end: false };
    let mut reach = f64::hypot(rect.width() * metric.sx, rect.height() * metric.sy) / 4096.0;
    loop {
        let [hx, hy] = metric.half(reach);
        let mut whole = true;
        for dx in frame.laps(p.x, rect.min().x, rect.max().x, half_way(frame)) {
            let at = Coord { x: p.x + dx, y: p.y };
            let lo = Coord { x: (at.x - hx).max(rect.min().x), y: (at.y - hy).max(rect.min().y) };
            let hi = Coord { x: (at.x + hx).min(rect.max().x), y: (at.y + hy).min(rect.max().y) };
            whole &= lo == rect.min() && hi == rect.max();
            if lo.x > hi.x || lo.y > hi.y {
                continue;
            }
            area.edges_in(Rect::new(lo, hi), |a, b| {
                let (distance, point) = metric.to_segment(at, a, b);
                if distance < best.distance && !frame.is_seam(a, b) {
                    let point = Coord { x: point.x - dx, y: point.y };
                    best = Near { distance, point, segment: [a, b], ..best };
                }
            });
        }
        // Whatever is nearer than `reach` touches the box.
        if best.distance <= reach || whole || !reach.is_finite() {
            return best;
        }
        reach = if reach > 0.0 { reach * 4.0 } else { f64::INFINITY };
    }
}

/// Every segment of lines, numbered.
pub fn all_segments(lines: &[LineString<f64>]) -> impl Iterator<Item = Segment> + '_ {
    (0..).zip(lines).flat_map(|(part, line)| segments(part, line))
}

#[cfg(test)]
#[path = "near_tests.rs"]
mod tests;
