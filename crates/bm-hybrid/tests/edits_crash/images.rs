//! Power failures: at every operation of a run, what could be on the disk is opened and compared.

use crate::disk::Disk;
use crate::script::{Expect, steps, take};
use crate::tools::Rng;
use bm_core::{MaterialId, Pos};
use bm_overlay::Durability;
use std::collections::HashSet;
use std::hash::{BuildHasher, DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex};

/// Images at each operation.
const EACH: u64 = 28;
/// Images that are at hand at a time.
const WAITING: usize = 8;

struct Image {
    disk: Disk,
    expect: Expect,
    number: u64,
    what: String,
}

/// One of the many images that a power failure could leave now.
fn image(disk: &Disk, style: u64, rng: &mut Rng) -> Disk {
    let sector = [512, 4096][rng.range(0, 2) as usize];
    let odds = [1, 3, 5, 7, 9][rng.range(0, 5) as usize];
    let mut often = |of: u32| if rng.range(0, 10) < odds { of - 1 } else { rng.range(0, of.into()) as u32 };
    let (file, folder) = match style {
        0 => (disk.file.crash_image(|| false), disk.folder.crash_image(|_| 0, sector)),
        1 => (disk.file.crash_image(|| true), disk.folder.crash_image(|n| n - 1, sector)),
        // One of them lost everything that it could lose, the other nothing: neither sync speaks for both.
        2 => (disk.file.crash_image(|| true), disk.folder.crash_image(|_| 0, sector)),
        3 => (disk.file.crash_image(|| false), disk.folder.crash_image(|n| n - 1, sector)),
        4 => {
            let file = disk.file.crash_image_cut(|len| often(len as u32 * 3 / 2 + 1) as usize);
            (file, disk.folder.crash_image(&mut often, sector))
        }
        _ => {
            let file = disk.file.crash_image_in(sector, || often(2) == 1);
            (file, disk.folder.crash_image(&mut often, sector))
        }
    };
    Disk::new(file, folder)
}

fn hash(disk: &Disk, expect: &Expect) -> u64 {
    let mut hasher = std::hash::BuildHasherDefault::<DefaultHasher>::default().build_hasher();
    let file = disk.file.bytes();
    (file.len(), crc32fast::hash(&file)).hash(&mut hasher);
    for (name, bytes) in disk.folder.files() {
        (name, bytes.len(), crc32fast::hash(&bytes)).hash(&mut hasher);
    }
    // The same image is another matter when more has been promised.
    (expect.durable, expect.newest(), expect.next.len()).hash(&mut hasher);
    hasher.finish()
}

/// Opens images until there are no more; after the first that is wrong they are let pass.
fn work(images: &Mutex<Receiver<Image>>) -> std::thread::Result<()> {
    let mut done = Ok(());
    loop {
        let Ok(image) = images.lock().unwrap().recv() else { return done };
        if done.is_ok() {
            done = catch_unwind(AssertUnwindSafe(|| look(&image)));
        }
    }
}

fn look(image: &Image) {
    let Image { disk, expect, number, what } = image;
    let mut rng = Rng(*number);
    let mut disk = disk.clone();
    let mut least = expect.durable;
    if number.is_multiple_of(5) {
        // The power fails again while the world is opened.
        let at = rng.range(1, 12) as u64;
        disk.fail_from(at, std::io::ErrorKind::Other, true);
        if let Ok(world) = disk.open() {
            // What it showed to anybody must stay.
            least = world.view().version();
            disk.heal();
        }
        disk = self::image(&disk, number / 5 % 6, &mut rng);
    }
    let mut expect = expect.clone();
    expect.durable = expect.durable.max(least);
    let world = disk.open().unwrap_or_else(|e| panic!("{what}: {e:?}"));
    let version = expect.check(&world, number.is_multiple_of(16), what);
    if number.is_multiple_of(7) {
        // It takes another edit, which is there after the next failure.
        let at = Pos::new(120_000_000, 40_000_000, 1 << 27).unwrap();
        assert_eq!(world.put(at, MaterialId::ORE, Durability::Sync, "after").unwrap(), version + 1, "{what}");
        let again = self::image(&disk, number / 7 % 6, &mut rng).open().unwrap();
        assert_eq!(again.view().version(), version + 1, "{what}");
        assert_eq!(again.view().sample(at).unwrap().material, MaterialId::ORE, "{what}");
        let differs =
            (version <= expect.newest()).then(|| expect.seen[version as usize].differs(&again.view()));
        assert_eq!(differs.flatten(), None, "{what}: after another edit");
    }
}

/// Runs a script and looks at images of every moment; how many, and of how many moments.
fn campaign(seed: u64, each: u64) -> (u64, u64) {
    let (give, images) = sync_channel(WAITING);
    let images = Mutex::new(images);
    let (disk, mut world) = Disk::create();
    let start = disk.operations();
    let mut expect = Expect::new();
    let now = Arc::new(Mutex::new((expect.clone(), String::new())));
    let count = Arc::new(Mutex::new(0));
    std::thread::scope(|scope| {
        let workers = [(); 2].map(|()| scope.spawn(|| work(&images)));
        let (mut rng, mut known) = (Rng(seed), HashSet::new());
        let (told, counted) = (now.clone(), count.clone());
        disk.before_each(move |disk| {
            let (expect, step) = told.lock().unwrap().clone();
            for style in 0..each {
                let left = image(disk, style, &mut rng);
                if !known.insert(hash(&left, &expect)) {
                    continue;
                }
                let number = {
                    let mut count = counted.lock().unwrap();
                    *count += 1;
                    *count
                };
                let what = format!("run {seed}, operation {}, {step}, image {number}", disk.operations());
                // Nobody listens any more when one has been found that is wrong.
                let _ = give.send(Image { disk: left, expect: expect.clone(), number, what });
            }
        });
        for (i, step) in steps(seed).into_iter().enumerate() {
            let mut say = |e: &Expect| *now.lock().unwrap() = (e.clone(), format!("step {i} {step:?}"));
            take(&mut world, step, &mut expect, &mut say).unwrap();
        }
        drop(world);
        // Also lets go of the channel, so that the others end.
        disk.no_hook();
        for worker in workers {
            worker.join().unwrap().unwrap_or_else(|wrong| resume_unwind(wrong));
        }
    });
    let count = *count.lock().unwrap();
    (count, disk.operations() - start)
}

/// `BM_EDITS_IMAGES=200` for so many images at each operation.
#[test]
fn every_image_is_a_world_with_all_that_was_promised() {
    let each = std::env::var("BM_EDITS_IMAGES").ok().and_then(|s| s.parse().ok()).unwrap_or(EACH);
    let (mut images, mut operations) = (0, 0);
    for seed in 1..=4 {
        let (i, o) = campaign(seed, each);
        println!("run {seed}: {o} operations, {i} different images");
        (images, operations) = (images + i, operations + o);
    }
    println!("{operations} crash points, {images} different images");
    assert!(images >= 9000, "{images}");
}
