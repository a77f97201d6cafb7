//! Builds an area from a WKB multipolygon, keeps it in a file, opens it again and asks it random points.
//!
//! ```sh
//! cargo run --release -p bm-vector --example landsea -- data/gshhg.wkb /tmp/land.bma
//! ```

use bm_vector::{Area, Where};
use geo_types::Coord;
use std::error::Error;
use std::time::Instant;

/// The rings of a little-endian WKB multipolygon, as `roaring-landmask` writes it.
fn rings(wkb: &[u8]) -> Option<Vec<Vec<Coord<f64>>>> {
    let word = |at: usize| Some(u32::from_le_bytes(wkb.get(at..at + 4)?.try_into().ok()?) as usize);
    let float = |at: usize| Some(f64::from_le_bytes(wkb.get(at..at + 8)?.try_into().ok()?));
    let (mut at, mut rings) = (9, Vec::new());
    for _ in 0..word(5)? {
        let count = word(at + 5)?;
        at += 9;
        for _ in 0..count {
            let vertices = word(at)?;
            at += 4;
            let ring =
                (0..vertices).map(|i| Some(Coord { x: float(at + 16 * i)?, y: float(at + 16 * i + 8)? }));
            rings.push(ring.collect::<Option<_>>()?);
            at += 16 * vertices;
        }
    }
    Some(rings)
}

/// A shore of so many vertices around the middle of the map.
fn continent(vertices: usize) -> Vec<Coord<f64>> {
    let mut ring: Vec<Coord<f64>> = (0..vertices)
        .map(|i| {
            let turn = i as f64 / vertices as f64 * std::f64::consts::TAU;
            let radius =
                40.0 + 9.0 * (7.0 * turn).sin() + 2.0 * (61.0 * turn).cos() + 0.2 * (997.0 * turn).sin();
            Coord { x: radius * turn.cos(), y: radius * turn.sin() }
        })
        .collect();
    ring.push(ring[0]);
    ring
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let start = Instant::now();
    let (rings, target, count) = match (args.next(), args.next()) {
        (Some(source), Some(target)) => {
            let rings = rings(&std::fs::read(source)?).ok_or("not such a multipolygon")?;
            (rings, std::path::PathBuf::from(target), 10_000_000)
        }
        _ => {
            eprintln!("no WKB and no FILE given: a made-up continent instead");
            let file = format!("landsea-{}.bma", std::process::id());
            (vec![continent(100_000)], std::env::temp_dir().join(file), 100_000)
        }
    };
    eprintln!("read {} rings in {:.2?}", rings.len(), start.elapsed());
    let start = Instant::now();
    let area = Area::new(rings)?;
    eprintln!("built {area:?} in {:.2?}", start.elapsed());
    std::fs::write(&target, area.as_bytes())?;
    let start = Instant::now();
    let area = Area::open(&target)?;
    eprintln!("opened in {:.2?}", start.elapsed());

    // A plain generator is good enough for points.
    let mut seed = 1_u64;
    let mut unit = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 11) as f64 / (1_u64 << 53) as f64
    };
    let points: Vec<_> = (0..count)
        .map(|_| Coord { x: 360.0 * unit() - 180.0, y: (2.0 * unit() - 1.0).asin().to_degrees() })
        .collect();
    let mut near = Vec::new();
    for ring in area.rings().flatten().step_by(5) {
        let y = ring.y + (unit() - 0.5) / 80.0;
        near.push(Coord { x: ring.x + (unit() - 0.5) / 80.0 / y.to_radians().cos().max(0.1), y });
    }
    for i in 0..near.len() {
        let j = (unit() * near.len() as f64) as usize;
        near.swap(i, j);
    }
    for (what, points) in [("on the sphere", &points), ("near a shore", &near)] {
        let mut out = vec![Where::On; points.len()];
        let mut best = f64::MAX;
        for _ in 0..5 {
            let start = Instant::now();
            area.locate_batch(points, &mut out);
            best = best.min(start.elapsed().as_secs_f64());
        }
        let land = out.iter().filter(|&&w| w == Where::Inside).count() as f64 / out.len() as f64;
        eprintln!("{what}: {:.2} M points/s ({:.3} land)", points.len() as f64 / best / 1e6, land);
    }
    let start = Instant::now();
    let land = points.iter().filter(|&&p| area.locate(p) == Where::Inside).count();
    let took = start.elapsed();
    let share = land as f64 / points.len() as f64;
    eprintln!(
        "{:.2} % land, {:.1} ns a point",
        share * 100.0,
        took.as_secs_f64() * 1e9 / points.len() as f64
    );
    if count < 1_000_000 {
        std::fs::remove_file(&target)?;
    }
    Ok(())
}
