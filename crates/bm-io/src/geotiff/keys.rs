//! GeoKeys and model tags: which place on the globe a pixel has.

use super::tiff_fault;
use crate::error::Fault;
use crate::georef::RawAxis;
use std::io::{Read, Seek};
use tiff::decoder::Decoder;
use tiff::decoder::ifd::Value;
use tiff::tags::Tag;

const GT_MODEL_TYPE: u16 = 1024;
const GT_RASTER_TYPE: u16 = 1025;
const GEODETIC_CRS: u16 = 2048;
const GEOG_ANGULAR_UNITS: u16 = 2054;
const PROJECTED_CRS: u16 = 3072;
const VERTICAL_UNITS: u16 = 4099;
const GDAL_METADATA: u16 = 42112;

/// WGS 84, its 3-D form, NAD83 and ETRS89: they agree to about a metre, which is far below any
/// relief raster's spacing.
const GEOGRAPHIC: [u16; 5] = [4326, 4979, 4269, 4258, 4937];

const REPROJECT: &str = "reproject with `gdalwarp -t_srs EPSG:4326 in.tif out.tif`";

/// The axes of a raster, as sample positions.
#[derive(Debug)]
pub(crate) struct Placement {
    pub(crate) lon: RawAxis,
    pub(crate) lat: RawAxis,
}

/// Everything beyond plain TIFF that says what the numbers mean.
#[derive(Debug)]
pub(crate) struct GeoTags {
    pub(crate) placement: Placement,
    pub(crate) nodata: Option<f64>,
    pub(crate) scale: f64,
    pub(crate) offset: f64,
    /// Unit of the heights, empty if the file names none.
    pub(crate) units: String,
}

impl GeoTags {
    pub(crate) fn read<R: Read + Seek>(d: &mut Decoder<R>, width: u32, height: u32) -> Result<Self, Fault> {
        let keys = Keys::read(d)?;
        keys.check_crs()?;
        let [x0, dx, y0, dy] = affine(d)?;
        // PixelIsArea (the default) ties the corner of a pixel, PixelIsPoint its centre.
        let half = if keys.get(GT_RASTER_TYPE) == Some(2) { 0.0 } else { 0.5 };
        let axis = |o: f64, s: f64, n: u32| {
            let (first, last) = (o + half * s, o + (half + f64::from(n - 1)) * s);
            RawAxis { first, last, len: n as usize, rounding: first.abs().max(last.abs()) * 1e-12 }
        };
        let placement = Placement { lon: axis(x0, dx, width), lat: axis(y0, dy, height) };
        let text = |d: &mut Decoder<R>, tag| match d.find_tag(tag) {
            Ok(Some(Value::Ascii(s))) => s,
            _ => String::new(),
        };
        let nodata_text = text(d, Tag::GdalNodata);
        let nodata_text = nodata_text.trim_matches(['\0', ' ']);
        let nodata = if nodata_text.is_empty() {
            None
        } else {
            Some(nodata_text.parse::<f64>().map_err(|e| {
                Fault::damaged("GDAL_NODATA tag", format!("`{nodata_text}` is not a number ({e})"))
            })?)
        };
        let meta = text(d, Tag::Unknown(GDAL_METADATA));
        let number =
            |role: &str, or: f64| match item(&meta, role) {
                None => Ok(or),
                Some(t) => t.parse::<f64>().ok().filter(|v| v.is_finite()).ok_or_else(|| {
                    Fault::damaged("GDAL_METADATA tag", format!("{role} `{t}` is not a number"))
                }),
            };
        let units = match (item(&meta, "unittype"), keys.get(VERTICAL_UNITS)) {
            (Some(u), _) => u.to_owned(),
            (None, Some(9002)) => "foot".into(),
            (None, Some(9003)) => "us_survey_foot".into(),
            (None, Some(9036)) => "km".into(),
            (None, None | Some(9001 | 0 | 32767)) => String::new(),
            (None, Some(other)) => format!("EPSG unit {other}"),
        };
        Ok(Self { placement, nodata, scale: number("scale", 1.0)?, offset: number("offset", 0.0)?, units })
    }
}

/// The text of `<Item … role="ROLE">text</Item>` for the first band.
fn item<'a>(xml: &'a str, role: &str) -> Option<&'a str> {
    let at = xml.find(&format!("role=\"{role}\""))?;
    let rest = xml.get(at..)?;
    let from = rest.find('>')? + 1;
    let to = rest.find("</Item>")?;
    rest.get(from..to).map(str::trim)
}

