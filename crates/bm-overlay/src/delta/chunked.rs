//! A list that grows without moving what is in it, so that readers need no lock.

use std::sync::OnceLock;

/// Items of the first chunk; each further one has four times as many.
const FIRST: usize = 16;
/// Chunks of a list: room for 89 million items.
const CHUNKS: usize = 12;

/// Items in chunks of growing size. Each chunk is allocated once, all of its items at their default.
pub(crate) struct Chunked<T>([OnceLock<Box<[T]>>; CHUNKS]);

impl<T: Default> Chunked<T> {
    pub(crate) const fn new() -> Self {
        Self([const { OnceLock::new() }; CHUNKS])
    }

    /// The item at `i`; `None` while its chunk has not been made.
    #[inline]
    pub(crate) fn get(&self, i: usize) -> Option<&T> {
        let (chunk, offset) = place(i);
        self.0.get(chunk)?.get()?.get(offset)
    }

    /// The item at `i`, its chunk made if need be; also the bytes that were allocated for it.
    pub(crate) fn make(&self, i: usize) -> (Option<&T>, usize) {
        let (chunk, offset) = place(i);
        let Some(cell) = self.0.get(chunk) else { return (None, 0) };
        let mut made = 0;
        let items = cell.get_or_init(|| {
            let len = FIRST << (2 * chunk);
            made = len * size_of::<T>();
            std::iter::repeat_with(T::default).take(len).collect()
        });
        (items.get(offset), made)
    }
}

/// Chunk and offset of an item.
#[inline]
fn place(i: usize) -> (usize, usize) {
    let chunk = ((3 * i / FIRST + 1).ilog2() / 2) as usize;
    (chunk, i - FIRST * ((1 << (2 * chunk)) - 1) / 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_follow_each_other() {
        let (mut chunk, mut offset) = (0, 0);
        for i in 0..100_000 {
            assert_eq!(place(i), (chunk, offset), "{i}");
            offset += 1;
            if offset == FIRST << (2 * chunk) {
                (chunk, offset) = (chunk + 1, 0);
            }
        }
        let list: Chunked<u8> = Chunked::new();
        assert!(list.get(5).is_none());
        assert_eq!(list.make(5).1, 16);
        assert_eq!((list.make(15).1, list.make(16).1), (0, 64));
        assert!(list.get(79).is_some() && list.get(80).is_none());
        assert!(list.make(FIRST * ((1 << (2 * CHUNKS)) - 1) / 3).0.is_none());
    }
}
