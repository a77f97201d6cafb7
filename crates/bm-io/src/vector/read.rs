//! Reading any vector file.

use super::detect::detect;
use super::feature::{Feature, Features, Summary, VectorFormat};
use super::sink::Sink;
use super::source::{Progress, Source};
use super::{json, wkb};
use crate::error::{Fault, IoError};
use std::fs::File;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::Path;

/// What to do about edges longer than half around the globe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DateLine {
    /// Nothing: in the plane of longitude and latitude they are what they are. Right for files that are cut at the
    /// date line (RFC 7946, Natural Earth, GSHHG) or whose longitudes go on beyond ±180°.
    #[default]
    AsIs,
    /// Every edge goes the short way round, on beyond ±180° where that leads, and a ring around a pole is closed over
    /// it. Right for files stitched over the date line (d3, world-atlas).
    Shortest,
}

/// How to read a vector file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VectorOptions {
    /// Only this object of a TopoJSON, or table of a GeoPackage. Others have no layers.
    pub layer: Option<String>,
    /// The property whose value names a feature; every feature must have it.
    pub id_property: Option<String>,
    /// Coordinates are latitude first: swap them.
    pub swap_xy: bool,
    /// Edges over the date line.
    pub date_line: DateLine,
    /// Leave out features that cannot serve (coordinates not finite or out of range, open rings, no such type, no id),
    /// and list them, rather than refuse the file.
    pub skip_invalid: bool,
    /// Refuse files that are longer when decompressed; 8 GiB.
    pub max_bytes: u64,
}

impl Default for VectorOptions {
    fn default() -> Self {
        Self {
            layer: None,
            id_property: None,
            swap_xy: false,
            date_line: DateLine::AsIs,
            skip_invalid: false,
            max_bytes: 8 << 30,
        }
    }
}

/// Why a format's reader ends before the file does.
#[derive(Debug)]
pub(super) enum Halt {
    Fault(Fault),
    Os(io::Error),
    /// The caller wants no more.
    Stopped,
}

