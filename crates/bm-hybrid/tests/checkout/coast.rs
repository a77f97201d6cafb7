//! Coastlines and land that moves.

use crate::support::{cells, column, earth, region, take};
use bm_core::frame::SEA_LEVEL;
use bm_core::{MaterialId, Pos};
use bm_hybrid::checkout::Back;
use bm_overlay::Durability;
use bm_vector::set::Change;
use bm_vector::{Area, Boundary, Extent, Kind, Shape, Transition};
use geo_types::Coord;
use std::collections::BTreeMap;
use std::sync::Arc;

fn island(id: &str, lon: f64, lat: f64, half: f64) -> Change {
    let corners = [[-half, -half], [half, -half], [half, half], [-half, half], [-half, -half]];
    let ring = corners.map(|[x, y]| Coord { x: lon + x, y: lat + y }).to_vec();
    Change::Put(Boundary {
        id: id.into(),
        kind: Kind::Coastline,
        shape: Shape::Area(Arc::new(Area::new(vec![ring]).unwrap())),
        transition: Some(Transition {
            left: Some(MaterialId(2)),
            right: Some(MaterialId::SEAWATER),
            ..Transition::default()
        }),
        extent: Extent::Shore { depth: 3.0 },
        priority: 0.0,
        precision: 100.0,
        properties: BTreeMap::new(),
    })
}

/// An island of 20 km in the middle of the Pacific rises where there was a small one.
#[test]
fn a_coast_follows_its_island() {
    let world = earth();
    let out = region(-150.0, 20.0, 1000.0, 60, 60);
    let middle = (-150.0 + 30.0 / 111.3, 20.0 + 30.0 / 111.3);
    world.change_boundaries(&[island("isle", middle.0, middle.1, 0.15)], "t", Durability::Memory).unwrap();
    let (origin, mut seed) = take(&world, &out);
    for (k, x, y) in cells(&out) {
        let away = f64::hypot(f64::from(x) - 29.5, f64::from(y) - 29.5);
        seed.state.ground.values[k] = 200.0 - 10.0 * away;
    }
    let before = world.view();
    let kept = Back::default().keep_coasts(true);
    let landed = world.commit_land(&origin, &seed.state, &kept, "t", &|_| ()).unwrap();
    assert_eq!(landed.coasts, [0, 0]);
    let landed = world.commit_land(&origin, &seed.state, &Back::default().force(true), "t", &|_| ()).unwrap();
    assert_eq!((landed.coasts, landed.version), ([1, 0], world.view().version()));
    let view = world.view();
    let isle = view.boundaries().get(&"isle".into()).unwrap();
    let b = isle.bounds().unwrap();
    // 20 km around the middle, to a quarter of a cell.
    let wide = (b.max().x - b.min().x) * 111.3195;
    assert!((wide - 40.0).abs() < 1.0, "{wide} km");
    let old = before.boundaries().get(&"isle".into()).unwrap().bounds().unwrap();
    assert!((old.width() - 0.3).abs() < 1e-9);
    // Land and sea half a metre under the sea's surface, on both sides of the new shore.
    let material = |x: u32| {
        let [cx, cy] = column(&out, x, 30);
        view.sample(Pos::new(cx, cy, SEA_LEVEL - 2).unwrap()).unwrap().material
    };
    assert!(
        view.is_ground(material(30)) && view.is_ground(material(47)),
        "the shore lies 20 cells from the middle"
    );
    assert_eq!((material(52), material(5)), (MaterialId::SEAWATER, MaterialId::SEAWATER));
}

#[test]
fn coasts_that_go_on_beyond_stay() {
    let world = earth();
    let out = region(-150.0, 20.0, 1000.0, 20, 20);
    let both = [island("inside", -149.9, 20.1, 0.01), island("across", -150.0, 20.1, 0.05)];
    world.change_boundaries(&both, "t", Durability::Memory).unwrap();
    let (origin, mut seed) = take(&world, &out);
    for z in &mut seed.state.ground.values {
        *z += 100.0;
    }
    let landed = world.commit_land(&origin, &seed.state, &Back::default(), "t", &|_| ()).unwrap();
    assert_eq!(landed.coasts, [0, 2]);
}
