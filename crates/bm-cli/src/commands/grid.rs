//! `bm grid`.

use super::simulate::{follow, land, landed_json, print_landed};
use super::watch::{print_processes, process_json};
use crate::args::{self, GridWhat};
use crate::fault::Fault;
use crate::output::{Out, bytes, count, metres, time};
use bm_hybrid::checkout::folder::degrees;
use bm_hybrid::checkout::layers::unit;
use bm_hybrid::checkout::look::{Look, Values};
use bm_hybrid::checkout::out::Format;
use bm_hybrid::checkout::{Back, CheckOut};
use bm_process::run::{Changes, Resumed, Run, list as checkpoints};
use serde_json::{Value, json};

pub(super) fn run(a: &args::Grid, out: &mut Out) -> Result<u8, Fault> {
    match &a.what {
        GridWhat::List(a) => list(a, out),
        GridWhat::Show(a) => show(a, out),
        GridWhat::Export(a) => export(a, out),
        GridWhat::Resume(a) => resume(a, out),
        GridWhat::Commit(a) => commit(a, out),
        GridWhat::Drop(a) => {
            super::open(&a.world)?.drop_check_out(&a.name)?;
            if out.is_json() {
                out.json(&json!({ "dropped": a.name }))?;
            } else {
                out.line(format_args!("{} is gone; the world is as it was", a.name))?;
            }
            Ok(0)
        }
    }
}

fn list(a: &args::GridList, out: &mut Out) -> Result<u8, Fault> {
    let all = super::open(&a.world)?.check_outs()?;
    if out.is_json() {
        out.json(&all)?;
        return Ok(0);
    }
    if all.is_empty() {
        out.line("there are no check-outs; bm simulate makes them")?;
    }
    for e in all {
        if let Some(why) = &e.damaged {
            let world = a.world.display();
            out.line(format_args!(
                "{:<16} cannot be read: {why}; remove it with: bm grid drop {world} {0}",
                e.name
            ))?;
            continue;
        }
        let [w, s, e_, n] = e.bbox.map(|d| format!("{d:.3}"));
        let steps = e.step.map_or("no checkpoint yet".to_owned(), |s| format!("checkpoint after step {s}"));
        out.line(format_args!(
            "{:<16} version {:<5} {} × {} cells of {}, {w},{s} to {e_},{n}, {steps}, {}{}",
            e.name,
            e.version,
            e.size[0],
            e.size[1],
            metres(e.cell),
            bytes(e.bytes),
            time(e.taken_ms).map_or_else(String::new, |t| format!(", taken {t}"))
        ))?;
    }
    Ok(0)
}

fn show(a: &args::GridOne, out: &mut Out) -> Result<u8, Fault> {
    let look = super::open(&a.world)?.look_at_check_out(&a.name)?;
    let state = &look.state;
    let materials = &state.materials;
    let name_of = |id| materials.get(id).map_or("?", |m| m.name.as_str()).to_owned();
    let strata: Vec<String> = state.strata.strata().iter().map(|s| name_of(s.material)).collect();
    let basement = name_of(state.strata.basement());
    let bbox = state.region.as_ref().map(degrees);
    if out.is_json() {
        let layers =
            look.layers().into_iter().filter_map(|name| Some(layer_json(&name, &look.layer(&name)?)));
        let solid = &look.all.solid;
        out.json(&json!({
            "name": look.name,
            "version": look.version,
            "width": state.ground.width,
            "height": state.ground.height,
            "cell": state.ground.dy,
            "bbox": bbox,
            "sea_level": state.sea_level,
            "step": look.step,
            "years": look.years(),
            "layers": layers.collect::<Vec<_>>(),
            "strata": strata,
            "basement": basement,
            "ledger": {
                "solid": { "gained": solid.gained(), "lost": solid.lost(), "moved": solid.moved(), "open": solid.open() },
                "processes": processes(&look),
            },
            "scenario": look.scenario,
        }))?;
        return Ok(0);
    }
    let (w, h) = (state.ground.width, state.ground.height);
    out.pair(
        "land",
        format_args!("{w} × {h} cells of {}, of version {}", metres(state.ground.dy), look.version),
    )?;
    if let Some(bbox) = bbox {
        let [w, s, e, n] = bbox.map(|d| format!("{d:.4}"));
        out.pair("bbox", format_args!("{w},{s},{e},{n}"))?;
    }
    match look.step {
        Some(step) => out.pair("run", format_args!("{} steps, {} years", count(step), look.years()))?,
        None => out.pair("run", "no checkpoint yet: the land is as it was taken")?,
    }
    out.line("\nlayer                unit             least            mean        greatest")?;
    for name in look.layers() {
        let Some(values) = look.layer(&name) else { continue };
        let material = name.strip_prefix("stratum.").and_then(|n| strata.get(n.parse::<usize>().ok()?));
        let material = material.map_or_else(String::new, |m| format!("  {m}"));
        match values.range() {
            Some([lo, mean, hi]) => out.line(format_args!(
                "{name:<20} {:<8} {:>13} {:>15} {:>15}{material}",
                unit(&name),
                figure(lo),
                figure(mean),
                figure(hi)
            ))?,
            None => out.line(format_args!("{name:<20} {:<8} no numbers", unit(&name)))?,
        }
    }
    out.line(format_args!("{:<20} below all strata: {basement}", "basement"))?;
    if !look.processes.is_empty() {
        let solid = &look.all.solid;
        out.line("")?;
        out.pair(
            "solid",
            format_args!(
                "+{:.3e} in, -{:.3e} out, {:.3e} moved m³; {:.1e} m³ unaccounted for",
                solid.gained(),
                solid.lost(),
                solid.moved(),
                solid.open().abs()
            ),
        )?;
        print_processes(&processes(&look), out)?;
    }
    if let Some(scenario) = &look.scenario {
        out.line("\nscenario")?;
        for line in scenario.trim_end().lines() {
            out.line(format_args!("  {line}"))?;
        }
    }
    Ok(0)
}

