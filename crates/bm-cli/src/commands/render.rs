//! `bm render`.

use crate::args::{self, Span};
use crate::fault::Fault;
use crate::output::{Out, bytes};
use crate::progress::Bar;
use bm_hybrid::render::{Lines, SectionLine, section_image, slice_image, surface_image, surface_sheet};
use bm_hybrid::{Size, Window};
use bm_io::picture::write_png;
use serde_json::json;
use std::time::Instant;

/// Pixels across when nothing is said.
const WIDTH: u32 = 1600;
/// Pixels of a section when nothing is said.
const SECTION: [u32; 2] = [1600, 700];

pub(super) fn run(a: &args::Render, out: &mut Out) -> Result<u8, Fault> {
    let start = Instant::now();
    let [west, south, east, north] = a.bbox;
    let window = Window::new(west, south, east, north)?;
    let line = match a.line {
        Some([lon, lat, to_lon, to_lat]) => Some(SectionLine::between([lon, lat], [to_lon, to_lat])?),
        None if a.section => Some(SectionLine::of_window(&window)?),
        None => None,
    };
    let size = match (a.size, &line) {
        (Some(size), _) => size,
        (None, Some(_)) => Size::new(SECTION[0], SECTION[1])?,
        (None, None) => Size::fitting(&window, WIDTH)?,
    };
    let view = super::view(&a.world, a.at)?;
    let lines = if a.no_lines { Lines::Hidden } else { Lines::Drawn };
    let image = {
        let bar = Bar::new();
        let tell = |p: &_| bar.tell(p);
        match (line, a.alt) {
            (Some(line), None) => section_image(&view, &line, size, None, &tell)?,
            (Some(line), Some(Span::Two(alt))) => section_image(&view, &line, size, Some(alt), &tell)?,
            (Some(_), Some(Span::One(_))) => {
                return Err(Fault::usage(
                    "--alt: a section needs its lowest and highest altitude, such as --alt -12000,10000",
                ));
            }
            (None, Some(Span::One(alt))) => slice_image(&view, &window, size, alt, &tell)?,
            (None, Some(Span::Two(_))) => {
                return Err(Fault::usage("--alt: a slice has one altitude; for a section add --section"));
            }
            (None, None) if a.frame => surface_sheet(&view, &window, size, "Surface", lines, &tell)?,
            (None, None) => surface_image(&view, &window, size, lines, &tell)?,
        }
    };
    write_png(&a.output, &image)?;
    let seconds = start.elapsed().as_secs_f64();
    let length = std::fs::metadata(&a.output).map_or(0, |m| m.len());
    if out.is_json() {
        out.json(&json!({
            "picture": a.output.display().to_string(),
            "width": image.width,
            "height": image.height,
            "bytes": length,
            "version": view.version(),
            "seconds": seconds,
        }))?;
    } else {
        out.line(format_args!(
            "{}: {} × {} pixels, {}, {seconds:.2} s",
            a.output.display(),
            image.width,
            image.height,
            bytes(length)
        ))?;
    }
    Ok(0)
}
