//! The arguments of `bm edit`, `bm log` and `bm compact`.

use super::{Scale, numbers};
use bm_overlay::{Durability, StrategyKind};
use clap::{ArgGroup, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Change the material of cells: each run is one version, whole or not at all
#[derive(clap::Args)]
#[command(
    subcommand_value_name = "SHAPE",
    subcommand_help_heading = "Shapes",
    after_help = "\
Cells of the level asked for (by default quarter metres) whose centre is inside are set. Metres are metres on
the ground. `bm edit W SHAPE --help` tells more of each.

Examples:
  bm edit earth.bm cell --lon 7.66 --lat 45.98 --alt 2000 --material granite
  bm edit earth.bm sphere --lon 7.66 --lat 45.98 --alt 2000 --radius 50 --material air --note cave
  bm edit earth.bm polygon lake.geojson --alt 400,420 --material freshwater --resolution 1
  bm edit earth.bm box --bbox 7,46,7.01,46.01 --alt 0,100 --clear
  bm edit earth.bm revert --version 3"
)]
pub(crate) struct Edit {
    /// The world.
    #[arg(value_name = "W")]
    pub(crate) world: PathBuf,
    #[command(subcommand)]
    pub(crate) what: EditWhat,
}

#[derive(Subcommand)]
pub(crate) enum EditWhat {
    Cell(EditCell),
    Box(EditBox),
    Sphere(EditSphere),
    Cylinder(EditCylinder),
    Polygon(EditPolygon),
    Mask(EditMask),
    Revert(EditRevert),
}

/// Which material, how fine, who and why.
#[derive(clap::Args)]
#[command(group(ArgGroup::new("material_or_clear").required(true).args(["material", "clear"])))]
pub(crate) struct How {
    /// The new material, by name or id; `bm info W --materials` lists them.
    #[arg(long, short, value_name = "NAME|ID")]
    pub(crate) material: Option<String>,
    /// Remove the edits there: the ground that was ingested is back.
    #[arg(long)]
    pub(crate) clear: bool,
    #[command(flatten)]
    pub(crate) scale: Scale,
    #[command(flatten)]
    pub(crate) who: Who,
}

#[derive(clap::Args)]
pub(crate) struct Who {
    /// Who makes the change, for the log; by default the user's name.
    #[arg(long, value_name = "NAME")]
    pub(crate) origin: Option<String>,
    /// What it is about, for the log; by default the shape and the material.
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
    /// When it counts as done.
    #[arg(long, value_enum, default_value_t = DurabilityArg::Sync)]
    pub(crate) durability: DurabilityArg,
    /// Memory that edits may take before they are folded into pages, MiB.
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) budget: Option<u32>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum DurabilityArg {
    /// Once readers see it; a crash may lose it.
    Memory,
    /// Once it is on the disk, together with others that wait.
    Group,
    /// Once it is on the disk.
    Sync,
}

impl From<DurabilityArg> for Durability {
    fn from(d: DurabilityArg) -> Self {
        match d {
            DurabilityArg::Memory => Self::Memory,
            DurabilityArg::Group => Self::Group,
            DurabilityArg::Sync => Self::Sync,
        }
    }
}

/// A place: degrees and altitude, or metres of the world's frame.
#[derive(clap::Args)]
#[command(group(ArgGroup::new("place").required(true).args(["lon", "x"])))]
pub(crate) struct At {
    /// Degrees east.
    #[arg(long, value_name = "DEG", requires_all = ["lat", "alt"], allow_hyphen_values = true)]
    pub(crate) lon: Option<f64>,
    /// Degrees north.
    #[arg(long, value_name = "DEG", requires = "lon", allow_hyphen_values = true)]
    pub(crate) lat: Option<f64>,
    /// Metres above sea level.
    #[arg(long, value_name = "M", requires = "lon", allow_hyphen_values = true)]
    pub(crate) alt: Option<f64>,
    /// Frame metres eastwards, instead of degrees.
    #[arg(long, value_name = "M", requires_all = ["y", "z"], allow_hyphen_values = true)]
    pub(crate) x: Option<f64>,
    /// Frame metres northwards.
    #[arg(long, value_name = "M", requires = "x", allow_hyphen_values = true)]
    pub(crate) y: Option<f64>,
    /// Frame metres upwards, 33554432 at sea level.
    #[arg(long, value_name = "M", requires = "x", allow_hyphen_values = true)]
    pub(crate) z: Option<f64>,
}

