//! `bm ingest boundary` and `bm boundary`.

use crate::args::{self, BoundaryWhat, ExtentArg, KindArg, StyleArg, VectorFormat};
use crate::fault::Fault;
use crate::output::{Out, bytes, count, metres, rate};
use crate::progress::Bar;
use bm_core::{MaterialId, MaterialRegistry};
use bm_hybrid::ingest::boundary::{BoundaryIngest, BoundaryReport, SHORE_DEPTH_M, Source, size};
use bm_hybrid::{View, World};
use bm_io::vector::{self, Feature, Features, GeoJsonStyle, VectorOptions};
use bm_overlay::Durability;
use bm_vector::set::Change;
use bm_vector::{Boundary, BoundaryId, Extent, Kind, Shape, Style, Value};
use geo_types::{Coord, Rect};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// Features left out that are printed; `--json` has them all.
const LISTED: usize = 20;

pub(super) fn ingest(a: &args::IngestBoundary, out: &mut Out) -> Result<u8, Fault> {
    let path = super::ingest::target(&a.world)?;
    let was_there = path.symlink_metadata().is_ok();
    let start = Instant::now();
    let options = VectorOptions {
        layer: a.layer.clone(),
        id_property: a.id_property.clone(),
        swap_xy: a.swap_xy,
        skip_invalid: a.skip_invalid,
        ..VectorOptions::default()
    };
    let mut sources = Vec::new();
    let mut skipped = Vec::new();
    let (mut read_bytes, mut dropped_z) = (0, 0);
    for file in &a.files {
        let Features { features, summary } = vector::read_features(file, &options)?;
        read_bytes += summary.bytes_read;
        dropped_z += summary.dropped_z;
        let name = file.display().to_string();
        for s in summary.skipped_list {
            skipped.push(json!({ "file": name, "index": s.index, "id": s.id, "reason": s.reason }));
        }
        let stem = file.file_stem().map_or_else(|| name.clone(), |s| s.to_string_lossy().into_owned());
        sources.push(Source { name: stem, features });
    }
    let read_seconds = start.elapsed().as_secs_f64();
    let world = World::open_or_create(path)?;
    let made = {
        let bar = Bar::new();
        let how = how(a, world.view().materials())?;
        world.ingest_boundaries(sources, &how, &|p| bar.tell(p))
    };
    if made.is_err() && !was_there && world.view().version() == 0 {
        drop(world);
        // What counts is the error that is on its way.
        let _ = std::fs::remove_file(path);
        made?;
        return Ok(1);
    }
    let made = made?;
    let on_disk = world.info()?.bytes_on_disk;
    for s in &made.skipped {
        skipped.push(serde_json::to_value(s)?);
    }
    print_ingest(
        path,
        &made,
        &Read { bytes: read_bytes, dropped_z, seconds: read_seconds, on_disk, skipped },
        out,
    )
}

struct Read {
    bytes: u64,
    dropped_z: u64,
    seconds: f64,
    on_disk: u64,
    skipped: Vec<serde_json::Value>,
}

fn print_ingest(path: &Path, made: &BoundaryReport, read: &Read, out: &mut Out) -> Result<u8, Fault> {
    let seconds = made.elapsed.as_secs_f64();
    if out.is_json() {
        let mut all = serde_json::to_value(made)?;
        all["world"] = path.display().to_string().into();
        all["bytes_read"] = read.bytes.into();
        all["bytes_on_disk"] = read.on_disk.into();
        all["dropped_heights"] = read.dropped_z.into();
        let r = &made.repairs;
        all["mended"] = json!({
            "repeated": r.repeated, "spikes": r.spikes, "closed": r.closed, "rewound": r.rewound,
            "dropped": r.dropped, "unwrapped": r.unwrapped,
        });
        all["read_seconds"] = read.seconds.into();
        all["seconds"] = seconds.into();
        all["skipped"] = read.skipped.clone().into();
        out.json(&all)?;
        return Ok(0);
    }
    out.pair(
        "boundaries",
        format_args!("{}, {} of them in place of others", count(made.boundaries), count(made.replaced)),
    )?;
    out.pair(
        "geometry",
        format_args!("{} lines and rings, {} vertices", count(made.parts), count(made.vertices)),
    )?;
    if !made.repairs.is_none() {
        out.pair("mended", made.repairs)?;
    }
    if read.dropped_z > 0 {
        out.pair("heights", format_args!("{} dropped: boundaries have none", count(read.dropped_z)))?;
    }
    if !read.skipped.is_empty() {
        out.pair("left out", count(read.skipped.len() as u64))?;
        for s in read.skipped.iter().take(LISTED) {
            let text = |key: &str| s[key].as_str().unwrap_or("?").to_owned();
            out.line(format_args!("  {}, feature {}: {}", text("file"), s["index"], text("reason")))?;
        }
        if read.skipped.len() > LISTED {
            out.line(format_args!("  and {} more (--json lists them)", read.skipped.len() - LISTED))?;
        }
    }
    out.pair(
        "time",
        format_args!(
            "{:.2} s to read {}, {seconds:.2} s to store: {} vertices/s",
            read.seconds,
            bytes(read.bytes),
            rate(made.vertices as f64 / seconds)
        ),
    )?;
    out.pair("world", format_args!("{}, version {}, {}", path.display(), made.version, bytes(read.on_disk)))?;
    Ok(0)
}

