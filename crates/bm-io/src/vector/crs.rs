//! Coordinate reference systems by name: which of them are longitude and latitude of WGS 84.

use super::feature::Declared;
use crate::error::Fault;

const CURE: &str = "convert it first: ogr2ogr -t_srs EPSG:4326 OUT IN";

/// Accepts a declared name (`EPSG:4326`, `urn:ogc:def:crs:OGC:1.3:CRS84`, …) or refuses it by that name.
pub(super) fn accept(name: &str, place: &str) -> Result<Declared, Fault> {
    // The last two parts of URN, URL and plain spellings are authority (with a version between) and code.
    let parts: Vec<&str> = name.split([':', '/', '#']).filter(|p| !p.is_empty()).collect();
    let code = parts.last().copied().unwrap_or_default();
    let authority = |who: &str| parts.iter().any(|p| p.eq_ignore_ascii_case(who));
    // 4979 is 4326 with heights. Axis order: every format here puts the longitude first, whatever the registry says.
    let epsg = matches!(code, "4326" | "4979") && (authority("EPSG") || authority("epsg.xml"));
    let ogc = code.eq_ignore_ascii_case("CRS84") || code.eq_ignore_ascii_case("CRS84h");
    let plain =
        matches!(name, "WGS 84" | "WGS84" | "GCS_WGS_1984" | "WGS 84 (CRS84)" | "WGS 84 longitude-latitude");
    if epsg || ogc || plain {
        return Ok(Declared::Wgs84(name.to_owned()));
    }
    Err(Fault::unsupported(
        place,
        format!("the coordinate reference system is {name}, not longitude and latitude of WGS 84"),
        CURE,
    ))
}

/// The same for a code of EPSG; 0 stands for "not said".
pub(super) fn accept_srid(srid: u32, place: &str) -> Result<Declared, Fault> {
    match srid {
        0 => Ok(Declared::Unset),
        _ => accept(&format!("EPSG:{srid}"), place),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wgs84_by_all_its_names_and_nothing_else() {
        for name in [
            "EPSG:4326",
            "epsg:4326",
            "EPSG:4979",
            "urn:ogc:def:crs:EPSG::4326",
            "urn:ogc:def:crs:OGC:1.3:CRS84",
            "urn:ogc:def:crs:OGC::CRS84h",
            "OGC:CRS84",
            "CRS84",
            "WGS 84",
            "WGS 84 (CRS84)",
        ] {
            assert_eq!(accept(name, "crs").unwrap(), Declared::Wgs84(name.into()));
        }
        for name in [
            "EPSG:3857",
            "EPSG:14326",
            "4326",
            "ESRI:4326",
            "urn:ogc:def:crs:EPSG::4258",
            "",
            "OGC:CRS83",
            "WGS 84 / Pseudo-Mercator",
            "WGS 84 / UTM zone 32N",
        ] {
            let said = accept(name, "crs").unwrap_err().at("a.geojson").to_string();
            assert!(said.contains(name) && said.contains("ogr2ogr"), "{said}");
        }
        assert_eq!(accept_srid(0, "").unwrap(), Declared::Unset);
        assert_eq!(accept_srid(4326, "").unwrap(), Declared::Wgs84("EPSG:4326".into()));
        assert!(accept_srid(3857, "").is_err());
    }
}
