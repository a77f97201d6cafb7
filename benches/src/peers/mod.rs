//! Programs and data structures that one would otherwise use.

pub mod arrays;
pub mod child;
pub mod eager_octree;
pub mod eager_pages;
pub mod flows;
pub mod key_value;
pub mod shapes;
pub mod slopes;
pub mod structures;
pub mod terrain;

pub use eager_octree::{EagerOctree, Form};
pub use eager_pages::EagerPages;
