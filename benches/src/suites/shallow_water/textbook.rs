//! Shallow water as textbooks have it: first order, cell by cell.
//!
//! Hydrostatic reconstruction (Audusse et al. 2004), HLL fluxes (Toro 2001, ch. 10), forward Euler, walls all around,
//! Manning's friction taken implicitly. Written plainly, as one would without thinking of the machine.

/// Depth, and momentum along x and y.
type Cell = [f64; 3];

const GRAVITY: f64 = 9.81;
/// Water thinner than this stands, m.
const DRY: f64 = 1e-4;

/// A bed with water on it.
pub(super) struct Pool {
    width: usize,
    height: usize,
    cell: f64,
    bed: Vec<f64>,
    state: Vec<Cell>,
    manning: f64,
}

impl Pool {
    pub(super) fn new((width, cell): (usize, f64), bed: Vec<f64>, depth: Vec<f64>, manning: f64) -> Self {
        let state = depth.into_iter().map(|depth| [depth, 0.0, 0.0]).collect();
        Self { width, height: bed.len() / width, cell, bed, state, manning }
    }

    pub(super) fn depths(&self) -> Vec<f64> {
        self.state.iter().map(|cell| cell[0]).collect()
    }

    /// Advances by so many seconds; the steps it took.
    pub(super) fn advance(&mut self, seconds: f64) -> usize {
        let (mut done, mut steps) = (0.0, 0);
        while done < seconds {
            let fastest = self.state.iter().map(speed).fold(0.0, f64::max);
            let stable = if fastest > 0.0 { 0.45 * self.cell / fastest } else { seconds };
            let dt = stable.min(seconds - done);
            self.step(dt);
            done += dt;
            steps += 1;
        }
        steps
    }

    fn step(&mut self, dt: f64) {
        let mut next = self.state.clone();
        let ratio = dt / self.cell;
        for row in 0..self.height {
            for column in 0..self.width {
                let here = row * self.width + column;
                for axis in [0, 1] {
                    let (at, count, stride) =
                        if axis == 0 { (column, self.width, 1) } else { (row, self.height, self.width) };
                    if at == 0 {
                        let (_, inward) = flux(self.mirrored(here, axis), self.of(here, axis));
                        add(&mut next[here], inward, ratio, axis);
                    }
                    let beyond = here + stride;
                    let last = at + 1 == count;
                    let other = if last { self.mirrored(here, axis) } else { self.of(beyond, axis) };
                    let (outward, inward) = flux(self.of(here, axis), other);
                    add(&mut next[here], outward, -ratio, axis);
                    if !last {
                        add(&mut next[beyond], inward, ratio, axis);
                    }
                }
            }
        }
        for cell in &mut next {
            let depth = cell[0].max(0.0);
            let keep = if depth > DRY {
                let speed = cell[1].hypot(cell[2]) / depth;
                1.0 / (1.0 + dt * GRAVITY * self.manning * self.manning * speed / depth.powf(4.0 / 3.0))
            } else {
                0.0
            };
            *cell = [depth, cell[1] * keep, cell[2] * keep];
        }
        self.state = next;
    }

    /// Bed, and the cell with its momentum across first.
    fn of(&self, cell: usize, axis: usize) -> (f64, Cell) {
        let [depth, x, y] = self.state[cell];
        (self.bed[cell], if axis == 0 { [depth, x, y] } else { [depth, y, x] })
    }

    fn mirrored(&self, cell: usize, axis: usize) -> (f64, Cell) {
        let (bed, [depth, across, along]) = self.of(cell, axis);
        (bed, [depth, -across, along])
    }
}

fn add(cell: &mut Cell, flux: Cell, factor: f64, axis: usize) {
    let [water, across, along] = flux.map(|part| part * factor);
    cell[0] += water;
    cell[1 + axis] += across;
    cell[2 - axis] += along;
}

fn speed(&[depth, x, y]: &Cell) -> f64 {
    if depth > DRY { (x.abs().max(y.abs())) / depth + (GRAVITY * depth).sqrt() } else { 0.0 }
}

/// Through a face, as the cell before it sees it and as the one behind does: each with the weight of its own water on the
/// step in the bed.
fn flux((bed_l, left): (f64, Cell), (bed_r, right): (f64, Cell)) -> (Cell, Cell) {
    let bed = bed_l.max(bed_r);
    let cut = |cell_bed: f64, [depth, across, along]: Cell| {
        let above = (depth + cell_bed - bed).max(0.0);
        let (u, v) = if depth > DRY { (across / depth, along / depth) } else { (0.0, 0.0) };
        (above, u, v)
    };
    let ((a, u, v), (b, w, s)) = (cut(bed_l, left), cut(bed_r, right));
    let (ca, cb) = ((GRAVITY * a).sqrt(), (GRAVITY * b).sqrt());
    let slowest = (u - ca).min(w - cb).min(0.0);
    let fastest = (u + ca).max(w + cb).max(0.0);
    let physical = |h: f64, u: f64, v: f64| [h * u, h * u * u + 0.5 * GRAVITY * h * h, h * u * v];
    let (fl, fr) = (physical(a, u, v), physical(b, w, s));
    let (ul, ur) = ([a, a * u, a * v], [b, b * w, b * s]);
    let through: Cell = if fastest - slowest > 0.0 {
        std::array::from_fn(|k| {
            (fastest * fl[k] - slowest * fr[k] + slowest * fastest * (ur[k] - ul[k])) / (fastest - slowest)
        })
    } else {
        [0.0; 3]
    };
    let weight = |depth: f64, above: f64| 0.5 * GRAVITY * (depth * depth - above * above);
    let with = |weight: f64| [through[0], through[1] + weight, through[2]];
    (with(weight(left[0], a)), with(weight(right[0], b)))
}
