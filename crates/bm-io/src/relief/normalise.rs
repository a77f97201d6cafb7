//! One order for all: row 0 south, columns west to east, starting in [−180°, 180°).

use super::heights::{HeightSink, Sink, ValueSink};
use super::{Raster, Relief, ReliefSource};
use crate::error::Fault;
use crate::georef::{Axis, GridGeoref, RawAxis, fit_latitude, fit_longitude};

/// A raster in its file's own order.
pub(super) struct RawRelief<S> {
    pub(super) lon: RawAxis,
    pub(super) lat: RawAxis,
    /// The values run down columns: `values[column · rows + row]`.
    pub(super) column_major: bool,
    pub(super) heights: S,
    pub(super) source: ReliefSource,
}

/// A raster in the one order.
struct Oriented<S> {
    georef: GridGeoref,
    width: usize,
    height: usize,
    sink: S,
    shift: f64,
    nodata: usize,
    source: ReliefSource,
}

pub(super) fn normalise(raw: RawRelief<HeightSink>) -> Result<Relief, Fault> {
    let Oriented { georef, width, height, sink, shift, nodata, source } = orient(raw)?;
    let HeightSink { mut ticks, all_whole, max_rounding_m, .. } = sink;
    if all_whole {
        ticks.iter_mut().filter(|v| **v != Relief::NODATA).for_each(|v| *v /= 4);
    }
    Ok(Relief {
        georef,
        width,
        height,
        values: ticks,
        unit_ticks: if all_whole { 4 } else { 1 },
        max_rounding_m,
        max_axis_shift_deg: shift,
        nodata_count: nodata,
        source,
    })
}

/// The same of plain numbers.
pub(super) fn plain(raw: RawRelief<ValueSink>) -> Result<Raster, Fault> {
    let Oriented { georef, width, height, sink, source, .. } = orient(raw)?;
    Ok(Raster { georef: Some(georef), width, height, values: sink.values, source })
}

fn orient<S: Sink>(raw: RawRelief<S>) -> Result<Oriented<S>, Fault> {
    let RawRelief { lon, lat, column_major, heights: mut sink, source } = raw;
    let (x, y) = (fit_longitude(&lon)?, fit_latitude(&lat)?);
    let shift = axis_shift(&lon, &x.axis, x.reversed, true).max(axis_shift(&lat, &y.axis, y.reversed, false));
    let (columns, rows) = (lon.len, lat.len);
    let kept = sink.kept();
    if kept.len() != columns * rows {
        return Err(Fault::damaged(
            "raster",
            format!("{} values for {columns} by {rows} samples", kept.len()),
        ));
    }
    if column_major {
        *kept = transpose(kept, columns, rows);
    }
    if y.reversed {
        flip_rows(kept, columns);
    }
    if x.reversed {
        kept.chunks_exact_mut(columns).for_each(<[S::Kept]>::reverse);
    }
    if x.len < columns {
        drop_repeated_column::<S>(kept, columns)?;
    }
    let mut georef = GridGeoref { x: x.axis, y: y.axis, wraps: x.wraps };
    if x.wraps {
        let (axis, turn) = from_date_line(&x.axis, x.len);
        georef.x = axis;
        if turn > 0 {
            kept.chunks_exact_mut(x.len).for_each(|row| row.rotate_left(turn));
        }
    }
    let nodata = kept.iter().filter(|&&v| S::same(v, S::NONE)).count();
    if nodata == kept.len() {
        return Err(Fault::unsuitable(
            format!("variable `{}`", source.variable),
            "every sample is without data",
            "choose another variable, or check the no-data value",
        ));
    }
    Ok(Oriented { georef, width: x.len, height: rows, sink, shift, nodata, source })
}

/// How far the fitted axis moves its samples. The file's values lie on a line to within its
/// rounding, so the ends show the most.
fn axis_shift(raw: &RawAxis, axis: &Axis, reversed: bool, longitude: bool) -> f64 {
    let (lo, hi) = if reversed { (raw.last, raw.first) } else { (raw.first, raw.last) };
    let off = |i: usize, v: f64| {
        let d = axis.degrees(i as i64) - v;
        if longitude { (d - (d / 360.0).round() * 360.0).abs() } else { d.abs() }
    };
    off(0, lo).max(off(raw.len - 1, hi))
}

fn transpose<T: Copy>(v: &[T], columns: usize, rows: usize) -> Vec<T> {
    let mut out = Vec::with_capacity(v.len());
    for r in 0..rows {
        out.extend((0..columns).map(|c| v[c * rows + r]));
    }
    out
}

fn flip_rows<T>(v: &mut [T], columns: usize) {
    let rows = v.len() / columns;
    for r in 0..rows / 2 {
        let (a, b) = v.split_at_mut((rows - 1 - r) * columns);
        a[r * columns..(r + 1) * columns].swap_with_slice(&mut b[..columns]);
    }
}

fn drop_repeated_column<S: Sink>(v: &mut Vec<S::Kept>, columns: usize) -> Result<(), Fault> {
    if let Some(r) = v.chunks_exact(columns).position(|row| !S::same(row[0], row[columns - 1])) {
        return Err(Fault::unsuitable(
            format!("row {r} from the south"),
            "the first and the last column are the same meridian but differ",
            "crop the last column",
        ));
    }
    let rows = v.len() / columns;
    for r in 1..rows {
        v.copy_within(r * columns..(r + 1) * columns - 1, r * (columns - 1));
    }
    v.truncate(rows * (columns - 1));
    Ok(())
}

/// The same wrapping axis, started at its first sample at or east of −180°, and how many
/// columns to rotate left for it.
fn from_date_line(axis: &Axis, columns: usize) -> (Axis, usize) {
    let (den, step) = (i128::from(axis.den), i128::from(axis.step_num));
    let from_line = i128::from(axis.origin_num) + 180 * den;
    let first = from_line.rem_euclid(step);
    let turn = (first - from_line).div_euclid(step).rem_euclid(columns as i128);
    // `first` is below one step, so both fit as the inputs did.
    let origin_num = i64::try_from(first - 180 * den).unwrap_or(axis.origin_num);
    (Axis { origin_num, ..*axis }, usize::try_from(turn).unwrap_or(0))
}
