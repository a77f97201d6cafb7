//! Pictures of a world: its surface from above, a slice at one altitude, a vertical section.
//!
//! Everything is read from one [`View`](crate::View), column by column and exactly; nothing comes
//! from the files the world was built from. Rows (or columns) are drawn in parallel.
//!
//! | function | picture |
//! |---|---|
//! | [`surface_image`] | the ground with hill-shade, the sea over its floor: one pixel a pixel, no frame |
//! | [`surface_sheet`] | the same with degrees, a colour bar and a scale |
//! | [`slice_image`] | materials at one altitude, with a legend |
//! | [`section_image`] | materials along a [`SectionLine`], with axes and a legend |
//!
//! Surfaces show the lines of boundaries, too, unless [`Lines::Hidden`] is asked for; [`draw_boundaries`] draws them over
//! any picture of a window. `write_…` make a PNG file of each, whole or not at all.

#[cfg(any(feature = "render", feature = "geotiff"))]
mod frame;
#[cfg(feature = "render")]
mod lines;
#[cfg(feature = "render")]
mod plane;
#[cfg(feature = "render")]
mod surface;
mod window;

#[cfg(any(feature = "render", feature = "geotiff"))]
pub(crate) use frame::Frame;
#[cfg(feature = "render")]
pub(crate) use frame::Rows;
#[cfg(feature = "render")]
pub use lines::draw_boundaries;
#[cfg(feature = "render")]
pub use plane::{SectionLine, section_image, slice_image, write_section, write_slice};
#[cfg(feature = "render")]
pub use surface::{surface_image, surface_sheet, write_surface};
pub(crate) use window::DEGREE;
pub use window::{Size, Window};

/// Whether a surface shows the lines of boundaries. Their materials it always shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lines {
    /// It does.
    #[default]
    Drawn,
    /// It does not.
    Hidden,
}

/// The progress callback of pictures and exports: as for an ingest.
pub type OnProgress<'a> = &'a (dyn Fn(&crate::Progress) + Sync);
