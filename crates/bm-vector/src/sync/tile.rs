//! Every boundary's word over the cells of a tile, and whose counts.

use super::areas::{Sides, distance_within, sides};
use super::boundaries::{Boundaries, reach, speaking};
use super::lines::{Entry, Metrics, Sown, Spread, sow};
use super::mask::{Mask, Masks};
use super::place::{Place, Run};
use super::{Report, SyncError};
use crate::area::Area;
use crate::boundary::{Boundary, Shape, Side, precedence};
use crate::frame::Metric;
use crate::geometry::{Nearest, Segment, touches_box};
use bm_core::{MaterialId, Phase};
use bm_grid::{Grid, TILE, TileRef, Window};
use geo_types::{Coord, Rect};
use std::ops::Deref;
use std::sync::Arc;

/// The boundaries that are heard, the first of equal distance first.
#[derive(Clone, Debug)]
pub(super) struct Heard(Vec<Arc<Boundary>>);

impl Heard {
    pub(super) fn around(place: &Place, boundaries: &impl Boundaries, rect: Rect<f64>) -> Self {
        let mut all = Vec::new();
        // Places are compared exactly later; here a cell more does not matter.
        let by = Coord { x: place.cell, y: place.cell };
        boundaries.around(Rect::new(rect.min() - by, rect.max() + by), &mut |b| {
            if speaking(b).is_some() {
                all.push(b.clone());
            }
        });
        all.sort_by(|a, b| precedence(&a.voice(0.0), &b.voice(0.0)));
        all.dedup_by(|a, b| a.id == b.id);
        Self(all)
    }
}

impl Deref for Heard {
    type Target = [Arc<Boundary>];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// What speaks for a cell so far.
#[derive(Clone, Copy)]
struct Word {
    /// Place of the boundary in the order, [`NONE`] if nobody spoke.
    rank: u32,
    material: MaterialId,
    /// Metres; NaN where nobody needed to know.
    distance: f64,
}

const NONE: u32 = u32::MAX;
const SILENCE: Word = Word { rank: NONE, material: MaterialId::UNSET, distance: f64::NAN };
const WIDTH: usize = TILE as usize;

/// One entry's columns in a row.
#[derive(Clone, Copy)]
struct Span {
    entry: u32,
    from: u32,
    to: u32,
}

/// Makes derived tiles.
pub(super) struct Workshop<'a, P> {
    place: &'a Place,
    heard: &'a Heard,
    phase: &'a P,
    nearest: Nearest,
    xs: Vec<f64>,
    runs: Vec<Run>,
    ys: Vec<f64>,
    spans: Vec<Vec<Span>>,
    base: Vec<MaterialId>,
    out: Vec<MaterialId>,
}

impl<'a, P: Fn(MaterialId) -> Phase> Workshop<'a, P> {
    pub(super) fn new(place: &'a Place, heard: &'a Heard, phase: &'a P) -> Self {
        let nowhere = Coord { x: 0.0, y: 0.0 };
        Self {
            place,
            heard,
            phase,
            nearest: Nearest::new(nowhere, Metric { sx: 1.0, sy: 1.0 }),
            xs: Vec::new(),
            runs: Vec::new(),
            ys: Vec::new(),
            spans: vec![Vec::new(); WIDTH],
            base: Vec::new(),
            out: Vec::new(),
        }
    }

    /// Makes every masked cell of a grid.
    pub(super) fn run(mut self, grid: &mut Grid, masks: &Masks) -> Result<Report, SyncError> {
        let mut report = Report::default();
        let Some(window) = masks.window() else { return Ok(report) };
        let metrics = Metrics::new(self.place, window);
        let entries = self.strew(&metrics, masks, window);
        for ((tile, mask), entries) in masks.tiles().zip(entries) {
            report.looked_at += mask.count(grid.tiling().window(tile));
            report.changed += self.tile(grid, tile, mask, &entries, &metrics)?;
        }
        grid.mark_synced();
        Ok(report)
    }