impl From<Fault> for Halt {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<io::Error> for Halt {
    fn from(error: io::Error) -> Self {
        Self::Os(error)
    }
}

/// Reads a vector file and calls `each` with every feature, in the order of the file; `progress` is told bytes read
/// and bytes there are, every few hundred kilobytes.
///
/// # Errors
/// [`IoError`] with file, place (byte, line, or feature and vertex) and cure: for a file that cannot be read, that is
/// damaged or of no known format, that declares another coordinate reference system than WGS 84, and for features
/// that cannot serve unless [`VectorOptions::skip_invalid`] is set. Whatever error `each` returns ends the reading.
pub fn read_vector<E: From<IoError>>(
    path: &Path,
    options: &VectorOptions,
    progress: Progress<'_>,
    mut each: impl FnMut(Feature) -> Result<(), E>,
) -> Result<Summary, E> {
    stash(&mut |each| read_path(path, options, progress, each), &mut each)
}

/// [`read_vector`] from memory; `name` stands for the file in errors.
///
/// # Errors
/// As for [`read_vector`].
pub fn read_vector_bytes<E: From<IoError>>(
    bytes: &[u8],
    name: &str,
    options: &VectorOptions,
    mut each: impl FnMut(Feature) -> Result<(), E>,
) -> Result<Summary, E> {
    stash(&mut |each| read_bytes(bytes, name, options, each), &mut each)
}

/// All features of a file, or none.
///
/// # Errors
/// As for [`read_vector`].
pub fn read_features(path: &Path, options: &VectorOptions) -> Result<Features, IoError> {
    let mut features = Vec::new();
    let summary = read_vector(path, options, &mut |_, _| {}, |f| {
        features.push(f);
        Ok::<(), IoError>(())
    })?;
    Ok(Features { features, summary })
}

/// [`read_features`] from memory; `name` stands for the file in errors.
///
/// # Errors
/// As for [`read_vector`].
pub fn read_features_bytes(bytes: &[u8], name: &str, options: &VectorOptions) -> Result<Features, IoError> {
    let mut features = Vec::new();
    let summary = read_vector_bytes(bytes, name, options, |f| {
        features.push(f);
        Ok::<(), IoError>(())
    })?;
    Ok(Features { features, summary })
}

type Each<'a> = &'a mut dyn FnMut(Feature) -> ControlFlow<()>;

/// Keeps the caller's error while the readers, which know nothing of its type, come to their end.
fn stash<E: From<IoError>>(
    read: &mut dyn FnMut(Each<'_>) -> Result<Option<Summary>, IoError>,
    each: &mut dyn FnMut(Feature) -> Result<(), E>,
) -> Result<Summary, E> {
    let mut error = None;
    let outcome = read(&mut |feature| match each(feature) {
        Ok(()) => ControlFlow::Continue(()),
        Err(e) => {
            error = Some(e);
            ControlFlow::Break(())
        }
    });
    match (error, outcome) {
        (Some(e), _) => Err(e),
        (None, Ok(Some(summary))) => Ok(summary),
        (None, Ok(None)) => Err(IoError::argument("each", "stopped without an error", "report this").into()),
        (None, Err(e)) => Err(e.into()),
    }
}

fn read_path(
    path: &Path,
    options: &VectorOptions,
    progress: Progress<'_>,
    each: Each<'_>,
) -> Result<Option<Summary>, IoError> {
    let name = path.display().to_string();
    let open = || -> Result<(File, u64), io::Error> {
        let file = File::open(path)?;
        let meta = file.metadata()?;
        if meta.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        Ok((file, meta.len()))
    };
    let (file, length) = open().map_err(|source| {
        let cure = match source.kind() {
            io::ErrorKind::NotFound => "check the path",
            io::ErrorKind::PermissionDenied => "check the file's permissions",
            io::ErrorKind::IsADirectory => "give the file itself",
            _ => "check the disk",
        };
        IoError::Os { path: name.clone(), action: "open", source, cure: cure.into() }
    })?;
    read_stream(file, length, Some(path), &name, options, progress, each)
}

fn read_bytes(
    bytes: &[u8],
    name: &str,
    options: &VectorOptions,
    each: Each<'_>,
) -> Result<Option<Summary>, IoError> {
    read_stream(bytes, bytes.len() as u64, None, name, options, &mut |_, _| {}, each)
}

/// None if the caller stopped it.
fn read_stream(
    raw: impl Read,
    length: u64,
    path: Option<&Path>,
    name: &str,
    options: &VectorOptions,
    progress: Progress<'_>,
    each: Each<'_>,
) -> Result<Option<Summary>, IoError> {
    let _ = path; // Only SQLite asks for it.
    let outcome = Source::new(raw, length, options.max_bytes, progress).and_then(|source| {
        let mut source = source;
        let format = detect(source.head()?, name)?;
        let mut sink = Sink::new(format, options, each);
        match format {
            VectorFormat::GeoJson | VectorFormat::TopoJson => json::read(source, &mut sink)?,
            VectorFormat::Wkb | VectorFormat::WkbHex => {
                if options.layer.is_some() {
                    return Err(
                        Fault::unsuitable("whole file", "WKB has no layers", "leave --layer out").into()
                    );
                }
                let counter = source.counter();
                let hex = format == VectorFormat::WkbHex;
                wkb::read(if hex { source.map(wkb::Unhex::new) } else { source }, &mut sink)?;
                sink.summary.bytes_read = counter.get();
            }
            #[cfg(feature = "flatgeobuf")]
            VectorFormat::FlatGeobuf => super::flatgeobuf::read(source, &mut sink)?,
            #[cfg(feature = "gpkg")]
            VectorFormat::GeoPackage => gpkg(source, path, &mut sink)?,
            #[cfg_attr(all(feature = "flatgeobuf", feature = "gpkg"), expect(unreachable_patterns))]
            other => {
                return Err(Fault::unsupported(
                    "first bytes",
                    format!("this is {other}, which this build leaves out"),
                    "build with its feature, or convert it: ogr2ogr OUT.geojson IN",
                )
                .into());
            }
        }
        Ok(sink.summary)
    });
    match outcome {
        Ok(summary) => Ok(Some(summary)),
        Err(Halt::Stopped) => Ok(None),
        Err(Halt::Fault(fault)) => Err(fault.at(name)),
        Err(Halt::Os(error)) => Err(os(error, name, options.max_bytes)),
    }
}

/// SQLite reads files by itself; what is compressed or has no file goes through memory.
#[cfg(feature = "gpkg")]
fn gpkg(mut source: Source<'_>, path: Option<&Path>, sink: &mut Sink<'_>) -> Result<(), Halt> {
    use super::gpkg::{Origin, read};
    match (path, source.left()) {
        (Some(path), Some(length)) => {
            if length > sink.options().max_bytes {
                return Err(io::Error::from(io::ErrorKind::FileTooLarge).into());
            }
            sink.summary.bytes_read = length;
            read(&Origin::File(path), sink, &mut |done| source.report(done))
        }
        _ => {
            let mut bytes = Vec::new();
            source.read_to_end(&mut bytes)?;
            sink.summary.bytes_read = bytes.len() as u64;
            read(&Origin::Memory(&bytes), sink, &mut |_| {})
        }
    }
}

/// What a stream's error is about: the disk, or the bytes.
fn os(source: io::Error, name: &str, max_bytes: u64) -> IoError {
    match source.kind() {
        io::ErrorKind::FileTooLarge => Fault::unsuitable(
            "whole file",
            format!("larger than the limit of {max_bytes} bytes"),
            "cut out the region you need first, or raise `max_bytes` in the options",
        )
        .at(name),
        // Of the decompressor and of hexadecimal digits, which read from us.
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof | io::ErrorKind::Other => {
            Fault::damaged("compressed or encoded stream", source.to_string()).at(name)
        }
        _ => IoError::Os { path: name.into(), action: "read", source, cure: "check the disk".into() },
    }
}
