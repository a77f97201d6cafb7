//! stub
#![forbid(unsafe_code)]

#[cfg(feature = "conformance")]
pub mod conformance;
mod envelope;
mod error;
#[cfg(all(feature = "conformance", feature = "file"))]
mod fault;
#[cfg(feature = "file")]
mod file;
mod memory;
mod store;

pub use envelope::{MAX_NAME, MAX_PAYLOAD, page_crc, seal_named, seal_page, unseal_named, unseal_page};
pub use error::StoreError;
#[cfg(all(feature = "conformance", feature = "file"))]
pub use fault::FaultFile;
#[cfg(feature = "file")]
pub use file::{FileOptions, FileStore, RawFile};
pub use memory::MemoryStore;
pub use store::{Batch, PageBytes, PageRange, PageStore, Problem, Snapshot, StoreStats, VerifyReport};
