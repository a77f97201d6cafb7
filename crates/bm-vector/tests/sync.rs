//! Grids in sync with boundaries: against an oracle that asks every boundary at every cell, and against a rebuild
//! from scratch after any history.
#![allow(clippy::unwrap_used, reason = "tests")]

use bm_core::{MaterialId, Phase};
use bm_grid::{Bounds, DVec2, Grid, Ground, Region};
use bm_vector::set::BoundarySet;
use bm_vector::sync::{self, Changed, Listed, SyncError};
use bm_vector::{Area, Boundary, Extent, Frame, Kind, Shape, Style, Transition, precedence, touches_box};
use geo_types::{Coord, LineString};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

const ROCK: MaterialId = MaterialId::ROCK;
const SEA: MaterialId = MaterialId::SEAWATER;

fn phase(m: MaterialId) -> Phase {
    match m {
        MaterialId::AIR => Phase::Gas,
        SEA => Phase::Liquid,
        _ => Phase::Solid,
    }
}

fn line(points: &[(f64, f64)]) -> Shape {
    Shape::Lines(vec![LineString::from(points.to_vec())])
}

fn boundary(id: &str, shape: Shape, transition: Option<Transition>) -> Boundary {
    Boundary {
        id: id.into(),
        kind: Kind::Fault,
        shape,
        transition,
        extent: Extent::Ground,
        priority: 0.5,
        precision: 1.0,
        properties: BTreeMap::new(),
    }
}

fn materials(left: u16, right: u16, style: Style, width: f64) -> Option<Transition> {
    Some(Transition { left: Some(MaterialId(left)), right: Some(MaterialId(right)), style, width })
}

fn square(extent: f64, cell: f64) -> Grid {
    let bounds = Bounds { min: DVec2::ZERO, max: DVec2::splat(extent) };
    Grid::uniform(Region::new(bounds, cell).unwrap(), ROCK).unwrap()
}

fn rebuilt(mut grid: Grid, boundaries: &[Arc<Boundary>]) -> Grid {
    let frame = frame_of(grid.region());
    let set = BoundarySet::bulk_load(frame, boundaries.iter().cloned()).unwrap();
    let mut other = grid.clone();
    sync::rebuild(&mut other, &set, &phase).unwrap();
    sync::rebuild(&mut grid, &Listed { frame, boundaries }, &phase).unwrap();
    assert!(all(&grid) == all(&other) && grid.affected() == other.affected(), "an index changes nothing");
    grid
}

fn frame_of(region: &Region) -> Frame {
    match region.ground() {
        Ground::World => Frame::Geographic,
        Ground::Flat => Frame::Plane,
    }
}

fn all(grid: &Grid) -> Vec<MaterialId> {
    grid.materials(grid.region().window())
}

fn column(grid: &Grid, x: u32) -> Vec<u16> {
    (0..grid.region().height()).map(|y| grid.material(x, y).unwrap().0).collect()
}

#[test]
fn a_sharp_line_parts_the_rows_it_touches() {
    for transition in [materials(10, 20, Style::Sharp, 0.5), materials(10, 20, Style::Sharp, 0.0)] {
        let b = Arc::new(boundary("fault", line(&[(0.0, 5.0), (10.0, 5.0)]), transition));
        let grid = rebuilt(square(10.0, 1.0), &[b]);
        assert!(grid.affected().iter().map(|id| &**id).eq(["fault"]));
        for x in 0..10 {
            // It runs east: north is left.
            assert_eq!(column(&grid, x), [5, 5, 5, 5, 20, 10, 5, 5, 5, 5]);
        }
    }
}

#[test]
fn direction_and_width_and_style() {
    let row = |points: &[(f64, f64)], style, width| {
        let b = boundary("b", line(points), materials(10, 20, style, width));
        column(&rebuilt(square(20.0, 1.0), &[Arc::new(b)]), 7)
    };
    let east = [(-5.0, 10.0), (25.0, 10.0)];
    let west = [(25.0, 10.0), (-5.0, 10.0)];
    // How many rows beside the line are 20 below and 10 above it.
    let bands = |style, width| {
        let rows = row(&east, style, width);
        let turned = row(&west, style, width).into_iter().map(|m| match m {
            10 => 20,
            20 => 10,
            other => other,
        });
        assert!(turned.eq(rows.iter().copied()), "reversed, the sides change places");
        let below = rows.iter().filter(|&&m| m == 20).count();
        let above = rows.iter().filter(|&&m| m == 10).count();
        assert!(rows[10 - below..10].iter().all(|&m| m == 20), "{rows:?}");
        assert!(rows[10..10 + above].iter().all(|&m| m == 10), "{rows:?}");
        (below, above)
    };
    assert_eq!(bands(Style::Sharp, 0.0), (1, 1));
    assert_eq!(bands(Style::Sharp, 3.0), (3, 3), "centres up to 2.5 m away");
    assert_eq!(bands(Style::Sharp, 3.5), (4, 4), "3.5 m is within 3.5 m");
    assert_eq!(bands(Style::Linear, 5.0), (3, 3), "half of the width: 2.5 m");
    assert_eq!(bands(Style::Linear, 4.9), (2, 2));
    assert_eq!(bands(Style::Linear, 0.5), (1, 1));
    assert_eq!(bands(Style::Smooth, 5.0), (3, 3), "two thirds: 3.3 m");
    assert_eq!(bands(Style::Smooth, 5.3), (4, 4));
}

