//! Sub-steps forward in time, several of them in one pass over memory.
//!
//! A band of rows is swept once for `depth` sub-steps: when sub-step 1 has done a row, sub-step 2 can do the row
//! before, and so on, so only three rows of each sub-step have to be at hand and stay in the cache. Bands overlap by
//! `depth` rows and compute those twice; every cell is the same function of the same neighbours whoever computes
//! it, so neither bands nor threads nor `depth` show in the result.

use super::medium::{Edge, Faces, Network, Real};
use crate::wide::wide;
use crate::workers;

/// Bytes of a core's second cache that the rows at hand may take.
const CACHE: usize = 384 << 10;
/// More sub-steps than this in a pass gain nothing: by then arithmetic is the limit.
const DEEPEST: usize = 12;

/// What a band adds to the ledger, a number each row.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Passed {
    pub(super) gained: f64,
    pub(super) lost: f64,
}

impl Passed {
    pub(super) fn add(&mut self, heat: f64) {
        if heat > 0.0 {
            self.gained += heat;
        } else {
            self.lost -= heat;
        }
    }
}

/// Advances `values` by `steps` sub-steps of `dt` seconds; `scratch` is as long as `values`.
pub(super) fn advance<R: Real>(
    net: &Network<R>,
    values: &mut Vec<R>,
    scratch: &mut Vec<R>,
    dt: f64,
    steps: usize,
    threads: usize,
    passed: &mut [Passed],
) {
    let row_bytes = net.width * size_of::<R>() * 3;
    let coefficients = if matches!(net.faces, Faces::Cells { .. }) { 2 } else { 1 };
    let depth = (CACHE / (row_bytes * coefficients)).clamp(1, DEEPEST);
    // Two bands for each thread even out what else the machine does.
    let bands = if net.width * net.height < 1 << 15 { 1 } else { 2 * workers::count(threads) };
    let rows = net.height.div_ceil(bands);
    let mut left = steps;
    while left > 0 {
        // Equal passes rather than a short last one.
        let now = left.div_ceil(left.div_ceil(depth));
        let tasks: Vec<_> = scratch
            .chunks_mut(rows * net.width)
            .zip(passed.chunks_mut(rows))
            .enumerate()
            .map(|(band, (out, passed))| Band { net, source: values, out, passed, first: band * rows })
            .collect();
        workers::queue(threads, tasks, |band| band.sweep(R::from_f64(dt), now));
        std::mem::swap(values, scratch);
        left -= now;
    }
}

struct Band<'a, R> {
    net: &'a Network<R>,
    source: &'a [R],
    out: &'a mut [R],
    passed: &'a mut [Passed],
    first: usize,
}

impl<R: Real> Band<'_, R> {
    fn sweep(self, dt: R, depth: usize) {
        let Self { net, source, out, passed, first } = self;
        let width = net.width;
        let periodic = net.edges.north == Edge::Periodic;
        let height = net.height as isize;
        let (begin, end) = (first as isize, (first + out.len() / width) as isize);
        // Rows of sub-step `level` that the band's own rows depend on; row numbers go on around a periodic raster.
        let range = |level: usize| {
            let halo = (depth - level) as isize;
            if periodic {
                (begin - halo, end + halo)
            } else {
                ((begin - halo).max(0), (end + halo).min(height))
            }
        };
        let physical = |row: isize| row.rem_euclid(height) as usize;
        // Three rows for each sub-step but the last.
        let mut rings = vec![R::default(); (depth - 1) * 3 * width];
        let ring = 3 * width;
        let slot = |row: isize| row.rem_euclid(3) as usize * width;

        let (start, stop) = (range(1).0, range(1).1 + depth as isize);
        for front in start..stop {
            for level in 1..=depth {
                let row = front - (level as isize - 1);
                let (from, to) = range(level);
                if row < from || row >= to {
                    continue;
                }
                let (older, newer) = rings.split_at_mut((level - 1).min(depth - 1) * ring);
                let below = |row: isize| {
                    // Beyond a closed edge lies the row itself: no difference, no heat.
                    let row = if periodic { row } else { row.clamp(0, height - 1) };
                    if level == 1 {
                        let at = physical(row) * width;
                        &source[at..at + width]
                    } else {
                        let at = (level - 2) * ring + slot(row);
                        &older[at..at + width]
                    }
                };
                let stencil = Stencil { s: below(row - 1), c: below(row), n: below(row + 1) };
                let here = physical(row);
                let target = if level == depth {
                    let at = (row - begin) as usize * width;
                    &mut out[at..at + width]
                } else {
                    &mut newer[slot(row)..slot(row) + width]
                };
                stencil.row(net, here, dt, target);
                if row >= begin && row < end {
                    stencil.account(net, here, dt, &mut passed[(row - begin) as usize]);
                }
            }
        }
    }
}

/// A row with the rows south and north of it.
struct Stencil<'a, R> {
    s: &'a [R],
    c: &'a [R],
    n: &'a [R],
}