    /// The segments of all lines, by masked tile.
    fn strew(&self, metrics: &Metrics, masks: &Masks, window: Window) -> Vec<Vec<Entry>> {
        let tiling = masks.tiling();
        let mut slots = vec![NONE; tiling.len()];
        let mut count = 0;
        for (tile, _) in masks.tiles() {
            slots[tile] = count;
            count += 1;
        }
        let mut all = vec![Vec::new(); count as usize];
        for (boundary, rank) in self.heard.iter().zip(0..) {
            let (Shape::Lines(lines), Some(transition)) = (&boundary.shape, speaking(boundary)) else {
                continue;
            };
            sow(self.place, metrics, lines, rank, reach(transition), window, |Sown { entry, spread }| {
                entry.bands(spread, window, |first, end| {
                    let band = Window { x: window.x, y: first, width: window.width, height: end - first };
                    let Some((from, to)) = entry.band(metrics, spread, band) else { return };
                    for tile in tiling.tiles_of(Window { x: from, width: to - from, ..band }) {
                        if let Some(list) = all.get_mut(slots[tile] as usize) {
                            let list: &mut Vec<Entry> = list;
                            list.push(entry);
                        }
                    }
                });
            });
        }
        all
    }

    /// Makes the masked cells of a tile; how many changed.
    fn tile(
        &mut self,
        grid: &mut Grid,
        tile: usize,
        mask: &Mask,
        entries: &[Entry],
        metrics: &Metrics,
    ) -> Result<u64, SyncError> {
        let window = grid.tiling().window(tile);
        self.place.columns(window, &mut self.xs, &mut self.runs);
        self.ys.clear();
        self.ys.extend((window.y..window.end_y()).map(|row| self.place.center(window.x, row).y));
        let areas = self.areas(window);
        if mask.is_full(window)
            && entries.is_empty()
            && let Some(material) = self.uniform(&areas, grid.base().tile(tile))
        {
            let old = grid.derived_tile(tile);
            let changed = match old {
                TileRef::Uniform(m) if m == material => 0,
                old => (0..window.cells()).filter(|&i| old.get(i) != material).count(),
            };
            if changed > 0 {
                self.out.clear();
                self.out.resize(window.cells(), material);
                grid.set_derived_tile(tile, &self.out)?;
            } else if grid.base().tile(tile) == TileRef::Uniform(material) {
                grid.clear_derived_tile(tile);
            }
            return Ok(changed as u64);
        }
        self.base.resize(window.cells(), MaterialId::UNSET);
        self.out.resize(window.cells(), MaterialId::UNSET);
        grid.base().tile(tile).read(&mut self.base);
        grid.derived_tile(tile).read(&mut self.out);
        self.spread(entries, metrics, window);

        let mut changed = 0;
        let mut words = [SILENCE; WIDTH];
        for row in 0..window.height as usize {
            let Some((from, to)) = mask.columns(row) else { continue };
            words.fill(SILENCE);
            self.row(&mut words, entries, &areas, metrics, window, row, from..to);
            let cells = row * window.width as usize;
            for column in from..to {
                if mask.has(row, column) {
                    let word = &words[column];
                    let to = if word.rank == NONE { self.base[cells + column] } else { word.material };
                    changed += u64::from(self.out[cells + column] != to);
                    self.out[cells + column] = to;
                }
            }
        }
        grid.set_derived_tile(tile, &self.out)?;
        Ok(changed)
    }

    /// The areas that are heard, by place in the order, with the sides of a tile's cells.
    fn areas(&self, window: Window) -> Vec<(u32, Sides)> {
        let of = |(boundary, rank): (&Arc<Boundary>, u32)| match &boundary.shape {
            Shape::Area(area) => {
                Some((rank, sides(self.place, area, window, &self.xs, &self.runs, &self.ys)))
            }
            Shape::Lines(_) => None,
        };
        self.heard.iter().zip(0..).filter_map(of).collect()
    }

