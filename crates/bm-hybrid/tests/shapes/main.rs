//! Shapes: what they set, what they cost, what is refused.

mod bodies;
#[cfg(feature = "geojson")]
mod polygons;
mod support;
