//! The deflection of an elastic plate by Fourier transforms, which turn its fourth derivatives into factors.

use std::sync::Arc;

use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};

use crate::workers;

/// Multiplies every wave of a raster (row · width + column) by `factor(|k|²)`, k in rad/m.
pub(super) fn filter(
    values: &mut [Complex<f64>],
    (width, height): (usize, usize),
    (dx, dy): (f64, f64),
    threads: usize,
    factor: impl Fn(f64) -> f64 + Sync,
) {
    let mut planner = FftPlanner::<f64>::new();
    let along = [planner.plan_fft_forward(width), planner.plan_fft_inverse(width)];
    let across = [planner.plan_fft_forward(height), planner.plan_fft_inverse(height)];
    lines(values, width, &along[0], threads);
    let mut turned = transposed(values, width, height, threads);
    lines(&mut turned, height, &across[0], threads);

    // Numbers 0, 1, …, −2, −1 of waves around the raster.
    let square = |number: usize, count: usize, cell: f64| {
        let number = if 2 * number > count { count - number } else { number };
        (std::f64::consts::TAU * number as f64 / (count as f64 * cell)).powi(2)
    };
    let scale = 1.0 / (width as f64 * height as f64);
    let tasks = turned.chunks_mut(height).enumerate().collect();
    workers::queue(threads, tasks, |(column, waves): (usize, &mut [Complex<f64>])| {
        let kx = square(column, width, dx);
        for (row, wave) in waves.iter_mut().enumerate() {
            *wave *= scale * factor(kx + square(row, height, dy));
        }
    });

    lines(&mut turned, height, &across[1], threads);
    values.copy_from_slice(&transposed(&turned, height, width, threads));
    lines(values, width, &along[1], threads);
}

/// Transforms each line of `length` numbers.
fn lines(values: &mut [Complex<f64>], length: usize, fft: &Arc<dyn Fft<f64>>, threads: usize) {
    // Lines go to threads in bunches, for each needs scratch memory.
    let tasks = values.chunks_mut(length * 16).collect();
    workers::queue(threads, tasks, |lines: &mut [Complex<f64>]| fft.process(lines));
}

fn transposed(values: &[Complex<f64>], width: usize, height: usize, threads: usize) -> Vec<Complex<f64>> {
    const TILE: usize = 32;
    let mut out = vec![Complex::default(); values.len()];
    let tasks = out.chunks_mut(height * TILE).enumerate().collect();
    workers::queue(threads, tasks, |(strip, out): (usize, &mut [Complex<f64>])| {
        let columns = out.len() / height;
        for first in (0..height).step_by(TILE) {
            for column in 0..columns {
                for row in first..height.min(first + TILE) {
                    out[column * height + row] = values[row * width + strip * TILE + column];
                }
            }
        }
    });
    out
}
