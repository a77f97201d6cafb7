//! Geological processes on dense grids.
//!
//! | module | what it holds |
//! |---|---|
//! | [`field`] | [`Field`](field::Field): the rasters a kernel works on, with the ground width of each row |
//! | [`ledger`] | [`Ledger`](ledger::Ledger): what came in, went out and moved |
//! | [`process`] | [`Process`](process::Process): what every process can be asked |
//! | [`route`] | depressions, flow routing, drainage area |
//! | [`stream_power`] | implicit stream-power erosion |
//! | [`hillslope`] | diffusion of slopes |
//! | [`heat`] | diffusion of heat |
//! | [`water`] | shallow water with erosion |

pub mod field;
pub mod heat;
pub mod hillslope;
pub mod ledger;
mod parallel;
pub mod process;
pub mod route;
pub mod stream_power;
pub mod water;

mod power;
mod wide;
mod workers;
