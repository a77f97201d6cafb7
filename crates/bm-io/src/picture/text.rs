//! Text on pictures, from pre-drawn Noto Sans Mono glyphs.

use super::{Image, Rgb};
use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};

/// Size and weight of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    /// Labels and legends.
    Label,
    /// Titles.
    Title,
}

impl Type {
    fn parts(self) -> (FontWeight, RasterHeight) {
        match self {
            Self::Label => (FontWeight::Regular, RasterHeight::Size16),
            Self::Title => (FontWeight::Bold, RasterHeight::Size20),
        }
    }

    /// Pixels from one line to the next.
    pub(super) fn line(self) -> usize {
        self.parts().1.val()
    }

    /// Width of a text in pixels.
    pub(super) fn width(self, text: &str) -> usize {
        let (w, h) = self.parts();
        text.chars().count() * get_raster_width(w, h)
    }
}

/// Draws text with its upper left corner at (x, y); clipped, unknown characters become `?`.
pub(super) fn draw(image: &mut Image, x: usize, y: usize, text: &str, kind: Type, colour: Rgb) {
    let (weight, height) = kind.parts();
    let mut left = x;
    for c in text.chars() {
        let Some(glyph) = get_raster(c, weight, height).or_else(|| get_raster('?', weight, height)) else {
            continue;
        };
        for (dy, row) in glyph.rows().enumerate() {
            for (dx, &cover) in row.iter().enumerate() {
                image.blend(left + dx, y + dy, colour, cover);
            }
        }
        left += get_raster_width(weight, height);
    }
}
