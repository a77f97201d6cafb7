//! An RGB picture in memory.

use crate::error::IoError;

/// Red, green, blue.
pub type Rgb = [u8; 3];

/// An 8-bit RGB picture, row 0 at the top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    /// `3 · width · height` bytes, row by row from the top left.
    pub rgb: Vec<u8>,
}

impl Image {
    /// A picture of one colour.
    ///
    /// # Errors
    /// [`IoError::Argument`] if a side is 0 or the picture has more than 2^28 pixels.
    pub fn new(width: usize, height: usize, colour: Rgb) -> Result<Self, IoError> {
        let n = width.checked_mul(height).filter(|n| (1..=1 << 28).contains(n)).ok_or_else(|| {
            IoError::argument("picture size", format!("{width} by {height} pixels"), "take 1 to 2^28 pixels")
        })?;
        Ok(Self { width, height, rgb: colour.repeat(n) })
    }

    /// The colour of a pixel; `None` outside.
    #[must_use]
    pub fn get(&self, x: usize, y: usize) -> Option<Rgb> {
        if x >= self.width || y >= self.height {
            return None;
        }
        self.rgb.as_chunks::<3>().0.get(y * self.width + x).copied()
    }

    /// Colours a pixel; outside nothing happens.
    pub fn put(&mut self, x: usize, y: usize, colour: Rgb) {
        if x < self.width && y < self.height {
            self.rgb.as_chunks_mut::<3>().0[y * self.width + x] = colour;
        }
    }

    /// Mixes a colour over a pixel; 255 covers it.
    pub fn blend(&mut self, x: usize, y: usize, colour: Rgb, cover: u8) {
        if let Some(old) = self.get(x, y) {
            let a = u32::from(cover);
            let mix = |o: u8, c: u8| ((u32::from(o) * (255 - a) + u32::from(c) * a + 127) / 255) as u8;
            self.put(x, y, std::array::from_fn(|k| mix(old[k], colour[k])));
        }
    }

    /// Fills a rectangle, clipped to the picture.
    pub fn fill(&mut self, x: usize, y: usize, width: usize, height: usize, colour: Rgb) {
        let (right, bottom) =
            (x.saturating_add(width).min(self.width), y.saturating_add(height).min(self.height));
        for row in y..bottom {
            for column in x..right {
                self.put(column, row, colour);
            }
        }
    }

    /// Draws the outline of a rectangle just outside of it.
    pub fn outline(&mut self, x: usize, y: usize, width: usize, height: usize, colour: Rgb) {
        let (l, t) = (x.saturating_sub(1), y.saturating_sub(1));
        self.fill(l, t, width + 2, 1, colour);
        self.fill(l, y + height, width + 2, 1, colour);
        self.fill(l, t, 1, height + 2, colour);
        self.fill(x + width, t, 1, height + 2, colour);
    }

    /// Copies another picture in, clipped.
    pub fn paste(&mut self, x: usize, y: usize, other: &Self) {
        for row in 0..other.height {
            for column in 0..other.width {
                if let Some(c) = other.get(column, row) {
                    self.put(x + column, y + row, c);
                }
            }
        }
    }
}
