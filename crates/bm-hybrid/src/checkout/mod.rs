//! Check-outs: a region of the world as dense land, simulated, then committed back.
//!
//! A region is *seeded* from the truth of a version ([`View::seed`](crate::View::seed)), never from zeros. Processes change the land.
//! [`World::commit_land`](crate::World::commit_land) lays it back as relief and layers in one atomic commit, unless the region has changed
//! meanwhile: then it says so and loses nothing.
//!
//! | module | what it holds |
//! |---|---|
//! | [`seed`] | truth into land: heights, strata, a fingerprint of what was read |
//! | [`commit`] | land committed back, conflicts |
//! | `land` | land as columns of pages |
//! | `rim` | columns that land shares with other strata |
//! | `outdated` | finer strata and edits that no longer fit |
//! | [`coast`] | coastlines that follow the land's shores |
//! | [`folder`] | check-outs on disk, beside the world |
//! | [`layers`] | layers from files, for processes that read them |
//! | [`look`] | what a check-out on disk holds, without holding it |
//! | [`out`] | layers of a check-out as files for other tools |
//! | `picture` | relief with rivers, differences, hypsometry, slope by area |

pub mod coast;
pub mod commit;
pub mod folder;
mod land;
pub mod layers;
pub mod look;
pub mod out;
mod outdated;
#[cfg(feature = "render")]
pub mod picture;
mod rim;
pub mod seed;

pub use commit::{Back, Landed, Origin};
pub use folder::{CheckOut, Entry};
pub use layers::Layers;
pub use look::Look;
pub use seed::{Seed, Seeding};
