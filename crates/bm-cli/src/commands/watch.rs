//! Following a run: a bar, frames, pictures, the ledger.

use crate::args::Watch;
use crate::fault::Fault;
use crate::output::{Out, bytes, count, metres, rate};
use bm_hybrid::WorldError;
use bm_hybrid::checkout::{CheckOut, picture};
use bm_io::picture::{Animation, Image, write_png};
use bm_process::ledger::Ledger;
use bm_process::run::{Accounts, Ended, Observer, Progress, Run};
use bm_process::state::State;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use std::fs;
use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Frames when nothing is said: of single pictures, and of a moving one.
const FRAMES: u64 = 100;
const FILM_FRAMES: u64 = 60;
/// Hundredths of a second that a frame of the moving picture is shown; the first and the last of them longer.
const SHOWN: u16 = 8;
const SHOWN_FIRST: u16 = 60;
const SHOWN_LAST: u16 = 250;

/// How a run came out.
pub(super) struct Outcome {
    pub(super) run: Run,
    pub(super) report: Value,
    pub(super) stopped: bool,
}

/// Makes the folders that pictures go to; what cannot be is told before anything else is done.
pub(super) fn prepare(how: &Watch) -> Result<(), Fault> {
    for folder in [&how.pictures, &how.frames].into_iter().flatten() {
        fs::create_dir_all(folder)
            .map_err(|e| Fault::usage(format!("{}: cannot be made: {e}", folder.display())))?;
    }
    if how.frame_every.is_some() && how.frames.is_none() && how.animation.is_none() {
        let text = "--frame-every: say where frames go, with --frames DIR or --animation FILE.gif";
        return Err(Fault::usage(text));
    }
    // Dropped again, it leaves nothing.
    how.animation.as_deref().map(film).transpose().map(drop)
}

/// Runs to the end, or until somebody presses Ctrl-C.
pub(super) fn run(check_out: &CheckOut, mut run: Run, how: &Watch) -> Result<Outcome, Fault> {
    prepare(how)?;
    let film = match &how.animation {
        Some(path) => Some(film(path)?),
        None => None,
    };
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    // A second handler cannot be set, and need not: the first one is ours.
    let _set_before = ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed));
    let (start, first) = (Instant::now(), run.steps_taken());
    let steps = run.steps();
    let spread =
        |frames: u64| how.frame_every.unwrap_or_else(|| steps.saturating_sub(first).div_ceil(frames).max(1));
    let mut follower = Follower {
        bar: bar(steps, first),
        frames: how.frames.as_deref(),
        film,
        heights: picture::heights(run.state()),
        every: [spread(FRAMES), spread(FILM_FRAMES)],
        last: [None; 2],
        stop: &stop,
        failed: None,
        checkpoint: None,
        drawn: 0,
    };
    follower.frame(first, run.years(), run.state());
    let ended = run.run(&mut follower)?;
    follower.bar.finish_and_clear();
    follower.ending(run.steps_taken(), run.years(), run.state());
    if let Some(e) = follower.failed {
        return Err(e);
    }
    let animation = match (follower.film.take(), &how.animation) {
        (Some(film), Some(path)) => {
            Some(json!({ "file": path.display().to_string(), "bytes": film.finish()? }))
        }
        _ => None,
    };
    let seconds = start.elapsed().as_secs_f64();
    let pictures = match &how.pictures {
        Some(folder) => draw(folder, check_out, &run)?,
        None => Vec::new(),
    };
    let state = run.state();
    let taken = run.steps_taken() - first;
    let totals = run.totals();
    let processes: Vec<Value> =
        totals.processes.iter().map(|(name, accounts)| process_json(name, accounts)).collect();
    let report = json!({
        "width": state.ground.width,
        "height": state.ground.height,
        "cell": state.ground.dy,
        "cells": state.cells(),
        "steps": run.steps_taken(),
        "years": run.years(),
        "seconds": seconds,
        "cell_steps_per_second": state.cells() as f64 * taken as f64 / seconds.max(1e-9),
        "memory_bytes": state.memory_bytes(),
        "ledger": {
            "solid": ledger_json(&totals.solid),
            "water": ledger_json(&totals.water),
            "heat": ledger_json(&totals.heat),
            "error": totals.error(),
            "processes": processes,
        },
        "checkpoint": follower.checkpoint.map(|(path, bytes)| json!({ "file": path, "bytes": bytes })),
        "frames": follower.drawn,
        "animation": animation,
        "pictures": pictures,
    });
    Ok(Outcome { run, report, stopped: ended == Ended::Stopped })
}