fn how(a: &args::IngestBoundary, registry: &MaterialRegistry) -> Result<BoundaryIngest, Fault> {
    if !(a.width >= 0.0 && a.width.is_finite()) {
        return Err(Fault::usage(format!("--width {}: give metres, 0 or more", a.width)));
    }
    let mut how = BoundaryIngest::new(a.kind.into())
        .transition(a.style.into(), a.width)
        .rank(a.priority, a.precision)
        .id(a.id.clone())
        .skip_invalid(a.skip_invalid);
    if a.separate {
        how = how.separate(true);
    }
    if let Some(left) = &a.left {
        how = how.left(side(left, registry)?);
    }
    if let Some(right) = &a.right {
        how = how.right(side(right, registry)?);
    }
    Ok(match a.extent {
        None => how,
        Some(ExtentArg::Ground) => how.extent(Extent::Ground),
        Some(ExtentArg::Shore) => how.extent(Extent::Shore { depth: SHORE_DEPTH_M }),
        Some(ExtentArg::Altitude([low, high])) => how.extent(Extent::Altitude { low, high }),
    })
}

fn side(text: &str, registry: &MaterialRegistry) -> Result<Option<MaterialId>, Fault> {
    if text == "none" { Ok(None) } else { super::edit::find(registry, text).map(Some) }
}

pub(super) fn run(a: &args::Boundary, out: &mut Out) -> Result<u8, Fault> {
    match &a.what {
        BoundaryWhat::List(a) => list(a, out),
        BoundaryWhat::Show(a) => show(a, out),
        BoundaryWhat::Remove(a) => remove(a, out),
        BoundaryWhat::Export(a) => export(a, out),
    }
}

/// The boundaries that touch a box, or all.
fn chosen(view: &View, bbox: Option<[f64; 4]>) -> Result<Vec<Arc<Boundary>>, Fault> {
    let Some([w, s, e, n]) = bbox else { return Ok(view.boundaries().iter().cloned().collect()) };
    // The same checks as for pictures.
    bm_hybrid::Window::new(w, s, e, n)?;
    let east = if e < w { e + 360.0 } else { e };
    let window = Rect::new(Coord { x: w, y: s }, Coord { x: east, y: n });
    Ok(view.boundaries().intersecting(window).into_iter().cloned().collect())
}

fn list(a: &args::BoundaryList, out: &mut Out) -> Result<u8, Fault> {
    let view = super::view(&a.world, a.at)?;
    let mut all = chosen(&view, a.bbox)?;
    if let Some(kind) = a.kind {
        all.retain(|b| b.kind == Kind::from(kind));
    }
    if out.is_json() {
        let rows: Vec<_> = all.iter().map(|b| about(&view, b, false)).collect();
        out.json(&json!({ "version": view.version(), "boundaries": rows }))?;
        return Ok(0);
    }
    for b in &all {
        let (parts, vertices) = size(&b.shape);
        out.line(format_args!(
            "{:<32} {:<10} {:>9} {} {:>12} vertices  {}",
            b.id.to_string(),
            name_of(b.kind),
            count(parts),
            if matches!(b.shape, Shape::Area(_)) { "rings" } else { "lines" },
            count(vertices),
            sides(&view, b)
        ))?;
    }
    out.line(format_args!("{} boundaries at version {}", count(all.len() as u64), view.version()))?;
    Ok(0)
}

