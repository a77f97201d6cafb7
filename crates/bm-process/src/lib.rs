//! Geological processes on dense grids.
//!
//! | module | what it holds |
//! |---|---|
//! | [`field`] | [`Field`](field::Field): the rasters a kernel works on, with the ground width of each row |
//! | [`ledger`] | [`Ledger`](ledger::Ledger): what came in, went out and moved |
//! | [`process`] | [`Process`](process::Process): what every process can be asked; its [`Books`](process::Books) |
//! | [`state`] | [`State`](state::State): the land processes work on |
//! | [`strata`] | [`Strata`](strata::Strata): what the ground consists of |
//! | [`route`] | depressions, flow routing, drainage area |
//! | [`stream_power`] | implicit stream-power erosion |
//! | [`hillslope`] | diffusion of slopes |
//! | [`fault`] | slip along a trace |
//! | [`heat`] | diffusion of heat |
//! | [`flexure`] | isostasy, by columns or through a plate |
//! | [`water`] | shallow water with erosion |
//! | [`waves`] | erosion of coasts |
//! | [`uplift`] | what comes from below |
//! | [`weathering`] | frost, chemistry, slides |
//! | [`legacy`] | the first equations as documented, for parity at small steps |
//! | [`processes`] | all of them as scenarios know them |

pub mod fault;
pub mod field;
pub mod flexure;
pub mod heat;
pub mod hillslope;
pub mod ledger;
pub mod legacy;
pub mod process;
pub mod processes;
pub mod route;
pub mod state;
pub mod strata;
pub mod stream_power;
pub mod uplift;
pub mod water;
pub mod waves;
pub mod weathering;

mod power;
mod sums;
mod wide;
mod workers;