    /// The material of a whole tile of one base that only areas speak for, if it can be told at once.
    fn uniform(&self, areas: &[(u32, Sides)], base: TileRef<'_, MaterialId>) -> Option<MaterialId> {
        let TileRef::Uniform(base) = base else { return None };
        let phase = (self.phase)(base);
        let mut said: Option<(f64, MaterialId)> = None;
        for (rank, sides) in areas {
            let Sides::All(side) = sides else { return None };
            let boundary = &self.heard[*rank as usize];
            let Some(material) = word_of(boundary, *side, phase) else { continue };
            match said {
                None => said = Some((boundary.priority, material)),
                // The nearer one counts, which may be another from cell to cell.
                Some((priority, m)) if priority == boundary.priority && m != material => return None,
                Some(_) => {}
            }
        }
        Some(said.map_or(base, |(_, material)| material))
    }

    /// Which entries reach which columns of each row.
    fn spread(&mut self, entries: &[Entry], metrics: &Metrics, window: Window) {
        self.spans.iter_mut().for_each(Vec::clear);
        let mut current = (NONE, None);
        for (entry, number) in entries.iter().zip(0..) {
            if current.0 != entry.rank {
                let reach = speaking(&self.heard[entry.rank as usize]).map_or(0.0, reach);
                current = (entry.rank, Some(Spread::new(self.place, reach)));
            }
            let Some(spread) = current.1 else { continue };
            let spans = &mut self.spans;
            entry.rows(metrics, spread, window, |row, from, to| {
                let (from, to) = (from - window.x, to - window.x);
                spans[(row - window.y) as usize].push(Span { entry: number, from, to });
            });
        }
    }

    /// Every boundary's word over the columns `range` of a row.
    #[allow(clippy::too_many_arguments, reason = "one row's whole surroundings")]
    fn row(
        &mut self,
        words: &mut [Word; WIDTH],
        entries: &[Entry],
        areas: &[(u32, Sides)],
        metrics: &Metrics,
        window: Window,
        row: usize,
        range: std::ops::Range<usize>,
    ) {
        let metric = metrics.row(window.y + row as u32);
        let spans = std::mem::take(&mut self.spans[row]);
        for group in spans.chunk_by(|a, b| entries[a.entry as usize].rank == entries[b.entry as usize].rank) {
            self.line(words, entries, group, metric, window, row, range.clone());
        }
        self.spans[row] = spans;
        for (rank, sides) in areas {
            let boundary = self.heard[*rank as usize].clone();
            let Shape::Area(area) = &boundary.shape else { continue };
            for column in range.clone() {
                let index = row * window.width as usize + column;
                let word = words[column];
                if word.rank != NONE && self.heard[word.rank as usize].priority > boundary.priority {
                    continue;
                }
                let phase = (self.phase)(self.base[index]);
                let Some(material) = word_of(&boundary, sides.get(index), phase) else { continue };
                let p = Coord { x: self.xs[column], y: self.ys[row] };
                if let Some(distance) = self.area_beats(&mut words[column], *rank, area, p, metric) {
                    words[column] = Word { rank: *rank, material, distance };
                }
            }
        }
    }

    /// Whether an area's word counts more than the one so far: then its distance, if it had to be known.
    fn area_beats(
        &self,
        word: &mut Word,
        rank: u32,
        area: &Area,
        p: Coord<f64>,
        metric: Metric,
    ) -> Option<f64> {
        if word.rank == NONE {
            return Some(f64::NAN);
        }
        let (old, new) = (&self.heard[word.rank as usize], &self.heard[rank as usize]);
        if old.priority != new.priority {
            return (new.priority > old.priority).then_some(f64::NAN);
        }
        if word.distance.is_nan() {
            word.distance = old.near(p, self.place.frame).map_or(f64::INFINITY, |near| near.distance);
        }
        let distance = if word.distance.is_finite() {
            distance_within(area, p, self.place.frame, metric, word.distance)
        } else {
            new.near(p, self.place.frame).map_or(f64::INFINITY, |near| near.distance)
        };
        (distance < word.distance || distance == word.distance && rank < word.rank).then_some(distance)
    }

