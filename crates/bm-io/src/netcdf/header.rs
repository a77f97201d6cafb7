//! The header: dimensions, attributes, variables.

use super::{Attr, AttrValue};
use crate::error::Fault;

/// External types of the classic family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NcType {
    Byte,
    Char,
    Short,
    Int,
    Float,
    Double,
    UByte,
    UShort,
    UInt,
    Int64,
    UInt64,
}

impl NcType {
    fn from_code(code: u32, cdf5: bool) -> Option<Self> {
        Some(match code {
            1 => Self::Byte,
            2 => Self::Char,
            3 => Self::Short,
            4 => Self::Int,
            5 => Self::Float,
            6 => Self::Double,
            7 if cdf5 => Self::UByte,
            8 if cdf5 => Self::UShort,
            9 if cdf5 => Self::UInt,
            10 if cdf5 => Self::Int64,
            11 if cdf5 => Self::UInt64,
            _ => return None,
        })
    }

    /// Bytes a value.
    pub(crate) fn size(self) -> usize {
        match self {
            Self::Byte | Self::Char | Self::UByte => 1,
            Self::Short | Self::UShort => 2,
            Self::Int | Self::Float | Self::UInt => 4,
            Self::Double | Self::Int64 | Self::UInt64 => 8,
        }
    }

    /// The value that stands for "never written" where no attribute says otherwise.
    pub(crate) fn default_fill(self) -> Option<f64> {
        Some(match self {
            Self::Short => -32_767.0,
            Self::Int => -2_147_483_647.0,
            Self::Float => f64::from(9.969_21e36_f32),
            Self::Double => 9.969_209_968_386_869e36,
            Self::UShort => 65_535.0,
            Self::UInt => 4_294_967_295.0,
            Self::Int64 => -9_223_372_036_854_775_806.0,
            Self::UInt64 => 18_446_744_073_709_551_614.0,
            // Every byte value is ordinary data; the convention leaves bytes without a default.
            Self::Byte | Self::Char | Self::UByte => return None,
        })
    }
}

/// A dimension; `len` of the record dimension is the number of records.
#[derive(Debug, Clone)]
pub(crate) struct Dim {
    pub(crate) name: String,
    pub(crate) len: u64,
    pub(crate) is_record: bool,
}

/// A variable.
#[derive(Debug, Clone)]
pub(crate) struct Var {
    pub(crate) name: String,
    /// Indices into [`NcFile::dims`], slowest first.
    pub(crate) dims: Vec<usize>,
    pub(crate) attrs: Vec<Attr>,
    pub(crate) ty: NcType,
    pub(crate) begin: u64,
}

/// A parsed header over the file's bytes.
#[derive(Debug)]
pub(crate) struct NcFile<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) dims: Vec<Dim>,
    pub(crate) vars: Vec<Var>,
    /// Bytes from one record to the next.
    pub(crate) record_size: u64,
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    cdf5: bool,
    wide_offsets: bool,
}

const DIMENSIONS: u32 = 10;
const VARIABLES: u32 = 11;
const ATTRIBUTES: u32 = 12;

