//! `bm simulate`, and what it has in common with `bm grid`.

use super::watch::{self, Outcome};
use crate::args;
use crate::fault::Fault;
use crate::output::{Out, count, metres};
use crate::progress::Bar;
use bm_grid::{Bounds, DVec2, Region};
use bm_hybrid::checkout::layers::Given;
use bm_hybrid::checkout::{Back, CheckOut, Landed, Layers, Seeding};
use bm_hybrid::{Window, World, WorldError};
use bm_process::run::Run;
use bm_process::scenario::Scenario;
use serde_json::{Value, json};
use std::path::Path;

/// Steps that nobody would wait for.
const MOST_STEPS: f64 = 1e9;
/// Along each side: fewer have no middle that anything could happen in.
const LEAST_CELLS: u32 = 3;

pub(super) fn run(a: &args::Simulate, out: &mut Out) -> Result<u8, Fault> {
    let mut scenario = match &a.scenario {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|e| Fault::usage(format!("{}: cannot be read: {e}", path.display())))?;
            Scenario::parse(&path.display().to_string(), &text)?
        }
        None => {
            let years = a.years.ok_or_else(|| Fault::usage("how many years? Give --years N"))?;
            Scenario::of_processes(a.process.iter().map(String::as_str), years)?
        }
    };
    scenario.years = a.years.or(scenario.years);
    scenario.step = a.step.or(scenario.step);
    scenario.threads = a.watch.threads.unwrap_or(scenario.threads);
    scenario.checkpoint_every = a.watch.checkpoint_every.unwrap_or(scenario.checkpoint_every);
    if scenario.years.is_none() {
        return Err(Fault::usage("how many years? Give --years N, or say years = N in the scenario"));
    }
    scenario.check()?;
    let steps = scenario.years.unwrap_or(0.0) / scenario.step_years();
    if steps > MOST_STEPS {
        return Err(Fault::usage(format!(
            "{steps:e} steps of {} years would never end: give fewer years, or a longer --step",
            scenario.step_years()
        )));
    }
    if !(a.depth.is_finite() && a.depth > 0.0) {
        return Err(Fault::usage(format!("--depth {}: give metres above 0", a.depth)));
    }
    watch::prepare(&a.watch)?;
    let region = region(a.bbox, a.cell)?;
    let world = super::open(&a.world)?;
    // Before the land, which may take a while.
    let layers = layers(&a.layer, &scenario, &world, &region)?;
    let name = match &a.name {
        Some(name) => name.clone(),
        None => {
            let taken = world.check_outs()?;
            let free = (1..).map(|n| format!("sim-{n}")).find(|n| taken.iter().all(|t| t.name != *n));
            free.unwrap_or_default()
        }
    };
    let mut seeding = Seeding::default();
    (seeding.depth, seeding.threads) = (a.depth, scenario.threads);
    let check_out = {
        let bar = Bar::new();
        world.check_out(&name, &region, &seeding, &|p| bar.tell(p))?
    };
    drop(world);
    if check_out.simplified() > 0 {
        eprintln!(
            "bm: {} cells have hollows or too many layers and were simplified",
            count(check_out.simplified())
        );
    }
    let run = match begin(&check_out, scenario, layers) {
        Ok(run) => run,
        Err(e) => {
            // Nothing was simulated: nothing stays behind.
            check_out.drop_it()?;
            return Err(e);
        }
    };
    follow(&a.world, check_out, run, &a.watch, a.commit, out)
}

/// The layers that were given, for the cells of a region.
fn layers(
    given: &[(String, String)],
    scenario: &Scenario,
    world: &World,
    region: &Region,
) -> Result<Vec<Given>, Fault> {
    if let Some((n, (name, _))) =
        given.iter().enumerate().find(|(n, (name, _))| given[..*n].iter().any(|(other, _)| other == name))
    {
        return Err(Fault::usage(format!(
            "--layer {name}: it is given twice, the second time as {}",
            given[n].1
        )));
    }
    let known = Layers::of(scenario, world.view().materials());
    Ok(given.iter().map(|(name, from)| known.read(name, from, region)).collect::<Result<_, _>>()?)
}

/// A run with a checkpoint before its first step, so that whatever was given is kept, and a kill loses nothing.
fn begin(check_out: &CheckOut, scenario: Scenario, layers: Vec<Given>) -> Result<Run, Fault> {
    let mut land = check_out.seed().clone();
    for layer in layers {
        layer.put(&mut land)?;
    }
    let mut run = Run::new(land, scenario)?.checkpoints(check_out.folder())?;
    run.save()?;
    Ok(run)
}

