//! Diffusion of slopes.
//!
//! | module | what it holds |
//! |---|---|
//! | [`diffusion`] | [`Diffusion`]: linear creep, any step (alternating directions implicit) |
//! | `along`, `across` | the two half-steps |

pub mod diffusion;

mod across;
mod along;
mod error;

pub use diffusion::{Diffusion, Diffusivity};
pub use error::DiffusionError;
