//! Hexadecimal digits to bytes.

use std::io::{self, BufRead, Read};

/// Value of a hexadecimal digit.
pub(in crate::vector) fn digit(c: u8) -> Option<u8> {
    match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        b'A'..=b'F' => Some(c - b'A' + 10),
        _ => None,
    }
}

/// Without the `\x` or `0x` that databases put before the digits.
pub(in crate::vector) fn without_prefix(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\\x").or_else(|| text.strip_prefix(b"0x")).unwrap_or(text)
}

/// Bytes of a text of hexadecimal digits; white space, quotes and commas between pairs, and prefixes, are passed over.
pub(in crate::vector) struct Unhex<R> {
    text: R,
    /// A digit without its partner.
    half: Option<u8>,
    /// From 1, for messages.
    line: u64,
}

impl<R: BufRead> Unhex<R> {
    pub(in crate::vector) fn new(text: R) -> Self {
        Self { text, half: None, line: 1 }
    }
}

impl<R: BufRead> Read for Unhex<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let bad = |line: u64, what: String| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!("line {line}: {what} among hexadecimal digits"),
            )
        };
        let mut filled = 0;
        while filled < out.len() {
            let chunk = self.text.fill_buf()?;
            if chunk.is_empty() {
                if self.half.is_some() {
                    return Err(bad(self.line, "half a byte at the end".into()));
                }
                break;
            }
            let mut used = 0;
            for &c in chunk {
                if filled == out.len() {
                    break;
                }
                used += 1;
                match (digit(c), self.half.take()) {
                    (Some(low), Some(high)) => {
                        out[filled] = high << 4 | low;
                        filled += 1;
                    }
                    (Some(high), None) => self.half = Some(high),
                    // The zero of `0x`, or the backslash before.
                    (None, Some(0)) if matches!(c, b'x' | b'X') => {}
                    (None, None) if matches!(c, b'x' | b'\\' | b'"' | b'\'' | b',' | b';') => {}
                    (None, None) if c.is_ascii_whitespace() => self.line += u64::from(c == b'\n'),
                    _ => return Err(bad(self.line, format!("{:?}", char::from(c)))),
                }
            }
            self.text.consume(used);
        }
        Ok(filled)
    }
}
