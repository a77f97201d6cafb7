//! Grids saved and loaded.

use std::path::Path;
use std::time::Instant;

use bm_grid::{Grid, LayerValue, Scalar, file, layer};

use super::rasters::{Kind, Plain, Rasters};
use super::{OTHERS, full, ours};
use crate::harness::{Bench, BenchError, Case, Measure, Targets, Unit};
use crate::inputs;
use crate::suites::earth::TemporaryFolder;

fn bytes<T: Scalar>(values: &[T]) -> Vec<u8> {
    values.iter().flat_map(|v| v.bits().to_le_bytes().into_iter().take(T::BYTES)).collect()
}

fn layer_bytes<V: LayerValue>(grid: &Grid, name: &str) -> Result<Vec<u8>, BenchError> {
    Ok(bytes(&grid.layer::<V>(name).map_err(ours)?.planes()[0].to_vec()))
}

/// All arrays of a grid as plain bytes.
fn arrays(grid: &Grid) -> Result<Vec<Plain>, BenchError> {
    let mut all = vec![
        ("material", "<u2", bytes(&grid.base().to_vec())),
        (layer::ELEVATION, "<f8", layer_bytes::<f64>(grid, layer::ELEVATION)?),
    ];
    for name in OTHERS {
        all.push((name, "<f4", layer_bytes::<f32>(grid, name)?));
    }
    Ok(all)
}

fn length(path: &Path) -> Result<f64, BenchError> {
    let meta =
        std::fs::metadata(path).map_err(|source| BenchError::File { path: path.to_owned(), source })?;
    Ok(meta.len() as f64)
}

pub(super) fn run(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    let edge = if bench.is_quick() { 1000 } else { 2000 };
    let cells = f64::from(edge) * f64::from(edge);
    let grid = full(edge)?;
    let folder = TemporaryFolder::new("grid")?;
    let path = folder.path().join("ours.bmgrid");
    file::save(&grid, b"", &path).map_err(ours)?;
    let same = file::load(&path).map_err(ours)?.0 == grid;
    let a_cell = grid.memory_bytes() as f64 / cells;
    bench.run(
        Case::new("memory", Unit::Factor("bytes / cell"), Measure::constant(a_cell))
            .targets(Targets::new(40.0, 30.0))
            .checked(same)
            .rounds(1),
    )?;

    let mut peers = Vec::new();
    if let Some(python) = inputs::peer_python() {
        let arrays = arrays(&grid)?;
        for kind in Kind::ALL {
            let made = Rasters::start(kind, &python, &folder.path().join(kind.word()), edge, &arrays);
            match made.and_then(|mut peer| peer.is_same(&arrays).map(|same| (peer, same))) {
                Ok(ready) => peers.push(ready),
                Err(error) => bench.leave_out(kind.name(), &error.to_string())?,
            }
        }
    } else {
        bench.leave_out("numpy, zarr", "they are not installed; run `cargo xtask peers`")?;
    }

    let save = || {
        let start = Instant::now();
        file::save(&grid, b"", &path).map_err(ours)?;
        Ok(cells / start.elapsed().as_secs_f64())
    };
    let mut case = Case::new("save", Unit::PerSecond("cells"), Measure::given(save)).checked(same).rounds(5);
    for (peer, equal) in &mut peers {
        let name = peer.kind().name();
        case = case.peer(name, Measure::given(|| Ok(cells / peer.seconds("save")?)), same && *equal);
    }
    bench.run(case)?;
    let load = || {
        let start = Instant::now();
        let (grid, _) = file::load(&path).map_err(ours)?;
        let seconds = start.elapsed().as_secs_f64();
        drop(grid);
        Ok(cells / seconds)
    };
    let mut case = Case::new("load", Unit::PerSecond("cells"), Measure::given(load)).checked(same).rounds(5);
    for (peer, equal) in &mut peers {
        let name = peer.kind().name();
        case = case.peer(name, Measure::given(|| Ok(cells / peer.seconds("load")?)), same && *equal);
    }
    bench.run(case)?;
    let mut case = Case::new("size", Unit::Bytes, Measure::constant(length(&path)?)).checked(same).rounds(1);
    for (peer, equal) in &mut peers {
        let (name, bytes) = (peer.kind().name(), peer.number("bytes")?);
        case = case.peer(name, Measure::constant(bytes), same && *equal);
    }
    bench.run(case)
}
