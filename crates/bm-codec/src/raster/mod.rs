//! Rasters of heights: exact georeferencing, integer interpolation, and a lossless code for their bytes.

mod arith;
mod coding;
mod grid;
mod model;
mod predict;

pub use coding::{MAX_SAMPLE, MAX_SAMPLES, MAX_SIDE, encode, train_prior};
pub use grid::{Axis, Interpolation, Raster, RasterError, SCALE_BITS, Spot};
