//! Depressions, flow routing, drainage area.
