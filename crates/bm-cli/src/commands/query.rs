//! `bm query`.

use crate::args;
use crate::fault::Fault;
use crate::output::{Out, count, edge, metres};
use bm_core::ErrorKind;
use bm_core::frame::MAX_LEVEL;
use bm_hybrid::route::RouteStats;
use bm_hybrid::{Answer, Place, query};
use bm_vector::Side;

pub(super) fn run(a: &args::Query, out: &mut Out) -> Result<u8, Fault> {
    let level = a.scale.level()?.unwrap_or(MAX_LEVEL);
    let view = super::view(&a.world, a.at)?;
    let place = match (a.lon, a.lat, a.alt, a.x, a.y, a.z) {
        (Some(lon), Some(lat), Some(alt), ..) => Place::degrees(lon, lat, alt),
        (.., Some(x), Some(y), Some(z)) => Place::Metres([x, y, z]),
        _ => {
            let report = query::stream(&view, level, std::io::stdin().lock(), out.raw())?;
            if a.stats {
                stats(&report.routes);
            }
            return Ok(match report.failure {
                Some(kind) => ErrorKind::exit_code(kind),
                None if report.bad_lines > 0 => 2,
                None => 0,
            });
        }
    };
    let answer = view.answer(place, level)?;
    if out.is_json() {
        out.json(&answer)?;
    } else {
        print(&answer, out)?;
    }
    Ok(0)
}

/// Who answered: to standard error, since standard output is a stream of answers.
fn stats(routes: &RouteStats) {
    for (source, n) in routes.sources() {
        let latency = routes.latency(source);
        let below = |share| latency.quantile_ns(share).map_or("-".into(), |ns| format!("{ns} ns"));
        eprintln!(
            "bm: {:<10} {:>14} answers, half below {}, 99 % below {}",
            source.name(),
            count(n),
            below(0.5),
            below(0.99)
        );
    }
    eprintln!("bm: {} answers needed an edge of a boundary", count(routes.exact_tests()));
}

fn print(a: &Answer, out: &mut Out) -> Result<(), Fault> {
    out.pair("material", format_args!("{} (id {})", a.material.name, a.material.id.0))?;
    match (&a.boundary, a.source) {
        (Some(b), "boundary") => out.pair("source", format_args!("boundary {}", b.id))?,
        _ => out.pair("source", format_args!("{}, from a page of level {}", a.source, a.page_level))?,
    }
    if let Some(b) = &a.boundary {
        let side = match b.side {
            Some(Side::Left) => "left or inside of",
            Some(Side::Right) => "right or outside of",
            None => "beside",
        };
        let distance = b.distance_m.map_or("further than three cells".into(), metres);
        out.pair("boundary", format_args!("{side} {}, {distance}", b.id))?;
    }
    out.pair("cell", format_args!("level {}, {}", a.level, edge(a.cell_m)))?;
    let exact = if a.exact {
        "yes: the whole cell is this material"
    } else {
        "no: the material with the largest volume"
    };
    out.pair("exact", exact)?;
    out.pair("version", a.version)?;
    match &a.ground {
        Some(g) => out.pair("ground", format_args!("{} above sea level, {}", metres(g.alt), g.material.name)),
        None => out.pair("ground", "none in this column"),
    }
}
