//! Nanoseconds of one voxel as one commit in memory: with and without a journal, in one cube and over the planet.
//!
//! `cargo run --release -p bm-overlay --example writes`

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a program that prints what it measured")]

use bm_core::{MaterialId, Pos};
use bm_overlay::journal::{Folder, Journal, Options};
use bm_overlay::{Durability, Overlay};
use std::sync::Arc;
use std::time::Instant;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let mut seed = 1u64;
    let mut random = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as u32
    };
    let mut places = |edge: u32| -> Vec<Pos> {
        let at = |c: u32, r: u32| c + r % edge;
        (0..1_000_000)
            .map(|_| {
                Pos::new(at(3_000_000, random()), at(3_000_000, random()), at(1 << 27, random() % 4_000))
                    .unwrap()
            })
            .collect()
    };
    for (name, edge) in [("cube of 1 km", 4_000), ("planet", 70_000_000)] {
        let places = places(edge);
        for journalled in [false, true] {
            let overlay: Overlay<()> = Overlay::new((), 0, Default::default());
            overlay.set_budget(4 << 30);
            if journalled {
                let media = Arc::new(Folder::create(folder.path().join(name)).unwrap());
                overlay.attach(Journal::create(media, 7, 1, Options::default()).unwrap());
            }
            let start = Instant::now();
            for &p in &places {
                overlay.put(p, MaterialId(6), Durability::Memory, "bench").unwrap();
            }
            let ns = start.elapsed().as_nanos() as f64 / places.len() as f64;
            let bytes = overlay.bytes() / places.len();
            println!("{name}, journal {journalled}: {ns:.0} ns a commit, {bytes} bytes of memory");
        }
        std::fs::remove_dir_all(folder.path().join(name)).unwrap();
    }
}
