//! Shorelines and borders out of a grid.
