//! Shades relief into a framed PNG.
//!
//! ```text
//! cargo run -p bm-io --example relief_to_png -- out.png [RELIEF_FILE [W,S,E,N [WIDTH]]]
//! ```
//!
//! Without a file it takes the bundled 20-minute relief of the Earth.

#![allow(clippy::print_stdout)] // a program's last line for its user

use bm_io::picture::{MapFrame, ShadeStyle, frame_map, surface_window, write_png};
use bm_io::{ReliefOptions, bundled::bundled_etopo20, read_relief};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let default_out = std::env::temp_dir().join("relief.png").display().to_string();
    let out = args.first().unwrap_or(&default_out);
    let relief = match args.get(1) {
        Some(file) => read_relief(file, &ReliefOptions::default())?,
        None => bundled_etopo20()?,
    };
    let (x, y) = (relief.georef.x, relief.georef.y);
    let whole = if relief.georef.wraps {
        [-180.0, -90.0, 180.0, 90.0]
    } else {
        [x.degrees(0), y.degrees(0), x.degrees(relief.width as i64 - 1), y.degrees(relief.height as i64 - 1)]
    };
    let window = match args.get(2) {
        Some(text) => {
            let v: Vec<f64> = text.split(',').map(str::parse).collect::<Result<_, _>>()?;
            <[f64; 4]>::try_from(v).map_err(|v| format!("a window is W,S,E,N, not {v:?}"))?
        }
        None => whole,
    };
    let [west, south, east, north] = window;
    let width: usize = args.get(3).map_or(Ok(1080), |w| w.parse())?;
    let height = (width as f64 * (north - south) / (east - west)).round() as usize;

    let map = surface_window(&relief, window, width, height, &ShadeStyle::default())?;
    let note = format!("{} × {} samples, {}", relief.width, relief.height, relief.source.format);
    let sheet = frame_map(
        &map,
        &MapFrame { west, south, east, north, title: "Relief", note: &note, heights_m: relief.range_m() },
    )?;
    write_png(out, &sheet)?;
    println!("{out}: {} × {} pixels", sheet.width, sheet.height);
    Ok(())
}
