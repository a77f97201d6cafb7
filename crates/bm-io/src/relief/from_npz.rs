//! Elevation models in NumPy archives, as matplotlib's sample data has them: an array
//! `elevation[row, column]` with row 0 northernmost, and scalars `xmin`, `xmax`, `ymin`, `ymax`
//! in degrees, of the outer edges of the raster.

use super::heights::{HeightRule, Sink};
use super::normalise::RawRelief;
use super::{ReliefOptions, ReliefSource, check_samples};
use crate::error::Fault;
use crate::georef::RawAxis;
use crate::npz::Npz;

pub(super) fn read<S: Sink>(bytes: &[u8], options: &ReliefOptions) -> Result<RawRelief<S>, Fault> {
    let mut npz = Npz::open(bytes)?;
    let name = options.variable.as_deref().unwrap_or("elevation");
    let names = npz.names();
    let needed = [name, "xmin", "xmax", "ymin", "ymax"];
    if let Some(n) = needed.iter().find(|n| !names.iter().any(|m| m == *n)) {
        return Err(Fault::unsuitable(
            "archive",
            format!("no array `{n}` in it (arrays: {})", names.join(", ")),
            "an elevation model needs elevation, xmin, xmax, ymin and ymax",
        ));
    }
    let [xmin, xmax, ymin, ymax] = [1, 2, 3, 4].map(|i| scalar(&mut npz, needed[i]));
    let (xmin, xmax, ymin, ymax) = (xmin?, xmax?, ymin?, ymax?);
    // Row 0 is northernmost; some files name its edge `ymin`, others `ymax`.
    let (ymin, ymax) = (ymin.min(ymax), ymin.max(ymax));
    if !(xmax > xmin && ymax > ymin) || [xmin, xmax, ymin, ymax].iter().any(|v| v.abs() > 1e4) {
        return Err(Fault::unsuitable(
            "xmin, xmax, ymin, ymax",
            format!("{xmin}, {xmax}, {ymin}, {ymax} do not span an area in degrees"),
            "give the raster's edges as longitudes and latitudes in degrees",
        ));
    }
    let place = format!("array `{name}`");
    let mut shape = (0, 0);
    let mut heights = Vec::new();
    let header = npz.for_each(
        name,
        |h| match h.shape[..] {
            [rows, columns] => {
                check_samples(columns as u64, rows as u64, options)?;
                shape = (rows, columns);
                Ok(())
            }
            _ => Err(Fault::unsuitable(
                &*place,
                format!("has shape {:?}, not [rows, columns]", h.shape),
                "store a 2-D array",
            )),
        },
        |_, v| heights.push(v),
    )?;
    let (rows, columns) = shape;
    let mut sink = S::new(HeightRule::default(), heights.len())?;
    heights.into_iter().for_each(|v| sink.push(v));
    let heights = sink.finish(if header.fortran_order { rows } else { columns }, &place)?;
    let axis = |lo: f64, hi: f64, n: usize| {
        let half = (hi - lo) / n as f64 / 2.0;
        RawAxis { first: lo + half, last: hi - half, len: n, rounding: lo.abs().max(hi.abs()) * 1e-12 }
    };
    let north_first = axis(ymin, ymax, rows);
    Ok(RawRelief {
        lon: axis(xmin, xmax, columns),
        lat: RawAxis { first: north_first.last, last: north_first.first, ..north_first },
        column_major: header.fortran_order,
        heights,
        source: ReliefSource { format: "NPZ", variable: name.to_owned(), units: S::UNIT.into() },
    })
}

fn scalar(npz: &mut Npz<'_>, name: &str) -> Result<f64, Fault> {
    let mut value = f64::NAN;
    let place = format!("array `{name}`");
    npz.for_each(
        name,
        |h| match h.count() {
            Some(1) => Ok(()),
            _ => Err(Fault::unsuitable(&*place, format!("has shape {:?}", h.shape), "store a single number")),
        },
        |_, v| value = v,
    )?;
    Ok(value)
}
