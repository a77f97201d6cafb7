//! The `bm` program.
fn main() {}