fn ledger_json(l: &Ledger) -> Value {
    json!({ "before": l.before, "gained": l.gained, "lost": l.lost, "moved": l.moved, "after": l.after, "error": l.error() })
}

/// What a process did so far.
pub(super) fn process_json(name: &str, a: &Accounts) -> Value {
    json!({
        "process": name,
        "solid": { "gained": a.solid.gained(), "lost": a.solid.lost(), "moved": a.solid.moved() },
        "water": { "gained": a.water.gained(), "lost": a.water.lost(), "moved": a.water.moved() },
    })
}

/// Where the moving picture goes.
fn film(path: &Path) -> Result<Animation, Fault> {
    let gif = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("gif"));
    if !gif {
        return Err(Fault::usage(format!("--animation {}: give a name that ends in .gif", path.display())));
    }
    Ok(Animation::create(path)?)
}

fn bar(steps: u64, first: u64) -> ProgressBar {
    let seen = std::io::stderr().is_terminal();
    let target = if seen { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(steps), target).with_position(first);
    if let Ok(style) = ProgressStyle::with_template("{msg:24} {wide_bar} {pos}/{len} {elapsed} left {eta}") {
        bar.set_style(style);
    }
    bar
}

struct Follower<'a> {
    bar: ProgressBar,
    frames: Option<&'a Path>,
    film: Option<Animation>,
    /// Of the land at the begin, for the colour bar of the film.
    heights: Option<(f64, f64)>,
    /// Steps from one to the next of the single frames and of the film's.
    every: [u64; 2],
    /// The last step of each that was drawn.
    last: [Option<u64>; 2],
    stop: &'a AtomicBool,
    failed: Option<Fault>,
    checkpoint: Option<(PathBuf, u64)>,
    drawn: u64,
}

impl Follower<'_> {
    fn frame(&mut self, step: u64, years: f64, land: &State) {
        let due = self.every.map(|every| step.is_multiple_of(every));
        self.draw(due, step, years, land, SHOWN);
    }

    /// The land at the end, shown for longer.
    fn ending(&mut self, step: u64, years: f64, land: &State) {
        self.draw([self.last[0] != Some(step), true], step, years, land, SHOWN_LAST);
    }

    fn draw(&mut self, due: [bool; 2], step: u64, years: f64, land: &State, shown: u16) {
        if self.failed.is_none()
            && let Err(e) = self.put(due, step, years, land, shown)
        {
            self.failed = Some(e.into());
        }
    }

    fn put(
        &mut self,
        due: [bool; 2],
        step: u64,
        years: f64,
        land: &State,
        shown: u16,
    ) -> Result<(), WorldError> {
        let title = format!("{} years", count(years.round() as u64));
        if let Some(folder) = self.frames.filter(|_| due[0]) {
            write_png(folder.join(format!("frame-{step:07}.png")), &picture::relief_sheet(land, &title)?)?;
            self.drawn += 1;
            self.last[0] = Some(step);
        }
        if let Some(film) = self.film.as_mut().filter(|_| due[1]) {
            let shown = if self.last[1].is_none() { SHOWN_FIRST } else { shown };
            film.push(&picture::film_sheet(land, &title, self.heights)?, shown)?;
            self.last[1] = Some(step);
        }
        Ok(())
    }
}

