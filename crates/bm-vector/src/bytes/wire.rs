//! Little-endian primitives and varints, every read bounded.

use super::BytesError;

pub(super) fn put_varint(out: &mut Vec<u8>, mut v: u64) {
    while v >= 0x80 {
        out.push(v as u8 | 0x80);
        v >>= 7;
    }
    out.push(v as u8);
}

pub(super) fn put_signed(out: &mut Vec<u8>, v: i64) {
    put_varint(out, ((v << 1) ^ (v >> 63)) as u64);
}

pub(super) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

pub(super) fn put_f64(out: &mut Vec<u8>, v: f64) {
    out.extend_from_slice(&v.to_le_bytes());
}

/// A cursor over untrusted bytes.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn bytes(&mut self, n: usize, what: &'static str) -> Result<&'a [u8], BytesError> {
        let (head, tail) = self.rest.split_at_checked(n).ok_or(BytesError::Truncated(what))?;
        self.rest = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], BytesError> {
        let (head, tail) = self.rest.split_first_chunk().ok_or(BytesError::Truncated(what))?;
        self.rest = tail;
        Ok(*head)
    }

    pub(super) fn u8(&mut self, what: &'static str) -> Result<u8, BytesError> {
        Ok(self.array::<1>(what)?[0])
    }

    pub(super) fn u16(&mut self, what: &'static str) -> Result<u16, BytesError> {
        Ok(u16::from_le_bytes(self.array(what)?))
    }

    pub(super) fn f64(&mut self, what: &'static str) -> Result<f64, BytesError> {
        Ok(f64::from_le_bytes(self.array(what)?))
    }

    pub(super) fn varint(&mut self, what: &'static str) -> Result<u64, BytesError> {
        let mut v = 0u64;
        for shift in (0..64).step_by(7) {
            let b = self.u8(what)?;
            // The tenth byte holds one bit; a zero byte at the end would be a second spelling of the number.
            if (shift == 63 && b > 1) || (b == 0 && shift > 0) {
                break;
            }
            v |= u64::from(b & 0x7f) << shift;
            if b & 0x80 == 0 {
                return Ok(v);
            }
        }
        Err(BytesError::Invalid(what, "not a minimal varint"))
    }

    pub(super) fn signed(&mut self, what: &'static str) -> Result<i64, BytesError> {
        let v = self.varint(what)?;
        Ok((v >> 1) as i64 ^ -((v & 1) as i64))
    }

    /// A count of things of at least `size` bytes each: what is left bounds it before anything is allocated.
    pub(super) fn count(&mut self, size: usize, what: &'static str) -> Result<usize, BytesError> {
        let n = self.varint(what)?;
        self.within(n, size, what)
    }

    /// As [`count`](Self::count), of a number already read.
    pub(super) fn within(&self, n: u64, size: usize, what: &'static str) -> Result<usize, BytesError> {
        usize::try_from(n).ok().filter(|n| *n <= self.rest.len() / size).ok_or(BytesError::Truncated(what))
    }

    pub(super) fn text(&mut self, what: &'static str) -> Result<&'a str, BytesError> {
        let n = self.count(1, what)?;
        std::str::from_utf8(self.bytes(n, what)?).map_err(|_utf8| BytesError::Invalid(what, "not UTF-8"))
    }

    pub(super) const fn end(&self) -> Result<(), BytesError> {
        if self.rest.is_empty() { Ok(()) } else { Err(BytesError::Trailing(self.rest.len())) }
    }
}
