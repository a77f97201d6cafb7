//! Figures that tell whether a land looks like land, as plain numbers to draw.
//!
//! ```
//! use bm_core::MaterialId;
//! use bm_process::{field::Field, state::State, stats::{Hypsometry, SlopeArea}};
//!
//! let state = State::new(Field::square(64, 64, 50.0, |x, y| (x + y) as f64), MaterialId::ROCK);
//! let heights = Hypsometry::of(&state.ground, 10).ok_or("no land")?;
//! assert!((heights.integral() - 0.5).abs() < 0.01);            // half of the volume between top and bottom
//! let rivers = SlopeArea::of(&state, 5)?;
//! assert!(rivers.bins.iter().all(|bin| bin.median > 0.0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod hypsometry;
mod slope_area;

pub use hypsometry::{Band, Hypsometry};
pub use slope_area::{Bin, Fit, SlopeArea};
