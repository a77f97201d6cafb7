//! One module a command. Each returns its exit code.

mod boundary;
mod demo;
mod edit;
mod export;
mod grid;
mod history;
mod info;
mod ingest;
mod query;
mod render;
mod simulate;
mod verify;
mod watch;

use crate::args::{Args, Command, Ingest, Scale};
use crate::fault::Fault;
use crate::output::Out;
use bm_core::frame::level_for_resolution;
use bm_hybrid::{View, World};
use std::path::Path;
use std::sync::Arc;

pub(crate) fn run(args: &Args, out: &mut Out) -> Result<u8, Fault> {
    match &args.command {
        Command::Demo(a) => demo::run(a, out),
        Command::Ingest(Ingest::Relief(a)) => ingest::relief(a, out),
        Command::Ingest(Ingest::Strata(a)) => ingest::strata(a, out),
        Command::Ingest(Ingest::Boundary(a)) => boundary::ingest(a, out),
        Command::Boundary(a) => boundary::run(a, out),
        Command::Info(a) => info::info(a, out),
        Command::Verify(a) => verify::run(a, out),
        Command::Query(a) => query::run(a, out),
        Command::Render(a) => render::run(a, out),
        Command::Export(a) => export::run(a, out),
        Command::Edit(a) => edit::run(a, out),
        Command::Simulate(a) => simulate::run(a, out),
        Command::Grid(a) => grid::run(a, out),
        Command::Log(a) => history::log(a, out),
        Command::Compact(a) => history::compact(a, out),
    }
}

/// Opens a world for reading.
fn open(path: &Path) -> Result<World, Fault> {
    Ok(World::open_read_only(local(path)?)?)
}

/// Opens a world for reading at a version, by default the newest.
fn view(path: &Path, at: Option<u64>) -> Result<Arc<View>, Fault> {
    let world = open(path)?;
    Ok(match at {
        Some(version) => world.at(version)?,
        None => world.view(),
    })
}

/// Refuses addresses of remote stores, which would otherwise be taken for odd file names.
fn local(path: &Path) -> Result<&Path, Fault> {
    match path.to_str().and_then(|p| p.split_once("://")) {
        Some((scheme, _)) => Err(Fault::usage(format!(
            "{}: worlds behind {scheme}:// cannot be opened by this version; give the path of a file",
            path.display()
        ))),
        None => Ok(path),
    }
}

impl Scale {
    /// The level asked for, if one was.
    fn level(&self) -> Result<Option<u8>, Fault> {
        match (self.level, self.resolution) {
            (Some(level), _) => Ok(Some(level)),
            (None, None) => Ok(None),
            (None, Some(m)) => level_for_resolution(m)
                .map(Some)
                .ok_or_else(|| Fault::usage(format!("--resolution {m}: give metres above 0"))),
        }
    }
}
