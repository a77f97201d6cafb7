//! Pictures that move: GIF, which everything shows.

use super::frame::PAPER;
use super::{Image, Rgb};
use crate::error::IoError;
use gif::{DisposalMethod, Encoder, EncodingError, Frame, Repeat};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// A pixel stays as it is when each of its colours differs by no more from what is to be seen: nobody sees it, and what stays costs
/// next to nothing.
const SAME: u8 = 8;
/// How thoroughly the 256 colours of a frame are chosen, from 1 (all its pixels are looked at) to 30.
const SPEED: i32 = 10;

/// An animation being written, frame by frame; it appears under its name when it is finished, whole or not at all.
///
/// ```
/// use bm_io::picture::{Animation, Image};
///
/// let dir = tempfile::tempdir()?;
/// let mut film = Animation::create(dir.path().join("film.gif"))?;
/// film.push(&Image::new(64, 48, [20, 90, 160])?, 50)?;
/// film.push(&Image::new(64, 48, [200, 220, 240])?, 50)?;
/// assert!(film.finish()? > 100);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Animation {
    path: PathBuf,
    temp: NamedTempFile,
    /// There is none before the first frame, which says how large all are.
    encoder: Option<Encoder<BufWriter<File>>>,
    size: [u16; 2],
    /// What is seen after the last frame.
    seen: Vec<Rgb>,
}

impl std::fmt::Debug for Animation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "an animation of {:?} pixels for {}", self.size, self.path.display())
    }
}

impl Animation {
    /// Begins one.
    ///
    /// # Errors
    /// [`IoError::Os`] when no file can be made in the folder.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, IoError> {
        let path = path.as_ref().to_owned();
        if path.is_dir() {
            return Err(os(&path, "write", io::Error::from(io::ErrorKind::IsADirectory)));
        }
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        builder.prefix(".bm-io-").suffix(".part");
        #[cfg(unix)]
        {
            // Temporary files default to 0600; the finished one should follow the umask as usual.
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let temp = builder.tempfile_in(folder).map_err(|e| os(&path, "create a file", e))?;
        Ok(Self { path, temp, encoder: None, size: [0; 2], seen: Vec::new() })
    }

    /// Adds a picture that is shown for some hundredths of a second. All are as large as the first: what is larger is cut, what is
    /// smaller gets a margin.
    ///
    /// # Errors
    /// [`IoError::Argument`] for sides above 65 535 pixels, [`IoError::Os`] when it cannot be written.
    pub fn push(&mut self, image: &Image, hundredths: u16) -> Result<(), IoError> {
        let path = &self.path;
        let failed = |e| failed(path, e);
        let encoder = match &mut self.encoder {
            Some(encoder) => encoder,
            none => {
                let side = |n: usize| {
                    u16::try_from(n).map_err(|_e| {
                        IoError::argument("animation", format!("{n} pixels"), "take sides up to 65535 pixels")
                    })
                };
                self.size = [side(image.width)?, side(image.height)?];
                let file = self.temp.reopen().map_err(|e| os(path, "open", e))?;
                let [w, h] = self.size;
                let mut encoder =
                    Encoder::new(BufWriter::with_capacity(1 << 18, file), w, h, &[]).map_err(failed)?;
                encoder.set_repeat(Repeat::Infinite).map_err(failed)?;
                none.insert(encoder)
            }
        };
        let [w, h] = self.size;
        let mut pixels = Vec::with_capacity(usize::from(w) * usize::from(h) * 4);
        let first = self.seen.is_empty();
        self.seen.resize(usize::from(w) * usize::from(h), PAPER);
        for y in 0..usize::from(h) {
            for x in 0..usize::from(w) {
                let [r, g, b] = image.get(x, y).unwrap_or(PAPER);
                let seen = self.seen[y * usize::from(w) + x];
                let same = !first && [r, g, b].iter().zip(seen).all(|(a, b)| a.abs_diff(b) <= SAME);
                pixels.extend(if same { [0; 4] } else { [r, g, b, 255] });
            }
        }
        let mut frame = Frame::from_rgba_speed(w, h, &mut pixels, SPEED);
        let palette = frame.palette.as_deref().unwrap_or_default().as_chunks::<3>().0;
        for (seen, index) in self.seen.iter_mut().zip(frame.buffer.iter()) {
            if let Some(colour) =
                palette.get(usize::from(*index)).filter(|_| frame.transparent != Some(*index))
            {
                *seen = *colour;
            }
        }
        (frame.delay, frame.dispose) = (hundredths, DisposalMethod::Keep);
        encoder.write_frame(&frame).map_err(failed)
    }

