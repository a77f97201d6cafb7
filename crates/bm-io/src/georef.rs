//! Where the samples of a raster lie, as exact rationals of a degree.
//!
//! A world's positions are integers, so a raster's axes must not carry the rounding of the f64
//! (or of the text) that a file happened to store: `0.3333333` is meant to be 1/3. An axis is
//! *fitted*: evenly spaced values become `(origin + i·step) / den` degrees with whole numbers.

use crate::error::{Fault, IoError};

/// One evenly spaced axis: sample `i` lies at `(origin_num + i · step_num) / den` degrees.
///
/// `step_num` and `den` are positive. Multiply in `i128` when turning samples into world units:
/// `den` may be as large as 2^52 for axes that fit no round fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Axis {
    /// Numerator of the first sample's position.
    pub origin_num: i64,
    /// Numerator of the spacing.
    pub step_num: i64,
    /// Common denominator, in parts of a degree.
    pub den: i64,
}

impl Axis {
    /// Position of sample `i` in degrees.
    #[must_use]
    pub fn degrees(&self, i: i64) -> f64 {
        let num = i128::from(self.origin_num) + i128::from(i) * i128::from(self.step_num);
        num as f64 / self.den as f64
    }

    /// Spacing in degrees.
    #[must_use]
    pub fn step_degrees(&self) -> f64 {
        self.step_num as f64 / self.den as f64
    }

    /// The index (fractional) at which `degrees` falls; not clamped, not wrapped.
    #[must_use]
    pub fn index_of(&self, degrees: f64) -> f64 {
        (degrees * self.den as f64 - self.origin_num as f64) / self.step_num as f64
    }

    fn reduced(self) -> Self {
        let g =
            gcd(gcd(self.origin_num.unsigned_abs(), self.step_num.unsigned_abs()), self.den.unsigned_abs());
        let g = i64::try_from(g.max(1)).unwrap_or(1);
        Self { origin_num: self.origin_num / g, step_num: self.step_num / g, den: self.den / g }
    }
}

/// Both axes of a raster whose row 0 is the southernmost and whose columns run west to east.
///
/// Positions are those of the samples themselves (the centres, where a file speaks of cells).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GridGeoref {
    /// Longitude; the first sample lies in [−180°, 180°).
    pub x: Axis,
    /// Latitude, within [−90°, 90°].
    pub y: Axis,
    /// The columns cover 360° exactly: column 0 follows the last one eastwards.
    pub wraps: bool,
}

impl GridGeoref {
    /// A global grid of points `step_num/den` degrees apart: columns from −180° on and wrapping,
    /// rows from pole to pole inclusive. Returns the grid with its width and height.
    ///
    /// # Errors
    /// [`IoError::Argument`] if the step does not divide 180°, or the grid would have more than
    /// 2^31 samples.
    pub fn global_points(step_num: i64, den: i64) -> Result<(Self, usize, usize), IoError> {
        let bad = |p: &str| {
            IoError::argument(
                "spacing",
                format!("{step_num}/{den} degrees {p}"),
                "take a fraction such as 1/4 or 1/12",
            )
        };
        if step_num <= 0 || den <= 0 || den > 1 << 32 {
            return Err(bad("is not a positive fraction"));
        }
        if (180 * den) % step_num != 0 {
            return Err(bad("does not divide 180 degrees"));
        }
        let half = 180 * den / step_num;
        if half > 1 << 15 {
            return Err(bad("gives more than 2^31 samples"));
        }
        let x = Axis { origin_num: -180 * den, step_num, den };
        let y = Axis { origin_num: -90 * den, step_num, den };
        let half = usize::try_from(half).map_err(|e| bad(&e.to_string()))?;
        Ok((Self { x, y, wraps: true }, 2 * half, half + 1))
    }
}

/// An axis as a file gives it, before fitting.
#[derive(Debug, Clone)]
pub(crate) struct RawAxis {
    /// First value, degrees.
    pub(crate) first: f64,
    /// Last value, degrees.
    pub(crate) last: f64,
    /// Number of samples, at least 2.
    pub(crate) len: usize,
    /// How far the values may lie from the fit, degrees, besides a thousandth of the spacing:
    /// the rounding of the file's own number type.
    pub(crate) rounding: f64,
}

