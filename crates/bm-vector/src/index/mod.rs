//! Radius, box and nearest queries on short pieces of boundaries, while boundaries come and go, with snapshots.
//!
//! | part | what it holds |
//! |---|---|
//! | [`DynamicIndex`] | boxes with items of any small kind: inserts, removals and queries by window and nearness |
//! | [`BoundaryIndex`] | boundaries in it, cut into short pieces; exact answers |
//!
//! The index is a row of packed trees that never change, each at least twice the size of the next (Bentley & Saxe,
//! "Decomposable searching problems I", 1980), behind a handful of boxes not yet packed. A packed tree is sorted along
//! the Hilbert curve (Kamel & Faloutsos, "On packing R-trees", 1993) with sixteen children to a node, whose boxes lie
//! axis by axis, rounded outward to `f32`: four vector compares test them all. A removal marks an item dead. Therefore
//! a clone is a snapshot: it costs a few reference counts, and nothing that happens to the original is seen in it.
//!
//! ```
//! use bm_vector::{Boundary, Extent, Frame, Kind, Shape, index::BoundaryIndex};
//! use geo_types::{Coord, line_string};
//! use std::sync::Arc;
//!
//! let fault = |name: &str, y: f64| Arc::new(Boundary {
//!     id: name.into(), kind: Kind::Fault, shape: Shape::Lines(vec![line_string![(x: 0.0, y: y), (x: 100.0, y: y)]]),
//!     transition: None, extent: Extent::Ground, priority: 0.0, precision: 1.0, properties: Default::default(),
//! });
//! let mut index = BoundaryIndex::bulk_load(Frame::Plane, [fault("a", 0.0), fault("b", 50.0)])?;
//! let before = index.clone();
//! index.remove(&"a".into())?;
//! let at = Coord { x: 50.0, y: 5.0 };
//! assert_eq!(before.within(at, 10.0, true)[0].distance, Some(5.0));
//! assert!(index.within(at, 10.0, true).is_empty());
//! # Ok::<(), bm_vector::index::IndexError>(())
//! ```

mod boundaries;
mod boxes;
mod dynamic;
mod hilbert;
mod kernel;
mod packed;
mod pieces;
mod slots;

pub use boundaries::{BoundaryIndex, Counts, Hit, IndexError};
pub(crate) use boundaries::{finish, gather, moved, segments_of};
pub use dynamic::DynamicIndex;
pub(crate) use pieces::{Piece, grown, pieces_of};
