//! One value a cell, in square tiles.
//!
//! A tile whose cells are all the same is that one value. Every tile remembers the plane's count of writes at its
//! last write, so whoever has seen the plane at some count finds what changed since.

use crate::bounds::Window;
use crate::error::GridError;
use bm_core::MaterialId;

/// Edge of a tile in cells (tiles at the far edges of a plane are as small as what is left).
pub const TILE: u32 = 128;

/// What a cell can hold.
pub trait Value: Copy + Send + Sync + 'static {
    /// Whether both are the same, bit for bit (so NaN is the same as itself).
    fn same(self, other: Self) -> bool;
}

macro_rules! values {
    ($($t:ty: $bits:expr),*) => {$(
        impl Value for $t {
            #[inline]
            fn same(self, other: Self) -> bool {
                let bits: fn($t) -> _ = $bits;
                bits(self) == bits(other)
            }
        }
    )*};
}
values!(f32: f32::to_bits, f64: f64::to_bits, MaterialId: |v| v);
values!(u8: |v| v, u16: |v| v, u32: |v| v, u64: |v| v, i8: |v| v, i16: |v| v, i32: |v| v, i64: |v| v);

/// The values of a tile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TileRef<'a, T> {
    /// All cells hold this.
    Uniform(T),
    /// Row by row.
    Dense(&'a [T]),
}

impl<T: Value> TileRef<'_, T> {
    /// The value at an index, row by row.
    #[inline]
    #[must_use]
    pub fn get(&self, index: usize) -> T {
        match self {
            Self::Uniform(value) => *value,
            Self::Dense(values) => values[index],
        }
    }

    /// Copies all values into a buffer as long as the tile has cells.
    pub fn read(&self, out: &mut [T]) {
        match self {
            Self::Uniform(value) => out.fill(*value),
            Self::Dense(values) => out.copy_from_slice(values),
        }
    }
}

/// A tile as it is kept.
#[derive(Clone, Debug)]
pub(crate) enum Tile<T> {
    Uniform(T),
    Dense(Box<[T]>),
}

impl<T: Value> Tile<T> {
    /// In its smallest form.
    pub(crate) fn of(values: &[T]) -> Self {
        match values.split_first() {
            Some((&first, rest)) if rest.iter().all(|v| v.same(first)) => Self::Uniform(first),
            _ => Self::Dense(values.into()),
        }
    }

    pub(crate) fn view(&self) -> TileRef<'_, T> {
        match self {
            Self::Uniform(value) => TileRef::Uniform(*value),
            Self::Dense(values) => TileRef::Dense(values),
        }
    }

    /// Bytes on the heap.
    pub(crate) fn heap(&self) -> usize {
        match self {
            Self::Uniform(_) => 0,
            Self::Dense(values) => size_of_val::<[T]>(values),
        }
    }
}

/// How a rectangle of cells is cut into tiles, row by row from the first corner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tiling {
    width: u32,
    height: u32,
}

impl Tiling {
    pub(crate) const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    /// Tiles along x.
    #[must_use]
    pub const fn columns(&self) -> u32 {
        self.width.div_ceil(TILE)
    }

    /// Tiles along y.
    #[must_use]
    pub const fn rows(&self) -> u32 {
        self.height.div_ceil(TILE)
    }

    /// Number of tiles.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.columns() as usize * self.rows() as usize
    }

    /// Whether there is none; never so for a grid.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The cells of a tile. An index beyond the last tile gives cells that do not exist.
    #[must_use]
    pub const fn window(&self, tile: usize) -> Window {
        let columns = self.columns() as usize;
        let (x, y) = ((tile % columns) as u32 * TILE, (tile / columns) as u32 * TILE);
        let (right, up) = (self.width.saturating_sub(x), self.height.saturating_sub(y));
        Window {
            x,
            y,
            width: if right < TILE { right } else { TILE },
            height: if up < TILE { up } else { TILE },
        }
    }

    /// The tile that holds a cell, and the cell's index in it.
    #[inline]
    pub(crate) const fn locate(&self, x: u32, y: u32) -> (usize, usize) {
        let (tx, ty) = (x / TILE, y / TILE);
        let tile = ty as usize * self.columns() as usize + tx as usize;
        let right = self.width - tx * TILE;
        let width = if right < TILE { right } else { TILE };
        (tile, (y % TILE) as usize * width as usize + (x % TILE) as usize)
    }

    /// Every tile that has a cell of a window.
    pub fn tiles_of(&self, window: Window) -> impl Iterator<Item = usize> + use<> {
        let columns = self.columns() as usize;
        let (x0, x1) = (window.x / TILE, window.end_x().div_ceil(TILE));
        let (y0, y1) = (window.y / TILE, window.end_y().div_ceil(TILE));
        (y0..y1).flat_map(move |y| (x0..x1).map(move |x| y as usize * columns + x as usize))
    }
}

