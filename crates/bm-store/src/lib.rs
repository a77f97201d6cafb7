//! Where BlueMarble's pages live.
//!
//! A [`PageStore`] keeps pages (bytes named by a [`bm_core::PageId`]) and a few named records, in versions: a commit
//! is atomic, durable and takes the store from version *v* to *v* + 1; a [`Snapshot`] is one version, read without
//! being in a writer's way. Every record is sealed with a checksum that is verified on every read, so damage is a
//! typed error that names the page, never a wrong answer. Commits may keep what they replace
//! ([`Batch::keep_history`]): then older versions stay readable until they are retired.
//!
//! ```
//! use bm_core::PageId;
//! use bm_store::{Batch, MemoryStore, PageStore};
//!
//! let store = MemoryStore::new(); // or FileStore::create("earth.bm")?
//! let mut batch = Batch::new();
//! batch.put(PageId::ROOT, "the coarsest page").put_meta("name", "Earth").expect_version(0);
//! assert_eq!(store.commit(batch)?, 1);
//!
//! store.commit(Batch::new().delete(PageId::ROOT).keep_history(true).clone())?;
//! assert_eq!(store.snapshot()?.get(PageId::ROOT)?, None);
//! assert_eq!(store.snapshot_at(1)?.get(PageId::ROOT)?.as_deref(), Some(&b"the coarsest page"[..]));
//! assert_eq!((store.oldest()?, store.retire(2)?), (1, 17));
//! assert!(store.snapshot_at(1).is_err());
//! # Ok::<(), bm_store::StoreError>(())
//! ```
//!
//! | Store | Lives | For |
//! |---|---|---|
//! | [`MemoryStore`] | in memory | tests, throw-away worlds |
#![cfg_attr(feature = "file", doc = "| [`FileStore`] | in one file | the embedded default |")]
//!
//! Whoever writes another store runs it through `conformance` (feature `conformance`), the suite that all of them
//! must pass. The byte formats are in the crate's `FORMAT.md`; why the file store is built as it is, in
//! `docs/decisions/0003-embedded-store.md`.
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
