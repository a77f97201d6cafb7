//! NumPy archives: a zip of `.npy` members, read member by member with bounds.

use crate::error::Fault;
use crate::npy::Header;
use std::io::{Cursor, Read};
use zip::ZipArchive;
use zip::result::ZipError;

/// An open archive.
pub(crate) struct Npz<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
}

fn fault(place: &str, e: &ZipError) -> Fault {
    match e {
        ZipError::UnsupportedArchive(s) => {
            Fault::unsupported(place, (*s).to_string(), "write it with numpy.savez or numpy.savez_compressed")
        }
        other => Fault::damaged(place, other.to_string()),
    }
}

impl<'a> Npz<'a> {
    pub(crate) fn open(bytes: &'a [u8]) -> Result<Self, Fault> {
        let zip = ZipArchive::new(Cursor::new(bytes)).map_err(|e| fault("zip directory", &e))?;
        Ok(Self { zip })
    }

    /// Names of the arrays, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut n: Vec<String> =
            self.zip.file_names().filter_map(|f| f.ok()?.strip_suffix(".npy").map(str::to_owned)).collect();
        n.sort();
        n
    }

    /// Hands the values of array `name`, in stored order, to `each(index, value)`, after `check`
    /// has approved of its header. Values are streamed: nothing is allocated from a claimed count.
    pub(crate) fn for_each(
        &mut self,
        name: &str,
        check: impl FnOnce(&Header) -> Result<(), Fault>,
        mut each: impl FnMut(usize, f64),
    ) -> Result<Header, Fault> {
        let place = format!("array `{name}`");
        let mut member = self.zip.by_name(&format!("{name}.npy")).map_err(|e| fault(&place, &e))?;
        let header = Header::read(&mut member, &place)?;
        check(&header)?;
        let count = header.count().ok_or_else(|| Fault::damaged(&*place, "its shape overflows"))?;
        let per_block = 8192;
        let mut block = vec![0; per_block * header.size];
        let mut done = 0;
        while done < count {
            let n = per_block.min(count - done);
            let bytes = &mut block[..n * header.size];
            member.read_exact(bytes).map_err(|e| {
                Fault::damaged(&*place, format!("ends or breaks after about {done} of {count} values ({e})"))
            })?;
            for (i, b) in bytes.chunks_exact(header.size).enumerate() {
                each(done + i, header.decode(b));
            }
            done += n;
        }
        Ok(header)
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use std::io::Write;

    /// An `.npz` of f64 arrays; the values need not match the shape.
    pub(crate) fn archive(arrays: &[(&str, &[usize], &[f64])]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, shape, values) in arrays {
            let options =
                zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
            zip.start_file(format!("{name}.npy"), options).unwrap();
            zip.write_all(&crate::npy::testing::bytes(shape, values)).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }
}
