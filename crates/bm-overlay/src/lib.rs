//! Edits over the page tree: millions a second go in, every acknowledged one survives, every version stays readable.
//!
//! An [`Overlay`] lies over any base. A commit is written blind (nothing is read) to a [`journal`] and to delta
//! tables in memory; it becomes one version, whole, and readers hold [`Snapshot`]s of versions that never change.
//! In the background edits are folded into the pages of the base, and the memory is given back.
//!
//! ```
//! use bm_core::{Cell, GeoPoint, MaterialId, Pos};
//! use bm_overlay::{Durability, Overlay, OverlayError, Transaction};
//!
//! let overlay = Overlay::new((), 0, Default::default());
//! let at = Pos::from_geo(GeoPoint { lon: 7.0, lat: 46.0, alt: 900.0 })?;
//! let mut shaft = Transaction::new("miner");
//! shaft.fill(Cell::containing(at, 22).bounds(), MaterialId::AIR)?.set(at, MaterialId::GRANITE);
//! let version = overlay.commit(&shaft, |_, _| Ok::<_, OverlayError>(MaterialId::UNSET))?;
//!
//! overlay.put(at, MaterialId::AIR, Durability::Memory, "miner")?;
//! let then = overlay.snapshot_at(version).unwrap();
//! assert_eq!(then.find(at).unwrap().material, Some(MaterialId::GRANITE));
//! assert_eq!(overlay.snapshot().find(at).unwrap().material, Some(MaterialId::AIR));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | [`transaction`] | [`Transaction`]: edits in any order, brought to normal form |
//! | [`edits`] | the normal form: runs and boxes of sub-cells, page by page |
//! | [`overlay`] | [`Overlay`] and [`Snapshot`]: commits in, versions out |
//! | `publish` | how a commit becomes visible |
//! | `delta` | the edits in memory: a bucket a page, stamped with versions |
//! | [`journal`] | the edits on disk until they are folded, and the history after |
//! | [`strategy`] | which pages to fold first |
//! | [`fold`] | edits into the draft of a commit |
//! | [`read`] | reading a page tree with edits over it, at every level |
//! | [`error`] | [`EditError`], [`OverlayError`] |
//!
//! Bytes of the journal: `FORMAT.md`. Why all this is as it is: `docs/decisions/0008-overlay.md`.
#![forbid(unsafe_code)]

mod delta;
pub mod edits;
pub mod error;
pub mod fold;
pub mod journal;
pub mod overlay;
mod publish;
pub mod read;
pub mod strategy;
mod sync;
pub mod transaction;

pub use delta::{PageRun, PageSummary};
pub use edits::{BoxEdit, Edits, RunEdit};
pub use error::{Conflict, EditError, OverlayError};
pub use fold::{Folded, TreeBase};
pub use overlay::{Hit, Options, Overlay, Paused, Snapshot, Stats, now_ms};
pub use read::{Over, PinnedReader, Reader, Shadows};
pub use strategy::{Need, Strategy, StrategyKind};
pub use transaction::{Durability, Expectation, Transaction};
