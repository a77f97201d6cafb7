//! The arguments of `bm ingest boundary` and `bm boundary`.

use super::numbers;
use clap::{Subcommand, ValueEnum};
use std::path::PathBuf;

/// Boundaries: shorelines, faults, borders, formations (GeoJSON, TopoJSON, FlatGeobuf, WKB, GeoPackage)
#[derive(clap::Args)]
#[command(after_help = "\
Lines tell left from right within their width; areas tell inside (left) from outside everywhere. All files of
one call are one commit, whole or not at all. Coordinates are degrees east and north (WGS 84).

The polygons of a coastline become one boundary: what is outside of one island is sea only if no other island
is there. Where boundaries disagree, the one of higher priority speaks, then the nearer one; give overlapping
coastlines different priorities.

Names come from --id, else from each feature's id (or --id-property), else from the file's name.

Examples:
  bm ingest boundary ne_10m_land.json --world earth.bm --kind coastline
  bm ingest boundary gshhg.wkb --world earth.bm --kind coastline --id shore --left sand --priority 10
  bm ingest boundary faults.gpkg --layer active --world earth.bm --kind fault --skip-invalid
  bm ingest boundary granite.geojson --world earth.bm --kind formation --left granite")]
pub(crate) struct IngestBoundary {
    /// Files to load.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// The world.
    #[arg(long, short, value_name = "W")]
    pub(crate) world: PathBuf,
    /// What they are. A coastline has sand inside and seawater outside unless told otherwise.
    #[arg(long, value_enum, default_value_t = KindArg::Custom)]
    pub(crate) kind: KindArg,
    /// Material on the left of lines, inside of areas: name or id; `none` says nothing there.
    #[arg(long, value_name = "NAME|ID")]
    pub(crate) left: Option<String>,
    /// Material on the right of lines, outside of areas.
    #[arg(long, value_name = "NAME|ID")]
    pub(crate) right: Option<String>,
    /// What they speak about: `ground` (solids), `shore` (land up to sea level, water beside it), or two altitudes
    /// in metres. Coastlines are shores, everything else is ground.
    #[arg(long, value_name = "ground|shore|LO,HI", allow_hyphen_values = true, value_parser = extent)]
    pub(crate) extent: Option<ExtentArg>,
    /// How the materials of a line reach over cells it does not touch.
    #[arg(long, value_enum, default_value_t = StyleArg::Sharp)]
    pub(crate) style: StyleArg,
    /// Width of a line's transition, metres.
    #[arg(long, value_name = "M", default_value_t = 0.0, allow_hyphen_values = true)]
    pub(crate) width: f64,
    /// Where several speak, the higher one wins.
    #[arg(long, value_name = "P", default_value_t = 0.0, allow_hyphen_values = true)]
    pub(crate) priority: f64,
    /// How exact the positions are, metres.
    #[arg(long, value_name = "M", default_value_t = 1.0, allow_hyphen_values = true)]
    pub(crate) precision: f64,
    /// The name; with several features NAME-1, NAME-2 and so on.
    #[arg(long, value_name = "NAME", conflicts_with = "id_property")]
    pub(crate) id: Option<String>,
    /// The property that holds the names.
    #[arg(long, value_name = "PROPERTY")]
    pub(crate) id_property: Option<String>,
    /// The layer, table or object of a file that has several.
    #[arg(long, value_name = "NAME")]
    pub(crate) layer: Option<String>,
    /// Make a boundary of each feature; the polygons of a coastline are one boundary otherwise.
    #[arg(long)]
    pub(crate) separate: bool,
    /// Take what is sound, and list what was left out.
    #[arg(long)]
    pub(crate) skip_invalid: bool,
    /// The file has latitudes first.
    #[arg(long)]
    pub(crate) swap_xy: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KindArg {
    Fault,
    Coastline,
    Layer,
    Political,
    Formation,
    Custom,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum StyleArg {
    /// The whole width.
    Sharp,
    /// Half of it.
    Linear,
    /// Two thirds of it.
    Smooth,
}

#[derive(Clone, Copy)]
pub(crate) enum ExtentArg {
    Ground,
    Shore,
    Altitude([f64; 2]),
}

fn extent(text: &str) -> Result<ExtentArg, String> {
    match text {
        "ground" => Ok(ExtentArg::Ground),
        "shore" => Ok(ExtentArg::Shore),
        other => {
            numbers(other).map(ExtentArg::Altitude).map_err(|why| format!("not ground or shore, and {why}"))
        }
    }
}

/// List, show, remove or write out the boundaries of a world
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  bm boundary list earth.bm --kind coastline
  bm boundary show earth.bm shore
  bm boundary remove earth.bm fault-3 fault-4
  bm boundary export earth.bm -o all.geojson")]
pub(crate) struct Boundary {
    #[command(subcommand)]
    pub(crate) what: BoundaryWhat,
}

#[derive(Subcommand)]
pub(crate) enum BoundaryWhat {
    List(BoundaryList),
    Show(BoundaryShow),
    Remove(BoundaryRemove),
    Export(BoundaryExport),
}

/// Names, kinds and sizes
#[derive(clap::Args)]
pub(crate) struct BoundaryList {
    /// The world.
    #[arg(value_name = "W")]
    pub(crate) world: PathBuf,
    /// Only this kind.
    #[arg(long, value_enum)]
    pub(crate) kind: Option<KindArg>,
    /// Only those that touch this box: west, south, east and north in degrees.
    #[arg(long, value_name = "W,S,E,N", allow_hyphen_values = true, value_parser = numbers::<4>)]
    pub(crate) bbox: Option<[f64; 4]>,
    /// At this version instead of the newest.
    #[arg(long, value_name = "V")]
    pub(crate) at: Option<u64>,
}

/// Everything about one
#[derive(clap::Args)]
pub(crate) struct BoundaryShow {
    /// The world.
    #[arg(value_name = "W")]
    pub(crate) world: PathBuf,
    /// Its name.
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// At this version instead of the newest.
    #[arg(long, value_name = "V")]
    pub(crate) at: Option<u64>,
}

/// Take boundaries out of the world: one commit, older versions keep them
#[derive(clap::Args)]
pub(crate) struct BoundaryRemove {
    /// The world.
    #[arg(value_name = "W")]
    pub(crate) world: PathBuf,
    /// Their names.
    #[arg(required = true, value_name = "ID")]
    pub(crate) ids: Vec<String>,
    /// Who does it, for the log.
    #[arg(long, value_name = "NAME", default_value = "bm")]
    pub(crate) origin: String,
}

/// Write boundaries for other programs, with their own coordinates
#[derive(clap::Args)]
pub(crate) struct BoundaryExport {
    /// The world.
    #[arg(value_name = "W")]
    pub(crate) world: PathBuf,
    /// Only these; all when none is named.
    #[arg(value_name = "ID")]
    pub(crate) ids: Vec<String>,
    /// Only those that touch this box: west, south, east and north in degrees.
    #[arg(long, value_name = "W,S,E,N", allow_hyphen_values = true, value_parser = numbers::<4>)]
    pub(crate) bbox: Option<[f64; 4]>,
    /// By default as the file's name says.
    #[arg(long, value_enum)]
    pub(crate) format: Option<VectorFormat>,
    /// At this version instead of the newest.
    #[arg(long, value_name = "V")]
    pub(crate) at: Option<u64>,
    /// The file.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum VectorFormat {
    Geojson,
    Flatgeobuf,
    Wkb,
}
