//! Lines of text into places: CSV with or without a header, or JSON objects.

use super::Place;
use bm_core::GeoPoint;
use serde::Deserialize;

/// How the lines of a stream are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// One object a line: `lon`, `lat`, `alt`, or `x`, `y`, `z`.
    Json,
    /// Separated values.
    Csv {
        /// Separator.
        by: u8,
        /// Columns of the three coordinates.
        columns: [usize; 3],
        /// Whether they are frame metres instead of degrees.
        metres: bool,
    },
}

/// What the first line of a stream tells.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum First {
    /// A header: the lines after it are data.
    Header(Format),
    /// Data itself.
    Data(Format),
}

/// Headers people give to the coordinates.
const NAMES: [(&[&str], bool, usize); 6] = [
    (&["lon", "lng", "long", "longitude"], false, 0),
    (&["lat", "latitude"], false, 1),
    (&["alt", "altitude", "height", "elevation"], false, 2),
    (&["x"], true, 0),
    (&["y"], true, 1),
    (&["z"], true, 2),
];

/// Tells the format by the first line that is not empty.
///
/// # Errors
/// A header that names some coordinates but not all of them: guessing the rest would give wrong answers.
pub(super) fn detect(line: &str) -> Result<First, String> {
    if line.starts_with('{') {
        return Ok(First::Data(Format::Json));
    }
    let by = [b',', b'\t', b';'].into_iter().find(|&c| line.as_bytes().contains(&c)).unwrap_or(b',');
    let mut columns = [[usize::MAX; 3]; 2];
    let mut named = false;
    for (i, field) in line.split(char::from(by)).enumerate() {
        let field = bare(field).to_ascii_lowercase();
        for (names, metres, axis) in NAMES {
            if names.contains(&field.as_str()) {
                columns[usize::from(metres)][axis] = i;
                named = true;
            }
        }
    }
    for metres in [false, true] {
        let columns = columns[usize::from(metres)];
        if columns.iter().all(|&c| c != usize::MAX) {
            return Ok(First::Header(Format::Csv { by, columns, metres }));
        }
    }
    if named {
        return Err("the header lacks a coordinate: name the columns lon,lat,alt or x,y,z".into());
    }
    Ok(First::Data(Format::Csv { by, columns: [0, 1, 2], metres: false }))
}

/// One line into a place.
///
/// # Errors
/// What is wrong with the line, in words.
pub(super) fn place(line: &str, format: Format) -> Result<Place, String> {
    match format {
        Format::Json => from_json(line),
        Format::Csv { by, columns, metres } => {
            let [a, b, c] = numbers(line, by, columns, metres)?;
            Ok(if metres {
                Place::Metres([a, b, c])
            } else {
                Place::Geo(GeoPoint { lon: a, lat: b, alt: c })
            })
        }
    }
}

fn axes(metres: bool) -> [&'static str; 3] {
    if metres { ["x", "y", "z"] } else { ["lon", "lat", "alt"] }
}

fn numbers(line: &str, by: u8, columns: [usize; 3], metres: bool) -> Result<[f64; 3], String> {
    let mut out = [0.0; 3];
    let mut found = 0;
    for (i, field) in line.split(char::from(by)).enumerate() {
        for (axis, &column) in columns.iter().enumerate() {
            if column == i {
                let field = bare(field);
                out[axis] = field.parse().map_err(|_not_a_number| {
                    format!("{} = {:?} is not a number", axes(metres)[axis], shorten(field))
                })?;
                found += 1;
            }
        }
    }
    if found < 3 {
        let fields = line.split(char::from(by)).count();
        return Err(format!("{fields} fields, but {} are needed", axes(metres).join(",")));
    }
    Ok(out)
}

/// A field without spaces and quotes.
fn bare(field: &str) -> &str {
    field.trim().trim_matches('"')
}

fn shorten(text: &str) -> String {
    text.chars().take(40).collect()
}

#[derive(Deserialize)]
struct Coordinates {
    lon: Option<f64>,
    lat: Option<f64>,
    alt: Option<f64>,
    x: Option<f64>,
    y: Option<f64>,
    z: Option<f64>,
}

fn from_json(line: &str) -> Result<Place, String> {
    // The text is one line, so serde_json's own line number would only confuse.
    let c: Coordinates =
        serde_json::from_str(line).map_err(|e| e.to_string().replace(" at line 1 column", " at column"))?;
    match (c.lon, c.lat, c.alt, c.x, c.y, c.z) {
        (Some(lon), Some(lat), Some(alt), None, None, None) => Ok(Place::degrees(lon, lat, alt)),
        (None, None, None, Some(x), Some(y), Some(z)) => Ok(Place::Metres([x, y, z])),
        _ => Err("give lon, lat and alt, or x, y and z".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_lines() {
        let csv = |columns, metres| Format::Csv { by: b',', columns, metres };
        assert_eq!(detect(r#"{"lon":1}"#), Ok(First::Data(Format::Json)));
        assert_eq!(detect("1,2,3"), Ok(First::Data(csv([0, 1, 2], false))));
        assert_eq!(detect("lon,lat,alt"), Ok(First::Header(csv([0, 1, 2], false))));
        assert_eq!(detect("id, \"Latitude\" ,LON,height"), Ok(First::Header(csv([2, 1, 3], false))));
        assert_eq!(detect("z,y,x"), Ok(First::Header(csv([2, 1, 0], true))));
        assert_eq!(
            detect("lon;lat;alt"),
            Ok(First::Header(Format::Csv { by: b';', columns: [0, 1, 2], metres: false }))
        );
        assert_eq!(detect("not,a,number"), Ok(First::Data(csv([0, 1, 2], false))));
        assert!(detect("lat,lon").is_err());
    }

    #[test]
    fn lines() {
        let csv = Format::Csv { by: b',', columns: [0, 1, 2], metres: false };
        assert_eq!(place(" 1 , -2e1, \"3.5\",rest", csv), Ok(Place::degrees(1.0, -20.0, 3.5)));
        assert_eq!(place("1,2", csv), Err("2 fields, but lon,lat,alt are needed".into()));
        assert_eq!(place("1,b,3", csv), Err(r#"lat = "b" is not a number"#.into()));
        assert_eq!(
            place(r#"{"lat":2,"lon":1,"alt":-3,"id":9}"#, Format::Json),
            Ok(Place::degrees(1.0, 2.0, -3.0))
        );
        assert_eq!(place(r#"{"x":2,"y":1,"z":3}"#, Format::Json), Ok(Place::Metres([2.0, 1.0, 3.0])));
        for bad in
            [r#"{"lat":2}"#, r#"{"lon":1,"lat":2,"z":3}"#, "{", "[]", r#"{"lon":"1","lat":2,"alt":3}"#, ""]
        {
            let e = place(bad, Format::Json).unwrap_err();
            assert!(!e.contains("line 1"), "{e}");
        }
    }
}
