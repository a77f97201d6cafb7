//! Checkpoints: the same bits as if nothing had happened, whatever happened.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what a test cannot do without fails it")]

mod kinds;

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use bm_process::run::{Changes, CheckpointError, Ended, Observer, Progress, Run, RunError, Unwatched, list};
use bm_process::scenario::Scenario;
use bm_process::state::{Layer, State};
use kinds::{bits, hills, registry};

const TEXT: &str = "
    years = 400
    step = 10
    threads = 1
    checkpoint-every = 5
    [[process]]
    name = 'lift'
    every = 3
    [[process]]
    name = 'creep'
    step = 4
    [[process]]
    name = 'rain'
    limit = 3.7
    step = 20
    [[process]]
    name = 'creep'
    region = [300, 300, 2000, 2500]
";

fn land() -> State {
    let mut state = hills(37, 41);
    state.ground.values[77] = f64::NAN;
    state.set_layer(
        "odd",
        Layer::F32((0..37 * 41).map(|n| if n % 7 == 0 { -0.0 } else { n as f32 }).collect()),
    );
    state
}

fn begin(text: &str) -> Run {
    Run::new(land(), Scenario::parse_with(&registry(), "land.toml", text).unwrap()).unwrap()
}

fn resume(folder: &Path, changes: &Changes) -> bm_process::run::Resumed {
    Run::resume_with(&registry(), folder, changes).unwrap()
}

/// Bits of the land and of the totals.
fn all_bits(run: &Run) -> (Vec<u64>, String) {
    let mut text = format!("{:?}", run.totals());
    text.push_str(&run.totals().error().to_bits().to_string());
    (bits(run.state()), text)
}

