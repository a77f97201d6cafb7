//! The geometry column: a header of the format's own, then WKB.

use crate::error::{Fault, IoError};
use crate::vector::sink::Shape;
use crate::vector::wkb::{Decoded, decode_part};

/// Decodes a geometry of a GeoPackage: the header, which is checked, and the WKB behind it.
/// [`srid`](Decoded::srid) is that of the header; 0 and −1 (there: `u32::MAX`) say that it is not defined.
///
/// # Errors
/// As for [`wkb::decode`](crate::vector::wkb::decode).
pub fn decode_geometry(bytes: &[u8], name: &str) -> Result<Decoded, IoError> {
    let (shape, srs) = decode(bytes).map_err(|fault| fault.at(name))?;
    match shape.fault {
        Some(fault) => Err(fault.at(name)),
        None => {
            let Shape { geometry, dropped_z, dropped_m, .. } = shape;
            Ok(Decoded { geometry, srid: srs.cast_unsigned(), dropped_z, dropped_m })
        }
    }
}

/// The geometry and the identifier of its spatial reference in the file.
pub(super) fn decode(bytes: &[u8]) -> Result<(Shape, i32), Fault> {
    let Some((head, rest)) = bytes.split_first_chunk::<8>() else {
        return Err(Fault::damaged("byte 0", format!("{} bytes are no geometry", bytes.len())));
    };
    let [b'G', b'P', version, flags, srs @ ..] = *head else {
        return Err(Fault::damaged("byte 0", "a geometry begins with GP"));
    };
    if version != 0 {
        return Err(Fault::unsupported(
            "byte 2",
            format!("geometry of version {}", u16::from(version) + 1),
            "convert it to GeoPackage 1.x: ogr2ogr OUT.gpkg IN",
        ));
    }
    let srs = if flags & 1 == 0 { i32::from_be_bytes(srs) } else { i32::from_le_bytes(srs) };
    if flags & 0x20 != 0 {
        return Err(Fault::unsupported(
            "byte 3",
            "a geometry of an extension's own type",
            "convert it to points, lines and polygons: ogr2ogr OUT.gpkg IN",
        ));
    }
    let envelope = match flags >> 1 & 7 {
        0 => 0,
        1 => 32,
        2 | 3 => 48,
        4 => 64,
        other => return Err(Fault::damaged("byte 3", format!("there is no envelope of kind {other}"))),
    };
    let Some((_, wkb)) = rest.split_at_checked(envelope) else {
        return Err(Fault::damaged(
            "byte 8",
            format!("an envelope of {envelope} bytes in {} bytes", rest.len()),
        ));
    };
    // Whatever follows in an empty one, if anything.
    if flags & 0x10 != 0 && wkb.is_empty() {
        return Ok((Shape::default(), srs));
    }
    let (shape, _) = decode_part(wkb, 8 + envelope as u64)?;
    Ok((shape, srs))
}