#[test]
fn three_lines_affect_the_grid() {
    let lines: Vec<_> = [5.0, 10.0, 15.0]
        .map(|y| boundary(&format!("y{y}"), line(&[(0.0, y), (20.0, y)]), materials(1, 2, Style::Sharp, 0.5)))
        .map(Arc::new)
        .into();
    let mut grid = rebuilt(square(20.0, 1.0), &lines);
    assert!(grid.affected().iter().map(|id| &**id).eq(["y10", "y15", "y5"]));
    // One away leaves two, and its cells as they were.
    let two = [lines[0].clone(), lines[2].clone()];
    let change = Changed { old: Some(&lines[1]), new: None };
    sync::apply(&mut grid, &Listed { frame: Frame::Plane, boundaries: &two }, &[change], &phase).unwrap();
    assert!(grid.affected().iter().map(|id| &**id).eq(["y15", "y5"]));
    assert_eq!(all(&grid), all(&rebuilt(square(20.0, 1.0), &two)));
    assert_eq!(grid.material(3, 10), Some(ROCK));
}

#[test]
fn no_transition_no_effect() {
    let b = boundary("border", line(&[(0.0, 5.0), (10.0, 5.0)]), None);
    let nothing = boundary("n", line(&[(0.0, 5.0), (10.0, 5.0)]), Some(Transition::default()));
    let grid = rebuilt(square(10.0, 1.0), &[Arc::new(b), Arc::new(nothing)]);
    assert!(grid.affected().is_empty());
    assert_eq!(grid.stats().derived_tiles, 0);
}

#[test]
fn only_solids_change_and_the_base_stays() {
    let bounds = Bounds { min: DVec2::ZERO, max: DVec2::splat(10.0) };
    let region = Region::new(bounds, 1.0).unwrap();
    let grid = Grid::from_fn(region, |x, _| if x < 5 { SEA } else { ROCK }).unwrap();
    let b = Arc::new(boundary("b", line(&[(0.0, 5.0), (10.0, 5.0)]), materials(10, 20, Style::Sharp, 0.0)));
    let mut grid = rebuilt(grid, std::slice::from_ref(&b));
    assert_eq!((grid.material(4, 5), grid.material(5, 5)), (Some(SEA), Some(MaterialId(10))));
    assert_eq!(grid.base().get(5, 5), Some(ROCK));
    // A process turns the sea into sand: the boundary speaks about it from the next sync on.
    grid.base_mut().set(4, 5, MaterialId(2)).unwrap();
    sync::apply(&mut grid, &Listed { frame: Frame::Plane, boundaries: &[b] }, &[], &phase).unwrap();
    assert_eq!(grid.material(4, 5), Some(MaterialId(10)));
}

#[test]
fn a_centre_on_the_edge_of_an_area_has_no_side() {
    // The edge to the origin passes through the centres of the cells (2, 2), (7, 7).
    let ring = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 0.0)].map(Coord::from).to_vec();
    let shape = Shape::Area(Arc::new(Area::new(vec![ring]).unwrap()));
    let grid =
        rebuilt(square(10.0, 1.0), &[Arc::new(boundary("a", shape, materials(10, 20, Style::Sharp, 0.0)))]);
    for (x, y, m) in [(7, 7, 5), (2, 2, 5), (7, 6, 10), (7, 8, 20), (0, 0, 5), (9, 0, 10), (0, 9, 20)] {
        assert_eq!(grid.material(x, y), Some(MaterialId(m)), "({x}, {y})");
    }
}

#[test]
fn frames_must_fit() {
    let mut grid = square(10.0, 1.0);
    let err = sync::rebuild(&mut grid, &Listed { frame: Frame::Geographic, boundaries: &[] }, &phase);
    assert_eq!(err, Err(SyncError::Frame { frame: Frame::Geographic, ground: Ground::Flat }));
}

