//! Check-outs beside a world.

use crate::support::{column, height, region};
use bm_core::ErrorKind;
use bm_hybrid::World;
use bm_hybrid::checkout::{Back, Seeding};

fn world(dir: &std::path::Path) -> World {
    let world = World::create(dir.join("w.bm")).unwrap();
    let relief = bm_io::bundled::bundled_etopo20().unwrap();
    world.ingest_relief(&relief, &Default::default(), &|_| ()).unwrap();
    world
}

#[test]
fn a_check_out_outlives_its_process() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("w.bm");
    let alps = region(7.0, 45.5, 500.0, 20, 16);
    {
        let world = world(dir.path());
        assert!(world.check_outs().unwrap().is_empty());
        let out = world.check_out("alps", &alps, &Seeding::default(), &|_| ()).unwrap();
        assert_eq!((out.name(), out.origin().version), ("alps", world.view().version()));
        // It is held: nobody else may have it, not even in this process.
        assert_eq!(world.open_check_out("alps").unwrap_err().kind(), ErrorKind::BadInput);
    }
    let world = World::open(&path).unwrap();
    let all = world.check_outs().unwrap();
    assert_eq!((all.len(), all[0].name.as_str(), all[0].size, all[0].step), (1, "alps", [20, 16], None));
    assert!((all[0].bbox[0] - 7.0).abs() < 0.01 && (all[0].bbox[1] - 45.5).abs() < 0.01, "{:?}", all[0].bbox);
    for bad in ["alps", "", "../x", ".hidden", "a/b"] {
        let e = world.check_out(bad, &alps, &Seeding::default(), &|_| ()).unwrap_err();
        assert_eq!(e.kind(), ErrorKind::BadInput, "{bad}: {e}");
    }
    let e = world.open_check_out("nobody").unwrap_err();
    assert!(e.to_string().contains("there are alps"), "{e}");
    let out = world.open_check_out("alps").unwrap();
    let fresh = world.view().seed(&alps, &Seeding::default(), &|_| ()).unwrap();
    assert_eq!(out.origin().fingerprint, fresh.fingerprint);
    assert_eq!(out.seed().ground, fresh.state.ground);
    assert_eq!(out.seed().strata, fresh.state.strata);
    assert_eq!(out.seed().region, Some(alps));
    let mut land = out.seed().clone();
    for z in &mut land.ground.values {
        *z += 25.0;
    }
    let landed = out.commit(&world, &land, &Back::default(), "test", &|_| ()).unwrap();
    assert_eq!(landed.version, out.origin().version + 1);
    let at = column(&alps, 7, 9);
    let risen = height(&world.view(), at) - height(&world.at(out.origin().version).unwrap(), at);
    assert!((risen - 25.0).abs() < 0.6, "{risen}");
    // The region has changed, by this very commit: a second one would be blind to it.
    let e = out.commit(&world, &land, &Back::default(), "test", &|_| ()).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Conflict);
    let folder = out.folder().to_owned();
    out.drop_it().unwrap();
    assert!(!folder.exists() && world.check_outs().unwrap().is_empty());
}

#[test]
fn damaged_land_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let world = world(dir.path());
    let alps = region(7.0, 45.5, 500.0, 12, 10);
    let seed = world.check_out("a", &alps, &Seeding::default(), &|_| ()).unwrap().folder().join("seed.bmg");
    let bytes = std::fs::read(&seed).unwrap();
    let mut worse = bytes.clone();
    worse[bytes.len() / 2] ^= 1;
    std::fs::write(&seed, worse).unwrap();
    assert_eq!(world.open_check_out("a").unwrap_err().kind(), ErrorKind::Corrupt);
    std::fs::write(&seed, bytes).unwrap();
    assert!(world.open_check_out("a").is_ok());
    // The land says itself what it is.
    std::fs::write(seed.with_file_name("checkout.json"), "{}").unwrap();
    assert!(world.open_check_out("a").is_ok());
}

#[test]
fn worlds_in_memory_have_no_place_for_it() {
    let world = crate::support::earth();
    let alps = region(7.0, 45.5, 500.0, 12, 10);
    let e = world.check_out("a", &alps, &Seeding::default(), &|_| ()).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::BadInput);
    assert!(world.check_outs().unwrap().is_empty());
}
