//! Robust side, exact distance, validation, simplification, shared arcs.
