//! A process that fills a world with edits and waits to be killed.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use bm_hybrid::World;
use bm_overlay::Durability;

use super::{KILOMETRE, alps, ours};
use crate::harness::BenchError;
use crate::inputs::edits::{CellEdit, EIGHT, in_a_cube};

/// What the first argument of the bench program is, for such a process.
const WORD: &str = "--fill-world-and-wait";
const READY: &str = "ready";
const SEED: u64 = 0x0f11;

/// The edits of such a process.
///
/// # Errors
/// Does not fail.
pub fn edits(count: usize) -> Result<Vec<CellEdit>, BenchError> {
    in_a_cube(alps()?, KILOMETRE, count, &EIGHT, SEED).map_err(ours)
}

/// Starts the process, waits until all its commits are on the disk, and kills it.
///
/// # Errors
/// When it does not get that far.
pub fn filled_and_killed(world: &Path, count: usize, per_commit: usize) -> Result<(), BenchError> {
    let own = std::env::current_exe().map_err(ours)?;
    let mut child = Command::new(own)
        .arg(WORD)
        .arg(world)
        .args([count.to_string(), per_commit.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(ours)?;
    let ready = wait(&mut child);
    // SIGKILL on Unix: no destructor runs, no buffer is flushed.
    let killed = child.kill().and_then(|()| child.wait());
    ready?;
    killed.map(drop).map_err(ours)
}

fn wait(child: &mut Child) -> Result<(), BenchError> {
    let output = child.stdout.take().ok_or_else(|| ours("the child has no output"))?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line).map_err(ours)?;
    if line.trim() == READY { Ok(()) } else { Err(ours(format!("the child ended: {line}"))) }
}

/// In such a process: does its work and never returns well. `None` in any other.
#[must_use]
pub fn run(arguments: &[String]) -> Option<BenchError> {
    match arguments {
        [_, word, world, count, per_commit] if word == WORD => {
            Some(fill(Path::new(world), count, per_commit).err().unwrap_or_else(|| ours("nobody killed it")))
        }
        _ => None,
    }
}

#[allow(clippy::print_stdout, reason = "this is how it tells its parent")]
fn fill(path: &Path, count: &str, per_commit: &str) -> Result<(), BenchError> {
    let count: usize = count.parse().map_err(ours)?;
    let per_commit: usize = per_commit.parse().map_err(ours)?;
    let world = World::open_or_create(path).map_err(ours)?;
    let edits = edits(count)?;
    let Some((last, others)) = edits.split_last() else { return Err(ours("no edits")) };
    super::ours::commit_all(&world, others, per_commit)?;
    // Durable with everything before it.
    super::ours::put(&world, *last, Durability::Sync)?;
    println!("{READY}");
    // The pipe stays open until the parent is gone.
    let _ = std::io::stdin().read_line(&mut String::new());
    Ok(())
}
