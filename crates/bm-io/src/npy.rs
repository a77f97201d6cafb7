//! NumPy's `.npy` format (NEP 1): writing, and the header reader that arrays in and out of archives need.
//!
//! Array axes are always slowest first: 2-D `[row south→north, column west→east]`, 3-D
//! `[level bottom→top, row south→north, column west→east]`.
//!
//! The format is a one-line dictionary before raw numbers. The crate `npyz` brings a Python
//! literal grammar and big integers for that line, and `zip` 0.6 with all its codecs for
//! archives; sixty lines here do what is needed, with a bound on the line.

use crate::error::IoError;
use crate::output::write_atomic;
use std::io::Write;
use std::path::Path;

pub(crate) use header::Header;

pub(crate) const MAGIC: &[u8; 6] = b"\x93NUMPY";

mod sealed {
    pub trait Sealed {}
}

/// A number type that [`write_npy`] can store.
pub trait NpyElement: sealed::Sealed + Copy {
    /// NumPy's type string, little endian.
    const DESCR: &'static str;
    /// Appends the little-endian bytes.
    fn put(self, out: &mut Vec<u8>);
}

macro_rules! element {
    ($($t:ty, $d:literal;)*) => {$(
        impl sealed::Sealed for $t {}
        impl NpyElement for $t {
            const DESCR: &'static str = $d;
            fn put(self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }
        }
    )*};
}
element! { u8, "|u1"; i16, "<i2"; u16, "<u2"; i32, "<i4"; f32, "<f4"; f64, "<f8"; }

/// Writes an array in C order. `shape` is slowest axis first and its product must be the number
/// of values. The file appears whole or not at all.
///
/// # Errors
/// [`IoError::Argument`] if shape and values do not fit, [`IoError::Os`] if the file cannot be
/// written.
pub fn write_npy<T: NpyElement>(
    path: impl AsRef<Path>,
    shape: &[usize],
    values: &[T],
) -> Result<(), IoError> {
    let count = shape.iter().try_fold(1_usize, |n, &s| n.checked_mul(s));
    if shape.is_empty() || shape.len() > 32 || count != Some(values.len()) {
        return Err(IoError::argument(
            "array shape",
            format!("{shape:?} for {} values", values.len()),
            "pass a shape whose product is the number of values",
        ));
    }
    let head = head(T::DESCR, shape);
    write_atomic(path.as_ref(), |out| {
        out.write_all(&head)?;
        let mut buffer = Vec::with_capacity(1 << 16);
        for part in values.chunks(1 << 12) {
            buffer.clear();
            part.iter().for_each(|v| v.put(&mut buffer));
            out.write_all(&buffer)?;
        }
        Ok(())
    })
}

fn head(descr: &str, shape: &[usize]) -> Vec<u8> {
    let dims: Vec<String> = shape.iter().map(usize::to_string).collect();
    // A one-element Python tuple needs its comma.
    let comma = if shape.len() == 1 { "," } else { "" };
    let mut dict =
        format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({}{comma}), }}", dims.join(", "));
    // The data start on a multiple of 64 bytes, so that they can be mapped.
    let used = MAGIC.len() + 4 + dict.len() + 1;
    dict.push_str(&" ".repeat(used.next_multiple_of(64) - used));
    dict.push('\n');
    let mut out = MAGIC.to_vec();
    out.extend([1, 0]);
    // At most 32 dimensions of 20 digits: far below 65 535.
    out.extend((dict.len() as u16).to_le_bytes());
    out.extend(dict.as_bytes());
    out
}

mod header {
    use super::MAGIC;
    use crate::error::Fault;
    use std::io::Read;

