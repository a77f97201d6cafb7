//! Geological processes on dense grids.
//!
//! | module | what it holds |
//! |---|---|
//! | [`field`] | [`Field`](field::Field): the rasters a kernel works on, with the ground width of each row |
//! | [`ledger`] | [`Ledger`](ledger::Ledger): what came in, went out and moved |
//! | [`process`] | [`Process`](process::Process): what every process can be asked; its [`Books`](process::Books) |
//! | [`state`] | [`State`](state::State): the land processes work on |
//! | [`strata`] | [`Strata`](strata::Strata): what the ground consists of |
//! | [`scenario`] | [`Scenario`](scenario::Scenario): which processes act on a land, and how; read from TOML |
//! | [`route`] | depressions, flow routing, drainage area |
//! | [`stream_power`] | implicit stream-power erosion |
//! | [`hillslope`] | diffusion of slopes |
//! | [`heat`] | diffusion of heat |
//! | [`flexure`] | isostasy, by columns or through a plate |
//! | [`water`] | shallow water with erosion |
//! | [`weathering`] | frost, chemistry, slides |
//! | [`legacy`] | the first equations as documented, for parity at small steps |

pub mod field;
pub mod flexure;
pub mod heat;
pub mod hillslope;
pub mod layout;
pub mod ledger;
pub mod legacy;
pub mod process;
pub mod route;
pub mod run;
pub mod scenario;
pub mod state;
pub mod strata;
pub mod stream_power;
pub mod water;
pub mod weathering;

mod power;
mod sums;
mod wide;
mod workers;
