//! Builds the Earth in memory and draws it: the whole surface, a region, a slice and a section.
//!
//! ```text
//! cargo run -p bm-hybrid --example look -- OUT_DIR [RELIEF [LITHO_NPZ]]
//! ```
//!
//! Without files the bundled 20-minute relief is used, and there are no strata below it.

#![allow(clippy::print_stdout)] // a program for its user

use bm_hybrid::render::{Lines, SectionLine, surface_sheet, write_section, write_slice, write_surface};
use bm_hybrid::{Size, Window, World};
use bm_io::picture::write_png;
use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let Some(dir) = args.first() else {
        println!("usage: look OUT_DIR [RELIEF [LITHO_NPZ]]");
        return Ok(());
    };
    std::fs::create_dir_all(dir)?;
    let relief = match args.get(1) {
        Some(file) => bm_io::read_relief(file, &Default::default())?,
        None => bm_io::bundled::bundled_etopo20()?,
    };
    let world = World::in_memory()?;
    world.ingest_relief(&relief, &Default::default(), &|_| ())?;
    #[cfg(feature = "litho")]
    if let Some(file) = args.get(2) {
        let litho = bm_io::litho::read_litho(file, &Default::default())?;
        world.ingest_strata(&litho, &Default::default(), &|_| ())?;
    }
    let view = world.view();
    let timed = |name: &str, start: Instant| println!("{name}: {} ms", start.elapsed().as_millis());

    let start = Instant::now();
    write_surface(&view, &Window::WORLD, "2160x1080".parse()?, dir.join("world.png"), Lines::Drawn, &|_| ())?;
    timed("surface of the world, 2160x1080, from an unread world", start);
    let start = Instant::now();
    bm_hybrid::render::surface_image(&view, &Window::WORLD, "2160x1080".parse()?, Lines::Drawn, &|_| ())?;
    timed("the same again, without the file", start);
    for (name, title, [w, s, e, n]) in [
        ("alps", "The Alps", [5.0, 43.0, 17.0, 49.0]),
        ("himalaya", "The Himalaya", [70.0, 22.0, 100.0, 40.0]),
        ("date_line", "Across the date line", [170.0, -25.0, -170.0, -10.0]),
        ("north", "The far north", [-180.0, 80.0, 180.0, 90.0]),
    ] {
        let window = Window::new(w, s, e, n)?;
        let start = Instant::now();
        let sheet =
            surface_sheet(&view, &window, Size::fitting(&window, 1200)?, title, Lines::Drawn, &|_| ())?;
        timed(name, start);
        write_png(dir.join(format!("{name}.png")), &sheet)?;
    }
    let start = Instant::now();
    write_slice(&view, &Window::WORLD, "1440x720".parse()?, -2000.0, dir.join("slice.png"), &|_| ())?;
    timed("slice at -2000 m", start);
    let size = "1400x500".parse()?;
    let start = Instant::now();
    let andes = SectionLine::parallel(-20.0, -80.0, -60.0)?;
    write_section(&view, &andes, size, None, dir.join("andes.png"), &|_| ())?;
    timed("section", start);
    write_section(&view, &andes, size, Some([-120_000.0, 10_000.0]), dir.join("andes_deep.png"), &|_| ())?;
    let tonga = SectionLine::parallel(-20.0, 175.0, -165.0)?;
    write_section(&view, &tonga, size, None, dir.join("tonga.png"), &|_| ())?;
    let way = SectionLine::between([-123.0, 49.0], [140.0, 35.0])?;
    write_section(&view, &way, size, None, dir.join("great_circle.png"), &|_| ())?;
    Ok(())
}
