//! Programs and data structures that one would otherwise keep edited cells in.

pub mod eager_octree;
pub mod key_value;

pub use eager_octree::EagerOctree;
