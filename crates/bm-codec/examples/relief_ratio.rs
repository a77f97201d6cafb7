//! Compresses a made-up relief and prints what it takes against the same heights as raw 16-bit integers.
//!
//! `cargo run -p bm-codec --example relief_ratio`
#![allow(clippy::print_stdout, reason = "an example")]

use bm_codec::body::{Base, Body};
use bm_codec::raster::{Axis, Interpolation, Raster};
use bm_codec::strata::Strata;
use bm_core::MaterialId;

/// Heights in metres: three chains of hills of different width, and roughness of two metres.
fn height(i: usize, j: usize) -> i32 {
    let (x, y) = (i as f64, j as f64);
    let hills = 700.0 * (x / 31.0).sin() * (y / 47.0).cos() + 160.0 * ((x + y) / 11.0).sin();
    let rough = ((i * 7919 + j * 104_729 + i * j * 31) % 5) as f64 - 2.0;
    (hills + rough).round() as i32
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (width, height_) = (256, 256);
    let metres: Vec<i32> = (0..width * height_).map(|k| height(k % width, k / width)).collect();
    // One sample every 100 m; heights count in metres, which are four ticks.
    let axis = Axis { origin: 0, step: 400, den: 1 };
    let raster = Raster::new((axis, axis), (width, height_), 4, Interpolation::Bilinear, &metres)?;
    let page = Body::new(Base::Strata(Strata::new(raster, MaterialId::ROCK).into()));

    let bytes = page.encode();
    let raw = metres.len() * 2;
    println!(
        "{width} × {height_} heights: {raw} bytes raw, {} as a page, ratio {:.2}",
        bytes.len(),
        raw as f64 / bytes.len() as f64
    );
    println!(
        "{:.2} bits a sample, and not one metre lost: {}",
        bytes.len() as f64 * 8.0 / metres.len() as f64,
        Body::decode(&bytes)? == page
    );
    Ok(())
}