impl<R: Real> Stencil<'_, R> {
    /// One sub-step of a row.
    fn row(&self, net: &Network<R>, row: usize, dt: R, out: &mut [R]) {
        let &Self { s, c, n } = self;
        let width = net.width;
        let last = width - 1;
        let previous = (row + net.height - 1) % net.height;
        let wraps = net.edges.east == Edge::Periodic;
        match &net.faces {
            Faces::Rows(rows) => {
                let [east, north, inverse] = rows[row];
                let south = rows[previous][1];
                let held_row = net.edges.holds(1.min(last), row, width, net.height) && width > 2;
                if held_row {
                    out.copy_from_slice(c);
                    return;
                }
                inner_rows(out, s, c, n, [east, north, south, dt * inverse]);
                for i in [0, last] {
                    let zero = R::default();
                    let (mut flux_e, mut flux_w) = (zero, zero);
                    if i < last || wraps {
                        flux_e = east * (c[(i + 1) % width] - c[i]);
                    }
                    if i > 0 || wraps {
                        flux_w = east * (c[i] - c[(i + last) % width]);
                    }
                    let step = (flux_e - flux_w) + (north * (n[i] - c[i]) - south * (c[i] - s[i]));
                    let held = net.edges.holds(i, row, width, net.height);
                    out[i] = if held { c[i] } else { c[i] + dt * inverse * step };
                }
            }
            Faces::Cells { east, north, inverse } => {
                let (e, gn) = (&east[row * width..][..width], &north[row * width..][..width]);
                let (gs, inv) = (&north[previous * width..][..width], &inverse[row * width..][..width]);
                inner_cells(out, s, c, n, [e, gn, gs, inv], dt);
                for i in [0, last] {
                    let before = (i + last) % width;
                    let flux_x = e[i] * (c[(i + 1) % width] - c[i]) - e[before] * (c[i] - c[before]);
                    let flux_y = gn[i] * (n[i] - c[i]) - gs[i] * (c[i] - s[i]);
                    out[i] = c[i] + dt * inv[i] * (flux_x + flux_y);
                }
            }
        }
    }

    /// Heat from held cells into free cells of a row in one sub-step.
    fn account(&self, net: &Network<R>, row: usize, dt: R, passed: &mut Passed) {
        let edges = net.edges;
        if edges == (super::Edges { ..Default::default() }) {
            return;
        }
        let (width, height) = (net.width, net.height);
        let held = |column: usize, row: usize| edges.holds(column, row, width, height);
        let dt = dt.to_f64();
        let face = |cell: usize, row: usize| match &net.faces {
            Faces::Rows(rows) => (rows[row][0].to_f64(), rows[row][1].to_f64()),
            Faces::Cells { east, north, .. } => {
                (east[row * width + cell].to_f64(), north[row * width + cell].to_f64())
            }
        };
        let c = |i: usize| self.c[i].to_f64();
        if width > 1 {
            if edges.west == Edge::Fixed && !held(1, row) {
                passed.add(dt * face(0, row).0 * (c(0) - c(1)));
            }
            if edges.east == Edge::Fixed && !held(width - 2, row) {
                passed.add(dt * face(width - 2, row).0 * (c(width - 1) - c(width - 2)));
            }
        }
        if edges.south == Edge::Fixed && row == 1 {
            for i in (0..width).filter(|&i| !held(i, row)) {
                passed.add(dt * face(i, 0).1 * (self.s[i].to_f64() - c(i)));
            }
        }
        if edges.north == Edge::Fixed && row + 2 == height {
            for i in (0..width).filter(|&i| !held(i, row)) {
                passed.add(dt * face(i, row).1 * (self.n[i].to_f64() - c(i)));
            }
        }
    }
}

wide! {
    fn inner_rows<R: Real>(out: &mut [R], s: &[R], c: &[R], n: &[R], coefficients: [R; 4]) {
        let width = c.len();
        if width < 3 {
            return;
        }
        let [east, north, south, step] = coefficients;
        let (out, s, n) = (&mut out[1..width - 1], &s[1..width - 1], &n[1..width - 1]);
        let (w, m, e) = (&c[..width - 2], &c[1..width - 1], &c[2..]);
        for i in 0..out.len() {
            let x = east * (e[i] - m[i]) - east * (m[i] - w[i]);
            let y = north * (n[i] - m[i]) - south * (m[i] - s[i]);
            out[i] = m[i] + step * (x + y);
        }
    }
}

wide! {
    fn inner_cells<R: Real>(out: &mut [R], s: &[R], c: &[R], n: &[R], faces: [&[R]; 4], dt: R) {
        let width = c.len();
        if width < 3 {
            return;
        }
        let inner = 1..width - 1;
        let (out, s, n) = (&mut out[inner.clone()], &s[inner.clone()], &n[inner.clone()]);
        let (w, m, e) = (&c[..width - 2], &c[inner.clone()], &c[2..]);
        let [east, north, south, inverse] = faces;
        let (gw, ge) = (&east[..width - 2], &east[inner.clone()]);
        let (gn, gs, inverse) = (&north[inner.clone()], &south[inner.clone()], &inverse[inner]);
        let count = out.len();
        assert!(
            [s.len(), n.len(), w.len(), m.len(), e.len(), gw.len(), ge.len(), gn.len(), gs.len(), inverse.len()]
                == [count; 10]
        );
        for i in 0..count {
            let x = ge[i] * (e[i] - m[i]) - gw[i] * (m[i] - w[i]);
            let y = gn[i] * (n[i] - m[i]) - gs[i] * (m[i] - s[i]);
            out[i] = m[i] + (dt * inverse[i]) * (x + y);
        }
    }
}
