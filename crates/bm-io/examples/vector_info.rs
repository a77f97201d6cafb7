//! What is in a vector file: `cargo run --example vector_info -- FILE [LAYER]`.

#![allow(clippy::print_stdout)] // a program's last lines for its user

use bm_io::IoError;
use bm_io::vector::{VectorOptions, read_vector};
use std::path::Path;
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let path = args.next().ok_or("give a vector file")?;
    let options = VectorOptions { layer: args.next(), skip_invalid: true, ..VectorOptions::default() };
    let start = Instant::now();
    let (mut first, mut calls) = (Vec::new(), 0_u64);
    let summary = read_vector(Path::new(&path), &options, &mut |_, _| calls += 1, |feature| {
        if first.len() < 5 {
            first.push(format!("{:?} {:?}", feature.id, feature.properties));
        }
        Ok::<(), IoError>(())
    })?;
    println!("{summary:#?}");
    println!("first features:\n  {}", first.join("\n  "));
    println!("{:.3} s, {calls} calls of progress", start.elapsed().as_secs_f64());
    Ok(())
}
