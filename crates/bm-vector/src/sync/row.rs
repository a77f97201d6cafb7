//! One row of a tile: what every boundary says about its cells.

use super::areas::{Sides, distance_within};
use super::heard::{Heard, NONE, SILENCE, Word};
use super::lines::Entry;
use super::place::{Place, Run};
use crate::area::Area;
use crate::boundary::{Shape, Side};
use crate::frame::Metric;
use crate::geometry::{Nearest, Segment, orient, touches_box};
use bm_core::Phase;
use bm_grid::{TILE, Window};
use geo_types::Coord;
use std::ops::Range;

/// Cells of a row, at most.
pub(super) const WIDTH: usize = TILE as usize;

/// One entry's columns in a row of a tile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) entry: u32,
    pub(super) from: u32,
    pub(super) to: u32,
}

/// A row and all that is known about it.
pub(super) struct Row<'a> {
    pub(super) place: &'a Place,
    pub(super) heard: &'a Heard,
    pub(super) entries: &'a [Entry],
    /// The tile, and the row's number in it.
    pub(super) window: Window,
    pub(super) number: usize,
    pub(super) metric: Metric,
    /// The centres' coordinates, as queries name them.
    pub(super) xs: &'a [f64],
    /// What to add to them to name them in the grid's own count.
    pub(super) laps: &'a [f64],
    pub(super) runs: &'a [Run],
    pub(super) y: f64,
    pub(super) phases: &'a [Phase],
    /// The columns in question.
    pub(super) range: Range<usize>,
}

/// The nearest segment of each column, by plain arithmetic.
pub(super) struct Closest {
    /// Square of its distance in metres.
    d2: [f64; WIDTH],
    /// Where along it the nearest place is: 0 to 1 inside of it, else beyond an end.
    along: [f64; WIDTH],
    which: [u32; WIDTH],
    /// How many lie so near each other that only exact arithmetic parts them, and the second of two.
    count: [u8; WIDTH],
    second: [u32; WIDTH],
    second_along: [f64; WIDTH],
    /// Columns looked at.
    low: usize,
    high: usize,
    /// How far `along` must lie from an end to be trusted.
    doubt: f64,
}

impl Closest {
    pub(super) const fn new() -> Self {
        Self {
            d2: [f64::INFINITY; WIDTH],
            along: [0.0; WIDTH],
            which: [NONE; WIDTH],
            count: [0; WIDTH],
            second: [NONE; WIDTH],
            second_along: [0.0; WIDTH],
            low: WIDTH,
            high: 0,
            doubt: 0.0,
        }
    }

    /// Starts anew over some columns. What `which` does not name is not looked at.
    fn reset(&mut self, low: usize, high: usize) {
        self.d2[low..high].fill(f64::INFINITY);
        self.which[low..high].fill(NONE);
        (self.low, self.high, self.doubt) = (low, high, 0.0);
    }
}

/// What is kept from row to row.
pub(super) struct Scratch {
    nearest: Nearest,
    closest: Closest,
    pub(super) words: [Word; WIDTH],
}

impl Scratch {
    pub(super) fn new() -> Self {
        let nowhere = Coord { x: 0.0, y: 0.0 };
        let nearest = Nearest::new(nowhere, Metric { sx: 1.0, sy: 1.0 });
        Self { nearest, closest: Closest::new(), words: [SILENCE; WIDTH] }
    }
}

/// The columns of a range for which anybody may speak: all if there are areas, else those some line reaches.
pub(super) fn reached(spans: &[Span], areas: bool, range: Range<usize>) -> Range<usize> {
    if areas {
        return range;
    }
    let from = spans.iter().map(|span| span.from as usize).min().unwrap_or(range.end);
    let to = spans.iter().map(|span| span.to as usize).max().unwrap_or(range.start);
    from.max(range.start)..to.min(range.end)
}

