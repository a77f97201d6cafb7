//! A mountain range rises for 20 000 years and is worn down by rivers, creep and slides meanwhile:
//! `erode [CELLS A SIDE] [FOLDER FOR CHECKPOINTS]`. With a folder that has checkpoints, it goes on from the last one.

#![allow(clippy::print_stdout, reason = "what an example is for")]

use std::error::Error;
use std::ops::ControlFlow;
use std::path::PathBuf;

use bm_core::MaterialId;
use bm_process::field::Field;
use bm_process::run::{Changes, Progress, Run, Totals};
use bm_process::scenario::Scenario;
use bm_process::state::State;
use bm_process::stats::{Hypsometry, SlopeArea};

const SCENARIO: &str = r#"
title = "A range rises and wears down"
years = 20_000
step = 500
checkpoint-every = 10

[[process]]
name = "uplift"
rate = 0.001                  # m/year
fixed_rim = true

[[process]]
name = "stream-power"
erodibility = 4e-5

[[process]]
name = "hillslope"
diffusivity = 0.02            # m²/year

[[process]]
name = "weathering"
every = 4

[[process]]
name = "slides"
every = 4
passes = 50                   # what is still too steep goes on in the next step
"#;

/// Octaves of value noise, each half as wide and half as high as the one before; 0 at the rim.
fn range(size: usize) -> Field {
    let hash = |x: i64, y: i64, octave: u64| {
        let mut n = (x as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (y as u64).rotate_left(32) ^ octave;
        for _ in 0..3 {
            n = (n ^ (n >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        }
        (n >> 11) as f64 / (1_u64 << 53) as f64
    };
    let noise = |x: f64, y: f64, octave: u64| {
        let (cx, cy) = (x.floor(), y.floor());
        let ease = |t: f64| t * t * (3.0 - 2.0 * t);
        let (tx, ty) = (ease(x - cx), ease(y - cy));
        let at = |i: i64, j: i64| hash(cx as i64 + i, cy as i64 + j, octave);
        (at(0, 0) * (1.0 - tx) + at(1, 0) * tx) * (1.0 - ty) + (at(0, 1) * (1.0 - tx) + at(1, 1) * tx) * ty
    };
    Field::square(size, size, 100.0, |x, y| {
        let rim = x.min(y).min(size - 1 - x).min(size - 1 - y) as f64 / size as f64;
        let waves = (0..8_u64).map(|k| {
            let scale = (1 << k) as f64 * 4.0 / size as f64;
            noise(x as f64 * scale, y as f64 * scale, k) * 0.5_f64.powi(k as i32)
        });
        600.0 * waves.sum::<f64>() * (rim * 6.0).min(1.0)
    })
}

fn print(totals: &Totals, took: &[f64]) {
    println!(
        "{:16} {:>14} {:>14} {:>14} {:>12} {:>8}",
        "m³ of solid", "gained", "lost", "moved", "unaccounted", "s"
    );
    for ((name, accounts), took) in totals.processes.iter().zip(took) {
        let solid = accounts.solid;
        let (gained, lost, moved) = (solid.gained(), solid.lost(), solid.moved());
        println!("{name:16} {gained:14.6e} {lost:14.6e} {moved:14.6e} {:12.2e} {took:8.2}", solid.open());
    }
    let all = totals.solid;
    println!("the land: {:.9e} m³ before, {:.9e} after; error {:.1e}", all.before, all.after, totals.error());
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let size = arguments.next().map_or(Ok(256), |size| size.parse())?;
    let folder = arguments.next().map(PathBuf::from);

    let mut run = match &folder {
        Some(folder) if folder.exists() => {
            let resumed = Run::resume(folder, &Changes::default())?;
            resumed.warnings.iter().for_each(|warning| println!("passed over: {warning}"));
            println!("going on from {}", resumed.from.display());
            resumed.run
        }
        _ => {
            let land = State::new(range(size), MaterialId::SANDSTONE);
            let run = Run::new(land, Scenario::parse("erode", SCENARIO)?)?;
            match &folder {
                Some(folder) => run.checkpoints(folder)?,
                None => run,
            }
        }
    };
    let mut took = vec![0.0; run.scenario().processes.len()];
    let mut watch = |progress: &Progress<'_>| {
        let Progress { step, steps, years, left, report, .. } = progress;
        for (all, process) in took.iter_mut().zip(&report.processes) {
            *all += process.took.as_secs_f64();
        }
        if step % 10 == 0 {
            println!("step {step} of {steps}: {years} years; {:.1} s to go", left.as_secs_f64());
        }
        ControlFlow::Continue(())
    };
    run.run(&mut watch)?;
    print(run.totals(), &took);

    let heights = Hypsometry::of(&run.state().ground, 8).ok_or("no land")?;
    println!(
        "\nheights {:.0} to {:.0} m, hypsometric integral {:.2}",
        heights.min,
        heights.max,
        heights.integral()
    );
    for band in heights.bands.iter().rev() {
        let bar = "#".repeat((band.area / heights.area * 100.0).round() as usize);
        println!("{:6.0} m {bar}", band.low);
    }
    let rivers = SlopeArea::of(run.state(), 2)?;
    println!("\n{:>12} {:>8} {:>10}", "drained m²", "cells", "slope");
    for bin in &rivers.bins {
        println!("{:12.2e} {:8} {:10.4}", bin.area, bin.cells, bin.median);
    }
    if let Some(fit) = rivers.fit(3e5, 1e9) {
        println!("slope = {:.3} · area^-{:.3}", fit.steepness, fit.concavity);
    }
    Ok(())
}