fn processes(look: &Look) -> Value {
    look.processes.iter().map(|(name, accounts)| process_json(name, accounts)).collect()
}

fn layer_json(name: &str, values: &Values<'_>) -> Value {
    let [min, mean, max] = values.range().map_or([None; 3], |range| range.map(Some));
    let kind = if matches!(values, Values::F64(_)) { "f64" } else { "f32" };
    let holes = values.iter().filter(|v| v.is_nan()).count();
    json!({ "name": name, "unit": unit(name), "type": kind, "min": min, "mean": mean, "max": max, "holes": holes })
}

/// A number of any size in a column.
fn figure(v: f64) -> String {
    if v == 0.0 || (1e-3..1e7).contains(&v.abs()) { format!("{v:.4}") } else { format!("{v:.5e}") }
}

fn export(a: &args::GridExport, out: &mut Out) -> Result<u8, Fault> {
    let format = Format::by_name(&a.output).ok_or_else(|| {
        Fault::usage(format!(
            "{}: the name does not tell a format: end it in .tif, .npy or .png",
            a.output.display()
        ))
    })?;
    let look = super::open(&a.one.world)?.look_at_check_out(&a.one.name)?;
    let report = look.export(&a.layer, format, &a.output)?;
    let bbox = look.state.region.as_ref().map(degrees);
    if out.is_json() {
        out.json(&json!({
            "file": report.path.display().to_string(),
            "layer": a.layer,
            "unit": unit(&a.layer),
            "shape": report.shape,
            "cell_m": look.state.ground.dy,
            "bbox": bbox,
            "bytes": report.bytes,
            "step": look.step,
            "years": look.years(),
            "seconds": report.elapsed.as_secs_f64(),
        }))?;
        return Ok(0);
    }
    let unit = match unit(&a.layer) {
        "" => String::new(),
        unit => format!(" in {unit}"),
    };
    out.line(format_args!(
        "{}: {}{unit} after {} years, {} × {} cells of {}, {}",
        report.path.display(),
        a.layer,
        look.years(),
        look.state.ground.width,
        look.state.ground.height,
        metres(look.state.ground.dy),
        bytes(report.bytes)
    ))?;
    Ok(0)
}

/// What was simulated on a check-out so far.
fn resumed(check_out: &CheckOut, changes: &Changes, world: &std::path::Path) -> Result<Resumed, Fault> {
    if checkpoints(check_out.folder()).is_ok_and(|all| all.is_empty()) {
        let name = check_out.name();
        return Err(Fault::usage(format!(
            "check-out: {name}: nothing was simulated on it, as the run was killed before it began: forget it with bm grid drop {} \
             {name}, and simulate again",
            world.display()
        )));
    }
    let resumed = Run::resume(check_out.folder(), changes)?;
    for warning in &resumed.warnings {
        eprintln!("bm: {warning}");
    }
    Ok(resumed)
}

fn resume(a: &args::GridResume, out: &mut Out) -> Result<u8, Fault> {
    let check_out = super::open(&a.one.world)?.open_check_out(&a.one.name)?;
    let changes =
        Changes { years: a.years, threads: a.watch.threads, checkpoint_every: a.watch.checkpoint_every };
    let run = resumed(&check_out, &changes, &a.one.world)?.run;
    if run.finished() {
        eprintln!(
            "bm: all {} years have passed already; give --years with more of them to go on",
            run.of_years()
        );
    }
    follow(&a.one.world, check_out, run, &a.watch, a.commit, out)
}

fn commit(a: &args::GridCommit, out: &mut Out) -> Result<u8, Fault> {
    let check_out = super::open(&a.one.world)?.open_check_out(&a.one.name)?;
    let run = resumed(&check_out, &Changes::default(), &a.one.world)?.run;
    let back = Back::default().force(a.force).keep_coasts(a.keep_coasts).keep_lakes(a.keep_lakes);
    let (landed, before) = land(&a.one.world, check_out, &run, &back, a.keep)?;
    if out.is_json() {
        let mut all = landed_json(&landed);
        all["landed_before"] = json!(before);
        out.json(&all)?;
    } else {
        print_landed(&landed, before, out)?;
    }
    Ok(0)
}
