//! Which variable of a NetCDF file is the relief, and where its samples lie.

use super::heights::{HeightRule, Sink};
use super::normalise::RawRelief;
use super::{ReliefOptions, ReliefSource, check_samples};
use crate::error::Fault;
use crate::georef::{RawAxis, even_axis};
use crate::netcdf::{NcFile, NcType, Var, number, numbers, text};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Lon,
    Lat,
}

/// A variable over one longitude and one latitude dimension (others of length 1 may precede).
struct Candidate<'f> {
    var: &'f Var,
    lon_dim: usize,
    lat_dim: usize,
    column_major: bool,
}

pub(super) fn read<S: Sink>(bytes: &[u8], options: &ReliefOptions) -> Result<RawRelief<S>, Fault> {
    let file = NcFile::parse(bytes)?;
    let candidates = candidates(&file);
    let chosen = choose::<S>(&file, &candidates, options)?;
    let var = chosen.var;
    let place = format!("variable `{}`", var.name);

    let (columns, rows) = (file.dims[chosen.lon_dim].len, file.dims[chosen.lat_dim].len);
    let samples = check_samples(columns, rows, options)?;
    let lon = axis(&file, chosen.lon_dim, Role::Lon)?;
    let lat = axis(&file, chosen.lat_dim, Role::Lat)?;

    let units = text(&var.attrs, "units").unwrap_or("");
    let mut sink = S::new(rule(var, S::unit(units, &place)?, &place)?, samples)?;
    file.for_each(var, |raw| sink.push(raw))?;
    let per_line = if chosen.column_major { lat.len } else { lon.len };
    let heights = sink.finish(per_line, &place)?;
    let units = if units.is_empty() { S::UNIT } else { units };
    Ok(RawRelief {
        lon,
        lat,
        column_major: chosen.column_major,
        heights,
        source: ReliefSource {
            format: "NetCDF classic",
            variable: var.name.clone(),
            units: units.to_owned(),
        },
    })
}

fn rule(var: &Var, unit_m: f64, place: &str) -> Result<HeightRule, Fault> {
    let a = &var.attrs;
    let mut missing: Vec<f64> =
        ["_FillValue", "missing_value"].iter().filter_map(|n| numbers(a, n)).flatten().copied().collect();
    if number(a, "_FillValue").is_none() {
        missing.extend(var.ty.default_fill());
    }
    let mut valid = (f64::NEG_INFINITY, f64::INFINITY);
    if let Some([lo, hi, ..]) = numbers(a, "valid_range") {
        valid = (*lo, *hi);
    }
    valid.0 = number(a, "valid_min").unwrap_or(valid.0);
    valid.1 = number(a, "valid_max").unwrap_or(valid.1);
    let (scale, offset) = (number(a, "scale_factor").unwrap_or(1.0), number(a, "add_offset").unwrap_or(0.0));
    if !scale.is_finite() || scale == 0.0 || !offset.is_finite() {
        return Err(Fault::unsuitable(
            place,
            format!("scale_factor {scale} with add_offset {offset} cannot be applied"),
            "correct the attributes, e.g. with `ncatted`",
        ));
    }
    Ok(HeightRule { scale, offset, unit_m, missing, valid, single: var.ty == NcType::Float })
}

/// The coordinate variable of a dimension, and whether it is longitude or latitude.
fn coordinate<'f>(file: &'f NcFile<'_>, dim: usize) -> Option<(&'f Var, Role)> {
    let name = &file.dims[dim].name;
    let var = file.vars.iter().find(|v| v.dims == [dim] && &v.name == name && v.ty != NcType::Char)?;
    role(var).map(|r| (var, r))
}

fn role(var: &Var) -> Option<Role> {
    let is = |s: &str, list: &[&str]| list.iter().any(|l| s.eq_ignore_ascii_case(l));
    let units = text(&var.attrs, "units").unwrap_or("");
    if is(units, &["degrees_east", "degree_east", "degrees_e", "degree_e", "degreese", "degreee"]) {
        return Some(Role::Lon);
    }
    if is(units, &["degrees_north", "degree_north", "degrees_n", "degree_n", "degreesn", "degreen"]) {
        return Some(Role::Lat);
    }
    // Without telling units, names count; but units that are no degrees mean a projected axis.
    if !is(units, &["", "degrees", "degree", "deg"]) {
        return None;
    }
    for key in
        [text(&var.attrs, "standard_name").unwrap_or(""), &var.name, text(&var.attrs, "axis").unwrap_or("")]
    {
        if is(key, &["longitude", "lon", "long", "x"]) {
            return Some(Role::Lon);
        }
        if is(key, &["latitude", "lat", "y"]) {
            return Some(Role::Lat);
        }
    }
    None
}