/// One cell of any level
#[derive(clap::Args)]
#[command(after_help = "\
With --expect nothing is changed, and the exit code is 1, unless the voxel at the place holds that material.

Examples:
  bm edit earth.bm cell --lon 7.66 --lat 45.98 --alt 2000 --material granite
  bm edit earth.bm cell --lon 7.66 --lat 45.98 --alt 2000 --material air --expect granite
  bm edit earth.bm cell --lon 7.66 --lat 45.98 --alt 2000 --material ice --level 21")]
pub(crate) struct EditCell {
    #[command(flatten)]
    pub(crate) at: At,
    /// Only if the voxel there holds this material, by name or id.
    #[arg(long, value_name = "NAME|ID")]
    pub(crate) expect: Option<String>,
    #[command(flatten)]
    pub(crate) how: How,
}

/// A box of longitudes, latitudes and altitudes
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  bm edit earth.bm box --bbox 7,46,7.01,46.01 --alt 0,100 --material limestone
  bm edit earth.bm box --bbox 179.9,-17,-179.9,-16.9 --alt -50,0 --material air --resolution 100")]
pub(crate) struct EditBox {
    /// West, south, east and north in degrees; across the date line west is greater than east.
    #[arg(long, value_name = "W,S,E,N", allow_hyphen_values = true, value_parser = numbers::<4>)]
    pub(crate) bbox: [f64; 4],
    /// Lowest and highest altitude in metres; the upper one is outside.
    #[arg(long, value_name = "LO,HI", allow_hyphen_values = true, value_parser = numbers::<2>)]
    pub(crate) alt: [f64; 2],
    #[command(flatten)]
    pub(crate) how: How,
}

/// A ball, round on the ground
#[derive(clap::Args)]
#[command(after_help = "\
A ball costs its surface: each level coarser has a quarter of it.

Examples:
  bm edit earth.bm sphere --lon 7.66 --lat 45.98 --alt 2000 --radius 50 --material air
  bm edit earth.bm sphere --lon 180 --lat -17 --alt 0 --radius 5000 --material basalt --resolution 4")]
pub(crate) struct EditSphere {
    #[command(flatten)]
    pub(crate) at: At,
    /// Metres on the ground.
    #[arg(long, short, value_name = "M", allow_hyphen_values = true)]
    pub(crate) radius: f64,
    #[command(flatten)]
    pub(crate) how: How,
}

/// An upright cylinder, round on the ground
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  bm edit earth.bm cylinder --lon 7.66 --lat 45.98 --radius 3 --alt -500,2200 --material air --note shaft")]
pub(crate) struct EditCylinder {
    /// Degrees east of the axis.
    #[arg(long, value_name = "DEG", allow_hyphen_values = true)]
    pub(crate) lon: f64,
    /// Degrees north of the axis.
    #[arg(long, value_name = "DEG", allow_hyphen_values = true)]
    pub(crate) lat: f64,
    /// Metres on the ground.
    #[arg(long, short, value_name = "M", allow_hyphen_values = true)]
    pub(crate) radius: f64,
    /// Lowest and highest altitude in metres; the upper one is outside.
    #[arg(long, value_name = "LO,HI", allow_hyphen_values = true, value_parser = numbers::<2>)]
    pub(crate) alt: [f64; 2],
    #[command(flatten)]
    pub(crate) how: How,
}

/// What polygons of a GeoJSON file cover, between two altitudes
#[derive(clap::Args)]
#[command(after_help = "\
Polygon, MultiPolygon, Feature, FeatureCollection; longitude and latitude in degrees (WGS 84), holes stay as
they are. Over the date line count on beyond 180, or cut the polygon there. A file with one bad polygon is
refused whole, with ring and vertex.

