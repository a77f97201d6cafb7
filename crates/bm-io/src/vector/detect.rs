//! Which format a file is: by its first bytes, else by its name.

use super::feature::VectorFormat;
use crate::error::Fault;

const READABLE: &str = "give GeoJSON, TopoJSON, WKB, EWKB, FlatGeobuf or GeoPackage";
const CONVERT: &str = "convert it first: ogr2ogr OUT.fgb IN";

/// Names the format of a file that begins with `head`. What JSON is exactly shows only while it is read.
pub(super) fn detect(head: &[u8], path: &str) -> Result<VectorFormat, Fault> {
    let unsupported =
        |what: &str, cure: &str| Err(Fault::unsupported("first bytes", format!("this is {what}"), cure));
    if head.starts_with(b"SQLite format 3\0") {
        return Ok(VectorFormat::GeoPackage);
    }
    if head.starts_with(b"fgb") {
        return Ok(VectorFormat::FlatGeobuf);
    }
    if is_wkb(head) {
        return Ok(VectorFormat::Wkb);
    }
    let text = skip_blank(head);
    match text.first() {
        Some(b'{') => return Ok(VectorFormat::GeoJson),
        Some(b'[') => return unsupported("a bare JSON array", "wrap it into a FeatureCollection"),
        Some(b'<') => return unsupported("XML (KML, GML, GPX or a web page)", CONVERT),
        _ => {}
    }
    if is_hex_wkb(text) {
        return Ok(VectorFormat::WkbHex);
    }
    if [&b"SRID="[..], b"POINT", b"LINESTRING", b"POLYGON", b"MULTI", b"GEOMETRYCOLLECTION"]
        .iter()
        .any(|word| text.len() >= word.len() && text[..word.len()].eq_ignore_ascii_case(word))
    {
        return unsupported("well-known text", "give it as WKB, or convert it: ogr2ogr OUT.fgb CSV:IN");
    }
    for (magic, what, cure) in [
        (&b"\0\0\x27\x0a"[..], "a shapefile", CONVERT),
        (b"PK\x03\x04", "a zip archive", "unpack it, and convert a shapefile in it: ogr2ogr OUT.fgb IN.shp"),
        (b"\x1f\x8b", "compressed with gzip", "unpack it with `gunzip`"),
        (
            b"\x28\xb5\x2f\xfd",
            "compressed with zstd, which this build leaves out",
            "unpack it with `zstd -d`",
        ),
        (b"GP\0", "a lone geometry of a GeoPackage", "give the whole GeoPackage"),
        (b"PAR1", "GeoParquet", CONVERT),
    ] {
        if head.starts_with(magic) {
            return unsupported(what, cure);
        }
    }
    // Not recognised: read as what its name says, so that the error can be exact.
    let extension = path.trim_end_matches(".zst").rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    match extension.as_str() {
        "geojson" | "json" | "geojsonl" | "geojsons" | "ndjson" | "topojson" => Ok(VectorFormat::GeoJson),
        "wkb" | "ewkb" => Ok(VectorFormat::Wkb),
        "hex" => Ok(VectorFormat::WkbHex),
        "fgb" => Ok(VectorFormat::FlatGeobuf),
        "gpkg" => Ok(VectorFormat::GeoPackage),
        _ => {
            let shown: Vec<String> = head.iter().take(8).map(|b| format!("{b:02x}")).collect();
            Err(Fault::unsupported(
                "first bytes",
                format!("not a vector format known here (starts with {})", shown.join(" ")),
                READABLE,
            ))
        }
    }
}

/// A byte order and a type of geometry.
fn is_wkb(head: &[u8]) -> bool {
    let kind = match head {
        [0, rest @ ..] => rest.first_chunk().map(|b| u32::from_be_bytes(*b)),
        [1, rest @ ..] => rest.first_chunk().map(|b| u32::from_le_bytes(*b)),
        _ => None,
    };
    // All of ISO's types, so that a curve is refused as a curve.
    kind.map(|k| k & 0x1fff_ffff).is_some_and(|k| k / 1000 <= 3 && (1..=17).contains(&(k % 1000)))
}

fn is_hex_wkb(text: &[u8]) -> bool {
    let digits = super::wkb::without_prefix(text);
    let mut head = [0; 5];
    for (byte, pair) in head.iter_mut().zip(digits.chunks_exact(2)) {
        match (super::wkb::digit(pair[0]), super::wkb::digit(pair[1])) {
            (Some(hi), Some(lo)) => *byte = hi << 4 | lo,
            _ => return false,
        }
    }
    digits.len() >= 10 && is_wkb(&head)
}

/// Without byte order mark, white space and record separators before the text.
pub(super) fn skip_blank(head: &[u8]) -> &[u8] {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let blank = text.iter().take_while(|b| b.is_ascii_whitespace() || **b == 0x1e).count();
    &text[blank..]
}
