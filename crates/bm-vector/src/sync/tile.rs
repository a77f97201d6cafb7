//! The derived cells of tiles.

use super::areas::{Sides, sides};
use super::heard::{Heard, NONE, SILENCE};
use super::lines::{Entry, Metrics, Sown, sow};
use super::mask::{Mask, Masks};
use super::place::{Place, Run};
use super::row::{Row, Scratch, Span, WIDTH, reached};
use super::{Report, SyncError};
use crate::boundary::Shape;
use bm_core::{MaterialId, Phase};
use bm_grid::{Grid, TileRef, Window};

/// Makes derived tiles, one after the other in the same buffers.
pub(super) struct Workshop<'a, P> {
    place: &'a Place,
    metrics: &'a Metrics,
    heard: &'a Heard,
    phase: &'a P,
    scratch: Scratch,
    xs: Vec<f64>,
    laps: Vec<f64>,
    runs: Vec<Run>,
    ys: Vec<f64>,
    spans: Vec<Vec<Span>>,
    base: Vec<MaterialId>,
    /// Of a row's bases, by column.
    phases: [Phase; WIDTH],
    out: Vec<MaterialId>,
}

impl<'a, P: Fn(MaterialId) -> Phase> Workshop<'a, P> {
    pub(super) fn new(place: &'a Place, metrics: &'a Metrics, heard: &'a Heard, phase: &'a P) -> Self {
        Self {
            place,
            metrics,
            heard,
            phase,
            scratch: Scratch::new(),
            xs: Vec::new(),
            laps: Vec::new(),
            runs: Vec::new(),
            ys: Vec::new(),
            spans: vec![Vec::new(); WIDTH],
            base: Vec::new(),
            phases: [Phase::Gas; WIDTH],
            out: Vec::new(),
        }
    }

    /// Makes every masked cell of a grid.
    pub(super) fn run(mut self, grid: &mut Grid, masks: &Masks) -> Result<Report, SyncError> {
        let mut report = Report::default();
        if let Some(window) = masks.window() {
            let entries = self.strew(masks, window);
            for ((tile, mask), entries) in masks.tiles().zip(entries) {
                report.looked_at += mask.count(grid.tiling().window(tile));
                report.changed += self.tile(grid, tile, mask, &entries)?;
            }
        }
        grid.mark_synced();
        Ok(report)
    }

