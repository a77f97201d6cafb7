//! `bm verify`.

use crate::args;
use crate::fault::Fault;
use crate::output::{Out, count, metres};
use crate::progress::Bar;
use bm_core::ErrorKind;
use bm_hybrid::{Against, Verification, World};
use bm_io::ReliefOptions;
use serde_json::json;

/// Problems that are printed; `--json` lists all.
const LISTED: usize = 20;

pub(super) fn run(a: &args::Verify, out: &mut Out) -> Result<u8, Fault> {
    let path = super::local(&a.world)?;
    let relief = match &a.against {
        None => None,
        Some(file) => {
            let options = match &a.var {
                Some(name) => ReliefOptions::default().with_variable(name),
                None => ReliefOptions::default(),
            };
            Some((file, bm_io::read_relief(file, &options)?))
        }
    };
    let bar = Bar::new();
    let mut found = Verification::default();
    let mut against = None;
    match World::open_read_only(path) {
        // Damage that keeps the world from opening is what this command is there to tell.
        Err(e) if e.kind() == ErrorKind::Corrupt => found.problems.push(e.to_string()),
        Err(e) => return Err(e.into()),
        Ok(world) => {
            found = world.verify(&|p| bar.tell(p))?;
            if let Some((_, relief)) = relief.as_ref().filter(|_| found.problems.is_empty()) {
                against = Some(world.verify_against(relief, &|p| bar.tell(p))?);
            }
        }
    }
    drop(bar);
    if let (Some(Against { wrong: wrong @ 1.., samples, .. }), Some((file, _))) = (&against, &relief) {
        let far = "off by more than a quarter metre";
        found.problems.push(format!("{}: {wrong} of {samples} samples are {far}", file.display()));
    }
    let ok = found.problems.is_empty();
    if out.is_json() {
        let compared = against.as_ref().map(|c| {
            json!({
                "file": a.against.as_ref().map(|f| f.display().to_string()),
                "samples": c.samples,
                "wrong": c.wrong,
                "worst_m": c.worst_m,
                "examples": c.examples,
            })
        });
        out.json(&json!({
            "ok": ok,
            "pages_checked": found.pages_checked,
            "problems": found.problems,
            "pages": found.pages,
            "against": compared,
        }))?;
        return Ok(u8::from(!ok));
    }
    out.pair("pages checked", count(found.pages_checked))?;
    if let Some(c) = &against {
        out.pair(
            "samples",
            format_args!(
                "{} compared, {} wrong, worst difference {} m",
                count(c.samples),
                count(c.wrong),
                c.worst_m
            ),
        )?;
        for [lon, lat, want, got] in &c.examples {
            out.line(format_args!(
                "  at {lon:.4}, {lat:.4}: {} in the file, {} in the world",
                metres(*want),
                metres(*got)
            ))?;
        }
    }
    for p in found.problems.iter().take(LISTED) {
        out.line(format_args!("problem: {p}"))?;
    }
    if found.problems.len() > LISTED {
        out.line(format_args!("and {} more: --json lists them all", found.problems.len() - LISTED))?;
    }
    out.line(if ok { "sound" } else { "not sound: restore the world from a copy, or build it again" })?;
    Ok(u8::from(!ok))
}