    /// A line's word over a row; `group` are its segments there.
    #[allow(clippy::too_many_arguments, reason = "one row's whole surroundings")]
    fn line(
        &mut self,
        words: &mut [Word; WIDTH],
        entries: &[Entry],
        group: &[Span],
        metric: Metric,
        window: Window,
        row: usize,
        range: std::ops::Range<usize>,
    ) {
        let Some(rank) = group.first().map(|span| entries[span.entry as usize].rank) else { return };
        let boundary = self.heard[rank as usize].clone();
        let Some(transition) = speaking(&boundary) else { return };
        let reach = reach(transition);
        let spread = Spread::new(self.place, reach);
        let y = self.ys[row];

        // The nearest segment of each column, by squares of distances.
        let mut best = [f64::INFINITY; WIDTH];
        let mut which = [NONE; WIDTH];
        let mut tied = [false; WIDTH];
        let slack = 2.0 * spread.metres * (spread.metres * 1e-6 + self.place.rounding());
        let (mut low, mut high) = (WIDTH, 0);
        for span in group {
            let entry = &entries[span.entry as usize];
            let Segment { a, b, .. } = entry.segment;
            let (dx, dy) = ((b.x - a.x) * metric.sx, (b.y - a.y) * metric.sy);
            let inverse = 1.0 / (dx * dx + dy * dy);
            let ey = (y - a.y) * metric.sy;
            for run in &self.runs {
                let from = (span.from as usize).max(range.start).max(run.from);
                let to = (span.to as usize).min(range.end).min(run.to);
                if from >= to {
                    continue;
                }
                (low, high) = (low.min(from), high.max(to));
                let shift = self.place.unwrap(self.xs[from], window.x + from as u32) - entry.shift;
                for column in from..to {
                    let ex = (self.xs[column] + shift - a.x) * metric.sx;
                    let t = ((ex * dx + ey * dy) * inverse).clamp(0.0, 1.0);
                    let (rx, ry) = (ex - t * dx, ey - t * dy);
                    let d2 = rx * rx + ry * ry;
                    if d2 < best[column] - slack {
                        (best[column], which[column], tied[column]) = (d2, span.entry, false);
                    } else if d2 <= best[column] + slack {
                        tied[column] = true;
                        if d2 < best[column] {
                            (best[column], which[column]) = (d2, span.entry);
                        }
                    }
                }
            }
        }
        // Within half a diagonal every cell is touched that can be; beyond, the reach alone counts.
        let diagonal = self.place.region.cell_size() * std::f64::consts::FRAC_1_SQRT_2;
        let all_within = reach >= diagonal * (1.0 + 1e-9) + self.place.rounding();
        let mut touched = [false; WIDTH];
        if !all_within {
            self.touch(&mut touched, entries, group, spread, window, row, &range);
        }
        let bound = (reach * (1.0 + 1e-9) + self.place.rounding()).powi(2);
        for column in low..high {
            if which[column] == NONE || !(touched[column] || best[column] <= bound) {
                continue;
            }
            let word = words[column];
            if word.rank != NONE {
                let priority = self.heard[word.rank as usize].priority;
                let near = best[column].sqrt() - spread.metres * 1e-6 - self.place.rounding();
                if priority > boundary.priority || priority == boundary.priority && word.distance < near {
                    continue;
                }
            }
            let index = row * window.width as usize + column;
            let phase = (self.phase)(self.base[index]);
            if word_of(&boundary, Some(Side::Left), phase).is_none()
                && word_of(&boundary, Some(Side::Right), phase).is_none()
            {
                continue;
            }
            let near = if tied[column] {
                self.nearest_of(group, entries, metric, window, row, column)
            } else {
                self.nearest_of(
                    &[Span { entry: which[column], from: 0, to: TILE }],
                    entries,
                    metric,
                    window,
                    row,
                    column,
                )
            };
            let Some((distance, side)) = near else { continue };
            if !(touched[column] || distance <= reach) {
                continue;
            }
            let Some(material) = word_of(&boundary, side, phase) else { continue };
            let beats = word.rank == NONE || {
                let old = &self.heard[word.rank as usize];
                precedence(&boundary.voice(distance), &old.voice(word.distance)).is_lt()
            };
            if beats {
                words[column] = Word { rank, material, distance };
            }
        }
    }

