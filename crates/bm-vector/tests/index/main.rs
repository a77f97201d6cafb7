//! The index of boundaries and the sets built on it, against linear scans.

mod boundaries;
mod boxes;
mod resolve;
mod support;
mod threads;
