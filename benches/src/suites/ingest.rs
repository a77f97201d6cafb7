//! Suite `ingest`: the relief at 5 minutes of arc becomes a world, by the `bm` program alone.

use std::path::Path;
use std::process::Command;

use super::Suite;
use super::earth::{TemporaryFolder, child, packers};
use crate::harness::{Bench, BenchError, Case, Measure, Targets, Unit};
use crate::inputs::relief;

/// The suite.
pub const SUITE: Suite = Suite {
    name: "ingest",
    about: "\
`bm ingest relief etopo5.cdf --world W` into a new world each time: 9.3 million samples, as a program
of its own; wall time and the most memory that was resident at once. Afterwards `bm verify --against`
compares every sample with the file.

Bytes on disk are those of all files of the world. The peers hold the heights as 16-bit integers and
nothing else, and have to be unpacked whole before anything can be asked: zstd on the plain heights,
pcodec at its highest level, and both on what remains after a plane through three neighbours has
predicted each height (for zstd in byte planes).",
    run,
};

fn run(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    let bm = child::bm()?;
    bench.run(Case::new("bm-program", Unit::Bytes, size(&bm)?).targets(Targets::new(15e6, 6e6)).rounds(1))?;
    let Some(source) = relief::etopo5_path() else {
        return bench.leave_out("etopo5", "run `cargo xtask data`");
    };

    let folder = TemporaryFolder::new("ingest")?;
    let world = folder.path().join("earth.bm");
    let rounds = if bench.is_quick() { 1 } else { 3 };
    let mut seconds = Vec::new();
    let mut peaks = Vec::new();
    for _ in 0..rounds {
        remove(&world)?;
        let usage =
            child::run(Command::new(&bm).args(["ingest", "relief"]).arg(&source).arg("--world").arg(&world))?;
        seconds.push(usage.seconds);
        peaks.push(usage.peak_bytes);
    }
    // Fails, and the suite with it, unless every sample comes back.
    child::run(Command::new(&bm).arg("verify").arg(&world).arg("--against").arg(&source))?;

    bench.run(
        Case::new("etopo5-wall-time", Unit::Seconds, one_after_another(seconds))
            .targets(Targets::new(20.0, 3.0))
            .checked(true)
            .rounds(rounds),
    )?;
    bench.run(
        Case::new("etopo5-peak-memory", Unit::Bytes, one_after_another(peaks))
            .targets(Targets::new(1024.0 * 1_048_576.0, 300.0 * 1_048_576.0))
            .rounds(rounds),
    )?;
    on_disk(bench, &source, &world)
}

fn on_disk(bench: &mut Bench<'_>, source: &Path, world: &Path) -> Result<(), BenchError> {
    let relief = relief::read(source)?;
    let heights = relief::whole_metres(&relief)?;
    let rest = packers::beyond_a_plane(&heights, relief.width);
    let bytes = |count: usize| Measure::constant(count as f64);
    // Each packer has given every height back, and the world's were compared with the file.
    let mut case = Case::new("etopo5-on-disk", Unit::Bytes, size(world)?)
        .targets(Targets::new(8.0e6, 6.8e6))
        .rounds(1)
        .peer("raw 16-bit heights", bytes(2 * heights.len()), true)
        .peer("zstd 3", bytes(packers::zstd(&heights, 3)?), true)
        .peer("pcodec 1.1", bytes(packers::pcodec(&heights)?), true)
        .peer("plane + pcodec 1.1", bytes(packers::pcodec(&rest)?), true);
    // Ten seconds each.
    if !bench.is_quick() {
        case = case.peer("zstd 19", bytes(packers::zstd(&heights, 19)?), true).peer(
            "plane + zstd 19",
            bytes(packers::zstd_planes(&rest, 19)?),
            true,
        );
    }
    bench.run(case)
}

/// Values measured before, as the rounds of a case.
fn one_after_another(values: Vec<f64>) -> Measure<'static> {
    let mut values = values.into_iter();
    Measure::given(move || Ok(values.next().unwrap_or(f64::NAN)))
}

/// Bytes of a file, or of all files in a folder.
fn size(path: &Path) -> Result<Measure<'static>, BenchError> {
    fn sum(path: &Path) -> std::io::Result<u64> {
        let meta = std::fs::metadata(path)?;
        if !meta.is_dir() {
            return Ok(meta.len());
        }
        std::fs::read_dir(path)?.map(|entry| sum(&entry?.path())).sum()
    }
    sum(path)
        .map(|bytes| Measure::constant(bytes as f64))
        .map_err(|source| BenchError::File { path: path.to_path_buf(), source })
}

fn remove(world: &Path) -> Result<(), BenchError> {
    let removed = match std::fs::metadata(world) {
        Ok(meta) if meta.is_dir() => std::fs::remove_dir_all(world),
        Ok(_) => std::fs::remove_file(world),
        Err(_) => Ok(()),
    };
    removed.map_err(|source| BenchError::File { path: world.to_path_buf(), source })
}
