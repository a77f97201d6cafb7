//! Readers on snapshots while a writer goes on.

use crate::support::{at, boundary, line};
use bm_vector::Frame;
use bm_vector::index::BoundaryIndex;
use std::sync::{Arc, Mutex};

#[test]
fn readers_see_one_version() {
    // At version v there are the boundaries v … v + 99, each at its own place.
    let one = |i: u32| {
        let x = f64::from(i) * 10.0;
        Arc::new(boundary(&format!("{i:06}"), line(&[(x, 0.0), (x, 5.0)])))
    };
    let mut index = BoundaryIndex::bulk_load(Frame::Plane, (0..100).map(one)).unwrap();
    let published = Mutex::new((0_u32, index.clone()));
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for reader in 0..3_u32 {
            let (published, done) = (&published, &done);
            scope.spawn(move || {
                let mut round = reader;
                while !done.load(std::sync::atomic::Ordering::Relaxed) || round < 50 {
                    let (version, index) = published.lock().unwrap().clone();
                    assert_eq!(index.len(), 100);
                    for k in 0..20 {
                        let i = version + (round * 7 + k * 13) % 120;
                        let found = index.within(at(f64::from(i) * 10.0 + 1.0, 2.0), 2.0, true);
                        assert_eq!(found.len(), usize::from(i < version + 100), "{i} at version {version}");
                    }
                    round += 1;
                }
            });
        }
        for version in 1..3000 {
            index.remove(&format!("{:06}", version - 1).as_str().into()).unwrap();
            index.insert(one(version + 99)).unwrap();
            *published.lock().unwrap() = (version, index.clone());
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}