fn find(view: &View, id: &str) -> Result<Arc<Boundary>, Fault> {
    let found = view.boundaries().get(&BoundaryId::from(id)).cloned();
    found.ok_or_else(|| Fault::usage(format!("no boundary is called {id}; `bm boundary list` shows them")))
}

fn show(a: &args::BoundaryShow, out: &mut Out) -> Result<u8, Fault> {
    let view = super::view(&a.world, a.at)?;
    let b = find(&view, &a.id)?;
    if out.is_json() {
        out.json(&about(&view, &b, true))?;
        return Ok(0);
    }
    let (parts, vertices) = size(&b.shape);
    out.pair("boundary", &b.id)?;
    out.pair("kind", name_of(b.kind))?;
    let what = if matches!(b.shape, Shape::Area(_)) { "an area of" } else { "lines:" };
    out.pair("geometry", format_args!("{what} {} parts, {} vertices", count(parts), count(vertices)))?;
    if let Some(r) = b.bounds() {
        out.pair("box", format_args!("{},{} to {},{}", r.min().x, r.min().y, r.max().x, r.max().y))?;
    }
    out.pair("materials", sides(&view, &b))?;
    out.pair("speaks about", extent_of(b.extent))?;
    if let Some(t) = b.transition {
        out.pair(
            "transition",
            format_args!("{:?}, {} wide", t.style, metres(t.width)).to_string().to_lowercase(),
        )?;
    }
    out.pair("priority", b.priority)?;
    out.pair("precision", metres(b.precision))?;
    for (k, v) in &b.properties {
        out.pair(k, value(v))?;
    }
    Ok(0)
}

fn remove(a: &args::BoundaryRemove, out: &mut Out) -> Result<u8, Fault> {
    let path = super::local(&a.world)?;
    let world = World::open(path)?;
    let view = world.view();
    for id in &a.ids {
        find(&view, id)?;
    }
    let changes: Vec<Change> = a.ids.iter().map(|id| Change::Remove(id.as_str().into())).collect();
    let version = world.change_boundaries(&changes, &a.origin, Durability::Sync)?;
    if out.is_json() {
        out.json(&json!({ "world": path.display().to_string(), "version": version, "removed": a.ids }))?;
    } else {
        out.line(format_args!("{} removed; version {version}", count(a.ids.len() as u64)))?;
    }
    Ok(0)
}

fn export(a: &args::BoundaryExport, out: &mut Out) -> Result<u8, Fault> {
    let start = Instant::now();
    let view = super::view(&a.world, a.at)?;
    let mut all = chosen(&view, a.bbox)?;
    if !a.ids.is_empty() {
        for id in &a.ids {
            find(&view, id)?;
        }
        all.retain(|b| a.ids.iter().any(|id| **id == *b.id.0));
    }
    let format = match (a.format, a.output.extension().and_then(|e| e.to_str())) {
        (Some(format), _) => format,
        (None, Some("geojson" | "json")) => VectorFormat::Geojson,
        (None, Some("fgb")) => VectorFormat::Flatgeobuf,
        (None, Some("wkb")) => VectorFormat::Wkb,
        _ => {
            return Err(Fault::usage(format!(
                "{}: the name does not say the format; end it with .geojson, .fgb or .wkb, or give --format",
                a.output.display()
            )));
        }
    };
    let features: Vec<Feature> = all.iter().map(|b| feature(&view, b)).collect();
    match format {
        VectorFormat::Geojson => vector::write_geojson(&a.output, &features, GeoJsonStyle::default())?,
        VectorFormat::Flatgeobuf => vector::write_flatgeobuf(&a.output, "boundaries", &features)?,
        VectorFormat::Wkb => vector::wkb::write_wkb(&a.output, &features, false)?,
    }
    let length = std::fs::metadata(&a.output).map_or(0, |m| m.len());
    let seconds = start.elapsed().as_secs_f64();
    if out.is_json() {
        out.json(&json!({
            "file": a.output.display().to_string(),
            "boundaries": features.len(),
            "bytes": length,
            "version": view.version(),
            "seconds": seconds,
        }))?;
    } else {
        out.line(format_args!(
            "{}: {} boundaries, {}, {seconds:.2} s",
            a.output.display(),
            count(features.len() as u64),
            bytes(length)
        ))?;
    }
    Ok(0)
}

