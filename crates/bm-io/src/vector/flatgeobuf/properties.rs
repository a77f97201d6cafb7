//! Attributes of a feature: a column's number and a value, one after the other.

use crate::error::Fault;
use flatgeobuf::{Column, ColumnType};
use serde_json::Value;
use std::collections::BTreeMap;

/// Names and types of the columns.
pub(super) type Columns = Vec<(String, ColumnType)>;

pub(super) fn columns<'a>(list: impl Iterator<Item = Column<'a>>) -> Columns {
    list.map(|c| (c.name().to_owned(), c.type_())).collect()
}

pub(super) fn decode(bytes: &[u8], columns: &Columns) -> Result<BTreeMap<String, Value>, Fault> {
    let mut input = Input(bytes);
    let mut out = BTreeMap::new();
    // Some writers leave a stray byte at the end.
    while input.0.len() > 1 {
        let number = u16::from_le_bytes(input.take()?);
        let Some((name, kind)) = columns.get(usize::from(number)) else {
            let problem = format!("column {number} of {} columns", columns.len());
            return Err(Fault::damaged("properties", problem));
        };
        out.insert(name.clone(), input.value(*kind)?);
    }
    Ok(out)
}

struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn bytes(&mut self, n: usize) -> Result<&'a [u8], Fault> {
        match self.0.split_at_checked(n) {
            Some((head, rest)) => {
                self.0 = rest;
                Ok(head)
            }
            None => {
                Err(Fault::damaged("properties", format!("{n} bytes are announced, {} follow", self.0.len())))
            }
        }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let mut out = [0; N];
        out.copy_from_slice(self.bytes(N)?);
        Ok(out)
    }

    fn run(&mut self) -> Result<&'a [u8], Fault> {
        let n = u32::from_le_bytes(self.take()?);
        self.bytes(usize::try_from(n).unwrap_or(usize::MAX))
    }

    fn value(&mut self, kind: ColumnType) -> Result<Value, Fault> {
        Ok(match kind {
            ColumnType::Byte => i8::from_le_bytes(self.take()?).into(),
            ColumnType::UByte => u8::from_le_bytes(self.take()?).into(),
            ColumnType::Bool => (self.take::<1>()? != [0]).into(),
            ColumnType::Short => i16::from_le_bytes(self.take()?).into(),
            ColumnType::UShort => u16::from_le_bytes(self.take()?).into(),
            ColumnType::Int => i32::from_le_bytes(self.take()?).into(),
            ColumnType::UInt => u32::from_le_bytes(self.take()?).into(),
            ColumnType::Long => i64::from_le_bytes(self.take()?).into(),
            ColumnType::ULong => u64::from_le_bytes(self.take()?).into(),
            // What is not finite becomes null.
            ColumnType::Float => f32::from_le_bytes(self.take()?).into(),
            ColumnType::Double => f64::from_le_bytes(self.take()?).into(),
            ColumnType::String | ColumnType::DateTime => text(self.run()?)?.into(),
            ColumnType::Json => {
                let text = text(self.run()?)?;
                serde_json::from_str(text).unwrap_or_else(|_| text.into())
            }
            ColumnType::Binary => crate::vector::hex_text(self.run()?).into(),
            other => {
                let problem = format!("there is no type of columns of number {}", other.0);
                return Err(Fault::damaged("properties", problem));
            }
        })
    }
}

fn text(bytes: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(bytes)
        .map_err(|e| Fault::damaged("properties", format!("a text that is not UTF-8 ({e})")))
}