/// A fitted axis and how it was got.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fit {
    pub(crate) axis: Axis,
    /// Samples to keep: one fewer than given if the last repeats the first.
    pub(crate) len: usize,
    /// The axis covers 360° exactly.
    pub(crate) wraps: bool,
    /// The file's axis runs the other way.
    pub(crate) reversed: bool,
}

/// Checks that a file's axis values are finite, strictly monotone and evenly spaced, and boils
/// them down to their ends. Longitudes may jump by 360° once on the way.
pub(crate) fn even_axis(what: &str, values: &[f64], single: bool, longitude: bool) -> Result<RawAxis, Fault> {
    let place = |i: usize| format!("{what} axis, index {i}");
    if values.len() < 2 {
        return Err(Fault::unsuitable(
            format!("{what} axis"),
            format!("has {} value(s), at least 2 are needed", values.len()),
            "give a raster with at least 2 by 2 samples",
        ));
    }
    let mut flat = Vec::with_capacity(values.len());
    let mut shift = 0.0;
    for (i, &v) in values.iter().enumerate() {
        if !v.is_finite() || v.abs() > 1e6 {
            return Err(Fault::unsuitable(
                place(i),
                format!("{v} is not a position in degrees"),
                "check the axis values",
            ));
        }
        if longitude && i > 0 {
            let jump = v - values[i - 1];
            if jump > 180.0 {
                shift -= 360.0;
            } else if jump < -180.0 {
                shift += 360.0;
            }
        }
        flat.push(v + shift);
    }
    let (first, last) = (flat[0], flat[flat.len() - 1]);
    let step = (last - first) / (flat.len() - 1) as f64;
    let largest = flat.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    let rounding = if single { largest * f64::from(f32::EPSILON) } else { largest * 1e-12 };
    let allowed = step.abs() * 1e-3 + rounding;
    for i in 1..flat.len() {
        let d = flat[i] - flat[i - 1];
        if d == 0.0 || (d > 0.0) != (flat[1] > flat[0]) {
            return Err(Fault::unsuitable(
                place(i),
                format!("the values are not monotone ({} then {})", flat[i - 1], flat[i]),
                "sort the rows and columns by position first",
            ));
        }
    }
    for (i, v) in flat.iter().enumerate() {
        let want = first + step * i as f64;
        if (v - want).abs() > allowed {
            return Err(Fault::unsuitable(
                place(i),
                format!("the spacing is uneven ({v} where even steps of {step} give {want})"),
                "regrid to even steps in degrees, e.g. with `gdalwarp` or `cdo remapbil`",
            ));
        }
    }
    Ok(RawAxis { first, last, len: flat.len(), rounding })
}

/// Numbers whose only prime factors are 2, 3 and 5, ascending: the denominators that people use
/// (minutes, seconds, thirds of seconds, half cells, decimals).
fn round_denominators() -> Vec<i64> {
    let mut all = Vec::new();
    let mut a = 1;
    while a <= 72_000 {
        let mut b = a;
        while b <= 72_000 {
            let mut c = b;
            while c <= 72_000 {
                all.push(c);
                c *= 5;
            }
            b *= 3;
        }
        a *= 2;
    }
    all.sort_unstable();
    all
}