/// A boundary as a feature: what it is goes into the properties.
fn feature(view: &View, b: &Boundary) -> Feature {
    let mut f = Feature::new(b.shape.to_geometry());
    f.id = Some(b.id.to_string());
    f.properties = b.properties.iter().map(|(k, v)| (k.clone(), json_of(v))).collect();
    f.properties.insert("kind".into(), name_of(b.kind).into());
    f.properties.insert("priority".into(), b.priority.into());
    f.properties.insert("precision".into(), b.precision.into());
    if let Some(t) = b.transition {
        let name = |m: Option<MaterialId>| m.map(|m| view.material_name(m).to_owned());
        f.properties.insert("left".into(), name(t.left).into());
        f.properties.insert("right".into(), name(t.right).into());
        f.properties.insert("width".into(), t.width.into());
    }
    f
}

fn about(view: &View, b: &Boundary, whole: bool) -> serde_json::Value {
    let (parts, vertices) = size(&b.shape);
    let named = |m: Option<MaterialId>| m.map(|m| view.named(m));
    let mut all = json!({
        "id": b.id.to_string(),
        "kind": b.kind,
        "shape": if matches!(b.shape, Shape::Area(_)) { "area" } else { "lines" },
        "parts": parts,
        "vertices": vertices,
        "left": named(b.transition.and_then(|t| t.left)),
        "right": named(b.transition.and_then(|t| t.right)),
        "priority": b.priority,
        "precision": b.precision,
    });
    if whole {
        all["bounds"] = json!(b.bounds().map(|r| [r.min().x, r.min().y, r.max().x, r.max().y]));
        all["extent"] = json!(b.extent);
        all["style"] = json!(b.transition.map(|t| t.style));
        all["width"] = json!(b.transition.map(|t| t.width));
        all["properties"] = b.properties.iter().map(|(k, v)| (k.clone(), json_of(v))).collect();
        all["version"] = view.version().into();
    }
    all
}

fn sides(view: &View, b: &Boundary) -> String {
    let Some(t) = b.transition else { return "changes no material".into() };
    let name = |m: Option<MaterialId>| m.map_or("-", |m| view.material_name(m));
    format!("{} | {}", name(t.left), name(t.right))
}

fn extent_of(e: Extent) -> String {
    match e {
        Extent::Ground => "solids".into(),
        Extent::Shore { depth } => {
            format!("the shore: land up to sea level, {} of water beside it", metres(depth))
        }
        Extent::Altitude { low, high } => format!("everything from {} to {}", metres(low), metres(high)),
        _ => "something else".into(),
    }
}

fn name_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Fault => "fault",
        Kind::Coastline => "coastline",
        Kind::Layer => "layer",
        Kind::Political => "political",
        Kind::Formation => "formation",
        _ => "custom",
    }
}

fn value(v: &Value) -> String {
    match v {
        Value::Text(t) => t.clone(),
        other => json_of(other).to_string(),
    }
}

fn json_of(v: &Value) -> serde_json::Value {
    match v {
        Value::Bool(b) => (*b).into(),
        Value::Int(i) => (*i).into(),
        Value::Float(f) => (*f).into(),
        Value::Text(t) => t.clone().into(),
    }
}

impl From<KindArg> for Kind {
    fn from(k: KindArg) -> Self {
        match k {
            KindArg::Fault => Self::Fault,
            KindArg::Coastline => Self::Coastline,
            KindArg::Layer => Self::Layer,
            KindArg::Political => Self::Political,
            KindArg::Formation => Self::Formation,
            KindArg::Custom => Self::Custom,
        }
    }
}

impl From<StyleArg> for Style {
    fn from(s: StyleArg) -> Self {
        match s {
            StyleArg::Sharp => Self::Sharp,
            StyleArg::Linear => Self::Linear,
            StyleArg::Smooth => Self::Smooth,
        }
    }
}
