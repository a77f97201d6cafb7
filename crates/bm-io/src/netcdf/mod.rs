//! A careful reader of the NetCDF classic family: CDF-1, CDF-2 (64-bit offsets), CDF-5.
//!
//! It follows the published "NetCDF Classic Format Specification". Counts and offsets in a file
//! are treated as claims: each is checked against the bytes that really are there before
//! anything is allocated or indexed, so damaged files end in an error that names the place.
//!
//! Why not the crate `netcdf3` (0.6.1): it reserves memory for the dimension, attribute and
//! variable counts a header claims (gigabytes from twelve bytes), subtracts an offset from the
//! file size unchecked, parses the header anew for every kilobyte of it, and knows no CDF-5.
//! Guarding it would have taken the same header parser as reading without it.

mod header;
#[cfg(test)]
pub(crate) mod testing;

pub(crate) use header::{NcFile, NcType, Var};

use crate::error::Fault;

/// An attribute's value, as far as relief needs it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum AttrValue {
    Text(String),
    Numbers(Vec<f64>),
}

/// A named attribute.
#[derive(Debug, Clone)]
pub(crate) struct Attr {
    pub(crate) name: String,
    pub(crate) value: AttrValue,
}

/// The first numeric value of the attribute called `name`.
pub(crate) fn number(attrs: &[Attr], name: &str) -> Option<f64> {
    numbers(attrs, name).and_then(|v| v.first().copied())
}

/// All numeric values of the attribute called `name`.
pub(crate) fn numbers<'a>(attrs: &'a [Attr], name: &str) -> Option<&'a [f64]> {
    attrs.iter().find(|a| a.name == name).and_then(|a| match &a.value {
        AttrValue::Numbers(n) => Some(n.as_slice()),
        AttrValue::Text(_) => None,
    })
}

/// The text of the attribute called `name`, trimmed.
pub(crate) fn text<'a>(attrs: &'a [Attr], name: &str) -> Option<&'a str> {
    attrs.iter().find(|a| a.name == name).and_then(|a| match &a.value {
        AttrValue::Text(t) => Some(t.trim_matches(['\0', ' ', '\n', '\t'])),
        AttrValue::Numbers(_) => None,
    })
}

impl NcFile<'_> {
    /// Number of elements of `var`.
    pub(crate) fn element_count(&self, var: &Var) -> u64 {
        // Checked not to overflow when the header was read.
        var.dims.iter().map(|&d| self.dims[d].len).product()
    }

    /// Hands every element of `var` to `each`, in the file's order, as f64.
    pub(crate) fn for_each(&self, var: &Var, mut each: impl FnMut(f64)) -> Result<(), Fault> {
        let count = self.element_count(var);
        if count == 0 {
            return Ok(());
        }
        let record = var.dims.first().is_some_and(|&d| self.dims[d].is_record);
        let (pieces, per_piece, stride) = if record {
            let records = self.dims[var.dims[0]].len;
            (records, count / records.max(1), self.record_size)
        } else {
            (1, count, 0)
        };
        for p in 0..pieces {
            let place = || format!("variable `{}`", var.name);
            let at = p.checked_mul(stride).and_then(|o| o.checked_add(var.begin));
            let bytes = at.and_then(|at| self.slice(at, per_piece, var.ty)).ok_or_else(|| {
                Fault::damaged(
                    place(),
                    format!(
                        "its data ({count} values of {} bytes from byte {}) reach beyond the end of the file ({} bytes)",
                        var.ty.size(),
                        var.begin,
                        self.bytes.len()
                    ),
                )
            })?;
            var.ty.decode(bytes, &mut each);
        }
        Ok(())
    }

    fn slice(&self, at: u64, count: u64, ty: NcType) -> Option<&[u8]> {
        let len = count.checked_mul(ty.size() as u64)?;
        let (from, to) = (usize::try_from(at).ok()?, usize::try_from(at.checked_add(len)?).ok()?);
        self.bytes.get(from..to)
    }
}

impl NcType {
    fn decode(self, bytes: &[u8], each: &mut impl FnMut(f64)) {
        // Chunks are exact by construction of `slice`; big endian is the format's only order.
        macro_rules! all {
            ($t:ty) => {
                for c in bytes.as_chunks::<{ size_of::<$t>() }>().0 {
                    each(<$t>::from_be_bytes(*c) as f64);
                }
            };
        }
        match self {
            Self::Byte => all!(i8),
            Self::Char | Self::UByte => all!(u8),
            Self::Short => all!(i16),
            Self::UShort => all!(u16),
            Self::Int => all!(i32),
            Self::UInt => all!(u32),
            Self::Float => all!(f32),
            Self::Double => all!(f64),
            Self::Int64 => all!(i64),
            Self::UInt64 => all!(u64),
        }
    }
}