/// Asks every boundary at every cell.
fn oracle(grid: &Grid, boundaries: &[Arc<Boundary>]) -> Vec<MaterialId> {
    let region = grid.region();
    let frame = frame_of(region);
    let set = BoundarySet::bulk_load(frame, boundaries.iter().cloned()).unwrap();
    let half = frame.half_cell(region.cell_size());
    // Of shores that speak everywhere, those of less than the highest priority are silent.
    let everywhere = |b: &Boundary| {
        let shore = matches!(b.extent, Extent::Shore { .. }) && matches!(b.shape, Shape::Area(_));
        shore && b.transition.is_some_and(|t| t.right.is_some())
    };
    let shores = boundaries.iter().filter(|b| everywhere(b)).map(|b| b.priority);
    let highest = shores.fold(f64::NEG_INFINITY, f64::max);
    let mut out = Vec::new();
    for y in 0..region.height() {
        for x in 0..region.width() {
            let c = region.cell_center(x, y).unwrap();
            let p = match frame {
                Frame::Geographic => sync::degrees(c.x, c.y),
                Frame::Plane => Coord { x: c.x, y: c.y },
            };
            let base = grid.base().get(x, y).unwrap();
            let mut said: Vec<(&Boundary, f64, MaterialId)> = Vec::new();
            for b in boundaries.iter().filter(|b| !everywhere(b) || b.priority == highest) {
                let (Some(t), Some(near)) = (b.transition, b.near(p, frame)) else { continue };
                let speaks = match &b.shape {
                    Shape::Area(_) => true,
                    Shape::Lines(lines) => near.distance <= t.reach() || touches(lines, p, half, frame),
                };
                let Some(side) = near.side.filter(|_| speaks) else { continue };
                let Some(m) = t.of(side) else { continue };
                if let Some(m) = b.extent.speak(side, m, phase(base), None) {
                    said.push((b, near.distance, m));
                }
            }
            let first = said.iter().min_by(|a, b| precedence(&a.0.voice(a.1), &b.0.voice(b.1)));
            let material = first.map_or(base, |f| f.2);
            if (x + y) % 7 == 0 {
                // There is no seam: a query at the cell's centre, asked at the cell's size, says the same.
                let said = set.resolve(p, region.cell_size(), base, &phase, None);
                assert_eq!(said.map_or(base, |a| a.material), material, "cell ({x}, {y})");
            }
            out.push(material);
        }
    }
    out
}

fn touches(lines: &[LineString<f64>], p: Coord<f64>, half: [f64; 2], frame: Frame) -> bool {
    let laps: &[f64] = if frame == Frame::Geographic { &[0.0, 360.0, -360.0, 720.0, -720.0] } else { &[0.0] };
    laps.iter().any(|dx| {
        let p = Coord { x: p.x + dx, y: p.y };
        lines.iter().any(|l| l.0.windows(2).any(|e| e[0] != e[1] && touches_box(e[0], e[1], p, half)))
    })
}

/// Where a test happens: its region and how cells become coordinates of boundaries.
#[derive(Clone, Copy, Debug)]
enum Scene {
    Board,
    /// A board whose cells are no round numbers.
    Odd,
    North,
    DateLine,
}

impl Scene {
    fn region(self) -> Region {
        let at = |x: f64, y: f64, cell: f64| {
            let min = DVec2::new(x, y);
            (Bounds { min, max: min + DVec2::new(150.0, 133.0) * cell }, cell)
        };
        let new = |(bounds, cell)| Region::new(bounds, cell).unwrap();
        let in_world = |(bounds, cell)| Region::in_world(bounds, cell).unwrap();
        match self {
            Self::Board => new(at(0.0, 0.0, 1.0)),
            Self::Odd => new(at(-1234.567, 98.7654, 0.37)),
            Self::North => in_world(at(2.1e7, 1.8e7, 25.0)),
            Self::DateLine => in_world(at(40_075_020.0 - 70.0 * 1000.0, 1.4e7, 1000.0)),
        }
    }

    /// A place in cells from the south-west corner, in the frame; `lap` renames it on the globe.
    fn place(self, u: f64, v: f64, lap: f64) -> Coord<f64> {
        let r = self.region();
        let (x, y) = (r.bounds().min.x + u * r.cell_size(), r.bounds().min.y + v * r.cell_size());
        match r.ground() {
            Ground::Flat => Coord { x, y },
            Ground::World => Coord { x: x / 111_319.5 - 180.0 + lap, y: y / 111_319.5 - 90.0 },
        }
    }
}

#[derive(Clone, Debug)]
struct Draft {
    points: Vec<(f64, f64)>,
    kind: u8,
    materials: (Option<u16>, Option<u16>),
    style: Style,
    width: f64,
    priority: u8,
    precision: u8,
    shore: bool,
    lap: i8,
}