/// Fits a longitude axis; 360° of columns close up exactly.
pub(crate) fn fit_longitude(raw: &RawAxis) -> Result<Fit, Fault> {
    let (west, east, reversed) = ordered(raw);
    let step = (east - west) / (raw.len - 1) as f64;
    // Files round their axes: 4320 columns that are meant to be 1/12° apart may be written as
    // 0.0833341 (ETOPO5 is). Within a tenth of a column of closing up, the columns do close up.
    let closes = |n: usize| (step * n as f64 - 360.0).abs() <= 0.1 * step;
    let keep = if closes(raw.len) {
        Some(raw.len)
    } else if raw.len > 2 && closes(raw.len - 1) {
        Some(raw.len - 1)
    } else {
        None
    };
    let Some(len) = keep else {
        if east - west > 360.0 {
            return Err(Fault::unsuitable(
                "longitude axis",
                format!("covers {} degrees", east - west),
                "crop it to at most 360 degrees",
            ));
        }
        let axis = fit(west, east, raw.len, raw.rounding)?;
        let turn = 360 * i128::from(axis.den);
        let origin = (i128::from(axis.origin_num) + turn / 2).rem_euclid(turn) - turn / 2;
        let origin_num = narrow(origin)?;
        return Ok(Fit { axis: Axis { origin_num, ..axis }, len: raw.len, wraps: false, reversed });
    };
    let n = i64::try_from(len).map_err(|e| Fault::unsuitable("longitude axis", e.to_string(), "crop it"))?;
    let q = n / i64::try_from(gcd(360, n.unsigned_abs())).unwrap_or(1);
    let allowed = step * 1e-3 + raw.rounding;
    let fractions = round_denominators().into_iter().take_while(|m| *m <= 1024).chain([1 << 20]);
    let mut den = q;
    for m in fractions {
        den = q.saturating_mul(m);
        let at = (west * den as f64).round() / den as f64;
        if (at - west).abs() <= allowed {
            break;
        }
    }
    let axis = Axis {
        origin_num: narrow((west * den as f64).round() as i128)?,
        step_num: narrow(360 * i128::from(den) / i128::from(n))?,
        den,
    };
    Ok(Fit { axis: axis.reduced(), len, wraps: true, reversed })
}

/// Fits a latitude axis and checks that it stays on the globe.
pub(crate) fn fit_latitude(raw: &RawAxis) -> Result<Fit, Fault> {
    let (south, north, reversed) = ordered(raw);
    let slack = (north - south) / (raw.len - 1) as f64 * 1e-3 + raw.rounding;
    if south < -90.0 - slack || north > 90.0 + slack {
        return Err(Fault::unsuitable(
            "latitude axis",
            format!("runs from {south} to {north}, beyond the poles"),
            "check that the axes are in degrees and not swapped; reproject with `gdalwarp -t_srs EPSG:4326`",
        ));
    }
    let axis = fit(south, north, raw.len, raw.rounding)?;
    Ok(Fit { axis, len: raw.len, wraps: false, reversed })
}

fn ordered(raw: &RawAxis) -> (f64, f64, bool) {
    if raw.last < raw.first { (raw.last, raw.first, true) } else { (raw.first, raw.last, false) }
}

/// Round fractions first, tight before loose so that a chance neighbour never wins over the
/// meant one; then plain binary fractions.
fn fit(lo: f64, hi: f64, len: usize, rounding: f64) -> Result<Axis, Fault> {
    let gaps = (len - 1) as f64;
    let step = (hi - lo) / gaps;
    let try_den = |den: i64, allowed: f64| {
        let (d, o, s) = (den as f64, (lo * den as f64).round(), (step * den as f64).round());
        let end = (o + s * gaps) / d;
        (s >= 1.0 && (o / d - lo).abs() <= allowed && (end - hi).abs() <= allowed).then_some(Axis {
            origin_num: o as i64,
            step_num: s as i64,
            den,
        })
    };
    let dens = round_denominators();
    for allowed in [step * 1e-6, step * 1e-3 + rounding] {
        if let Some(axis) = dens.iter().find_map(|&d| try_den(d, allowed)) {
            return Ok(axis.reduced());
        }
    }
    let (den, gap_count) = (1_i64 << 24, i64::try_from(len - 1).unwrap_or(i64::MAX));
    if let Some(axis) = try_den(den, step * 1e-3) {
        return Ok(axis.reduced());
    }
    // Spread the ends' rounding over all gaps, so that no sample is off by more than 2^-24°.
    let uneven =
        || Fault::unsuitable("axes", format!("steps of {step} degrees are too fine"), "crop the raster");
    let scaled = den.checked_mul(gap_count).ok_or_else(uneven)?;
    let (o, e) = ((lo * den as f64).round() as i128, (hi * den as f64).round() as i128);
    let axis = Axis { origin_num: narrow(o * i128::from(gap_count))?, step_num: narrow(e - o)?, den: scaled };
    if axis.step_num < 1 {
        return Err(uneven());
    }
    Ok(axis.reduced())
}

