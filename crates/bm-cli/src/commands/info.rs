//! `bm info` and `bm log`.

use crate::args;
use crate::fault::Fault;
use crate::output::{Out, bytes, count};
use serde_json::json;

pub(super) fn info(a: &args::World, out: &mut Out) -> Result<u8, Fault> {
    let world = super::open(&a.world)?;
    let info = world.info()?;
    let materials = world.view().materials().all().len();
    if out.is_json() {
        // Edits, boundaries and grids cannot be put into a world yet: it has none.
        out.json(&json!({
            "version": info.version,
            "bytes_on_disk": info.bytes_on_disk,
            "pages": info.pages,
            "edits": 0,
            "boundaries": 0,
            "grids": 0,
            "page_bytes": info.page_bytes,
            "materials": materials,
        }))?;
        return Ok(0);
    }
    out.pair("world", a.world.display())?;
    out.pair("version", info.version)?;
    out.pair(
        "on disk",
        format_args!("{}, of which pages {}", bytes(info.bytes_on_disk), bytes(info.page_bytes)),
    )?;
    for (kind, n) in &info.pages {
        out.pair(&format!("pages {kind}"), count(*n))?;
    }
    out.pair("materials", materials)?;
    Ok(0)
}

pub(super) fn log(a: &args::World, out: &mut Out) -> Result<u8, Fault> {
    let view = super::open(&a.world)?.view();
    if out.is_json() {
        let entries: Vec<_> = view
            .log()
            .iter()
            .map(|e| json!({ "version": e.version, "what": e.what, "pages": e.pages }))
            .collect();
        out.json(&json!({ "version": view.version(), "log": entries }))?;
        return Ok(0);
    }
    out.line("version    pages  what")?;
    for e in view.log() {
        out.line(format_args!("{:>7} {:>8}  {}", e.version, count(e.pages), e.what))?;
    }
    Ok(0)
}