/// One value a cell.
#[derive(Clone, Debug)]
pub struct Plane<T> {
    tiling: Tiling,
    tiles: Vec<Tile<T>>,
    /// Count of writes at each tile's last one.
    written: Vec<u64>,
    writes: u64,
}

impl<T: Value> Plane<T> {
    /// All cells hold `value`.
    #[must_use]
    pub fn uniform(width: u32, height: u32, value: T) -> Self {
        let tiling = Tiling::new(width, height);
        Self {
            tiling,
            tiles: vec![Tile::Uniform(value); tiling.len()],
            written: vec![0; tiling.len()],
            writes: 0,
        }
    }

    /// Of tiles as they are kept, as many as the tiling has; `stale` ones count as written, all others do not.
    pub(crate) fn of_tiles(tiling: Tiling, mut tiles: Vec<Tile<T>>, stale: &[bool]) -> Self {
        tiles.shrink_to_fit();
        let written: Vec<u64> = stale.iter().map(|&stale| u64::from(stale)).collect();
        let writes = written.iter().copied().max().unwrap_or(0);
        Self { tiling, tiles, written, writes }
    }

    /// The same, as if nothing had been written yet.
    pub(crate) fn unwritten(mut self) -> Self {
        self.writes = 0;
        self.written.fill(0);
        self
    }

    /// How it is cut.
    #[must_use]
    pub const fn tiling(&self) -> Tiling {
        self.tiling
    }

    /// Columns.
    #[must_use]
    pub const fn width(&self) -> u32 {
        self.tiling.width
    }

    /// Rows.
    #[must_use]
    pub const fn height(&self) -> u32 {
        self.tiling.height
    }

    const fn has(&self, x: u32, y: u32) -> bool {
        x < self.tiling.width && y < self.tiling.height
    }

    /// The value of a cell; none outside.
    #[inline]
    #[must_use]
    pub fn get(&self, x: u32, y: u32) -> Option<T> {
        if !self.has(x, y) {
            return None;
        }
        let (tile, index) = self.tiling.locate(x, y);
        Some(self.tiles[tile].view().get(index))
    }

    /// Writes one cell.
    ///
    /// # Errors
    /// [`GridError::OutOfGrid`].
    pub fn set(&mut self, x: u32, y: u32, value: T) -> Result<(), GridError> {
        if !self.has(x, y) {
            return Err(self.outside(x, y));
        }
        let (tile, index) = self.tiling.locate(x, y);
        if !self.tiles[tile].view().get(index).same(value) {
            self.tile_mut(tile)[index] = value;
        }
        Ok(())
    }

    fn outside(&self, x: u32, y: u32) -> GridError {
        GridError::OutOfGrid { x: x.into(), y: y.into(), width: self.width(), height: self.height() }
    }