impl Observer for Follower<'_> {
    fn step(&mut self, p: &Progress<'_>) -> ControlFlow<()> {
        self.bar.set_position(p.step);
        self.bar.set_message(format!("year {} of {}", count(p.years as u64), count(p.of_years as u64)));
        self.frame(p.step, p.years, p.state);
        if self.failed.is_some() || self.stop.load(Ordering::Relaxed) {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    fn checkpoint(&mut self, path: &Path, bytes: u64) {
        self.checkpoint = Some((path.to_owned(), bytes));
    }
}

/// Before, after, what changed, and the plots.
fn draw(folder: &Path, check_out: &CheckOut, run: &Run) -> Result<Vec<String>, Fault> {
    let (before, after) = (check_out.seed(), run.state());
    let years = count(run.years().round() as u64);
    let mut made = Vec::new();
    let mut put = |name: &str, image: Image| -> Result<(), Fault> {
        let path = folder.join(name);
        write_png(&path, &image)?;
        made.push(path.display().to_string());
        Ok(())
    };
    put("before.png", picture::relief_sheet(before, "Before")?)?;
    put("after.png", picture::relief_sheet(after, &format!("After {years} years"))?)?;
    put("difference.png", picture::difference_sheet(before, after, &format!("Change in {years} years"))?)?;
    put("hypsometry.png", picture::hypsometry_chart(before, after)?)?;
    put("slope-area.png", picture::slope_area_chart(before, after)?)?;
    Ok(made)
}

/// The report as text.
pub(super) fn print(report: &Value, out: &mut Out) -> Result<(), Fault> {
    let n = |v: &Value| v.as_f64().unwrap_or(0.0);
    out.pair(
        "land",
        format_args!(
            "{} × {} cells of {}, {} in memory",
            report["width"],
            report["height"],
            metres(n(&report["cell"])),
            bytes(n(&report["memory_bytes"]) as u64)
        ),
    )?;
    out.pair(
        "run",
        format_args!(
            "{} steps, {} years, {:.2} s, {} cell-steps/s",
            count(n(&report["steps"]) as u64),
            count(n(&report["years"]) as u64),
            n(&report["seconds"]),
            rate(n(&report["cell_steps_per_second"]))
        ),
    )?;
    let ledger = &report["ledger"];
    for (what, unit) in [("solid", "m³"), ("water", "m³"), ("heat", "J")] {
        let l = &ledger[what];
        if n(&l["before"]) == 0.0 && n(&l["after"]) == 0.0 && n(&l["gained"]) == 0.0 {
            continue;
        }
        out.pair(
            what,
            format_args!(
                "{:.6e} {unit} before, +{:.3e} in, -{:.3e} out, {:.3e} moved, {:.6e} after; unaccounted for {:.1e} of it",
                n(&l["before"]),
                n(&l["gained"]),
                n(&l["lost"]),
                n(&l["moved"]),
                n(&l["after"]),
                n(&l["error"])
            ),
        )?;
    }
    print_processes(&report["ledger"]["processes"], out)?;
    if let Some(file) = report["animation"]["file"].as_str() {
        out.pair("animation", format_args!("{file}, {}", bytes(n(&report["animation"]["bytes"]) as u64)))?;
    }
    for picture in report["pictures"].as_array().into_iter().flatten() {
        out.pair("picture", picture.as_str().unwrap_or_default())?;
    }
    Ok(())
}

/// A line a process: what it did to the ground.
pub(super) fn print_processes(processes: &Value, out: &mut Out) -> Result<(), Fault> {
    let n = |v: &Value| v.as_f64().unwrap_or(0.0);
    for p in processes.as_array().into_iter().flatten() {
        let s = &p["solid"];
        out.line(format_args!(
            "  {:<14} +{:.3e} in, -{:.3e} out, {:.3e} moved m³",
            p["process"].as_str().unwrap_or_default(),
            n(&s["gained"]),
            n(&s["lost"]),
            n(&s["moved"])
        ))?;
    }
    Ok(())
}
