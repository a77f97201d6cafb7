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
}

const PARTS: [Part; 4] = [
    Part {
        campaign: Campaign::Kill,
        title: "kill a store's writer",
        test: ["-p", "bm-store", "--test", "crash"],
        filter: "",
        variable: "BM_STORE_KILLS",
    },
    Part {
        campaign: Campaign::Kill,
        title: "kill an ingest",
        test: ["-p", "bm-hybrid", "--test", "world"],
        filter: "killed",
        variable: "BM_KILL_ROUNDS",
    },
    Part {
        campaign: Campaign::Flip,
        title: "flip every byte of a store",
        test: ["-p", "bm-store", "--test", "damage"],
        filter: "",
        variable: "BM_STORE_FLIPS",
    },
    Part {
        campaign: Campaign::Flip,
        title: "flip every byte of a world",
        test: ["-p", "bm-hybrid", "--test", "world"],
        filter: "flipped",
        variable: "BM_FLIP_STEP",
    },
];

pub(crate) fn run(args: &Args) -> Outcome {
    let root = workspace::root();
    for part in &PARTS {
        if !args.which.is_empty() && !args.which.contains(&part.campaign) {
            continue;
        }
        let value = match part.campaign {
            Campaign::Kill => args.rounds,
            // A stride of one: every byte.
            Campaign::Flip => 1,
        };
        let mut command = shell::cargo(&root);
        command.arg("test").args(part.test).arg("--").args(["--nocapture"]);
        if !part.filter.is_empty() {
            command.arg(part.filter);
        }
        shell::step(part.title, command.env(part.variable, value.to_string()))?;
    }
    Ok(())
}
