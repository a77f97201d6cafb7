//! Diffusion of slopes.
//!
//! | module | what it holds |
//! |---|---|
//! | [`diffusion`] | [`Diffusion`]: linear creep, any step (alternating directions implicit) |
//! | [`critical`] | [`CriticalSlope`]: slopes that give way towards a critical one |
//! | `along`, `across` | the two half-steps |
//! | `law` | flow over faces by the nonlinear law |

pub mod critical;
pub mod diffusion;

mod across;
mod along;
mod error;
mod law;
mod ring;

pub use critical::CriticalSlope;
pub use diffusion::{Diffusion, Diffusivity};
pub use error::DiffusionError;