/// The cells that cover a box of degrees, aligned so that regions of one cell size share them.
fn region([west, south, east, north]: [f64; 4], cell: f64) -> Result<Region, Fault> {
    // Says what is wrong with a box.
    Window::new(west, south, east, north)?;
    if !(cell.is_finite() && cell >= 0.25) {
        return Err(Fault::usage(format!("--cell {cell}: give metres, 0.25 or more")));
    }
    let per = f64::from(bm_core::frame::WORLD_X) / f64::from(bm_core::frame::TICKS_PER_METRE) / 360.0;
    let east = if east <= west { east + 360.0 } else { east };
    let at = |lon: f64, lat: f64| DVec2::new((lon + 180.0) * per, (lat + 90.0) * per);
    let bounds = Bounds { min: at(west, south), max: at(east, north) };
    let region = Region::aligned(bounds, cell)?;
    let (w, h) = (region.width(), region.height());
    if w < LEAST_CELLS || h < LEAST_CELLS {
        return Err(Fault::usage(format!(
            "--cell {cell}: the box has {w} × {h} cells of {}, and needs {LEAST_CELLS} × {LEAST_CELLS}: give a larger box or smaller \
             cells",
            metres(cell)
        )));
    }
    Ok(region)
}

/// Runs, reports, draws, and commits if that was asked for.
pub(super) fn follow(
    world: &Path,
    check_out: CheckOut,
    run: Run,
    how: &args::Watch,
    commit: bool,
    out: &mut Out,
) -> Result<u8, Fault> {
    let Outcome { run, report, stopped } = watch::run(&check_out, run, how)?;
    let name = check_out.name().to_owned();
    let mut landed = None;
    if commit && !stopped {
        landed = Some(land(world, check_out, &run, &Back::default(), false)?);
    }
    if out.is_json() {
        let mut all = report;
        all["name"] = json!(name);
        all["finished"] = json!(!stopped);
        all["committed"] = landed.as_ref().map_or(Value::Null, |(landed, _)| landed_json(landed));
        out.json(&all)?;
    } else {
        watch::print(&report, out)?;
        match landed {
            Some((landed, before)) => print_landed(&landed, before, out)?,
            None if stopped => out.line(format_args!("stopped; go on with: bm grid resume {} {name}", world.display()))?,
            None => out.line(format_args!(
                "the world is as it was; commit with: bm grid commit {0} {name}   forget with: bm grid drop {0} {name}",
                world.display()
            ))?,
        }
    }
    Ok(u8::from(stopped))
}

/// Commits what was simulated and drops the check-out. What was committed before is not committed again: whoever did was killed
/// before they could drop it, or kept it.
pub(super) fn land(
    world: &Path,
    check_out: CheckOut,
    run: &Run,
    back: &Back,
    keep: bool,
) -> Result<(Landed, bool), Fault> {
    let world = World::open(super::local(world)?)?;
    let before = if back.force { None } else { check_out.landed(&world, run.state())? };
    if let Some(version) = before {
        if !keep {
            check_out.drop_it()?;
        }
        return Ok((Landed { version, ..Landed::default() }, true));
    }
    let what = format!(
        "simulate {} years of {} in check-out {}",
        run.years(),
        run.scenario().processes.iter().map(|p| p.name()).collect::<Vec<_>>().join(", "),
        check_out.name()
    );
    let landed = {
        let bar = Bar::new();
        check_out.commit(&world, run.state(), back, &what, &|p| bar.tell(p))
    };
    let landed = match landed {
        Err(e @ WorldError::Stale { .. }) => {
            return Err(match check_out.landed_before(&world)? {
                Some(own) => Fault::Conflict(format!(
                    "{e}\n    version {own} is this check-out's own commit of an earlier step: if nobody else changed the region \
                     since, add --force"
                )),
                None => e.into(),
            });
        }
        landed => landed?,
    };
    if !keep {
        check_out.drop_it()?;
    }
    Ok((landed, false))
}

pub(super) fn landed_json(landed: &Landed) -> Value {
    json!({
        "version": landed.version,
        "cells_changed": landed.changed,
        "pages": landed.pages[0],
        "edits_cleared": landed.cleared,
        "lake_cells": landed.lakes,
        "coasts_moved": landed.coasts[0],
        "coasts_beyond": landed.coasts[1],
        "seconds": landed.elapsed.as_secs_f64(),
    })
}

pub(super) fn print_landed(landed: &Landed, before: bool, out: &mut Out) -> Result<(), Fault> {
    if before {
        out.pair(
            "committed",
            format_args!("before, as version {}; nothing is left to commit", landed.version),
        )?;
        return Ok(());
    }
    out.pair(
        "committed",
        format_args!(
            "version {}: {} cells changed, {} columns of pages, {:.2} s",
            landed.version,
            count(landed.changed),
            count(landed.pages[0]),
            landed.elapsed.as_secs_f64()
        ),
    )?;
    if landed.cleared > 0 {
        out.pair("edits", format_args!("{} explicit cells gave way to the land", count(landed.cleared)))?;
    }
    if landed.lakes > 0 {
        out.pair("lakes", format_args!("{} cells lie under fresh water", count(landed.lakes)))?;
    }
    let moved = |n: u64| format!("{} moved with the shores", count(n));
    let beyond = |n: u64| format!("{} stayed, as they are open or would cross themselves", count(n));
    match landed.coasts {
        [0, 0] => {}
        [n, 0] => out.pair("coastlines", moved(n))?,
        [0, n] => out.pair("coastlines", beyond(n))?,
        [n, m] => out.pair("coastlines", format_args!("{}, {}", moved(n), beyond(m)))?,
    }
    Ok(())
}
