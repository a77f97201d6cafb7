//! Implicit stream-power erosion.
