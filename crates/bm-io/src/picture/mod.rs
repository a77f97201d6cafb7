//! Pictures: shaded surfaces, slices and sections.
//!
//! [`shade`] turns heights into colours; `frame`, `section` and `png_out` add what a reader of
//! the picture needs (axes, legend, scale) and write it.

#[cfg(feature = "gif")]
mod animation;
mod canvas;
#[cfg(feature = "chart")]
mod chart;
#[cfg(feature = "png")]
mod frame;
#[cfg(feature = "png")]
mod png_out;
#[cfg(feature = "png")]
mod section;
mod shade;
#[cfg(all(test, feature = "png"))]
mod tests;
#[cfg(feature = "png")]
mod text;
mod tint;

#[cfg(feature = "gif")]
pub use animation::Animation;
pub use canvas::{Image, Rgb};
#[cfg(feature = "chart")]
pub use chart::{Chart, ChartAxis, Mark, Series, draw_chart};
#[cfg(feature = "png")]
pub use frame::{Bar, MapFrame, frame_map, frame_map_with};
#[cfg(feature = "png")]
pub use png_out::{encode_png, encode_png_palette, write_png, write_png_palette};
#[cfg(feature = "png")]
pub use section::{Along, MaterialKey, SectionPicture, SlicePicture, draw_section, draw_slice};
pub use shade::{Cover, ShadeStyle, SurfaceGrid, shade, surface_of, surface_window};
pub use tint::{land_tint, sea_tint};
