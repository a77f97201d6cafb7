//! bm-benches.
fn main() {}
