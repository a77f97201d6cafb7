//! `bm demo`.

use crate::args;
use crate::fault::Fault;
use crate::output::{Out, bytes, count, edge, huge, metres, rate};
use crate::progress::Bar;
use bm_hybrid::demo::{DemoReport, demo};

pub(super) fn run(a: &args::Demo, out: &mut Out) -> Result<u8, Fault> {
    let report = {
        let bar = Bar::new();
        demo(&a.dir, &|p| bar.tell(p))?
    };
    // Nothing is served yet, with `--no-serve` or without.
    let _ = a.no_serve;
    if out.is_json() {
        out.json(&report)?;
    } else {
        print(&report, out)?;
    }
    Ok(0)
}

fn print(r: &DemoReport, out: &mut Out) -> Result<(), Fault> {
    let pages: Vec<String> = r.pages.iter().map(|(kind, n)| format!("{} {kind}", count(*n))).collect();
    let part = |n: u64| r.bytes_on_disk as f64 / n as f64 * 100.0;
    out.line("The Earth from 20-minute relief (ETOPO, NOAA, public domain)")?;
    out.pair("world", format_args!("{}, version {}", r.world.display(), r.version))?;
    out.pair(
        "cells",
        format_args!(
            "{} of a quarter metre; {} within 12 km of sea level",
            huge(r.cells),
            huge(r.cells_near_sea_level)
        ),
    )?;
    out.pair("pages", pages.join(", "))?;
    out.pair("on disk", format_args!("{}, of which pages {}", bytes(r.bytes_on_disk), bytes(r.page_bytes)))?;
    out.pair(
        "samples raw",
        format_args!("{}; the world takes {:.0} % of that", bytes(r.raw_bytes), part(r.raw_bytes)),
    )?;
    out.pair(
        "zstd -19",
        format_args!("{}; the world takes {:.0} % of that", bytes(r.zstd19_bytes), part(r.zstd19_bytes)),
    )?;
    out.pair(
        "ingest",
        format_args!(
            "{} samples in {:.2} s: {} samples/s",
            count(r.samples),
            r.ingest_seconds,
            rate(r.samples_per_second)
        ),
    )?;

    out.pair(
        "coastline",
        format_args!(
            "{} vertices (Natural Earth, public domain) in {:.2} s, {} beside the world",
            count(r.coast_vertices),
            r.coast_seconds,
            bytes(r.coast_bytes)
        ),
    )?;

    out.line("\nRandom points near sea level, one thread")?;
    for q in &r.rates {
        out.line(format_args!(
            "  level {:>2}  {:>10}  {:>7} points/s",
            q.level,
            edge(q.cell_m),
            rate(q.points_per_second)
        ))?;
    }

    out.line(
        "\nPlaces (the relief has averages over 20 minutes of arc: summits and trenches are flatter in it)",
    )?;
    for p in &r.places {
        let ground = p.ground_alt.map_or_else(|| "none".into(), metres);
        out.line(format_args!(
            "  {:<46} {:>12}: {} ({} page of level {}; ground at {ground})",
            p.name,
            metres(p.alt),
            p.material.name,
            p.source,
            p.page_level
        ))?;
    }
    let b = &r.beach;
    out.line(format_args!(
        "  {}, half a metre below sea level at {}° north: {} up to {}° east, {} from {:e} m further on",
        b.name, b.lat, b.sea.name, b.sea_lon, b.land.name, b.apart_m
    ))?;
    let e = &r.erosion;
    out.line(format_args!(
        "\nThe Alps under rivers for {} years: {} cells, {} steps, {:.1} s; {:.0} km³ left over the edges,",
        count(e.years as u64),
        count(e.cells),
        e.steps,
        e.seconds,
        e.lost_km3
    ))?;
    out.line(format_args!(
        "of the rock {:.0e} is unaccounted for. The world is as it was: check-out \"{}\" waits to be committed",
        e.ledger_error, e.check_out
    ))?;
    out.line("\nPictures")?;
    for p in &r.pictures {
        out.line(format_args!("  {}", p.display()))?;
    }
    let world = r.world.display();
    out.line(format_args!("\n{:.1} s in all. Now try:", r.seconds))?;
    out.line(format_args!("  bm query {world} --lon 86.925 --lat 27.988 --alt 4000"))?;
    out.line(format_args!(
        "  bm grid resume {world} {} --years 200000 --pictures alps",
        r.erosion.check_out
    ))?;
    out.line(format_args!("  bm render {world} --bbox 60,5,110,45 --surface --frame -o himalaya.png"))
}
