//! Files into memory, with their size bounded and zstd unwrapped.

use crate::error::{Fault, IoError};
use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Reads a whole file of at most `max_bytes`.
pub(crate) fn read_file(path: &Path, max_bytes: u64) -> Result<Vec<u8>, IoError> {
    let name = path.display().to_string();
    let os = |action, source: io::Error| {
        let cure = match source.kind() {
            io::ErrorKind::NotFound => "check the path",
            io::ErrorKind::PermissionDenied => "check the file's permissions",
            io::ErrorKind::IsADirectory => "give the file itself",
            _ => "check the disk",
        };
        IoError::Os { path: name.clone(), action, source, cure: cure.into() }
    };
    let meta = std::fs::metadata(path).map_err(|e| os("open", e))?;
    if meta.is_dir() {
        return Err(os("open", io::Error::from(io::ErrorKind::IsADirectory)));
    }
    let too_big = || {
        Fault::unsuitable(
            "whole file",
            format!("larger than the limit of {max_bytes} bytes"),
            "cut out the region you need first, or raise `max_bytes` in the options",
        )
        .at(&name)
    };
    if meta.len() > max_bytes {
        return Err(too_big());
    }
    let file = File::open(path).map_err(|e| os("open", e))?;
    // The length is only a hint (pipes say 0), so the read itself is bounded too.
    let mut bytes = Vec::new();
    bytes
        .try_reserve_exact(usize::try_from(meta.len()).unwrap_or(0))
        .map_err(|e| os("read", io::Error::new(io::ErrorKind::OutOfMemory, e)))?;
    file.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(|e| os("read", e))?;
    if bytes.len() as u64 > max_bytes {
        return Err(too_big());
    }
    Ok(bytes)
}

/// Unwraps zstd if the bytes start with its magic; anything else passes through.
pub(crate) fn unwrap_zstd(bytes: &[u8], max_bytes: u64) -> Result<Cow<'_, [u8]>, Fault> {
    const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
    if !bytes.starts_with(&MAGIC) {
        return Ok(Cow::Borrowed(bytes));
    }
    decode_zstd(bytes, max_bytes).map(Cow::Owned)
}

#[cfg(feature = "zst")]
fn decode_zstd(bytes: &[u8], max_bytes: u64) -> Result<Vec<u8>, Fault> {
    let fail = |e: io::Error| Fault::damaged("zstd stream", format!("does not decode ({e})"));
    let decoder = zstd::stream::read::Decoder::with_buffer(bytes).map_err(fail)?;
    // The declared content size is not trusted: the buffer grows with what really arrives.
    let mut out = Vec::new();
    decoder.take(max_bytes.saturating_add(1)).read_to_end(&mut out).map_err(fail)?;
    if out.len() as u64 > max_bytes {
        return Err(Fault::unsuitable(
            "zstd stream",
            format!("decodes to more than the limit of {max_bytes} bytes"),
            "check where the file comes from, or raise `max_bytes` in the options",
        ));
    }
    Ok(out)
}

#[cfg(not(feature = "zst"))]
fn decode_zstd(_: &[u8], _: u64) -> Result<Vec<u8>, Fault> {
    Err(Fault::unsupported(
        "whole file",
        "compressed with zstd, which this build leaves out",
        "unpack it with `zstd -d`, or build with the `zst` feature",
    ))
}

/// What a file is, by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Magic {
    NetCdf,
    Tiff,
    Zip,
}

/// Names the format of `bytes`, or says what they are instead.
pub(crate) fn sniff(bytes: &[u8]) -> Result<Magic, Fault> {
    const READABLE: &str = "give NetCDF classic, GeoTIFF, or a NumPy .npz elevation model";
    let head = |m: &[u8]| bytes.starts_with(m);
    if bytes.is_empty() {
        return Err(Fault::damaged("whole file", "empty"));
    }
    if head(b"CDF") {
        return Ok(Magic::NetCdf);
    }
    if head(b"II*\0") || head(b"MM\0*") || head(b"II+\0") || head(b"MM\0+") {
        return Ok(Magic::Tiff);
    }
    if head(b"PK\x03\x04") || head(b"PK\x05\x06") {
        return Ok(Magic::Zip);
    }
    if head(b"\x89HDF\r\n\x1a\n") {
        return Err(Fault::unsupported(
            "first bytes",
            "NetCDF-4/HDF5 is not supported",
            "convert with `nccopy -k classic in.nc out.nc`",
        ));
    }
    if head(&[0x1f, 0x8b]) {
        return Err(Fault::unsupported("first bytes", "gzip is not unpacked here", "run `gunzip` first"));
    }
    let shown: Vec<String> = bytes.iter().take(4).map(|b| format!("{b:02x}")).collect();
    Err(Fault::unsupported(
        "first bytes",
        format!("not a format known here (starts with {})", shown.join(" ")),
        READABLE,
    ))
}