impl<'a> Cursor<'a> {
    fn take(&mut self, n: usize, what: &str) -> Result<&'a [u8], Fault> {
        let got = self.at.checked_add(n).and_then(|end| self.bytes.get(self.at..end)).ok_or_else(|| {
            Fault::damaged(
                format!("header, byte {}", self.at),
                format!(
                    "the file ends inside {what} ({n} bytes wanted, {} left)",
                    self.bytes.len().saturating_sub(self.at)
                ),
            )
        })?;
        self.at += n;
        Ok(got)
    }

    fn u32(&mut self, what: &str) -> Result<u32, Fault> {
        let b = self.take(4, what)?;
        Ok(b.iter().fold(0, |v, &x| v << 8 | u32::from(x)))
    }

    fn u64(&mut self, what: &str) -> Result<u64, Fault> {
        let b = self.take(8, what)?;
        Ok(b.iter().fold(0, |v, &x| v << 8 | u64::from(x)))
    }

    /// A count or length: 4 bytes, or 8 in CDF-5.
    fn count(&mut self, what: &str) -> Result<u64, Fault> {
        if self.cdf5 { self.u64(what) } else { self.u32(what).map(u64::from) }
    }

    /// A count of things that take at least `least` bytes each, so the file bounds it.
    fn bounded(&mut self, what: &str, least: usize) -> Result<usize, Fault> {
        let at = self.at;
        let n = self.count(what)?;
        let room = (self.bytes.len() - self.at) / least;
        usize::try_from(n).ok().filter(|&n| n <= room).ok_or_else(|| {
            Fault::damaged(
                format!("header, byte {at}"),
                format!("{what} is {n}, but the file has room for {room}"),
            )
        })
    }

    /// Counted bytes and their padding to four.
    fn padded(&mut self, n: usize, what: &str) -> Result<&'a [u8], Fault> {
        let data = self.take(n, what)?;
        // The last list of a truncated-to-the-header file may lack its padding; data must not.
        self.take(n.wrapping_neg() & 3, what)?;
        Ok(data)
    }

    fn name(&mut self, what: &str) -> Result<String, Fault> {
        let n = self.bounded("the length of a name", 1)?;
        Ok(String::from_utf8_lossy(self.padded(n, what)?).into_owned())
    }

    /// The head of a list: its length, 0 if the list is absent.
    fn list(&mut self, tag: u32, what: &str, least: usize) -> Result<usize, Fault> {
        let at = self.at;
        let got = self.u32(what)?;
        let n = self.bounded(what, least)?;
        if got == tag || (got == 0 && n == 0) {
            return Ok(n);
        }
        Err(Fault::damaged(format!("header, byte {at}"), format!("tag {got} where {what} should start")))
    }

    fn nc_type(&mut self) -> Result<NcType, Fault> {
        let at = self.at;
        let code = self.u32("a type")?;
        NcType::from_code(code, self.cdf5)
            .ok_or_else(|| Fault::damaged(format!("header, byte {at}"), format!("unknown type code {code}")))
    }

    fn attrs(&mut self) -> Result<Vec<Attr>, Fault> {
        let n = self.list(ATTRIBUTES, "the number of attributes", 12)?;
        let mut out = Vec::new();
        for _ in 0..n {
            let name = self.name("an attribute's name")?;
            let ty = self.nc_type()?;
            let len = self.bounded("the length of an attribute", ty.size())?;
            let data = self.padded(len * ty.size(), "an attribute's values")?;
            let value = if ty == NcType::Char {
                AttrValue::Text(String::from_utf8_lossy(data).into_owned())
            } else {
                let mut v = Vec::new();
                ty.decode(data, &mut |x| v.push(x));
                AttrValue::Numbers(v)
            };
            out.push(Attr { name, value });
        }
        Ok(out)
    }
}

impl<'a> NcFile<'a> {
    /// Reads and checks the header.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, Fault> {
        let mut c = Cursor { bytes, at: 0, cdf5: false, wide_offsets: false };
        let magic = c.take(4, "the magic number")?;
        match magic {
            b"CDF\x01" => {}
            b"CDF\x02" => c.wide_offsets = true,
            b"CDF\x05" => (c.cdf5, c.wide_offsets) = (true, true),
            _ => {
                return Err(Fault::unsupported(
                    "first bytes",
                    format!("not NetCDF classic (magic {magic:02x?})"),
                    "convert with `nccopy -k classic in.nc out.nc`",
                ));
            }
        }
        let streaming = if c.cdf5 { u64::MAX } else { u64::from(u32::MAX) };
        let records = c.count("the number of records")?;

