//! `bm edit`.

use crate::args::{self, At, EditWhat, How};
use crate::fault::Fault;
use crate::output::{Out, area, area_json, count, edge};
use crate::progress::Bar;
use bm_core::frame::{MAX_LEVEL, edge_metres};
use bm_core::{Cell, MaterialId, MaterialRegistry};
use bm_hybrid::shape::{Mask, Polygons, Shape};
use bm_hybrid::{Committed, Place, Window, World, WorldError};
use bm_overlay::{EditError, OverlayError, Transaction};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Instant;

pub(super) fn run(a: &args::Edit, out: &mut Out) -> Result<u8, Fault> {
    let start = Instant::now();
    let path = super::local(&a.world)?;
    // Everything that can be wrong with the arguments is looked at before the world is opened.
    let (shape, how, expect) = match &a.what {
        EditWhat::Revert(r) => return revert(path, r, out),
        EditWhat::Cell(c) => {
            let pos = c.at.place()?.pos().map_err(WorldError::from)?;
            let level = level(&c.how)?;
            (Shape::Cell(Cell::containing(pos, level)), &c.how, c.expect.as_ref().map(|m| (pos, m)))
        }
        EditWhat::Box(b) => {
            let [west, south, east, north] = b.bbox;
            (Shape::Box { window: Window::new(west, south, east, north)?, alt: b.alt }, &b.how, None)
        }
        EditWhat::Sphere(s) => {
            (Shape::Sphere { centre: s.at.place()?.geo(), radius: s.radius }, &s.how, None)
        }
        EditWhat::Cylinder(c) => {
            (Shape::Cylinder { centre: [c.lon, c.lat], radius: c.radius, alt: c.alt }, &c.how, None)
        }
        EditWhat::Polygon(p) => (Shape::Prism { polygons: polygons(&p.file)?, alt: p.alt }, &p.how, None),
        EditWhat::Mask(m) => {
            let origin = m.at.place()?.geo();
            (Shape::Mask { mask: Mask::read_npy(&m.file)?, origin }, &m.how, None)
        }
    };
    let level = level(how)?;
    let world = World::open(path)?;
    let registry = world.view().materials().clone();
    let material = match &how.material {
        Some(name) => find(&registry, name)?,
        None => MaterialId::UNSET,
    };
    let name = if how.clear { "clear" } else { registry.name(material) };
    let mut change = Transaction::new(origin(how.who.origin.as_deref()));
    let note = how.who.note.clone().unwrap_or_else(|| format!("{}: {name}", title(&a.what)));
    change.note(note).durability(how.who.durability.into());
    if let Some((pos, name)) = expect {
        change.expect(pos, find(&registry, name)?);
    }
    set_budget(&world, how.who.budget);
    let bar = Bar::new();
    let cells = shape.apply_telling(level, material, &mut change, &|p| bar.tell(p))?;
    let done = world.edit(&change).map_err(|e| conflict(e, &registry))?;
    drop(bar);
    let about = About { world: &world, path, done, cells, seconds: start.elapsed().as_secs_f64() };
    if !out.is_json() {
        out.pair("material", name)?;
        out.pair("cells", format_args!("{} of {} (level {level})", count(cells), edge(edge_metres(level))))?;
        return about.print(out);
    }
    let material = (!how.clear).then(|| json!({ "id": material.0, "name": registry.name(material) }));
    about.json(out, &[("material", material.into()), ("level", level.into())])
}

fn revert(path: &Path, a: &args::EditRevert, out: &mut Out) -> Result<u8, Fault> {
    let start = Instant::now();
    let world = World::open(path)?;
    set_budget(&world, a.budget);
    let done = world.revert(a.number, &origin(a.origin.as_deref()))?;
    let seconds = start.elapsed().as_secs_f64();
    let about = About { world: &world, path, done, cells: done.cells, seconds };
    if out.is_json() {
        return about.json(out, &[("reverted", a.number.into())]);
    }
    out.pair("reverted", format_args!("version {}", a.number))?;
    out.pair("cells", count(done.cells))?;
    about.print(out)
}

fn set_budget(world: &World, mib: Option<u32>) {
    if let Some(mib) = mib {
        world.set_budget((mib as usize).saturating_mul(1 << 20));
    }
}

/// A commit that was made.
struct About<'a> {
    world: &'a World,
    path: &'a Path,
    done: Committed,
    /// Cells of the level asked for.
    cells: u64,
    seconds: f64,
}