Examples:
  bm edit earth.bm polygon lake.geojson --alt 400,420 --material freshwater --resolution 1")]
pub(crate) struct EditPolygon {
    /// The polygons.
    #[arg(value_name = "GEOJSON")]
    pub(crate) file: PathBuf,
    /// Lowest and highest altitude in metres; the upper one is outside.
    #[arg(long, value_name = "LO,HI", allow_hyphen_values = true, value_parser = numbers::<2>)]
    pub(crate) alt: [f64; 2],
    #[command(flatten)]
    pub(crate) how: How,
}

/// The cells that a NumPy array marks
#[derive(clap::Args)]
#[command(after_help = "\
An array of bool or uint8 in a .npy file with axes [z][y][x]: upwards, northwards, eastwards. The place is in
its first cell, the lowest and southwesternmost; --level or --resolution say how large its cells are. What
`bm export` writes has the same order, and its .json says where it begins.

Examples:
  bm edit earth.bm mask cave.npy --lon 7.66 --lat 45.98 --alt 2000 --material air --resolution 1")]
pub(crate) struct EditMask {
    /// The array.
    #[arg(value_name = "NPY")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) at: At,
    #[command(flatten)]
    pub(crate) how: How,
}

/// Undo a commit of edits, as a new commit
#[derive(clap::Args)]
#[command(
    disable_version_flag = true,
    after_help = "\
Every voxel that the version wrote gets what it had before; later edits of the same voxels go with it.

Examples:
  bm log earth.bm --limit 5
  bm edit earth.bm revert --version 12"
)]
pub(crate) struct EditRevert {
    /// The version to undo.
    #[arg(long = "version", value_name = "V")]
    pub(crate) number: u64,
    /// Who makes the change, for the log; by default the user's name.
    #[arg(long, value_name = "NAME")]
    pub(crate) origin: Option<String>,
    /// Memory that edits may take before they are folded into pages, MiB.
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) budget: Option<u32>,
}

/// The commits of a world: when, who, what, how many cells, where
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  bm log earth.bm --limit 10
  bm log earth.bm --since 100 --json")]
pub(crate) struct Log {
    /// The world.
    #[arg(value_name = "W")]
    pub(crate) world: PathBuf,
    /// Only the newest N.
    #[arg(long, short = 'n', value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// Only this version and later ones.
    #[arg(long, value_name = "V", default_value_t = 0)]
    pub(crate) since: u64,
}

/// Fold edits into pages, let old versions go, give room back to the disk
#[derive(clap::Args)]
#[command(after_help = "\
The newest version stays as it is. Without --keep-… the world's own rule for old versions stays as well.

Examples:
  bm compact earth.bm                       all edits, and room back to the disk
  bm compact earth.bm --keep-versions 10    older ones can no longer be read
  bm compact earth.bm --strategy spatial    only the fullest pages")]
pub(crate) struct Compact {
    /// The world.
    #[arg(value_name = "W")]
    pub(crate) world: PathBuf,
    /// Which pages; all of them also gives room back to the disk.
    #[arg(long, value_enum, default_value_t = StrategyArg::All)]
    pub(crate) strategy: StrategyArg,
    /// Keep so many versions readable from now on.
    #[arg(long, value_name = "N", conflicts_with = "keep_days", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) keep_versions: Option<u64>,
    /// Keep versions of the last D days readable from now on.
    #[arg(long, value_name = "D", allow_hyphen_values = true)]
    pub(crate) keep_days: Option<f64>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StrategyArg {
    /// Oldest edits first, half of the pages at least.
    Lazy,
    /// Fullest pages first.
    Spatial,
    /// What is older than 1 000 versions.
    Time,
    /// Fullness and age weighed.
    Adaptive,
    /// Every page.
    All,
}

impl From<StrategyArg> for StrategyKind {
    fn from(s: StrategyArg) -> Self {
        match s {
            StrategyArg::Lazy => Self::Lazy,
            StrategyArg::Spatial => Self::Spatial,
            StrategyArg::Time => Self::Time,
            StrategyArg::Adaptive => Self::Adaptive,
            StrategyArg::All => Self::All,
        }
    }
}