impl Row<'_> {
    /// What lines say: `spans` are the row's, one boundary's after the other's.
    pub(super) fn lines(&self, spans: &[Span], scratch: &mut Scratch) {
        let rank = |span: &Span| self.entries[span.entry as usize].rank;
        for group in spans.chunk_by(|a, b| rank(a) == rank(b)) {
            self.line(rank(&group[0]), group, scratch);
        }
    }

    /// What one boundary's line says.
    fn line(&self, rank: u32, group: &[Span], scratch: &mut Scratch) {
        let Scratch { nearest, closest, words } = scratch;
        let speaker = self.heard.get(rank);
        let (reach, spread, priority) = (speaker.reach, speaker.spread, speaker.boundary.priority);
        let rounding = self.place.rounding;
        let doubt = spread.metres * 1e-6 + rounding;
        let reached = reached(group, false, self.range.clone());
        if reached.is_empty() {
            return;
        }
        closest.reset(reached.start, reached.end);
        self.find_closest(closest, group, spread.metres, 2.0 * spread.metres * doubt);
        // Within half a diagonal lies every cell that is touched; a reach beyond it is all that counts.
        let diagonal = self.place.region.cell_size() * std::f64::consts::FRAC_1_SQRT_2;
        let mut touched = [false; WIDTH];
        if reach < diagonal * (1.0 + 1e-9) + rounding {
            self.touch(rank, group, &mut touched);
        }
        let bound = (reach * (1.0 + 1e-9) + rounding).powi(2);
        for column in closest.low..closest.high {
            if closest.which[column] == NONE || !(touched[column] || closest.d2[column] <= bound) {
                continue;
            }
            let word = words[column];
            if word.rank != NONE {
                let other = self.heard.priority(word.rank);
                let behind = || word.distance < closest.d2[column].sqrt() - doubt;
                if other > priority || other == priority && behind() {
                    continue;
                }
            }
            let phase = self.phases[column];
            if !speaker.speaks(phase) {
                continue;
            }
            let near =
                self.plainly(closest, column).or_else(|| self.exactly(group, closest, column, nearest));
            let Some((distance, side)) = near else { continue };
            if !(touched[column] || distance <= reach) {
                continue;
            }
            let Some(material) = speaker.word(side, phase) else { continue };
            if self.beats(rank, distance, &word) {
                words[column] = Word { rank, material, distance };
            }
        }
    }

    /// Whether a word at a distance counts more than another whose distance is known.
    fn beats(&self, rank: u32, distance: f64, other: &Word) -> bool {
        if other.rank == NONE {
            return true;
        }
        let (new, old) = (self.heard.priority(rank), self.heard.priority(other.rank));
        if new == old {
            distance < other.distance || distance == other.distance && rank < other.rank
        } else {
            new > old
        }
    }

    /// Finds the nearest segments of all columns.
    fn find_closest(&self, c: &mut Closest, group: &[Span], far: f64, slack: f64) {
        for span in group {
            let entry = &self.entries[span.entry as usize];
            let Segment { a, b, .. } = entry.segment;
            let Metric { sx, sy } = self.metric;
            let (dx, dy) = ((b.x - a.x) * sx, (b.y - a.y) * sy);
            let len2 = dx * dx + dy * dy;
            c.doubt = c.doubt.max(1e-9 + 64.0 * f64::EPSILON * far / len2.sqrt());
            let ay = (a.y - self.y) * sy;
            for run in self.runs {
                let from = (span.from as usize).max(self.range.start).max(run.from);
                let to = (span.to as usize).min(self.range.end).min(run.to);
                if from >= to {
                    continue;
                }
                let shift = self.shift(from, entry);
                for column in from..to {
                    // Inside the segment in the very steps of `Metric::to_segment`, so that the root is its distance, bit
                    // for bit; beyond its ends without a branch that nobody could foresee.
                    let ax = (a.x - (self.xs[column] + shift)) * sx;
                    let along = -(ax * dx + ay * dy) / len2;
                    let t = along.clamp(0.0, 1.0);
                    let (rx, ry) = (ax + t * dx, ay + t * dy);
                    let d2 = rx * rx + ry * ry;
                    if d2 < c.d2[column] - slack {
                        (c.d2[column], c.along[column], c.which[column]) = (d2, along, span.entry);
                        c.count[column] = 1;
                    } else if d2 <= c.d2[column] + slack {
                        c.count[column] = c.count[column].saturating_add(1);
                        (c.second[column], c.second_along[column]) = (span.entry, along);
                        c.d2[column] = c.d2[column].min(d2);
                    }
                }
            }
        }
    }

    /// What to add to a column's x to meet an entry's segment.
    #[inline]
    fn shift(&self, column: usize, entry: &Entry) -> f64 {
        self.laps[column] - entry.shift
    }

    /// Distance and side where there is no doubt: the nearest place is well inside one segment, or well beyond the ends
    /// of two that meet. What [`Nearest`] says there, without its care for ties.
    fn plainly(&self, c: &Closest, column: usize) -> Option<(f64, Option<Side>)> {
        let first = &self.entries[c.which[column] as usize];
        let p = Coord { x: self.xs[column] + self.shift(column, first), y: self.y };
        let Segment { a, b, .. } = first.segment;
        let along = c.along[column];
        let left = match c.count[column] {
            1 if along > c.doubt && along < 1.0 - c.doubt => match orient(a, b, p) {
                // Exactly on it.
                0.0 => return Some((0.0, None)),
                left => left,
            },
            2 => {
                let second = &self.entries[c.second[column] as usize];
                let Segment { a: a2, b: b2, .. } = second.segment;
                let beyond = |before: f64, after: f64| before > 1.0 + c.doubt && after < -c.doubt;
                let next = c.second_along[column];
                // Beyond a vertex is the outer side of the turn.
                if first.shift != second.shift {
                    return None;
                } else if b == a2 && beyond(along, next) {
                    -orient(a, b, b2)
                } else if b2 == a && beyond(next, along) {
                    -orient(a2, b2, b)
                } else {
                    return None;
                }
            }
            _ => return None,
        };
        let side = if left > 0.0 {
            Side::Left
        } else if left < 0.0 {
            Side::Right
        } else {
            return None;
        };
        let inside = c.count[column] == 1;
        let distance = if inside { c.d2[column].sqrt() } else { self.metric.to_segment(p, a, b).0 };
        Some((distance, Some(side)))
    }

    /// Distance and side by all segments that may be the nearest.
    fn exactly(
        &self,
        group: &[Span],
        c: &Closest,
        column: usize,
        nearest: &mut Nearest,
    ) -> Option<(f64, Option<Side>)> {
        let alone = [Span { entry: c.which[column], from: 0, to: TILE }];
        let group = if c.count[column] == 1 { &alone } else { group };
        let here = group.iter().filter(|span| (span.from..span.to).contains(&(column as u32)));
        let mut here = here.map(|span| &self.entries[span.entry as usize]).peekable();
        let shift = here.peek()?.shift;
        let unwrap = self.laps[column];
        let p = |shift: f64| Coord { x: self.xs[column] + (unwrap - shift), y: self.y };
        nearest.reset(p(shift), self.metric);
        // Those of other laps, which a line over the date line may have, are asked in their own.
        let mut laps: Vec<(f64, Nearest)> = Vec::new();
        for entry in here {
            if entry.shift == shift {
                nearest.add(entry.segment);
            } else if let Some((_, nearest)) = laps.iter_mut().find(|(other, _)| *other == entry.shift) {
                nearest.add(entry.segment);
            } else {
                let mut nearest = Nearest::new(p(entry.shift), self.metric);
                nearest.add(entry.segment);
                laps.push((entry.shift, nearest));
            }
        }
        if !laps.is_empty() {
            // In the order in which a query joins them: nearest first, then by lap.
            laps.push((shift, nearest.clone()));
            let lap = |shift: f64| ((unwrap - shift).abs(), shift > unwrap);
            laps.sort_by(|(s, a), (t, b)| {
                let (s, t) = (lap(*s), lap(*t));
                a.bound().total_cmp(&b.bound()).then(s.0.total_cmp(&t.0)).then(s.1.cmp(&t.1))
            });
            let (first, joined) = laps.remove(0);
            *nearest = joined;
            for (other, tied) in laps {
                nearest.merge(&tied, first - other);
            }
        }
        nearest.resolve().map(|near| (near.distance, near.side))
    }

    /// Which cells the segments of a group touch.
    fn touch(&self, rank: u32, group: &[Span], touched: &mut [bool; WIDTH]) {
        let spread = self.heard.get(rank).spread;
        for span in group {
            let entry = &self.entries[span.entry as usize];
            let Segment { a, b, .. } = entry.segment;
            let row = self.window.y + self.number as u32;
            let Some((from, to)) = entry.touching(spread, row, self.window) else { continue };
            let from = ((from - self.window.x) as usize).max(self.range.start);
            let to = ((to - self.window.x) as usize).min(self.range.end);
            for (column, touched) in touched.iter_mut().enumerate().take(to).skip(from) {
                if !*touched {
                    let p = Coord { x: self.xs[column] + self.shift(column, entry), y: self.y };
                    *touched = touches_box(a, b, p, self.place.half);
                }
            }
        }
    }

    /// What an area says.
    pub(super) fn area(&self, rank: u32, sides: &Sides, words: &mut [Word; WIDTH]) {
        let speaker = self.heard.get(rank);
        let Shape::Area(area) = &speaker.boundary.shape else { return };
        let start = self.number * self.window.width as usize;
        for column in self.range.clone() {
            let word = &mut words[column];
            if word.rank != NONE && self.heard.priority(word.rank) > speaker.boundary.priority {
                continue;
            }
            let side = sides.get(start + column);
            let Some(material) = speaker.word(side, self.phases[column]) else { continue };
            let p = Coord { x: self.xs[column], y: self.y };
            if let Some(distance) = self.area_beats(rank, area, word, p) {
                *word = Word { rank, material, distance };
            }
        }
    }

    /// Whether an area's word counts more than the one so far: then its distance, NaN if nobody had to know.
    fn area_beats(&self, rank: u32, area: &Area, word: &mut Word, p: Coord<f64>) -> Option<f64> {
        if word.rank == NONE {
            return Some(f64::NAN);
        }
        if self.heard.priority(word.rank) != self.heard.priority(rank) {
            return self.beats(rank, f64::NAN, word).then_some(f64::NAN);
        }
        let frame = self.place.frame;
        let ask = |rank: u32| {
            let near = self.heard.get(rank).boundary.near(p, frame);
            near.map_or(f64::INFINITY, |near| near.distance)
        };
        if word.distance.is_nan() {
            word.distance = ask(word.rank);
        }
        let distance = if word.distance.is_finite() {
            distance_within(area, p, frame, self.metric, word.distance)
        } else {
            ask(rank)
        };
        self.beats(rank, distance, word).then_some(distance)
    }
}
