//! `bm info`.

use crate::args;
use crate::fault::Fault;
use crate::output::{Out, bytes, count};
use serde_json::json;

pub(super) fn info(a: &args::Info, out: &mut Out) -> Result<u8, Fault> {
    let world = super::open(&a.world)?;
    let info = world.info()?;
    let overlay = world.overlay();
    let view = world.view();
    let grids = world.check_outs()?.len();
    let materials = view.materials().all();
    if out.is_json() {
        let mut all = json!({
            "version": info.version,
            "bytes_on_disk": info.bytes_on_disk,
            "pages": info.pages,
            "edits": overlay.edits,
            "boundaries": view.boundaries().len(),
            "grids": grids,
            "page_bytes": info.page_bytes,
            "history_bytes": info.history_bytes,
            "oldest_version": overlay.oldest_version,
            "overlay": {
                "edits": overlay.edits,
                "pages": overlay.pages,
                "bytes": overlay.bytes,
                "budget": overlay.budget,
                "folded_version": overlay.folded_version,
                "journal_bytes": overlay.journal_bytes,
                "journal_segments": overlay.journal_segments,
                "journal_records": overlay.journal_records,
            },
            "materials": materials.len(),
        });
        if a.materials {
            all["material_list"] =
                materials.iter().map(|m| json!({ "id": m.id.0, "name": m.name, "rgb": m.rgb })).collect();
        }
        out.json(&all)?;
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
    out.pair(
        "edits",
        format_args!(
            "{} in {} pages, {} of memory ({} at most)",
            count(overlay.edits),
            count(overlay.pages),
            bytes(overlay.bytes),
            bytes(overlay.budget)
        ),
    )?;
    out.pair(
        "journal",
        format_args!(
            "{} commits, {} in {} files",
            count(overlay.journal_records),
            bytes(overlay.journal_bytes),
            count(overlay.journal_segments)
        ),
    )?;
    out.pair(
        "versions",
        format_args!(
            "{} to {} can be read; old pages {}",
            overlay.oldest_version,
            info.version,
            bytes(info.history_bytes)
        ),
    )?;
    out.pair("boundaries", count(view.boundaries().len() as u64))?;
    out.pair("check-outs", grids)?;
    out.pair("materials", materials.len())?;
    if a.materials {
        for m in materials {
            out.line(format_args!("  {:>5}  {}", m.id.0, m.name))?;
        }
    }
    Ok(0)
}
