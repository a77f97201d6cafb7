//! Boundaries that are exact to their own vertices: which side of a shoreline, a fault or a border a point lies on.
//!
//! ```
//! use bm_core::{MaterialId, MaterialRegistry};
//! use bm_vector::geometry::{Mode, repair};
//! use bm_vector::{Boundary, Extent, Frame, Kind, Side, Transition, set::BoundarySet};
//! use geo_types::{Coord, line_string};
//!
//! let course = line_string![(x: 50.0, y: 0.0), (x: 50.0, y: 60.0), (x: 90.0, y: 100.0)];
//! let (shape, mended) = repair(course.into(), Frame::Plane, Mode::Mend)?;
//! assert!(mended.is_none());
//! let (granite, sandstone) = (MaterialId::GRANITE, MaterialId::SANDSTONE);
//! let fault = Boundary {
//!     id: "fault".into(),
//!     kind: Kind::Fault,
//!     shape,
//!     transition: Some(Transition { left: Some(granite), right: Some(sandstone), ..Transition::default() }),
//!     extent: Extent::Ground,
//!     priority: 1.0,
//!     precision: 0.1,
//!     properties: [].into(),
//! };
//! fault.check(Frame::Plane)?;
//! let p = Coord { x: 50.1, y: 50.0 };
//! let near = fault.near(p, Frame::Plane).unwrap();
//! assert_eq!((near.side, near.point), (Some(Side::Right), Coord { x: 50.0, y: 50.0 }));
//!
//! // All boundaries of a version: who speaks at a place, asked at a metre?
//! let set = BoundarySet::bulk_load(Frame::Plane, [fault.into()])?;
//! let materials = MaterialRegistry::standard();
//! let phase = |m| materials.get(m).map_or(bm_core::Phase::Gas, |m| m.phase);
//! assert_eq!(set.resolve(p, 1.0, MaterialId::ROCK, &phase, None).unwrap().material, sandstone);
//! assert!(set.resolve(Coord { x: 52.0, y: 50.0 }, 1.0, MaterialId::ROCK, &phase, None).is_none());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | [`frame`] | [`Frame`]: the plane coordinates live in, its metres, how it wraps |
//! | [`boundary`] | [`Boundary`]: geometry, materials on both sides, transition, priority |
//! | [`area`] | [`Area`]: a set of rings as a classifier: inside or outside, exactly, in nanoseconds |
//! | [`bytes`] | a boundary as bytes |
//! | [`geometry`] | robust side, exact distance, validation, simplification, shared arcs |
//! | [`index`] | [`BoundaryIndex`](index::BoundaryIndex): radius, box and nearest queries on short pieces, with snapshots |
//! | [`set`] | [`BoundarySet`](set::BoundarySet): all boundaries of a version, and who speaks at a place |
//! | [`sync`] | boundaries into the cells of a grid |
//! | [`extract`] | shorelines and borders out of a grid |

pub mod area;
pub mod boundary;
pub mod bytes;
pub mod extract;
pub mod frame;
pub mod geometry;
pub mod index;
pub mod set;
pub mod sync;

pub use area::{Area, AreaError, Where};
pub use boundary::{
    Boundary, BoundaryId, Extent, Kind, Shape, Side, Style, Transition, Value, Voice, precedence,
};
pub use frame::{Frame, Metric};
pub use geometry::{Near, Nearest, Segment, side_of, touches_box};