fn narrow(v: i128) -> Result<i64, Fault> {
    i64::try_from(v).map_err(|e| Fault::unsuitable("axes", e.to_string(), "crop the raster"))
}

fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lon(first: f64, step: f64, n: usize) -> Fit {
        let v: Vec<f64> = (0..n).map(|i| first + step * i as f64).collect();
        fit_longitude(&even_axis("longitude", &v, false, true).unwrap()).unwrap()
    }

    #[test]
    fn etopo_axes_become_the_fractions_they_mean() {
        let five = lon(0.0, 359.92 / 4319.0, 4320);
        assert_eq!((five.axis, five.wraps), (Axis { origin_num: 0, step_num: 1, den: 12 }, true));
        let twenty = lon(20.166_666_7, 0.333_333_3, 1081);
        assert_eq!(twenty.axis, Axis { origin_num: 121, step_num: 2, den: 6 });
        assert_eq!((twenty.len, twenty.wraps), (1080, true));
    }

    #[test]
    fn local_axes_snap_to_arc_seconds() {
        let one = lon(-105.0 + 0.5 / 3600.0, 1.0 / 3600.0, 3600);
        assert_eq!((one.axis.step_num, one.axis.den), (2, 7200));
        assert!(!one.wraps);
        let third = lon(10.0, 1.0 / 10_800.0, 500);
        assert_eq!(third.axis, Axis { origin_num: 108_000, step_num: 1, den: 10_800 });
    }

    #[test]
    fn odd_spacings_stay_close_everywhere() {
        for (first, step, n) in [(3.217_592, 0.012_345_678_9, 5000), (-77.7, 0.000_123_4, 40_000)] {
            let f = lon(first, step, n);
            for i in [0, 1, n / 2, n - 1] {
                let off = f.axis.degrees(i as i64) - (first + step * i as f64);
                assert!(off.abs() <= step * 2e-3, "{off} at {i} of {step}");
            }
        }
    }

    #[test]
    fn single_precision_axes_snap_too() {
        let v: Vec<f64> = (0..21_600).map(|i| f64::from((-180.0 + (i as f64 + 0.5) / 60.0) as f32)).collect();
        let f = fit_longitude(&even_axis("longitude", &v, true, true).unwrap()).unwrap();
        assert_eq!((f.axis, f.wraps), (Axis { origin_num: -21_599, step_num: 2, den: 120 }, true));
    }

    #[test]
    fn a_longitude_axis_may_jump_at_the_date_line() {
        let v: Vec<f64> =
            (0..36).map(|i| if i < 18 { i as f64 * 10.0 } else { i as f64 * 10.0 - 360.0 }).collect();
        let f = fit_longitude(&even_axis("longitude", &v, false, true).unwrap()).unwrap();
        assert_eq!((f.axis, f.wraps), (Axis { origin_num: 0, step_num: 10, den: 1 }, true));
    }

    #[test]
    fn uneven_and_unsorted_axes_name_the_place() {
        let e =
            even_axis("latitude", &[0.0, 1.0, 2.5, 3.0], false, false).unwrap_err().at("f.nc").to_string();
        assert!(e.contains("f.nc: latitude axis, index 2") && e.contains("uneven"), "{e}");
        let e = even_axis("latitude", &[0.0, 2.0, 1.0, 3.0], false, false).unwrap_err().at("f").to_string();
        assert!(e.contains("index 2") && e.contains("monotone"), "{e}");
        assert!(even_axis("latitude", &[0.0, f64::NAN], false, false).is_err());
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
        #[test]
        fn exact_fractions_come_back(o in -170_i64..170, s in 1_i64..40, d in 0_usize..8, n in 2_usize..2000) {
            let den = [1, 2, 3, 12, 60, 120, 3600, 1000][d];
            let step = s as f64 / den as f64;
            proptest::prop_assume!(step * (n as f64) < 170.0);
            let f = lon(o as f64, step, n);
            for i in [0, n / 2, n - 1] {
                let want = o as i128 * den as i128 + s as i128 * i as i128;
                let got = f.axis.origin_num as i128 + f.axis.step_num as i128 * i as i128;
                proptest::prop_assert_eq!(got * den as i128, want * f.axis.den as i128);
            }
        }
    }
}
