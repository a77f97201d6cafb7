//! `cargo xtask campaign`: the crash and damage tests at length. `cargo xtask test` runs the same tests with a few
//! rounds; here they get as many as one has time for.

use crate::shell::{self, Outcome};
use crate::workspace;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Campaigns to run; all when none is named
    #[arg(value_enum)]
    which: Vec<Campaign>,
    /// Rounds of each kill campaign
    #[arg(long, default_value_t = 1000)]
    rounds: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Campaign {
    /// A process that commits to a store, or ingests into a world, is killed at random moments
    Kill,
    /// A process that edits a world from several threads is killed; power fails, or a write does, at every operation
    Edits,
    /// A process that simulates on check-outs is killed; files of their folders are cut off everywhere
    Simulate,
    /// Every byte of a store and of a world is flipped in turn
    Flip,
}

/// A test program, the part of its tests that makes the campaign, and the variable that makes it long.
struct Part {
    campaign: Campaign,
    title: &'static str,
    test: [&'static str; 4],
    filter: &'static str,
    variable: &'static str,
    /// Its value; none for the number of rounds.
    value: Option<u32>,
}

const PARTS: [Part; 9] = [
    Part {
        campaign: Campaign::Kill,
        title: "kill a store's writer",
        test: ["-p", "bm-store", "--test", "crash"],
        filter: "",
        variable: "BM_STORE_KILLS",
        value: None,
    },
    Part {
        campaign: Campaign::Kill,
        title: "kill an ingest",
        test: ["-p", "bm-hybrid", "--test", "world"],
        filter: "killed",
        variable: "BM_KILL_ROUNDS",
        value: None,
    },
    Part {
        campaign: Campaign::Edits,
        title: "kill a process that edits",
        test: ["-p", "bm-hybrid", "--test", "edits_crash"],
        filter: "killed",
        variable: "BM_EDITS_KILL_ROUNDS",
        value: None,
    },
    Part {
        campaign: Campaign::Edits,
        title: "crash images of edited worlds",
        test: ["-p", "bm-hybrid", "--test", "edits_crash"],
        filter: "images",
        variable: "BM_EDITS_IMAGES",
        // So many at each operation.
        value: Some(150),
    },
    Part {
        campaign: Campaign::Edits,
        title: "every operation on an edited world fails",
        test: ["-p", "bm-hybrid", "--test", "edits_crash"],
        filter: "failures",
        variable: "BM_EDITS_FAILURES",
        // A stride of one: every operation.
        value: Some(1),
    },
    Part {
        campaign: Campaign::Simulate,
        title: "kill a process that simulates and commits",
        test: ["-p", "bm-hybrid", "--test", "checkout"],
        filter: "killed::",
        variable: "BM_CHECKOUT_KILLS",
        value: None,
    },
    Part {
        campaign: Campaign::Simulate,
        title: "folders of check-outs, cut off everywhere",
        test: ["-p", "bm-hybrid", "--test", "checkout"],
        filter: "crash::",
        variable: "BM_CHECKOUT_CUTS",
        // A stride: each cut is a simulation.
        value: Some(16),
    },
    Part {
        campaign: Campaign::Flip,
        title: "flip every byte of a store",
        test: ["-p", "bm-store", "--test", "damage"],
        filter: "",
        variable: "BM_STORE_FLIPS",
        // A stride of one: every byte.
        value: Some(1),
    },
    Part {
        campaign: Campaign::Flip,
        title: "flip every byte of a world",
        test: ["-p", "bm-hybrid", "--test", "world"],
        filter: "flipped",
        variable: "BM_FLIP_STEP",
        value: Some(1),
    },
];

pub(crate) fn run(args: &Args) -> Outcome {
    let root = workspace::root();
    for part in &PARTS {
        if !args.which.is_empty() && !args.which.contains(&part.campaign) {
            continue;
        }
        let value = part.value.unwrap_or(args.rounds);
        let mut command = shell::cargo(&root);
        command.arg("test").args(part.test).arg("--").args(["--nocapture"]);
        if !part.filter.is_empty() {
            command.arg(part.filter);
        }
        shell::step(part.title, command.env(part.variable, value.to_string()))?;
    }
    Ok(())
}
