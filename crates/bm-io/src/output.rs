//! Files out of memory, whole or not at all.

use crate::error::IoError;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Calls `fill` on a temporary file beside `path` and renames it into place when all is written
/// and synced, so that a failure leaves no half file and never harms an older one.
pub(crate) fn write_atomic(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<&mut fs::File>) -> io::Result<()>,
) -> Result<(), IoError> {
    let os = |action, source: io::Error| {
        let cure = match source.kind() {
            io::ErrorKind::NotFound => "create the directory first",
            io::ErrorKind::PermissionDenied => "check the directory's permissions",
            io::ErrorKind::IsADirectory => "give a file name, not a directory",
            io::ErrorKind::StorageFull => "free some space; nothing was changed",
            _ => "check the disk; nothing was changed",
        };
        IoError::Os { path: path.display().to_string(), action, source, cure: cure.into() }
    };
    if path.is_dir() {
        return Err(os("write", io::Error::from(io::ErrorKind::IsADirectory)));
    }
    let dir = match path.parent() {
        Some(p) if !p.as_os_str().is_empty() => p,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".bm-io-").suffix(".part");
    #[cfg(unix)]
    {
        // Temporary files default to 0600; the finished one should follow the umask as usual.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut temp = builder.tempfile_in(dir).map_err(|e| os("create a file", e))?;
    let mut out = BufWriter::with_capacity(1 << 18, temp.as_file_mut());
    fill(&mut out).and_then(|()| out.flush()).map_err(|e| os("write", e))?;
    drop(out);
    temp.as_file().sync_all().map_err(|e| os("sync", e))?;
    temp.persist(path).map_err(|e| os("rename", e.error))?;
    Ok(())
}