fn candidates<'f>(file: &'f NcFile<'_>) -> Vec<Candidate<'f>> {
    let mut out = Vec::new();
    for var in file.vars.iter().filter(|v| v.ty != NcType::Char) {
        let Some((head, &[a, b])) = var.dims.split_last_chunk::<2>() else {
            continue;
        };
        if head.iter().any(|&d| file.dims[d].len != 1) {
            continue;
        }
        let roles = (coordinate(file, a).map(|c| c.1), coordinate(file, b).map(|c| c.1));
        match roles {
            (Some(Role::Lat), Some(Role::Lon)) => {
                out.push(Candidate { var, lon_dim: b, lat_dim: a, column_major: false });
            }
            (Some(Role::Lon), Some(Role::Lat)) => {
                out.push(Candidate { var, lon_dim: a, lat_dim: b, column_major: true });
            }
            _ => {}
        }
    }
    out
}

fn choose<'c, 'f, S: Sink>(
    file: &NcFile<'_>,
    candidates: &'c [Candidate<'f>],
    options: &ReliefOptions,
) -> Result<&'c Candidate<'f>, Fault> {
    let names = || candidates.iter().map(|c| c.var.name.as_str()).collect::<Vec<_>>().join(", ");
    if let Some(wanted) = &options.variable {
        if let Some(c) = candidates.iter().find(|c| &c.var.name == wanted) {
            return Ok(c);
        }
        let problem = if file.vars.iter().any(|v| &v.name == wanted) {
            "exists, but is not a raster over an even longitude and latitude axis"
        } else {
            "is not in the file"
        };
        let cure =
            if candidates.is_empty() { no_axes_cure(file) } else { format!("candidates: {}", names()) };
        return Err(Fault::unsuitable(format!("variable `{wanted}`"), problem, cure));
    }
    match candidates {
        [] => Err(Fault::unsuitable(
            "variables",
            format!(
                "no variable over a longitude and a latitude axis (variables: {})",
                file.vars.iter().map(|v| v.name.as_str()).collect::<Vec<_>>().join(", ")
            ),
            no_axes_cure(file),
        )),
        [one] => Ok(one),
        _ => {
            let mut likely = candidates.iter().filter(|c| sounds_like_relief(c.var));
            match (likely.next(), likely.next()) {
                (Some(one), None) => Ok(one),
                _ => Err(Fault::unsuitable(
                    "variables",
                    format!("several could be the {}: {}", S::MEANT, names()),
                    S::CHOICE,
                )),
            }
        }
    }
}

fn no_axes_cure(file: &NcFile<'_>) -> String {
    let metric = file.vars.iter().any(|v| {
        v.dims.len() == 1
            && matches!(text(&v.attrs, "units"), Some("m" | "km" | "meter" | "metre" | "meters" | "metres"))
    });
    if metric {
        "its axes are in metres: reproject with `gdalwarp -t_srs EPSG:4326`".into()
    } else {
        "give each axis a coordinate variable with units degrees_east or degrees_north".into()
    }
}

fn sounds_like_relief(var: &Var) -> bool {
    let words = ["height", "elev", "topo", "bathy", "relief", "altitude", "depth", "rose", "orog", "band1"];
    let texts = [
        text(&var.attrs, "standard_name").unwrap_or(""),
        text(&var.attrs, "long_name").unwrap_or(""),
        &var.name,
    ];
    texts.iter().any(|t| {
        let t = t.to_ascii_lowercase();
        t == "z" || words.iter().any(|w| t.contains(w))
    })
}

fn axis(file: &NcFile<'_>, dim: usize, wanted: Role) -> Result<RawAxis, Fault> {
    let what = if wanted == Role::Lon { "longitude" } else { "latitude" };
    let (var, _) = coordinate(file, dim)
        .ok_or_else(|| Fault::unsuitable(format!("{what} axis"), "has no coordinate variable", "add one"))?;
    let mut values = Vec::new();
    let (scale, offset) = (number(&var.attrs, "scale_factor"), number(&var.attrs, "add_offset"));
    file.for_each(var, |v| values.push(v * scale.unwrap_or(1.0) + offset.unwrap_or(0.0)))?;
    even_axis(what, &values, var.ty == NcType::Float, wanted == Role::Lon)
}
