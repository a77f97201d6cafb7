//! Boundaries into the cells of a grid.