/// `[x0, dx, y0, dy]`: pixel (i, j) has its upper left corner at (x0 + i·dx, y0 + j·dy).
fn affine<R: Read + Seek>(d: &mut Decoder<R>) -> Result<[f64; 4], Fault> {
    let scale = doubles(d, Tag::ModelPixelScaleTag, "ModelPixelScale tag")?;
    let tie = doubles(d, Tag::ModelTiepointTag, "ModelTiepoint tag")?;
    let matrix = doubles(d, Tag::ModelTransformationTag, "ModelTransformation tag")?;
    let out = match (&scale[..], &tie[..], &matrix[..]) {
        ([sx, sy, ..], [i, j, _, x, y, _], _) => [x - i * sx, *sx, y + j * sy, -sy],
        (_, _, m) if m.len() == 16 => {
            if m[1] != 0.0 || m[4] != 0.0 {
                return Err(Fault::unsupported("ModelTransformation tag", "a rotated raster", REPROJECT));
            }
            [m[3], m[0], m[7], m[5]]
        }
        _ => {
            return Err(Fault::unsuitable(
                "georeferencing",
                "the TIFF does not say where on the globe it lies (one tiepoint with a pixel scale is needed)",
                "set it with `gdal_edit.py -a_srs EPSG:4326 -a_ullr WEST NORTH EAST SOUTH file.tif`",
            ));
        }
    };
    if out.iter().any(|v| !v.is_finite() || v.abs() > 1e6) || out[1] == 0.0 || out[3] == 0.0 {
        return Err(Fault::damaged("georeferencing", format!("impossible pixel size or origin {out:?}")));
    }
    Ok(out)
}

fn doubles<R: Read + Seek>(d: &mut Decoder<R>, tag: Tag, place: &str) -> Result<Vec<f64>, Fault> {
    match d.find_tag(tag).map_err(|e| tiff_fault(place, &e))? {
        None => Ok(Vec::new()),
        Some(v) => v.into_f64_vec().map_err(|e| tiff_fault(place, &e)),
    }
}

/// The GeoKey directory; only keys with short values matter here.
struct Keys(Vec<(u16, u16)>);

impl Keys {
    fn read<R: Read + Seek>(d: &mut Decoder<R>) -> Result<Self, Fault> {
        const PLACE: &str = "GeoKeyDirectory tag";
        let Some(value) = d.find_tag(Tag::GeoKeyDirectoryTag).map_err(|e| tiff_fault(PLACE, &e))? else {
            return Ok(Self(Vec::new()));
        };
        let raw = value.into_u16_vec().map_err(|e| tiff_fault(PLACE, &e))?;
        let (entries, _) = raw.as_chunks::<4>();
        let Some((head, entries)) = entries.split_first() else {
            return Err(Fault::damaged(PLACE, "shorter than its own header"));
        };
        let count = usize::from(head[3]).min(entries.len());
        // A location of 0 means that the value itself stands in the entry.
        Ok(Self(entries[..count].iter().filter(|e| e[1] == 0).map(|e| (e[0], e[3])).collect()))
    }

    fn get(&self, key: u16) -> Option<u16> {
        self.0.iter().find(|(k, _)| *k == key).map(|(_, v)| *v)
    }

    fn check_crs(&self) -> Result<(), Fault> {
        const PLACE: &str = "coordinate system";
        if self.0.is_empty() {
            return Err(Fault::unsuitable(
                PLACE,
                "the TIFF has no GeoKeys, so its coordinates could be anything",
                "if they are longitude and latitude, say so with `gdal_edit.py -a_srs EPSG:4326 file.tif`",
            ));
        }
        if self.get(GT_MODEL_TYPE) == Some(1) || self.get(PROJECTED_CRS).is_some_and(|c| c != 0) {
            let code = self.get(PROJECTED_CRS).map_or(String::new(), |c| format!(" (EPSG:{c})"));
            return Err(Fault::unsupported(
                PLACE,
                format!("projected{code}, not longitude and latitude"),
                REPROJECT,
            ));
        }
        match self.get(GEODETIC_CRS) {
            Some(c) if GEOGRAPHIC.contains(&c) => {}
            Some(c) => {
                return Err(Fault::unsupported(
                    PLACE,
                    format!("EPSG:{c} is not WGS 84, NAD83 or ETRS89"),
                    REPROJECT,
                ));
            }
            None => {
                return Err(Fault::unsupported(
                    PLACE,
                    "not named",
                    "name it with `gdal_edit.py -a_srs EPSG:4326 file.tif`",
                ));
            }
        }
        match self.get(GEOG_ANGULAR_UNITS) {
            None | Some(9102 | 0) => Ok(()),
            Some(u) => {
                Err(Fault::unsupported(PLACE, format!("angles in EPSG unit {u}, not degrees"), REPROJECT))
            }
        }
    }
}
