//! `World`: what everyone embeds.
//!
//! A world is one file (or lives in memory). Open it, ingest data into it, ask it anything; every change is
//! one atomic commit with a version of its own, and readers hold a [`View`] of one version.
//!
//! ```
//! use bm_core::{GeoPoint, Pos};
//! use bm_hybrid::World;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let world = World::in_memory()?;
//! # #[cfg(feature = "bundled")] {
//! let relief = bm_io::bundled::bundled_etopo20()?;
//! world.ingest_relief(&relief, &Default::default(), &|_| ())?;
//! let view = world.view();
//! let summit = Pos::from_geo(GeoPoint { lon: 86.925, lat: 27.988, alt: 3000.0 })?;
//! assert_eq!(view.material_name(view.sample(summit)?.material), "upper crust");
//! # }
//! # Ok(())
//! # }
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | [`world`] | [`World`]: create, open, commit |
//! | [`view`] | [`View`]: one version, for reading |
//! | [`ingest`] | relief and strata into pages |
//! | [`checkout`] | regions out of the world as land to simulate, and back |
//! | [`check`] | is the world sound, and does it still say what the file said? |
//! | [`query`] | places in, answers out: one, or a stream of lines |
//! | [`route`] | which layer answers: edits, grids, boundaries, pages |
//! | [`render`] | pictures: surface, slice, section |
//! | [`shape`] | spheres, boxes, polygons and masks to edits |
//! | [`export`] | regions for other programs: NumPy, GeoTIFF |
//! | `demo` | the demonstration: the Earth from the bundled relief |
//! | [`error`] | [`WorldError`] |

pub mod check;
pub mod checkout;
#[cfg(feature = "demo")]
pub mod demo;
pub mod error;
pub mod export;
pub mod ingest;
pub mod query;
pub mod render;
pub mod route;
pub mod shape;
pub mod view;
pub mod world;

pub use check::{Against, Verification};
pub use error::WorldError;
pub use export::ExportReport;
#[cfg(feature = "litho")]
pub use ingest::StrataIngest;
pub use ingest::{IngestReport, Progress, ReliefIngest, Sea};
pub use query::{Answer, Place};
pub use render::{Size, Window};
pub use view::{Info, View};
pub use world::{Committed, FoldReport, LogEntry, OverlayStats, Retention, World};

/// The example of the project's front page, compiled and run with the doctests.
#[cfg(all(doctest, feature = "bundled"))]
#[doc = include_str!("../../../README.md")]
struct FrontPage;