    /// The segments of all lines, by masked tile.
    fn strew(&self, masks: &Masks, window: Window) -> Vec<Vec<Entry>> {
        let tiling = masks.tiling();
        let mut slots = vec![NONE; tiling.len()];
        for ((tile, _), slot) in masks.tiles().zip(0..) {
            slots[tile] = slot;
        }
        let mut all: Vec<Vec<Entry>> = vec![Vec::new(); masks.tiles().count()];
        for (rank, speaker) in self.heard.iter() {
            let Shape::Lines(lines) = &speaker.boundary.shape else { continue };
            sow(self.place, self.metrics, lines, rank, speaker.reach, window, |Sown { entry, spread }| {
                entry.bands(spread, window, |first, end| {
                    let band = Window { x: window.x, y: first, width: window.width, height: end - first };
                    let Some((from, to)) = entry.band(self.metrics, spread, band) else { return };
                    for tile in tiling.tiles_of(Window { x: from, width: to - from, ..band }) {
                        // A tile without marks has no list.
                        if let Some(list) = all.get_mut(slots[tile] as usize) {
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
    ) -> Result<u64, SyncError> {
        let window = grid.tiling().window(tile);
        self.place.columns(window, &mut self.xs, &mut self.laps, &mut self.runs);
        self.ys.clear();
        self.ys.extend((window.y..window.end_y()).map(|row| self.place.center_y(row)));
        let areas = self.areas(window);
        let full = mask.is_full(window);
        if entries.is_empty()
            && full
            && let Some(material) = self.uniform(&areas, grid.base().tile(tile))
        {
            return Ok(self.fill(grid, tile, window, material)?);
        }
        self.base.resize(window.cells(), MaterialId::UNSET);
        self.out.resize(window.cells(), MaterialId::UNSET);
        grid.base().tile(tile).read(&mut self.base);
        if full {
            self.out.copy_from_slice(&self.base);
        } else {
            grid.derived_tile(tile).read(&mut self.out);
        }
        self.spread(entries, window);

        for number in 0..window.height as usize {
            let Some((from, to)) = mask.columns(number) else { continue };
            let start = number * window.width as usize;
            let spans = std::mem::take(&mut self.spans[number]);
            let said = reached(&spans, !areas.is_empty(), from..to);
            if !said.is_empty() {
                self.know_phases(start, said.clone());
                let row = Row {
                    place: self.place,
                    heard: self.heard,
                    entries,
                    window,
                    number,
                    metric: self.metrics.row(window.y + number as u32),
                    xs: &self.xs,
                    laps: &self.laps,
                    runs: &self.runs,
                    y: self.ys[number],
                    phases: &self.phases,
                    range: said.clone(),
                };
                self.scratch.words[said.clone()].fill(SILENCE);
                row.lines(&spans, &mut self.scratch);
                for (rank, sides) in &areas {
                    row.area(*rank, sides, &mut self.scratch.words);
                }
            }
            self.spans[number] = spans;
            let (base, out) = (&self.base[start..], &mut self.out[start..]);
            if full {
                // It was copied as a whole.
            } else if mask.is_solid(number, from, to) {
                out[from..to].copy_from_slice(&base[from..to]);
            } else {
                (from..to).filter(|&c| mask.has(number, c)).for_each(|c| out[c] = base[c]);
            }
            for column in said {
                let word = &self.scratch.words[column];
                if word.rank != NONE && mask.has(number, column) {
                    out[column] = word.material;
                }
            }
        }
        let changed = match grid.derived_tile(tile) {
            TileRef::Uniform(old) => self.out.iter().filter(|&&m| m != old).count(),
            TileRef::Dense(old) => self.out.iter().zip(old).filter(|(a, b)| a != b).count(),
        };
        // Even without a change: the base may have become what is derived, or ceased to be.
        grid.set_derived_tile(tile, &self.out)?;
        Ok(changed as u64)
    }

    /// Gives all cells of a tile one material; how many changed.
    fn fill(
        &mut self,
        grid: &mut Grid,
        tile: usize,
        window: Window,
        material: MaterialId,
    ) -> Result<u64, bm_grid::GridError> {
        let old = grid.derived_tile(tile);
        let changed = match old {
            TileRef::Uniform(m) if m == material => 0,
            old => (0..window.cells()).filter(|&i| old.get(i) != material).count() as u64,
        };
        if grid.base().tile(tile) == TileRef::Uniform(material) {
            grid.clear_derived_tile(tile);
        } else if changed > 0 {
            self.out.clear();
            self.out.resize(window.cells(), material);
            grid.set_derived_tile(tile, &self.out)?;
        }
        Ok(changed)
    }

    /// The areas that are heard, by rank, with the sides of a tile's cells.
    fn areas(&self, window: Window) -> Vec<(u32, Sides)> {
        let mut all = Vec::new();
        for (rank, speaker) in self.heard.iter() {
            if let Shape::Area(area) = &speaker.boundary.shape {
                all.push((rank, sides(self.place, area, window, &self.xs, &self.runs, &self.ys)));
            }
        }
        all
    }

    /// The material of a whole tile of one base that only areas speak for, if it can be told at once.
    fn uniform(&self, areas: &[(u32, Sides)], base: TileRef<'_, MaterialId>) -> Option<MaterialId> {
        let TileRef::Uniform(base) = base else { return None };
        let phase = (self.phase)(base);
        let mut said: Option<(f64, MaterialId)> = None;
        for (rank, sides) in areas {
            let Sides::All(side) = sides else { return None };
            let speaker = self.heard.get(*rank);
            let Some(material) = speaker.word(*side, phase) else { continue };
            match said {
                None => said = Some((speaker.boundary.priority, material)),
                // The nearer one counts, which may be another from cell to cell.
                Some((priority, m)) if priority == speaker.boundary.priority && m != material => return None,
                Some(_) => {}
            }
        }
        Some(said.map_or(base, |(_, material)| material))
    }

    /// Which entries reach which columns of each row.
    fn spread(&mut self, entries: &[Entry], window: Window) {
        self.spans.iter_mut().for_each(Vec::clear);
        for (entry, number) in entries.iter().zip(0..) {
            let (spread, spans) = (self.heard.get(entry.rank).spread, &mut self.spans);
            entry.rows(self.metrics, spread, window, |row, from, to| {
                let (from, to) = (from - window.x, to - window.x);
                spans[(row - window.y) as usize].push(Span { entry: number, from, to });
            });
        }
    }

    /// Finds the states of matter of the bases of some columns of the row that begins at `start`.
    fn know_phases(&mut self, start: usize, columns: std::ops::Range<usize>) {
        let mut last: Option<(MaterialId, Phase)> = None;
        for column in columns {
            let material = self.base[start + column];
            let phase = match last {
                Some((m, phase)) if m == material => phase,
                _ => (self.phase)(material),
            };
            last = Some((material, phase));
            self.phases[column] = phase;
        }
    }
}
