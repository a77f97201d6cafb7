//! The bytes of a chunk.

use super::store::ChunkKey;
use crate::pack::{Packer, Unpacker};
use crate::plane::Tile;
use crate::scalar::Scalar;
use std::io;

const MAGIC: [u8; 8] = *b"BMchunk\n";
const VERSION: u8 = 1;
const UNIFORM: u8 = 1;
const DENSE: u8 = 2;
/// Bytes before the values.
const HEAD: usize = 32;

/// The bytes of a chunk of side `2^log2`.
pub(super) fn write<T: Scalar>(key: ChunkKey, log2: u32, tile: &Tile<T>) -> io::Result<Vec<u8>> {
    let mut out = MAGIC.to_vec();
    out.extend([0; 4]);
    let tile = match tile {
        // What has become uniform is saved as that.
        Tile::Dense(values) if values.iter().all(|v| v.same(values[0])) => &Tile::Uniform(values[0]),
        other => other,
    };
    let kind = if matches!(tile, Tile::Uniform(_)) { UNIFORM } else { DENSE };
    out.extend([VERSION, T::MARK, log2 as u8, kind]);
    out.extend(key.x.to_le_bytes());
    out.extend(key.y.to_le_bytes());
    match tile {
        Tile::Uniform(value) => out.extend_from_slice(&value.bits().to_le_bytes()[..T::BYTES]),
        Tile::Dense(values) => Packer::new()?.pack(&[values], &mut out)?,
    }
    let sum = crc32fast::hash(&out[12..]);
    out[8..12].copy_from_slice(&sum.to_le_bytes());
    Ok(out)
}

/// The chunk of bytes that may be anything. Memory is taken for the side asked for, never for one the bytes name.
pub(super) fn read<T: Scalar>(key: ChunkKey, log2: u32, bytes: &[u8]) -> Result<Tile<T>, &'static str> {
    let (head, values) = bytes.split_at_checked(HEAD).ok_or("a stored chunk ends too soon")?;
    if head[..8] != MAGIC {
        return Err("what is stored is no chunk");
    }
    if head[8..12] != crc32fast::hash(&bytes[12..]).to_le_bytes() {
        return Err("the check sum of a stored chunk is wrong");
    }
    let [version, mark, side, kind] = [head[12], head[13], head[14], head[15]];
    if version != VERSION {
        return Err("a stored chunk is of an unknown version");
    }
    if mark != T::MARK {
        return Err("a stored chunk holds values of another type");
    }
    if u32::from(side) != log2 {
        return Err("a stored chunk is of another size");
    }
    if head[16..24] != key.x.to_le_bytes() || head[24..32] != key.y.to_le_bytes() {
        return Err("what is stored is another chunk");
    }
    match kind {
        UNIFORM if values.len() == T::BYTES => {
            let mut bits = [0; 8];
            bits[..T::BYTES].copy_from_slice(values);
            Ok(Tile::Uniform(T::from_bits(u64::from_le_bytes(bits))))
        }
        DENSE => {
            let mut dense = vec![T::default(); 1 << (2 * log2)].into_boxed_slice();
            let mut unpacker = Unpacker::new().or(Err("there is no memory to unpack a chunk"))?;
            unpacker.unpack(values, &mut [&mut dense])?;
            Ok(Tile::Dense(dense))
        }
        _ => Err("a stored chunk is of an unknown kind"),
    }
}
