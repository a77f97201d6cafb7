//! `bm log` and `bm compact`.

use crate::args;
use crate::fault::Fault;
use crate::output::{Out, area, area_json, bytes, count, time};
use crate::progress::Bar;
use bm_hybrid::{Progress, Retention, World};
use serde_json::json;
use std::time::Instant;

pub(super) fn log(a: &args::Log, out: &mut Out) -> Result<u8, Fault> {
    let world = super::open(&a.world)?;
    let mut log = world.log_since(a.since)?;
    log.drain(..log.len().saturating_sub(a.limit.unwrap_or(usize::MAX)));
    if out.is_json() {
        let entries: Vec<_> = log
            .iter()
            .map(|e| {
                json!({
                    "version": e.version,
                    "time": time(e.time_ms),
                    "time_ms": e.time_ms,
                    "origin": e.origin,
                    "what": e.what,
                    "pages": e.pages,
                    "cells": e.cells,
                    "box": e.tick_box().as_ref().map(area_json),
                })
            })
            .collect();
        let overlay = world.overlay();
        out.json(&json!({
            "version": overlay.version,
            "oldest_version": overlay.oldest_version,
            "log": entries,
        }))?;
        return Ok(0);
    }
    out.line("version  when                  who           pages       cells  what")?;
    for e in &log {
        let place = e.tick_box().map(|b| format!(" ({})", area(&b))).unwrap_or_default();
        out.line(format_args!(
            "{:>7}  {:<20}  {:<10} {:>8} {:>11}  {}{place}",
            e.version,
            time(e.time_ms).unwrap_or_default(),
            e.origin,
            count(e.pages),
            count(e.cells),
            e.what
        ))?;
    }
    Ok(0)
}

pub(super) fn compact(a: &args::Compact, out: &mut Out) -> Result<u8, Fault> {
    let start = Instant::now();
    let keep = keep(a)?;
    let mut world = World::open(super::local(&a.world)?)?;
    let before = (world.info()?, world.overlay());
    if let Some(keep) = keep {
        world.set_retention(keep)?;
    }
    let report = {
        let bar = Bar::new();
        world.consolidate(a.strategy.into(), &|done, total| {
            bar.tell(&Progress { stage: "pages", done, total })
        })?
    };
    if a.strategy == args::StrategyArg::All {
        world.compact()?;
    }
    let after = (world.info()?, world.overlay());
    let seconds = start.elapsed().as_secs_f64();
    if out.is_json() {
        let sizes = |(i, o): &(bm_hybrid::Info, bm_hybrid::OverlayStats)| {
            json!({
                "bytes_on_disk": i.bytes_on_disk,
                "page_bytes": i.page_bytes,
                "history_bytes": i.history_bytes,
                "journal_bytes": o.journal_bytes,
                "overlay_bytes": o.bytes,
                "edits": o.edits,
            })
        };
        out.json(&json!({
            "version": after.1.version,
            "oldest_version": after.1.oldest_version,
            "folded": {
                "pages": report.pages,
                "edits": report.edits,
                "cells": report.cells,
                "pages_written": report.pages_written,
                "pages_removed": report.pages_removed,
            },
            "before": sizes(&before),
            "after": sizes(&after),
            "seconds": seconds,
        }))?;
        return Ok(0);
    }
    out.pair(
        "folded",
        format_args!(
            "{} edits of {} pages; {} pages written, {} removed",
            count(report.edits),
            count(report.pages),
            count(report.pages_written),
            count(report.pages_removed)
        ),
    )?;
    let change = |b: u64, a: u64| format!("{} -> {}", bytes(b), bytes(a));
    out.pair("on disk", change(before.0.bytes_on_disk, after.0.bytes_on_disk))?;
    out.pair("journal", change(before.1.journal_bytes, after.1.journal_bytes))?;
    out.pair("old pages", change(before.0.history_bytes, after.0.history_bytes))?;
    out.pair("versions", format_args!("{} to {} can be read", after.1.oldest_version, after.1.version))?;
    out.pair("time", format_args!("{seconds:.2} s"))?;
    Ok(0)
}

/// The rule for old versions, if one was given.
fn keep(a: &args::Compact) -> Result<Option<Retention>, Fault> {
    match (a.keep_versions, a.keep_days) {
        (Some(n), _) => Ok(Some(Retention { versions: Some(n), age_ms: None })),
        (None, Some(days)) if days.is_finite() && (0.0..=1e6).contains(&days) => {
            // The newest version is kept in any case.
            Ok(Some(Retention { versions: Some(1), age_ms: Some((days * 86_400_000.0) as u64) }))
        }
        (None, Some(days)) => Err(Fault::usage(format!("--keep-days {days}: give days from 0 to 1000000"))),
        (None, None) => Ok(None),
    }
}