        let mut dims = Vec::new();
        for _ in 0..c.list(DIMENSIONS, "the number of dimensions", 8)? {
            let name = c.name("a dimension's name")?;
            let len = c.count("a dimension's length")?;
            let is_record = len == 0;
            if is_record && dims.iter().any(|d: &Dim| d.is_record) {
                return Err(Fault::damaged(format!("dimension `{name}`"), "a second record dimension"));
            }
            dims.push(Dim { name, len, is_record });
        }
        c.attrs()?;
        let mut vars = Vec::new();
        for _ in 0..c.list(VARIABLES, "the number of variables", 28)? {
            vars.push(read_var(&mut c, &dims)?);
        }
        let mut file = Self { bytes, dims, vars, record_size: 0 };
        file.count_records(records, streaming)?;
        file.check_sizes()?;
        Ok(file)
    }

    /// Works out the record size, and the number of records where the writer left it open.
    fn count_records(&mut self, claimed: u64, streaming: u64) -> Result<(), Fault> {
        let record_vars: Vec<&Var> =
            self.vars.iter().filter(|v| v.dims.first().is_some_and(|&d| self.dims[d].is_record)).collect();
        let mut size = 0_u64;
        for v in &record_vars {
            let bytes = v.dims[1..]
                .iter()
                .try_fold(v.ty.size() as u64, |n, &d| n.checked_mul(self.dims[d].len))
                // A lone record variable is not padded between records.
                .and_then(|n| if record_vars.len() == 1 { Some(n) } else { n.checked_next_multiple_of(4) });
            size = bytes.and_then(|b| size.checked_add(b)).ok_or_else(|| too_large(&v.name))?;
        }
        let begin = record_vars.iter().map(|v| v.begin).min().unwrap_or(0);
        let room = (self.bytes.len() as u64).saturating_sub(begin);
        let len = if record_vars.is_empty() {
            0
        } else if claimed == streaming {
            room.checked_div(size).unwrap_or(0)
        } else {
            claimed
        };
        self.record_size = size;
        for d in self.dims.iter_mut().filter(|d| d.is_record) {
            d.len = len;
        }
        Ok(())
    }

    /// No variable may claim more values than the file has bytes: every later count is safe.
    fn check_sizes(&self) -> Result<(), Fault> {
        for v in &self.vars {
            let bytes = v.dims.iter().try_fold(v.ty.size() as u64, |n, &d| n.checked_mul(self.dims[d].len));
            if bytes.is_none_or(|b| b > self.bytes.len() as u64) {
                return Err(too_large(&v.name));
            }
        }
        Ok(())
    }
}

fn too_large(name: &str) -> Fault {
    Fault::damaged(
        format!("variable `{name}`"),
        "it claims more values than the file has bytes (the file is cut short, or its header is damaged)",
    )
}

fn read_var(c: &mut Cursor<'_>, dims: &[Dim]) -> Result<Var, Fault> {
    let name = c.name("a variable's name")?;
    let width = if c.cdf5 { 8 } else { 4 };
    let n = c.bounded("a variable's number of dimensions", width)?;
    let mut ids = Vec::new();
    for k in 0..n {
        let id = c.count("a dimension id")?;
        let found = usize::try_from(id).ok().filter(|&i| i < dims.len());
        let i = found.ok_or_else(|| {
            Fault::damaged(
                format!("variable `{name}`"),
                format!("dimension id {id} of {} dimensions", dims.len()),
            )
        })?;
        if dims[i].is_record && k > 0 {
            return Err(Fault::damaged(
                format!("variable `{name}`"),
                "the record dimension is not its first",
            ));
        }
        ids.push(i);
    }
    let attrs = c.attrs()?;
    let ty = c.nc_type()?;
    // The stored size is redundant, and wrong by design for large variables: it is recomputed.
    c.count("a variable's size")?;
    let begin = if c.wide_offsets { c.u64("an offset")? } else { u64::from(c.u32("an offset")?) };
    Ok(Var { name, dims: ids, attrs, ty, begin })
}
