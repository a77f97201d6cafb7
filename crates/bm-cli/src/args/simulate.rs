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
    #[arg(long, value_name = "M", default_value_t = 2000.0, allow_hyphen_values = true)]
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
    /// One moving picture of the run, as GIF.
    #[arg(long, value_name = "FILE.gif")]
    pub(crate) animation: Option<PathBuf>,
    /// Steps from one frame to the next; by default there are about a hundred frames.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) frame_every: Option<u64>,
    /// Steps between checkpoints; overrides the scenario's. 0: only at the end.
    #[arg(long, value_name = "N")]
    pub(crate) checkpoint_every: Option<u64>,
    /// Threads to use, 0 for all there are; by default as the scenario says. No result depends on it.
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
}

/// List check-outs, look at them, go on with them, commit or drop them
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  bm grid list earth.bm
  bm grid show earth.bm everest
  bm grid export earth.bm everest --layer elevation -o everest.tif
  bm grid export earth.bm everest --layer drainageArea -o area.png
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
    /// What a check-out holds: layers with their ranges, strata, ledger, scenario
    Show(GridOne),
    /// Write a layer as GeoTIFF, NumPy array or picture
    Export(GridExport),
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

/// Of the newest checkpoint, or of the land as it was taken when there is none; also while a run goes on
#[derive(clap::Args)]
#[command(after_help = "\
A GeoTIFF (.tif) has 32-bit numbers in EPSG:4326, NaN where there are none. A NumPy array (.npy) has the layer's own numbers, its
first row southernmost. A picture (.png) is a map with a colour bar; of elevation it is shaded relief with rivers. What is written as
.tif or .npy can be given back as a layer: bm simulate … --layer NAME=FILE.

Examples:
  bm grid export earth.bm everest -o everest.tif
  bm grid export earth.bm everest --layer stratum.0 -o loose.png
  bm grid export earth.bm everest --layer waterDepth -o depth.npy")]
pub(crate) struct GridExport {
    #[command(flatten)]
    pub(crate) one: GridOne,
    /// The layer: elevation, stratum.0 (the loose stratum on top), stratum.1, … or one that `bm grid show` lists.
    #[arg(long, value_name = "NAME", default_value = "elevation")]
    pub(crate) layer: String,
    /// The file; its name tells the format: .tif, .npy or .png.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
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
    /// Leave coastlines where they are, though the land's shores have moved.
    #[arg(long)]
    pub(crate) keep_coasts: bool,
    /// Leave lakes as they were, whatever water stands on the land; otherwise what is a quarter metre deep or more becomes a lake.
    #[arg(long)]
    pub(crate) keep_lakes: bool,
}