    /// Which cells of a row the segments of a group touch.
    #[allow(clippy::too_many_arguments, reason = "one row's whole surroundings")]
    fn touch(
        &self,
        touched: &mut [bool; WIDTH],
        entries: &[Entry],
        group: &[Span],
        spread: Spread,
        window: Window,
        row: usize,
        range: &std::ops::Range<usize>,
    ) {
        for span in group {
            let entry = &entries[span.entry as usize];
            let Segment { a, b, .. } = entry.segment;
            let Some((from, to)) = entry.touching(spread, window.y + row as u32, window) else { continue };
            let from = ((from - window.x) as usize).max(range.start);
            let to = ((to - window.x) as usize).min(range.end);
            for column in from..to {
                if !touched[column] {
                    let shift = self.place.unwrap(self.xs[column], window.x + column as u32) - entry.shift;
                    let p = Coord { x: self.xs[column] + shift, y: self.ys[row] };
                    touched[column] = touches_box(a, b, p, self.place.half);
                }
            }
        }
    }

    /// Distance and side of the nearest of some segments, exactly as a query at the cell's centre has them.
    fn nearest_of(
        &mut self,
        group: &[Span],
        entries: &[Entry],
        metric: Metric,
        window: Window,
        row: usize,
        column: usize,
    ) -> Option<(f64, Option<Side>)> {
        let unwrap = self.place.unwrap(self.xs[column], window.x + column as u32);
        let here = group.iter().filter(|span| (span.from..span.to).contains(&(column as u32)));
        let mut here = here.map(|span| &entries[span.entry as usize]).peekable();
        let shift = here.peek()?.shift;
        let p = |shift: f64| Coord { x: self.xs[column] + (unwrap - shift), y: self.ys[row] };
        self.nearest.reset(p(shift), metric);
        // Those of other laps, which a line over the date line may have, are asked in their own.
        let mut laps: Vec<(f64, Nearest)> = Vec::new();
        for entry in here {
            if entry.shift == shift {
                self.nearest.add(entry.segment);
            } else if let Some((_, nearest)) = laps.iter_mut().find(|(other, _)| *other == entry.shift) {
                nearest.add(entry.segment);
            } else {
                let mut nearest = Nearest::new(p(entry.shift), metric);
                nearest.add(entry.segment);
                laps.push((entry.shift, nearest));
            }
        }
        if !laps.is_empty() {
            // In the order in which a query joins them: nearest first, then by lap.
            laps.push((shift, self.nearest.clone()));
            let lap = |shift: f64| ((unwrap - shift).abs(), shift > unwrap);
            laps.sort_by(|(s, a), (t, b)| {
                let (s, t) = (lap(*s), lap(*t));
                a.bound().total_cmp(&b.bound()).then(s.0.total_cmp(&t.0)).then(s.1.cmp(&t.1))
            });
            let (first, nearest) = laps.remove(0);
            self.nearest = nearest;
            for (other, tied) in laps {
                self.nearest.merge(&tied, first - other);
            }
        }
        let near = self.nearest.resolve()?;
        Some((near.distance, near.side))
    }
}

/// What a boundary makes of a base on one of its sides.
#[inline]
fn word_of(boundary: &Boundary, side: Option<Side>, phase: Phase) -> Option<MaterialId> {
    let side = side?;
    let material = speaking(boundary)?.of(side)?;
    boundary.extent.speak(side, material, phase, None)
}
