//! Geological processes on dense grids.
//!
//! ```
//! use bm_core::MaterialId;
//! use bm_process::{field::Field, run::{Run, Unwatched}, scenario::Scenario, state::State};
//!
//! // Hills of 100 m cells, and what shall happen to them; docs/scenarios.md says what scenarios can say.
//! let hills = Field::square(64, 64, 100.0, |x, y| 200.0 + 90.0 * (x as f64 * 0.2).sin() * (y as f64 * 0.3).cos());
//! let scenario = Scenario::parse("hills.toml", "years = 10_000\n[[process]]\nname = 'stream-power'\n[[process]]\nname = 'hillslope'")?;
//! let mut run = Run::new(State::new(hills, MaterialId::SANDSTONE), scenario)?;
//! run.run(&mut Unwatched)?;                                  // with checkpoints(folder) a killed run can be resumed
//! let totals = run.totals();
//! assert!(totals.solid.lost > 0.0 && totals.error() < 1e-12); // rivers carry ground away, and every m³ is accounted for
//! let land: State = run.into_state();
//! assert_eq!(land.time, 10_000.0 * bm_process::process::YEAR);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | [`field`] | [`Field`](field::Field): the rasters a kernel works on, with the ground width of each row |
//! | [`ledger`] | [`Ledger`](ledger::Ledger): what came in, went out and moved |
//! | [`process`] | [`Process`](process::Process): what every process can be asked; its [`Books`](process::Books) |
//! | [`state`] | [`State`](state::State): the land processes work on |
//! | [`strata`] | [`Strata`](strata::Strata): what the ground consists of |
//! | [`scenario`] | [`Scenario`](scenario::Scenario): which processes act on a land, and how; read from TOML |
//! | [`run`] | [`Run`](run::Run): a scenario on its way, with ledgers, progress and checkpoints |
//! | [`layout`] | land as a grid of `bm_grid`, and back |
//! | [`stats`] | heights by area, slopes by drainage area |
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
pub mod layout;
pub mod ledger;
pub mod legacy;
pub mod process;
pub mod processes;
pub mod route;
pub mod run;
pub mod scenario;
pub mod state;
pub mod stats;
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