fn until(step: u64) -> impl FnMut(&Progress<'_>) -> ControlFlow<()> {
    move |progress| if progress.step >= step { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

#[test]
fn resumed_runs_have_the_bits_of_uninterrupted_ones() {
    let mut whole = begin(TEXT);
    assert_eq!(whole.run(&mut Unwatched).unwrap(), Ended::Finished);
    assert!(whole.totals().error() < 1e-12);
    for (stop, threads) in [(17, 1), (17, 2), (17, 8), (1, 3), (38, 2), (39, 1)] {
        let dir = tempfile::tempdir().unwrap();
        let mut run = begin(TEXT).checkpoints(dir.path()).unwrap().note("from a test");
        assert_eq!(run.run(&mut until(stop)).unwrap(), Ended::Stopped);
        drop(run);
        let changes = Changes { threads: Some(threads), ..Changes::default() };
        let mut resumed = resume(dir.path(), &changes);
        assert_eq!((resumed.run.steps_taken(), resumed.run.steps()), (stop, 40));
        assert_eq!((resumed.note.as_str(), resumed.warnings.len()), ("from a test", 0));
        // Once more in between.
        if stop < 30 {
            resumed.run.run(&mut until(stop + 4)).unwrap();
            resumed = resume(dir.path(), &Changes::default());
        }
        assert_eq!(resumed.run.run(&mut Unwatched).unwrap(), Ended::Finished);
        assert_eq!(all_bits(&resumed.run), all_bits(&whole), "stopped after {stop}, then {threads} threads");
        let steps: Vec<u64> = list(dir.path()).unwrap().into_iter().map(|(step, _)| step).collect();
        assert_eq!(steps.len(), 2);
        assert_eq!(steps[1], 40);
        // There is nothing left to do.
        let mut done = resume(dir.path(), &Changes::default()).run;
        assert!(done.finished() && done.step().unwrap().is_none());
        assert_eq!(all_bits(&done), all_bits(&whole));
    }
}

#[test]
fn years_can_be_added_to() {
    let longer = |text: &str, years: f64, all: f64| {
        let dir = tempfile::tempdir().unwrap();
        let short = text.replace("years = 400", &format!("years = {years}"));
        let mut run = begin(&short).checkpoints(dir.path()).unwrap();
        run.run(&mut Unwatched).unwrap();
        let mut on = resume(dir.path(), &Changes { years: Some(all), ..Changes::default() }).run;
        on.run(&mut Unwatched).unwrap();
        assert_eq!(on.state().time, all * bm_process::process::YEAR);
        assert!(on.totals().error() < 1e-12);
        (on.steps_taken(), all_bits(&on))
    };
    // With everything up to date at the end of the first leg, it is the same as in one go.
    let plain = "years = 400\nstep = 10\n[[process]]\nname = 'lift'\n[[process]]\nname = 'creep'";
    let mut whole = begin(plain);
    whole.run(&mut Unwatched).unwrap();
    assert_eq!(longer(plain, 150.0, 400.0), (40, all_bits(&whole)));
    // Half a step at the end of the first leg, half a one at the end of the other.
    assert_eq!(longer(TEXT, 155.0, 400.0).0, 16 + 25);
    // Fewer years than have passed: nothing to do.
    let dir = tempfile::tempdir().unwrap();
    let mut run = begin(plain).checkpoints(dir.path()).unwrap();
    run.run(&mut until(20)).unwrap();
    let mut back = resume(dir.path(), &Changes { years: Some(100.0), ..Changes::default() }).run;
    assert!(back.step().unwrap().is_none());
    let impossible = Changes { years: Some(-3.0), ..Changes::default() };
    assert!(matches!(Run::resume_with(&registry(), dir.path(), &impossible), Err(RunError::Scenario(_))));
}

#[test]
fn a_damaged_checkpoint_is_passed_over() {
    let mut whole = begin(TEXT);
    whole.run(&mut Unwatched).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut run = begin(TEXT).checkpoints(dir.path()).unwrap();
    run.run(&mut until(23)).unwrap();
    drop(run);
    let files = list(dir.path()).unwrap();
    assert_eq!(files.iter().map(|file| file.0).collect::<Vec<_>>(), [20, 23]);
    let (older, good) = (fs::read(&files[0].1).unwrap(), fs::read(&files[1].1).unwrap());
    let mut damages: Vec<Vec<u8>> =
        vec![Vec::new(), good[..good.len() / 2].to_vec(), b"something else".to_vec()];
    for at in [9, 60, good.len() / 3, good.len() - 3] {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        damages.push(bad);
    }
    for bad in damages {
        fs::write(&files[1].1, &bad).unwrap();
        let mut resumed = match Run::resume_with(&registry(), dir.path(), &Changes::default()) {
            Ok(resumed) => resumed,
            // A version that is newer by one bit.
            Err(RunError::Checkpoint(CheckpointError::File(error))) => {
                assert!(error.to_string().contains("version"), "{error}");
                continue;
            }
            Err(error) => panic!("{error}"),
        };
        assert_eq!((resumed.run.steps_taken(), resumed.warnings.len()), (20, 1));
        assert!(resumed.warnings[0].contains("checkpoint-23.bmg"), "{:?}", resumed.warnings);
        if bad.is_empty() {
            resumed.run.run(&mut Unwatched).unwrap();
            assert_eq!(all_bits(&resumed.run), all_bits(&whole));
            bm_process::run::discard(dir.path()).unwrap();
            fs::write(&files[0].1, &older).unwrap();
        }
    }
    fs::write(&files[0].1, b"").unwrap();
    fs::write(&files[1].1, b"").unwrap();
    let Err(error) = Run::resume_with(&registry(), dir.path(), &Changes::default()) else {
        panic!("nothing to read")
    };
    let shown = error.to_string();
    assert!(shown.contains("checkpoint-20.bmg") && shown.contains("checkpoint-23.bmg"), "{shown}");
    // A folder that is taken is not written to.
    assert!(matches!(
        begin(TEXT).checkpoints(dir.path()),
        Err(RunError::Checkpoint(CheckpointError::Taken { .. }))
    ));
    assert_eq!(bm_process::run::discard(dir.path()).unwrap(), 2);
    assert!(begin(TEXT).checkpoints(dir.path()).is_ok());
    assert!(Run::resume(Path::new("/no/such/folder"), &Changes::default()).is_err());
}

#[test]
fn what_stands_beside_the_grid_is_checked() {
    let dir = tempfile::tempdir().unwrap();
    let mut run = begin(TEXT).checkpoints(dir.path()).unwrap();
    run.run(&mut until(3)).unwrap();
    let path = &list(dir.path()).unwrap()[0].1;
    let (grid, meta) = bm_grid::file::load(path).unwrap();
    let meta: serde_json::Value = serde_json::from_slice(&meta).unwrap();
    let with = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut meta = meta.clone();
        change(&mut meta);
        bm_grid::file::save(&grid, &serde_json::to_vec(&meta).unwrap(), path).unwrap();
        Run::resume_with(&registry(), dir.path(), &Changes::default())
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    assert!(with(&|_| ()).is_ok());
    let refused = |change: &dyn Fn(&mut serde_json::Value), word: &str| {
        let why = with(change).unwrap_err();
        assert!(why.contains(word) && why.contains("checkpoint-3.bmg"), "{word} is not in: {why}");
    };
    refused(&|meta| meta["checkpoint"] = 2.into(), "version 2");
    refused(&|meta| meta["done"] = serde_json::json!([3, 3]), "other processes");
    refused(&|meta| meta["done"][0] = 4.into(), "ahead");
    refused(&|meta| meta["processes"][0][0] = "else".into(), "other processes");
    refused(&|meta| meta["scenario"] = "years = -1".into(), "checkpoint-3.bmg");
    refused(&|meta| meta["more"] = 1.into(), "unknown field");
    refused(&|meta| meta["layout"] = serde_json::Value::Null, "nothing about the land");
    let broken: [fn(&mut serde_json::Value); 4] = [
        |layout| layout["strata"] = serde_json::json!([18, 9]),
        |layout| layout["edges"][1] = "open".into(),
        |layout| layout["materials"][0]["id"] = 0.into(),
        |layout| layout["sea_level"] = serde_json::Value::Null,
    ];
    for broken in broken {
        with(&|meta| broken(&mut meta["layout"])).unwrap_err();
    }
}

/// Counts checkpoints.
struct Saves(Vec<String>);

impl Observer for Saves {
    fn step(&mut self, _: &Progress<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
    fn checkpoint(&mut self, path: &Path, bytes: u64) {
        assert_eq!(fs::metadata(path).unwrap().len(), bytes);
        self.0.push(path.file_name().unwrap().to_str().unwrap().to_owned());
    }
}

#[test]
fn when_a_checkpoint_cannot_be_saved_the_run_can_go_on() {
    let mut whole = begin(TEXT);
    whole.run(&mut Unwatched).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("run");
    let mut run = begin(TEXT).checkpoints(&folder).unwrap();
    run.run(&mut until(12)).unwrap();
    let aside = dir.path().join("aside");
    fs::rename(&folder, &aside).unwrap();
    let error = run.run(&mut Unwatched).unwrap_err();
    let shown = error.to_string();
    assert!(matches!(error, RunError::Save(_)), "{shown}");
    assert!(shown.contains("no checkpoint after step 15") && shown.contains("checkpoint-12.bmg"), "{shown}");
    fs::rename(&aside, &folder).unwrap();
    let mut saves = Saves(Vec::new());
    assert_eq!(run.run(&mut saves).unwrap(), Ended::Finished);
    assert_eq!(
        saves.0,
        [
            "checkpoint-20.bmg",
            "checkpoint-25.bmg",
            "checkpoint-30.bmg",
            "checkpoint-35.bmg",
            "checkpoint-40.bmg"
        ]
    );
    assert_eq!(all_bits(&run), all_bits(&whole));
}

#[test]
fn a_failed_step_names_the_checkpoint() {
    let dir = tempfile::tempdir().unwrap();
    let text = "years = 100\nstep = 10\ncheckpoint-every = 3\n[[process]]\nname = 'lift'\n[[process]]\nname = 'faulty'\nfrom = 70";
    let mut run = begin(text).checkpoints(dir.path()).unwrap();
    let shown = run.run(&mut Unwatched).unwrap_err().to_string();
    assert!(
        shown.starts_with("step 8, faulty: solid as measured") && shown.contains("checkpoint-6.bmg"),
        "{shown}"
    );
    assert!(matches!(run.save(), Err(RunError::Broken(_))));
    assert_eq!(resume(dir.path(), &Changes::default()).run.steps_taken(), 6);
}

/// What the tests below run in a process of its own: not a test.
#[test]
#[ignore = "run by other tests, in a process of its own"]
fn child() {
    let Some(folder) = std::env::var_os("BM_CHECKPOINTS") else { return };
    let folder = Path::new(&folder);
    let long = TEXT.replace("years = 400", "years = 1e6");
    let mut run = match folder.exists() {
        true => resume(folder, &Changes::default()).run,
        false => begin(&long).checkpoints(folder).unwrap(),
    };
    match run.run(&mut Unwatched) {
        Err(error @ RunError::Save(_)) => println!("stopped: {error}"),
        other => panic!("{other:?}"),
    }
}

fn child_of(folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child", "--ignored", "--nocapture"]).env("BM_CHECKPOINTS", folder);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

fn newest(folder: &Path) -> u64 {
    list(folder).ok().and_then(|all| all.last().map(|last| last.0)).unwrap_or(0)
}

/// Runs a child until it has saved a checkpoint after so many steps, and kills it.
fn killed(folder: &Path, step: u64) {
    let mut child = child_of(folder).spawn().unwrap();
    while newest(folder) < step {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_killed_process_resumes_with_the_same_bits() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("run");
    killed(&folder, 15);
    let at = newest(&folder);
    // A second one is killed as well; what a kill leaves half written does no harm.
    fs::write(folder.join(".checkpoint-99.bmg.1-1.part"), b"half").unwrap();
    killed(&folder, at + 10);
    let steps = newest(&folder) + 7;
    let years = Some(10.0 * steps as f64);
    let mut on = resume(&folder, &Changes { years, ..Changes::default() }).run;
    assert!(!folder.join(".checkpoint-99.bmg.1-1.part").exists());
    on.run(&mut Unwatched).unwrap();
    let mut whole = begin(&TEXT.replace("years = 400", &format!("years = {}", 10 * steps)));
    whole.run(&mut Unwatched).unwrap();
    assert_eq!(all_bits(&on), all_bits(&whole));
}

/// A file may grow to some size and no further: what a full disk does to whoever writes.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_the_last_checkpoint() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("run");
    killed(&folder, 15);
    let at = newest(&folder);
    let child = child_of(&folder);
    // Blocks of 512 bytes; without the trap the system would kill it.
    let script = "trap '' XFSZ; ulimit -f 20; exec \"$0\" \"$@\"";
    let mut limited = Command::new("sh");
    limited
        .args(["-c", script])
        .arg(child.get_program())
        .args(child.get_args())
        .env("BM_CHECKPOINTS", &folder);
    let output = limited.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said} {}", String::from_utf8_lossy(&output.stderr));
    let next = (at / 5 + 1) * 5;
    assert!(said.contains(&format!("stopped: no checkpoint after step {next}: ")), "{said}");
    assert!(
        said.contains(&format!(
            "the last checkpoint is {}",
            folder.join(format!("checkpoint-{at}.bmg")).display()
        )),
        "{said}"
    );
    let left: Vec<_> = fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| name.to_str().unwrap().starts_with("checkpoint-")), "{left:?}");
    let mut on = resume(&folder, &Changes { years: Some(10.0 * (at + 8) as f64), ..Changes::default() });
    assert_eq!((on.run.steps_taken(), on.warnings.len()), (at, 0));
    on.run.run(&mut Unwatched).unwrap();
    let mut whole = begin(&TEXT.replace("years = 400", &format!("years = {}", 10 * (at + 8))));
    whole.run(&mut Unwatched).unwrap();
    assert_eq!(all_bits(&on.run), all_bits(&whole));
}