    /// Ends it and gives it its name; returns its bytes.
    ///
    /// # Errors
    /// [`IoError::Argument`] when it has no frame, [`IoError::Os`] when it cannot be written.
    pub fn finish(self) -> Result<u64, IoError> {
        let Self { path, temp, encoder, .. } = self;
        let Some(encoder) = encoder else {
            return Err(IoError::argument("animation", "no frames", "add at least one"));
        };
        let mut out = encoder.into_inner().map_err(|e| failed(&path, e))?;
        out.flush().map_err(|e| os(&path, "write", e))?;
        temp.as_file().sync_all().map_err(|e| os(&path, "sync", e))?;
        let bytes = temp.as_file().metadata().map_err(|e| os(&path, "read", e))?.len();
        temp.persist(&path).map_err(|e| os(&path, "rename", e.error))?;
        Ok(bytes)
    }
}

fn failed(path: &Path, e: EncodingError) -> IoError {
    match e {
        EncodingError::Io(e) => os(path, "write", e),
        e => IoError::argument("animation", e.to_string(), "take smaller pictures"),
    }
}

fn os(path: &Path, action: &'static str, source: io::Error) -> IoError {
    let cure = match source.kind() {
        io::ErrorKind::NotFound => "create the directory first",
        io::ErrorKind::IsADirectory => "give a file name, not a directory",
        io::ErrorKind::StorageFull => "free some space",
        _ => "check the directory and the disk",
    };
    IoError::Os { path: path.display().to_string(), action, source, cure: cure.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_back_as_they_went_in() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.gif");
        let mut film = Animation::create(&path).unwrap();
        let colours = [[10, 20, 30], [200, 100, 0], [255, 255, 255]];
        for (n, colour) in colours.into_iter().enumerate() {
            // The second is larger, the third smaller.
            let image = Image::new([40, 50, 30][n], [30, 20, 40][n], colour).unwrap();
            film.push(&image, 7).unwrap();
            assert_eq!(film.seen[0], colour);
            assert!(!path.exists());
        }
        let bytes = film.finish().unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().len(), bytes);
        let mut options = gif::DecodeOptions::new();
        options.set_color_output(gif::ColorOutput::RGBA);
        let mut read = options.read_info(File::open(&path).unwrap()).unwrap();
        for colour in colours {
            let frame = read.read_next_frame().unwrap().unwrap();
            assert_eq!((frame.width, frame.height, frame.delay), (40, 30, 7));
            assert_eq!((&frame.buffer[..3], frame.buffer[3]), (&colour[..], 255));
        }
        assert!(read.read_next_frame().unwrap().is_none());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_hardly_changes_costs_little_and_never_drifts() {
        let dir = tempfile::tempdir().unwrap();
        let mut film = Animation::create(dir.path().join("a.gif")).unwrap();
        let (mut image, mut rng) = (Image::new(120, 90, [0; 3]).unwrap(), 1u32);
        for byte in &mut image.rgb {
            rng = rng.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *byte = (rng >> 24) as u8 / 64 * 64;
        }
        for step in 0..24u8 {
            // Brighter by so little that a frame alone would not be told from the one before.
            image.rgb.iter_mut().for_each(|byte| *byte = byte.saturating_add(1));
            film.push(&image, 5).unwrap();
            let off = film.seen.iter().flatten().zip(&image.rgb).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
            // A colour of the palette is not quite that of the picture.
            assert!(off <= SAME + 16, "{off} in step {step}");
        }
        assert!(film.finish().unwrap() < 24 * 120 * 90 / 2);
    }

    #[test]
    fn none_is_left_when_it_fails() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Animation::create(dir.path()).is_err());
        assert!(Animation::create(dir.path().join("no/such.gif")).is_err());
        let empty = Animation::create(dir.path().join("a.gif")).unwrap();
        assert!(empty.finish().is_err());
        let mut dropped = Animation::create(dir.path().join("b.gif")).unwrap();
        dropped.push(&Image::new(8, 8, [0; 3]).unwrap(), 1).unwrap();
        drop(dropped);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
