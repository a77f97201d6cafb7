//! Edits of a whole world: against dense arrays, over versions, folds and restarts.

mod bad;
mod model;
mod oracle;
mod versions;
