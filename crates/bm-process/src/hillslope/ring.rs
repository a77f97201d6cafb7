//! Chains of cells whose ends meet, where edges are periodic.
//!
//! With a face between the last cell and the first the matrix of a chain gets two corners. It is that of the chain with closed
//! ends, T, and a product besides: T + u vᵀ with v the first cell less the last and u the steps over the face as shares of the
//! two. So T is solved once more, for u, and x = y − q (v·y) / (1 + v·q) with T y = right, T q = u (Sherman & Morrison
//! 1950). u holds no volume, so q holds none: what a closed chain keeps a ring keeps.

/// The right-hand side u, for chains next to each other: the step over the face as a share of the first cell, and of the last.
pub(super) fn right<const N: usize>(out: &mut [[f64; N]], first: [f64; N], last: [f64; N]) {
    out.fill([0.0; N]);
    if let [begin, .., end] = out {
        *begin = first;
        *end = last.map(|step| -step);
    }
}

/// What of q each chain takes: (v·y) / (1 + v·q).
pub(super) fn share(y: [f64; 2], q: [f64; 2]) -> f64 {
    (y[0] - y[1]) / (1.0 + (q[0] - q[1]))
}

/// Makes solutions of rings out of those of closed chains, y, and q.
pub(super) fn close<const N: usize>(y: &mut [[f64; N]], q: &[[f64; N]]) {
    let ([first, .., last], [q_first, .., q_last]) = (&*y, q) else { return };
    let shares: [f64; N] = std::array::from_fn(|k| share([first[k], last[k]], [q_first[k], q_last[k]]));
    for (y, q) in y.iter_mut().zip(q) {
        for k in 0..N {
            y[k] -= q[k] * shares[k];
        }
    }
}

/// The same for rows that are parts of rasters.
pub(super) fn close_rows<'a>(
    rows: &mut [&mut [f64]],
    columns: std::ops::Range<usize>,
    q: impl Fn(usize) -> &'a [f64],
) {
    let end = rows.len() - 1;
    let shares: Vec<f64> = columns
        .clone()
        .enumerate()
        .map(|(k, column)| {
            let q = |row: usize| q(row)[k];
            share([rows[0][column], rows[end][column]], [q(0), q(end)])
        })
        .collect();
    for (row, values) in rows.iter_mut().enumerate() {
        for ((value, q), share) in values[columns.clone()].iter_mut().zip(q(row)).zip(&shares) {
            *value -= q * share;
        }
    }
}