    /// The values of a tile.
    #[inline]
    #[must_use]
    pub fn tile(&self, tile: usize) -> TileRef<'_, T> {
        self.tiles[tile].view()
    }

    /// All tiles as they are kept; whoever changes one must [`touch`](Self::touch) it.
    pub(crate) fn kept_tiles_mut(&mut self) -> &mut [Tile<T>] {
        &mut self.tiles
    }

    /// A tile as it is kept.
    pub(crate) fn kept_tile(&self, tile: usize) -> &Tile<T> {
        &self.tiles[tile]
    }

    /// The values of a tile for writing, row by row; counts as a write.
    pub fn tile_mut(&mut self, tile: usize) -> &mut [T] {
        self.touch(tile);
        let cells = self.tiling.window(tile).cells();
        let kept = &mut self.tiles[tile];
        if let Tile::Uniform(value) = *kept {
            *kept = Tile::Dense(vec![value; cells].into());
        }
        match kept {
            Tile::Dense(values) => values,
            // Made dense above.
            Tile::Uniform(_) => &mut [],
        }
    }

    /// Replaces the values of a tile, in the smallest form they have. It counts as a write only if a cell changes.
    ///
    /// # Errors
    /// [`GridError::Length`] when there are not as many values as cells.
    pub fn set_tile(&mut self, tile: usize, values: &[T]) -> Result<(), GridError> {
        let cells = self.tiling.window(tile).cells();
        if values.len() != cells {
            return Err(GridError::Length { given: values.len(), cells });
        }
        let old = self.tiles[tile].view();
        if (0..cells).all(|i| old.get(i).same(values[i])) {
            return Ok(());
        }
        self.tiles[tile] = Tile::of(values);
        self.touch(tile);
        Ok(())
    }

    /// Fills all cells.
    pub fn fill(&mut self, value: T) {
        for tile in 0..self.tiles.len() {
            self.tiles[tile] = Tile::Uniform(value);
            self.touch(tile);
        }
    }

    pub(crate) fn touch(&mut self, tile: usize) {
        self.writes += 1;
        self.written[tile] = self.writes;
    }

    /// Copies cells of a row from `x` on, as many as the buffer is long.
    ///
    /// # Errors
    /// [`GridError::OutOfGrid`] when the row ends before.
    pub fn read_row(&self, x: u32, y: u32, out: &mut [T]) -> Result<(), GridError> {
        let end = u32::try_from(out.len()).ok().and_then(|n| x.checked_add(n)).unwrap_or(u32::MAX);
        if end > self.width() || y >= self.height() {
            return Err(self.outside(end.saturating_sub(1), y));
        }
        let mut done = 0;
        while done < out.len() {
            let (tile, index) = self.tiling.locate(x + done as u32, y);
            let window = self.tiling.window(tile);
            let run = ((window.end_x() - x) as usize - done).min(out.len() - done);
            let part = &mut out[done..done + run];
            match self.tiles[tile].view() {
                TileRef::Uniform(value) => part.fill(value),
                TileRef::Dense(values) => part.copy_from_slice(&values[index..index + run]),
            }
            done += run;
        }
        Ok(())
    }

    /// All values, row by row.
    #[must_use]
    pub fn to_vec(&self) -> Vec<T> {
        let width = self.width() as usize;
        let mut out = Vec::with_capacity(width * self.height() as usize);
        for y in 0..self.height() {
            for tile in self.tiling.tiles_of(Window { x: 0, y, width: self.width(), height: 1 }) {
                let window = self.tiling.window(tile);
                let from = (y - window.y) as usize * window.width as usize;
                match self.tiles[tile].view() {
                    TileRef::Uniform(value) => out.resize(out.len() + window.width as usize, value),
                    TileRef::Dense(v) => out.extend_from_slice(&v[from..from + window.width as usize]),
                }
            }
        }
        out
    }

    /// Gives tiles that have become uniform back. It is not a write.
    pub fn compact(&mut self) {
        for tile in &mut self.tiles {
            if let Tile::Dense(values) = tile
                && let Some(&first) = values.first()
                && values.iter().all(|v| v.same(first))
            {
                *tile = Tile::Uniform(first);
            }
        }
    }

    /// How often the plane was written so far: a mark for [`Plane::changed_since`].
    #[must_use]
    pub const fn writes(&self) -> u64 {
        self.writes
    }

    /// Tiles written since the plane had this count of writes.
    pub fn changed_since(&self, writes: u64) -> impl Iterator<Item = usize> + '_ {
        self.written.iter().enumerate().filter(move |&(_, &at)| at > writes).map(|(tile, _)| tile)
    }

    /// Number of tiles that are one value.
    #[must_use]
    pub fn uniform_tiles(&self) -> usize {
        self.tiles.iter().filter(|t| matches!(t, Tile::Uniform(_))).count()
    }

    /// Bytes it keeps on the heap.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.tiles.capacity() * size_of::<Tile<T>>()
            + self.written.capacity() * size_of::<u64>()
            + self.tiles.iter().map(Tile::heap).sum::<usize>()
    }
}

impl<T: Value> PartialEq for Plane<T> {
    /// Whether all cells are the same, bit for bit; how they are kept and when they were written does not count.
    fn eq(&self, other: &Self) -> bool {
        self.tiling == other.tiling
            && (0..self.tiles.len()).all(|t| match (self.tile(t), other.tile(t)) {
                (TileRef::Uniform(a), TileRef::Uniform(b)) => a.same(b),
                (a, b) => (0..self.tiling.window(t).cells()).all(|i| a.get(i).same(b.get(i))),
            })
    }
}
