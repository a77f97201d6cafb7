//! Shallow water with erosion.
