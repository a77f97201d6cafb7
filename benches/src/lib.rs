//! Side-by-side comparisons with the programs our users would otherwise pick.
//!
//! A [`Suite`](suites::Suite) is a list of cases on one set of data. A [`Case`] measures ours and one or more peers *in
//! turn* (ours, peer, ours, peer, …) so that whatever else the machine does in the meantime meets
//! both, checks that both give the same answers, and makes one [`Row`](report::Row) for each peer.
//!
//! ```
//! use bm_benches::{Bench, Case, Measure, Settings, Unit};
//!
//! let words: Vec<u64> = (0..4096).collect();
//! let mut terminal = Vec::new();
//! let mut bench = Bench::new(Settings::smoke(), &mut terminal);
//! bench.start("sums");
//! bench.run(
//!     Case::new("4096-words", Unit::Nanoseconds("word"), Measure::timed(4096, || words.iter().sum::<u64>()))
//!         .peer("a fold", Measure::timed(4096, || words.iter().fold(0, |a, b| a + b)), true),
//! )?;
//! let row = &bench.rows()[0];
//! assert!(row.ratio.is_some_and(|ratio| ratio > 0.0)); // above 1: ours is better
//! # Ok::<(), bm_benches::BenchError>(())
//! ```
//!
//! The binary (`cargo xtask bench`) runs the registered [`suites`], prints the rows, keeps them in
//! `docs/benchmarks.json` and writes `docs/benchmarks.md` from there.

mod harness;
pub mod inputs;
pub mod latency;
pub mod machine;
pub mod memory;
pub mod peers;
pub mod report;
pub mod roofs;
pub mod suites;

pub use harness::{Bench, BenchError, Case, Measure, Settings, Spread, Targets, Unit};