    /// Number kinds that can be read.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) enum Kind {
        Int,
        UInt,
        Float,
    }

    /// What a `.npy` stream holds.
    #[derive(Debug)]
    pub(crate) struct Header {
        pub(crate) kind: Kind,
        /// Bytes a value.
        pub(crate) size: usize,
        big_endian: bool,
        pub(crate) fortran_order: bool,
        pub(crate) shape: Vec<usize>,
    }

    impl Header {
        /// Reads up to the first data byte. The dictionary is matched key by key rather than
        /// parsed as Python: only three keys are allowed, and nesting has no meaning here.
        pub(crate) fn read(input: &mut impl Read, place: &str) -> Result<Self, Fault> {
            let bad = |p: String| Fault::damaged(place, p);
            let cut =
                |e: std::io::Error| Fault::damaged(place, format!("the array's header is cut short ({e})"));
            let mut start = [0; 8];
            input.read_exact(&mut start).map_err(cut)?;
            if &start[..6] != MAGIC {
                return Err(bad("not a NumPy array".into()));
            }
            let len = if start[6] == 1 {
                let mut b = [0; 2];
                input.read_exact(&mut b).map_err(cut)?;
                u32::from(u16::from_le_bytes(b))
            } else {
                let mut b = [0; 4];
                input.read_exact(&mut b).map_err(cut)?;
                u32::from_le_bytes(b)
            };
            if len > 1 << 16 {
                return Err(bad(format!("a header of {len} bytes")));
            }
            let mut text = vec![0; len as usize];
            input.read_exact(&mut text).map_err(cut)?;
            let text = String::from_utf8_lossy(&text);
            let after = |key: &str| {
                let k = text.find(&format!("'{key}'"))? + key.len() + 2;
                text.get(k..)?.trim_start().strip_prefix(':').map(str::trim_start)
            };
            let missing = |key: &str| Fault::damaged(place, format!("the array's header has no `{key}`"));
            let descr = after("descr").ok_or_else(|| missing("descr"))?;
            let descr = descr
                .strip_prefix('\'')
                .and_then(|d| d.split('\'').next())
                .ok_or_else(|| Fault::unsupported(place, "an array of records", "store plain numbers"))?;
            let order = after("fortran_order").ok_or_else(|| missing("fortran_order"))?;
            let shape = after("shape").and_then(|s| s.strip_prefix('(')).ok_or_else(|| missing("shape"))?;
            let shape = shape.split(')').next().unwrap_or("");
            let dims: Result<Vec<usize>, _> =
                shape.split(',').map(str::trim).filter(|s| !s.is_empty()).map(str::parse).collect();
            let shape = dims.map_err(|e| bad(format!("shape ({shape}): {e}")))?;
            let (kind, size, big_endian) = number_type(descr).ok_or_else(|| {
                Fault::unsupported(
                    place,
                    format!("numbers of type `{descr}`"),
                    "store plain integers or floats",
                )
            })?;
            Ok(Self { kind, size, big_endian, fortran_order: order.starts_with("True"), shape })
        }

        /// Product of the shape; `None` if it overflows.
        #[cfg(feature = "npz")]
        pub(crate) fn count(&self) -> Option<usize> {
            self.shape.iter().try_fold(1_usize, |n, &s| n.checked_mul(s))
        }

        /// One value from its `size` bytes.
        pub(crate) fn decode(&self, bytes: &[u8]) -> f64 {
            let mut b = [0; 8];
            let n = bytes.len().min(8);
            if self.big_endian {
                b[..n].copy_from_slice(&bytes[..n]);
                b[..n].reverse();
            } else {
                b[..n].copy_from_slice(&bytes[..n]);
            }
            let raw = u64::from_le_bytes(b);
            match (self.kind, n) {
                (Kind::Float, 8) => f64::from_bits(raw),
                (Kind::Float, _) => f64::from(f32::from_bits(raw as u32)),
                (Kind::UInt, _) => raw as f64,
                (Kind::Int, _) => {
                    let unused = 64 - 8 * n as u32;
                    ((raw << unused).cast_signed() >> unused) as f64
                }
            }
        }
    }

    fn number_type(descr: &str) -> Option<(Kind, usize, bool)> {
        let mut chars = descr.chars();
        let order = chars.next()?;
        let kind = match chars.next()? {
            'i' => Kind::Int,
            'u' => Kind::UInt,
            'f' => Kind::Float,
            _ => return None,
        };
        let size: usize = chars.as_str().parse().ok()?;
        let fits = match kind {
            Kind::Float => matches!(size, 4 | 8),
            _ => matches!(size, 1 | 2 | 4 | 8),
        };
        (fits && matches!(order, '<' | '>' | '|' | '=')).then_some((kind, size, order == '>'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_is_what_numpy_writes() {
        let h = head("<u2", &[3, 4]);
        assert_eq!(h.len() % 64, 0);
        insta::assert_snapshot!(String::from_utf8_lossy(&h[10..]).trim_end(),
            @"{'descr': '<u2', 'fortran_order': False, 'shape': (3, 4), }");
        assert!(String::from_utf8_lossy(&head("<f4", &[5])).contains("(5,)"));
    }

    #[test]
    fn arrays_land_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let p = dir.path().join("a.npy");
        write_npy(&p, &[2, 3], &[1_u16, 2, 3, 4, 5, 600]).unwrap();
        let bytes = std::fs::read(&p).unwrap();
        assert_eq!(bytes[bytes.len() - 12..], [1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 88, 2]);
        let before = std::fs::read_dir(dir.path()).unwrap().count();
        assert!(write_npy(&p, &[2, 2], &[1_u16]).is_err());
        assert!(write_npy(dir.path(), &[1], &[1_u16]).is_err());
        assert!(write_npy(dir.path().join("no/such/a.npy"), &[1], &[1_u16]).is_err());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), before);
        assert_eq!(std::fs::read(&p).unwrap(), bytes);
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::{NpyElement, head};

    pub(crate) fn bytes(shape: &[usize], values: &[f64]) -> Vec<u8> {
        let mut out = head("<f8", shape);
        values.iter().for_each(|v| v.put(&mut out));
        out
    }
}
