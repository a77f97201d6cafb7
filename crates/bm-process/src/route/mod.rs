//! Depressions, flow routing, drainage area.
//!
//! | module | what it holds |
//! |---|---|
//! | [`rim`] | what lies beyond the four edges, and which cells water leaves by |
//! | [`mod@fill`] | raising depressions to where they spill, flat or with the least gradient |
//! | [`router`] | [`Router`]: which neighbour each cell drains to, depressions resolved |
//! | [`flow`] | [`Flow`]: the answer: directions, donors, an order, drainage area |
//! | [`spread`] | drainage area where water spreads over several neighbours |
//! | `descent` | steepest descent, a row at a time |
//! | `basins`, `passes` | basins of the pits, and the tree of lowest passes between them |
//! | `lakes` | least gradients over filled depressions |
//! | `carve` | turning the way from a pit to its pass round |
//! | `flood` | the plain Priority-Flood, for the ties that `lakes` hands on |

pub mod error;
pub mod fill;
pub mod flow;
pub mod rim;
pub mod router;
pub mod spread;

pub(crate) mod basins;
mod carve;
pub(crate) mod descent;
mod flood;
mod lakes;
mod passes;

pub use error::RouteError;
pub use fill::{fill, fill_with_gradient};
pub use flow::Flow;
pub use rim::{Edge, Rim};
pub use router::{Router, Sinks};
pub use spread::{Spread, spread_area};
