//! `bm export`.

use crate::args::{self, Format, Span};
use crate::fault::Fault;
use crate::output::{Out, bytes, edge};
use crate::progress::Bar;
use bm_core::frame::{MAX_LEVEL, TICKS_PER_METRE, WORLD_X, edge_metres};
use bm_hybrid::export::{ExportReport, export_geotiff_heights, export_geotiff_materials, export_npy};
use bm_hybrid::{Size, View, Window};
use serde_json::json;
use std::path::Path;

/// Cells of a volume when no level is given: the finest level with no more.
const CELLS: f64 = 4e6;
/// Pixels across a raster when no resolution is given.
const WIDTH: u32 = 1024;

pub(super) fn run(a: &args::Export, out: &mut Out) -> Result<u8, Fault> {
    let format = match a.format {
        Some(format) => format,
        None => by_name(&a.output)?,
    };
    let [west, south, east, north] = a.bbox;
    let window = Window::new(west, south, east, north)?;
    let level = a.scale.level()?;
    let view = super::view(&a.world, a.at)?;
    let bar = Bar::new();
    let (report, cell_m) = match format {
        Format::Npy => volume(a, &view, &window, level, &bar)?,
        Format::Geotiff => raster(a, &view, &window, level, &bar)?,
    };
    drop(bar);
    let seconds = report.elapsed.as_secs_f64();
    if out.is_json() {
        out.json(&json!({
            "file": report.path.display().to_string(),
            "sidecar": report.sidecar.as_ref().map(|p| p.display().to_string()),
            "shape": report.shape,
            "cell_m": cell_m,
            "bytes": report.bytes,
            "version": view.version(),
            "seconds": seconds,
        }))?;
        return Ok(0);
    }
    let shape: Vec<String> = report.shape.iter().map(usize::to_string).collect();
    out.line(format_args!(
        "{}: {} cells of {}, {}, {seconds:.2} s",
        report.path.display(),
        shape.join(" × "),
        edge(cell_m),
        bytes(report.bytes)
    ))?;
    if let Some(sidecar) = &report.sidecar {
        out.line(format_args!("{}: where the cells lie, and what the ids mean", sidecar.display()))?;
    }
    Ok(0)
}

fn by_name(path: &Path) -> Result<Format, Fault> {
    let extension = path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
    match extension.as_deref() {
        Some("npy") => Ok(Format::Npy),
        Some("tif" | "tiff") => Ok(Format::Geotiff),
        _ => Err(Fault::usage(format!(
            "{}: the name does not tell a format; add --format npy or --format geotiff",
            path.display()
        ))),
    }
}

fn volume(
    a: &args::Export,
    view: &View,
    window: &Window,
    level: Option<u8>,
    bar: &Bar,
) -> Result<(ExportReport, f64), Fault> {
    if a.heights {
        return Err(Fault::usage("--heights: a volume has materials; write heights with --format geotiff"));
    }
    let alt = match a.alt {
        Some(Span::Two(range)) => range,
        // The one layer of cells that holds the altitude.
        Some(Span::One(m)) => [m, m + 0.25],
        None => {
            return Err(Fault::usage(
                "--alt: a volume needs its lowest and highest altitude, such as --alt -5000,5000",
            ));
        }
    };
    let level = level.unwrap_or_else(|| {
        let cells = |level: u8| {
            let m = edge_metres(level);
            width_m(window) / m * height_m(window) / m * ((alt[1] - alt[0]) / m).max(1.0)
        };
        (0..=MAX_LEVEL).rev().find(|&l| cells(l) <= CELLS).unwrap_or(0)
    });
    let report = export_npy(view, window, alt, level, &a.output, &|p| bar.tell(p))?;
    Ok((report, edge_metres(level)))
}

fn raster(
    a: &args::Export,
    view: &View,
    window: &Window,
    level: Option<u8>,
    bar: &Bar,
) -> Result<(ExportReport, f64), Fault> {
    // A raster need not follow the cells: a resolution is taken as it is.
    let cell = a.scale.resolution.or(level.map(edge_metres));
    let size = match cell {
        None => Size::fitting(window, WIDTH)?,
        Some(m) => Size::new((width_m(window) / m).ceil() as u32, (height_m(window) / m).ceil() as u32)?,
    };
    let cell_m = width_m(window) / f64::from(size.width);
    let tell = |p: &_| bar.tell(p);
    let report = match a.alt {
        _ if a.heights => export_geotiff_heights(view, window, size, &a.output, &tell)?,
        Some(Span::One(alt)) => export_geotiff_materials(view, window, size, alt, &a.output, &tell)?,
        Some(Span::Two(_)) => {
            return Err(Fault::usage("--alt: a raster has one altitude; write a volume with --format npy"));
        }
        None => {
            return Err(Fault::usage(
                "a raster needs --heights, or --alt M for the materials at one altitude",
            ));
        }
    };
    Ok((report, cell_m))
}

/// Metres across in the world's frame, where a degree is as long everywhere.
fn width_m(w: &Window) -> f64 {
    w.width() / 360.0 * f64::from(WORLD_X) / f64::from(TICKS_PER_METRE)
}

fn height_m(w: &Window) -> f64 {
    w.height() / 360.0 * f64::from(WORLD_X) / f64::from(TICKS_PER_METRE)
}
