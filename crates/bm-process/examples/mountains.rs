//! Mountains that rise, are cut by rivers and creep, with the time each part of a step takes:
//! `mountains [CELLS A SIDE] [THREADS] [STEPS] [n] [FILE OF f64 HEIGHTS TO START FROM] [FILE TO WRITE]
//! [SHARE BY WHICH THE NORTHERNMOST CELLS ARE NARROWER]`.

#![allow(clippy::print_stdout, reason = "what an example is for")]

use std::error::Error;
use std::time::Instant;

use bm_process::field::Field;
use bm_process::hillslope::{Diffusion, Diffusivity};
use bm_process::route::{Flow, Rim, Router};
use bm_process::stream_power::{Erodibility, StreamPower};

/// Seconds this thread has been on a processor, where the system tells.
fn ran() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(text.split(' ').next()?.parse::<f64>().ok()? * 1e-9)
}

/// Milliseconds of parts, step by step: on the wall and of this thread.
#[derive(Default)]
struct Times(Vec<(&'static str, Vec<[f64; 2]>)>);

impl Times {
    fn of<T>(&mut self, name: &'static str, work: impl FnOnce() -> T) -> T {
        let (start, cpu) = (Instant::now(), ran());
        let result = work();
        let wall = start.elapsed().as_secs_f64();
        let cpu = cpu.zip(ran()).map_or(wall, |(before, after)| after - before);
        let took = [wall * 1e3, cpu * 1e3];
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, times)) => times.push(took),
            None => self.0.push((name, vec![took])),
        }
        result
    }

    fn print(&mut self) {
        let mut sum = [0.0; 2];
        for (name, times) in &mut self.0 {
            let first = times[0];
            let medians = [0, 1].map(|k| {
                times.sort_by(|a, b| a[k].total_cmp(&b[k]));
                times[times.len() / 2][k]
            });
            println!(
                "{name:8} first {:8.2} ms, median {:8.2} on the wall, {:8.2} of this thread; least {:8.2}",
                first[1], medians[0], medians[1], times[0][1]
            );
            sum = [sum[0] + medians[0], sum[1] + medians[1]];
        }
        println!("sum of medians {:.2} ms on the wall, {:.2} of this thread", sum[0], sum[1]);
    }
}

/// Octaves of noise from 256 cells down, each half as wide and 0.55 times as high as the one before.
fn fractal(size: usize) -> Vec<f64> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut values = vec![0.0; size * size];
    let (mut step, mut height) = ((size / 4).clamp(1, 256), 450.0);
    while step >= 1 {
        let nodes = size / step + 3;
        let noise: Vec<f64> = (0..nodes * nodes).map(|_| random() * height).collect();
        let smooth = |t: f64| t * t * (3.0 - 2.0 * t);
        for y in 0..size {
            let (row, ty) = (y / step, smooth((y % step) as f64 / step as f64));
            for x in 0..size {
                let (column, tx) = (x / step, smooth((x % step) as f64 / step as f64));
                let at = |dx: usize, dy: usize| noise[(row + dy) * nodes + column + dx];
                let south = at(0, 0) + (at(1, 0) - at(0, 0)) * tx;
                let north = at(0, 1) + (at(1, 1) - at(0, 1)) * tx;
                values[y * size + x] += south + (north - south) * ty;
            }
        }
        step /= 2;
        height *= 0.55;
    }
    values
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |n: usize, default: f64| args.get(n).map_or(Ok(default), |text| text.parse());
    let (size, threads, steps) =
        (number(0, 256.0)? as usize, number(1, 1.0)? as usize, number(2, 5.0)? as usize);
    let values = match args.get(4) {
        Some(path) => {
            let bytes = std::fs::read(path)?;
            bytes.as_chunks::<8>().0.iter().map(|&bytes| f64::from_le_bytes(bytes)).collect()
        }
        None => fractal(size),
    };
    let height = values.len() / size;
    // Cells narrow northwards when asked to, as they do in the world.
    let narrowing = number(6, 0.0)?;
    let dx = (0..height).map(|row| 100.0 * (1.0 - narrowing * row as f64 / height as f64)).collect();
    let mut ground = Field { width: size, height, dx, dy: 100.0, values };

    let (mut router, mut flow) = (Router::new(Rim::default()).threads(threads), Flow::default());
    let mut rivers = StreamPower::new(Erodibility::Uniform(1e-5), 0.4, number(3, 1.0)?);
    let mut creep = Diffusion::new(Diffusivity::Uniform(0.01), Rim::default());
    (rivers.threads, creep.threads) = (threads, threads);
    let mut times = Times::default();
    let (mut cut, mut moved) = (0.0, 0.0);
    for _ in 0..steps {
        for row in ground.values.chunks_exact_mut(size).skip(1).take(height - 2) {
            row[1..size - 1].iter_mut().for_each(|z| *z += 0.5);
        }
        times.of("route", || router.route(&ground, &mut flow))?;
        cut += times.of("rivers", || rivers.erode(&mut ground, &flow, 1e4))?.lost;
        moved += times.of("creep", || creep.step(&mut ground, 1e4))?.moved;
    }
    println!(
        "{steps} steps of 10 000 years on {} cells: {cut:.4e} m³ cut by rivers, {moved:.4e} m³ crept",
        size * height
    );
    times.print();
    if let Some(path) = args.get(5) {
        std::fs::write(path, ground.values.iter().flat_map(|z| z.to_le_bytes()).collect::<Vec<_>>())?;
    }
    Ok(())
}
