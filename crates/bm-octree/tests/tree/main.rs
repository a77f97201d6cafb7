//! The page tree against a naive oracle, changes against building anew, damage against check sums.
#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub, reason = "helpers of tests")]

mod cache;
mod coarse;
mod damage;
mod drafts;
mod edits;
mod oracle;
mod reads;
mod worlds;