fn draft() -> impl Strategy<Value = Draft> {
    let points = (any::<bool>(), prop::collection::vec((-20.0..170.0_f64, -20.0..150.0_f64), 2..7));
    let points = points.prop_map(|(round, mut points)| {
        if round {
            // Along cells' edges and through their centres: ties and touches.
            points.iter_mut().for_each(|p| *p = ((p.0 * 2.0).round() / 2.0, (p.1 * 2.0).round() / 2.0));
        }
        points
    });
    let material = || prop::option::weighted(0.8, 10_u16..15);
    let style = prop_oneof![Just(Style::Sharp), Just(Style::Linear), Just(Style::Smooth)];
    let width = prop_oneof![Just(0.0), Just(1.0), Just(7.0), 0.0..12.0_f64];
    let voice = (0_u8..2, 0_u8..2, any::<bool>(), -1_i8..=1);
    (points, 0_u8..4, (material(), material()), style, width, voice).prop_map(
        |(points, kind, materials, style, width, (priority, precision, shore, lap))| Draft {
            points,
            kind,
            materials,
            style,
            width,
            priority,
            precision,
            shore,
            lap,
        },
    )
}

fn made(draft: &Draft, id: &str, scene: Scene) -> Arc<Boundary> {
    let cell = scene.region().cell_size();
    let place = |&(u, v): &(f64, f64)| scene.place(u, v, f64::from(draft.lap) * 360.0);
    let mut points: Vec<Coord<f64>> = draft.points.iter().map(place).collect();
    if draft.kind >= 2 {
        points.push(points[0]);
    }
    let shape = match draft.kind {
        3 if points.len() > 3 => Shape::Area(Arc::new(Area::new(vec![points]).unwrap())),
        _ => Shape::Lines(vec![LineString(points)]),
    };
    let (left, right) = (draft.materials.0.map(MaterialId), draft.materials.1.map(MaterialId));
    let transition = Transition { left, right, style: draft.style, width: draft.width * cell };
    Arc::new(Boundary {
        extent: if draft.shore { Extent::Shore { depth: 10.0 } } else { Extent::Ground },
        priority: draft.priority.into(),
        precision: f64::from(draft.precision) + 0.5,
        ..boundary(id, shape, Some(transition))
    })
}

fn scene() -> impl Strategy<Value = Scene> {
    prop_oneof![Just(Scene::Board), Just(Scene::Odd), Just(Scene::North), Just(Scene::DateLine)]
}

fn ground(scene: Scene) -> Grid {
    Grid::from_fn(scene.region(), |x, y| if (x / 40 + y / 30) % 2 == 0 { ROCK } else { SEA }).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_cell_is_what_asking_every_boundary_gives(
        drafts in prop::collection::vec(draft(), 1..5), scene in scene(),
    ) {
        let boundaries: Vec<_> =
            drafts.iter().enumerate().map(|(i, d)| made(d, &format!("b{i}"), scene)).collect();
        let grid = rebuilt(ground(scene), &boundaries);
        let (ours, theirs) = (all(&grid), oracle(&grid, &boundaries));
        if ours != theirs {
            let width = grid.region().width() as usize;
            let i = (0..ours.len()).find(|&i| ours[i] != theirs[i]).unwrap();
            let count = (0..ours.len()).filter(|&i| ours[i] != theirs[i]).count();
            prop_assert!(
                false,
                "{count} cells differ: ({}, {}) is {:?}, the oracle says {:?}",
                i % width, i / width, ours[i], theirs[i]
            );
        }
    }

    #[test]
    fn any_history_ends_where_a_rebuild_does(
        scene in scene(),
        steps in prop::collection::vec((0_u8..5, prop::option::weighted(0.75, draft()), any::<bool>()), 1..12),
    ) {
        let mut grid = rebuilt(ground(scene), &[]);
        let frame = frame_of(grid.region());
        let mut now: BTreeMap<u8, Arc<Boundary>> = BTreeMap::new();
        let mut pending: Vec<[Option<Arc<Boundary>>; 2]> = Vec::new();
        for (slot, put, with_next) in steps {
            let new = put.map(|d| made(&d, &format!("b{slot}"), scene));
            let old = match &new {
                Some(new) => now.insert(slot, new.clone()),
                None => now.remove(&slot),
            };
            pending.push([old, new]);
            if with_next {
                continue;
            }
            let changes: Vec<_> =
                pending.iter().map(|[old, new]| Changed { old: old.as_deref(), new: new.as_deref() }).collect();
            let boundaries: Vec<_> = now.values().cloned().collect();
            sync::apply(&mut grid, &Listed { frame, boundaries: &boundaries }, &changes, &phase).unwrap();
            pending.clear();
            // Nor does it matter in which order they are listed.
            let turned: Vec<_> = boundaries.into_iter().rev().collect();
            let fresh = rebuilt(ground(scene), &turned);
            prop_assert!(all(&grid) == all(&fresh));
            prop_assert_eq!(grid.affected(), fresh.affected());
            prop_assert_eq!(grid.stats(), fresh.stats());
        }
    }
}
