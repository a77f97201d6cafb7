//! Arguments of `bm simulate` and `bm grid`.

use super::numbers;
use clap::{ArgGroup, Subcommand};
use std::path::PathBuf;

/// Take a region out, let processes work on it for years, and commit it back
#[derive(clap::Args)]
#[command(
    group(ArgGroup::new("what").args(["scenario", "process"]).required(true).multiple(false)),
    after_help = "\
The region becomes a check-out beside the world (W.grids/NAME), with a checkpoint every so many steps: a run that is stopped or
killed goes on with `bm grid resume`, to the same bits. Nothing in the world changes before a commit.

A scenario is a TOML file: docs/scenarios.md has every process, parameter, default and unit. With --process all parameters
have their defaults, and the processes act in the order given.

Examples:
  bm simulate earth.bm --bbox 6,45,8,47 --cell 500 --process stream-power hillslope --years 100000 --pictures out
  bm simulate earth.bm --bbox 6,45,8,47 --cell 250 --scenario alps.toml --frames frames --commit
  bm simulate earth.bm --bbox 86,27,88,28.5 --cell 200 --scenario range.toml --name everest
  bm simulate earth.bm --bbox 6,45,8,47 --cell 500 --scenario alps.toml --layer uplift=rates.tif --layer temperature=4"
)]
pub(crate) struct Simulate {
    /// The world.
    #[arg(value_name = "W")]
    pub(crate) world: PathBuf,
    /// West, south, east and north in degrees; across the date line west is greater than east.
    #[arg(long, value_name = "W,S,E,N", allow_hyphen_values = true, value_parser = numbers::<4>)]
    pub(crate) bbox: [f64; 4],
    /// Metres of a cell, north to south (east to west it narrows with the latitude).
    #[arg(long, value_name = "M", allow_hyphen_values = true)]
    pub(crate) cell: f64,
    /// What shall happen, as a TOML file.
    #[arg(long, value_name = "FILE")]
    pub(crate) scenario: Option<PathBuf>,
    /// Processes by name, with default parameters.
    #[arg(long, value_name = "NAME", num_args = 1..)]
    pub(crate) process: Vec<String>,
    /// Years that shall pass; overrides the scenario's.
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) years: Option<f64>,
    /// Years of a step; overrides the scenario's.
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) step: Option<f64>,
    /// A layer that processes read, from a raster or a number: uplift=rates.tif, temperature=4. Repeatable.
    ///
    /// NetCDF classic (FILE#VARIABLE if it has several), GeoTIFF and NPZ say where they lie and are taken bilinearly at the cells'
    /// middles; a NPY array has a number for each cell of the region, its first row southernmost. Units that a file names are
    /// converted. A name that no process reads is refused with a list of those that are, and their units.
    #[arg(long, value_name = "NAME=FILE|NUMBER", value_parser = assignment)]
    pub(crate) layer: Vec<(String, String)>,
    /// Name of the check-out; by default sim-1, sim-2, …
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Metres below the surface down to which materials are told apart.
    #[arg(long, value_name = "M", default_value_t = 2000.0)]
    pub(crate) depth: f64,
    /// Commit the land when the run has finished, and drop the check-out.
    #[arg(long)]
    pub(crate) commit: bool,
    #[command(flatten)]
    pub(crate) watch: Watch,
}

/// `NAME=WHAT`.
fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=').map(|(name, what)| (name.trim(), what.trim())) {
        Some((name, what)) if !name.is_empty() && !what.is_empty() => Ok((name.to_owned(), what.to_owned())),
        _ => Err("give a layer's name and where it comes from: NAME=FILE or NAME=NUMBER".to_owned()),
    }
}

/// How a run is followed.
#[derive(clap::Args)]
pub(crate) struct Watch {
    /// Folder for pictures: before, after, difference, hypsometry and slope by area.
    #[arg(long, value_name = "DIR")]
    pub(crate) pictures: Option<PathBuf>,
    /// Folder for one picture every so many steps, numbered, to make an animation of.
    #[arg(long, value_name = "DIR")]
    pub(crate) frames: Option<PathBuf>,
    /// Steps from one frame to the next; by default there are about a hundred frames.
    #[arg(long, value_name = "N", requires = "frames", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) frame_every: Option<u64>,
    /// Steps between checkpoints; overrides the scenario's. 0: only at the end.
    #[arg(long, value_name = "N")]
    pub(crate) checkpoint_every: Option<u64>,
    /// Threads to use, 0 for all there are; by default as the scenario says. No result depends on it.
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
}

/// List check-outs, go on with them, commit or drop them
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  bm grid list earth.bm
  bm grid resume earth.bm everest --years 200000 --pictures out
  bm grid commit earth.bm everest
  bm grid drop earth.bm everest")]
pub(crate) struct Grid {
    #[command(subcommand)]
    pub(crate) what: GridWhat,
}

#[derive(Subcommand)]
pub(crate) enum GridWhat {
    /// The check-outs of a world
    List(GridList),
    /// Go on from the newest checkpoint
    Resume(GridResume),
    /// Commit what was simulated, and drop the check-out
    Commit(GridCommit),
    /// Forget a check-out and all that was simulated on it
    Drop(GridOne),
}

#[derive(clap::Args)]
pub(crate) struct GridList {
    /// The world.
    #[arg(value_name = "W")]
    pub(crate) world: PathBuf,
}

#[derive(clap::Args)]
pub(crate) struct GridOne {
    /// The world.
    #[arg(value_name = "W")]
    pub(crate) world: PathBuf,
    /// The check-out.
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
}

#[derive(clap::Args)]
pub(crate) struct GridResume {
    #[command(flatten)]
    pub(crate) one: GridOne,
    /// Years that shall pass in all, counted from the beginning; by default as before.
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) years: Option<f64>,
    /// Commit the land when the run has finished, and drop the check-out.
    #[arg(long)]
    pub(crate) commit: bool,
    #[command(flatten)]
    pub(crate) watch: Watch,
}

#[derive(clap::Args)]
pub(crate) struct GridCommit {
    #[command(flatten)]
    pub(crate) one: GridOne,
    /// Also if the region has changed since it was taken: what was changed there is then lost.
    #[arg(long)]
    pub(crate) force: bool,
    /// Keep the check-out.
    #[arg(long)]
    pub(crate) keep: bool,
}