impl About<'_> {
    fn bounds(&self) -> Result<Option<bm_core::TickBox>, Fault> {
        let log = self.world.log_since(self.done.version)?;
        Ok(log.iter().find(|e| e.version == self.done.version).and_then(bm_hybrid::LogEntry::tick_box))
    }

    fn print(&self, out: &mut Out) -> Result<u8, Fault> {
        if let Some(b) = self.bounds()? {
            out.pair("box", area(&b))?;
        }
        out.pair("time", format_args!("{:.3} s", self.seconds))?;
        out.pair("world", format_args!("{}, version {}", self.path.display(), self.done.version))?;
        Ok(0)
    }

    fn json(&self, out: &mut Out, more: &[(&str, Value)]) -> Result<u8, Fault> {
        let mut all = json!({
            "version": self.done.version,
            "cells": self.cells,
            "written_cells": self.done.cells,
            "box": self.bounds()?.as_ref().map(area_json),
            "seconds": self.seconds,
        });
        for (name, value) in more {
            all[*name] = value.clone();
        }
        out.json(&all)?;
        Ok(0)
    }
}

impl At {
    /// The place said.
    fn place(&self) -> Result<Place, Fault> {
        match (self.lon, self.lat, self.alt, self.x, self.y, self.z) {
            (Some(lon), Some(lat), Some(alt), ..) => Ok(Place::degrees(lon, lat, alt)),
            (.., Some(x), Some(y), Some(z)) => Ok(Place::Metres([x, y, z])),
            _ => Err(Fault::usage("give --lon, --lat and --alt, or --x, --y and --z")),
        }
    }
}

/// What the log says when the user says nothing.
fn title(what: &EditWhat) -> String {
    let file = |shape: &str, path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        format!("{shape} {name}")
    };
    match what {
        EditWhat::Cell(_) => "cell".into(),
        EditWhat::Box(_) => "box".into(),
        EditWhat::Sphere(s) => format!("sphere, radius {} m", s.radius),
        EditWhat::Cylinder(c) => format!("cylinder, radius {} m", c.radius),
        EditWhat::Polygon(p) => file("polygon", &p.file),
        EditWhat::Mask(m) => file("mask", &m.file),
        EditWhat::Revert(r) => format!("revert version {}", r.number),
    }
}

/// Expectations that do not hold, with the names of this world.
fn conflict(e: WorldError, registry: &MaterialRegistry) -> Fault {
    let WorldError::Overlay(OverlayError::Edit(EditError::Conflicts(all))) = &e else { return e.into() };
    let Some(c) = all.first() else { return e.into() };
    let (at, found, expected) = (c.pos.to_geo(), registry.name(c.found), registry.name(c.expected));
    Fault::Conflict(format!(
        "the voxel at {:.7}, {:.7}, {} m holds {found}, not {expected}: nothing was changed",
        at.lon, at.lat, at.alt
    ))
}

/// The level asked for, the finest by default.
fn level(how: &How) -> Result<u8, Fault> {
    Ok(how.scale.level()?.unwrap_or(MAX_LEVEL))
}

fn polygons(file: &Path) -> Result<Polygons, Fault> {
    let text = std::fs::read_to_string(file)
        .map_err(|e| Fault::usage(format!("{}: cannot be read: {e}", file.display())))?;
    Polygons::from_geojson(&text).map_err(|e| match e {
        WorldError::Data { what, detail } => Fault::usage(format!("{}: {what}: {detail}", file.display())),
        other => other.into(),
    })
}

/// A material by name or id.
pub(super) fn find(registry: &MaterialRegistry, name: &str) -> Result<MaterialId, Fault> {
    let wanted = name.trim();
    let found = match wanted.parse() {
        Ok(id) => registry.get(MaterialId(id)),
        Err(_) => registry.by_name(wanted).or_else(|| registry.by_name(&wanted.to_lowercase())),
    };
    found.map(|m| m.id).ok_or_else(|| {
        let known: Vec<&str> = registry.all().iter().map(|m| m.name.as_str()).collect();
        Fault::usage(format!("no material {wanted:?} in this world; there are: {}", known.join(", ")))
    })
}

/// Who makes the change.
fn origin(said: Option<&str>) -> String {
    let user = || ["USER", "LOGNAME", "USERNAME"].iter().find_map(|v| std::env::var(v).ok());
    said.map(str::to_owned).or_else(user).filter(|o| !o.is_empty()).unwrap_or_else(|| "bm".into())
}
