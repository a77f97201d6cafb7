//! The same step of erosion on all structures.

use std::time::Instant;

use bm_process::field::Field;

use crate::harness::{Bench, BenchError, Case, Measure, Targets, Unit};
use crate::inputs::terrain::{Law, fractal};
use crate::peers::structures::{CellPolygons, Kept, Land, OctreeLeaves, Site, Square, Structure};
use crate::suites::erosion::difference;
use crate::suites::erosion::whole::{Step, UPLIFT, cpu};

/// Metres of a cell: a power of two, as octrees want it.
const CELL: f64 = 128.0;

const ROUNDS: usize = 5;

pub(super) fn run(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    let quick = bench.is_quick();
    let [trees, polygons]: [&[usize]; 2] = if quick { [&[256], &[128]] } else { [&[512, 1024], &[256, 512]] };
    let site = |_, _, height| Site::new(height);
    for &edge in trees {
        let ground = mountains(edge);
        let tree = OctreeLeaves::new(&square(&ground), site);
        beside(bench, &format!("step-octree-{edge}"), "octree leaves", &ground, tree)?;
    }
    for &edge in polygons {
        let ground = mountains(edge);
        let features = CellPolygons::new(&square(&ground), site);
        beside(bench, &format!("step-polygons-{edge}"), "cell polygons (rstar 0.12)", &ground, features)?;
    }
    Ok(())
}

fn mountains(edge: usize) -> Field {
    let mut ground = fractal(edge, 5);
    (ground.dx, ground.dy) = (vec![CELL; edge].into(), CELL);
    ground
}

fn square(ground: &Field) -> Square<'_> {
    Square { edge: ground.width as u32, cell: CELL, heights: &ground.values }
}

/// Land whose steps all begin with the same heights.
struct Again<'a, S> {
    land: Land<S>,
    places: Vec<u32>,
    ground: &'a Field,
}

impl<'a, S: Structure<Site>> Again<'a, S> {
    fn new(structure: S, ground: &'a Field) -> Self {
        let land = Land::new(structure, CELL, Law::default());
        let places = land.places(ground.width as u32);
        Self { land, places, ground }
    }

    /// Seconds by a clock.
    fn step(&mut self, clock: impl Fn() -> f64) -> f64 {
        self.land.set(&self.places, &self.ground.values);
        let start = clock();
        self.land.step(UPLIFT);
        clock() - start
    }

    fn agrees(&mut self, heights: &[f64]) -> bool {
        self.step(cpu);
        difference(self.ground, heights, &self.land.heights(self.ground.width as u32)) < 1e-9
    }
}

fn beside<S: Structure<Site> + Clone>(
    bench: &mut Bench<'_>,
    name: &str,
    peer: &str,
    ground: &Field,
    structure: S,
) -> Result<(), BenchError> {
    let mut kept = Again::new(Kept::new(structure.clone()), ground);
    let mut plain = Again::new(structure, ground);
    for threads in [1, 2] {
        let mut ours = Step::on(ground.clone(), Law::default(), threads);
        ours.timed()?;
        let equal = [plain.agrees(&ours.ground.values), kept.agrees(&ours.ground.values)];
        let begun = Instant::now();
        let wall = move || begun.elapsed().as_secs_f64();
        let clock: Box<dyn Fn() -> f64> = if threads == 1 { Box::new(cpu) } else { Box::new(wall) };
        let mut own = || {
            ours.ground.values.copy_from_slice(&ground.values);
            let took = ours.timed()?;
            Ok(if threads == 1 { took.cpu } else { took.wall })
        };
        // What the first step makes room for is there now.
        own()?;
        let name = if threads == 1 { name.to_owned() } else { format!("{name}-2t") };
        let targets = if threads == 1 { Targets::new(10.0, 50.0) } else { Targets::default() };
        let case = Case::new(name, Unit::Seconds, Measure::given(own))
            .peer_with(peer, Measure::given(|| Ok(plain.step(&clock))), equal[0], targets)
            .peer(format!("{peer}, neighbours kept"), Measure::given(|| Ok(kept.step(&clock))), equal[1])
            .rounds(ROUNDS);
        bench.run(case)?;
    }
    Ok(())
}
