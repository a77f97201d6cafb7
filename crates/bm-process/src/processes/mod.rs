//! Every process as scenarios know it: parameters one can write down, and what they build.
//!
//! | module | process |
//! |---|---|
//! | [`fault`] | `fault`: slip along a trace |
//! | [`heat`] | `heat`: diffusion of heat, and climate |
//! | [`hillslope`] | `hillslope`: slopes that creep, linear or up to a critical slope |
//! | [`isostasy`] | `isostasy`: Airy or flexure |
//! | [`legacy`] | `legacy-…`: the first equations as documented |
//! | [`slides`] | `slides`: ground steeper than it can stand |
//! | [`stream_power`] | `stream-power`: rivers that cut, carry and drop |
//! | [`uplift`] | `uplift`: by a rate, a raster, or plates that converge |
//! | [`water`] | `water`: shallow water that erodes |
//! | [`waves`] | `waves`: erosion of coasts |
//! | [`weathering`] | `weathering`: rock that becomes loose by frost and chemistry |
//!
//! ```
//! use bm_core::MaterialId;
//! use bm_process::field::Field;
//! use bm_process::process::YEAR;
//! use bm_process::processes::waves::WavesConfig;
//! use bm_process::state::State;
//!
//! // A plain 8 m above the sea in the west, of shale; cells of 50 m.
//! let ground = Field::square(40, 30, 50.0, |column, _| if column < 10 { -20.0 } else { 8.0 });
//! let mut state = State::new(ground, MaterialId::SHALE);
//! let config: WavesConfig = serde_json::from_str(r#"{ "height": 3.0, "reach": 150.0 }"#)?;
//! let mut waves = config.build(&state)?;
//! waves.layers().iter().for_each(|need| state.ensure(need));
//! let books = waves.step(&mut state, 100.0 * YEAR)?;
//! assert!(state.ground.values[10] < 6.0 && books.solid.moved > 0.0 && books.error() < 1e-12);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod fault;
pub mod heat;
pub mod hillslope;
pub mod isostasy;
pub mod legacy;
pub mod slides;
pub mod stream_power;
pub mod uplift;
pub mod water;
pub mod waves;
pub mod weathering;

mod check;
