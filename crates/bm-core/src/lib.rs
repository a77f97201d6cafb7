//! The words every BlueMarble crate shares: where things are, how big they are, what they are made of.
//!
//! There is one world frame (see [`frame`]): a cube of 2^26 m whose finest cells are a quarter metre wide.
//! Positions are integers in quarter metres, called *ticks*; floating point appears only where people
//! talk in degrees and metres.
//!
//! ```
//! use bm_core::{Cell, GeoPoint, MaterialRegistry, Pos};
//!
//! let everest = GeoPoint { lon: 86.925, lat: 27.988, alt: 8848.0 };
//! let pos = Pos::from_geo(everest)?;
//! let metre = Cell::containing(pos, 26);          // level 26 is one metre
//! assert_eq!(metre.edge_ticks(), 4);
//! assert!((pos.to_geo().lat - everest.lat).abs() < 1e-5);
//! assert_eq!(MaterialRegistry::standard().by_name("granite").unwrap().id.0, 6);
//! # Ok::<(), bm_core::OutOfWorld>(())
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | [`frame`] | the numbers of the world frame, levels and metres |
//! | [`pos`] | [`Pos`] and [`GeoPoint`]: exact positions and their degrees |
//! | [`cell`] | [`Cell`] and [`TickBox`]: cubes of a level, half-open boxes |
//! | [`page`] | [`PageId`]: the storage unit's name, [`PageSource`]: where pages come from |
//! | [`material`] | [`MaterialId`], [`Material`], [`MaterialRegistry`] |
//! | [`sample`] | [`Sample`] and [`MaterialSource`]: an answer and who gives it |
//! | [`error`] | [`ErrorKind`]: whose fault it was, and so the exit code |

pub mod cell;
pub mod error;
pub mod frame;
pub mod material;
pub mod page;
pub mod pos;
pub mod sample;

pub use cell::{Cell, TickBox};
pub use error::ErrorKind;
pub use material::{Material, MaterialId, MaterialRegistry, Phase, RegistryError};
pub use page::{PageError, PageId, PageSource};
pub use pos::{GeoPoint, OutOfWorld, Pos};
pub use sample::{MaterialSource, Sample, SourceKind};
