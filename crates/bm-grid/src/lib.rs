//! Dense rasters: regions of half-open cells, in tiles, with typed named layers.
