//! The page tree: four tiers of pages, each a function of the whole cell it covers.
//!
//! A [`Tree`] reads pages from any [`PageSource`](bm_core::PageSource) as they are needed and answers
//! points, batches, columns, boxes and coarse cells. A [`Draft`] collects changed pages and turns them
//! into the bytes of one commit. Pages know the check sums of the pages below them, so the check sum of
//! the root names the whole tree.
//!
//! ```
//! use bm_codec::body::{Base, Body};
//! use bm_core::{GeoPoint, MaterialId, PageId, Pos};
//! use bm_octree::{Context, Draft, MemoryPages, Tree};
//!
//! let mut draft = Draft::new(Context::default());
//! draft.put(PageId::ROOT, Body::new(Base::Uniform(MaterialId::GRANITE)));
//! let commit = draft.finish()?;
//!
//! let pages = MemoryPages::from(commit.pages);
//! let tree = Tree::open(Context::default(), pages.into(), commit.root_crc)?;
//! let somewhere = Pos::from_geo(GeoPoint { lon: 7.0, lat: 46.0, alt: 12.0 })?;
//! assert_eq!(tree.sample(somewhere)?.material, MaterialId::GRANITE);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | module | what it does |
//! |---|---|
//! | [`tree`] | opening, loading pages, points and batches |
//! | [`coarse`] | cells of any level: who fills them, and whether all of them |
//! | [`mod@column`] | vertical runs, surfaces, dense boxes |
//! | [`draft`] | changes: new pages and edits, directories and shares, one commit |
//! | `fold` | what edits come to, page by page: a matter of content, not of history |
//! | `base` | the world without its edits, and what is explicit |
//! | [`validate`] | does every page hold what its parent says? |

mod base;
pub mod coarse;
pub mod column;
mod content;
mod count;
pub mod draft;
pub mod error;
mod fold;
mod node;
mod origin;
pub mod parallel;
pub mod source;
pub mod tree;
pub mod validate;
mod warm;

pub use column::{Run, Volume};
pub use draft::{Commit, Draft};
pub use error::TreeError;
pub use source::MemoryPages;
pub use tree::{Context, Pinned, Tree};
pub use validate::{Problem, Report};
