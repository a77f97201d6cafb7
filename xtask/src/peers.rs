//! `cargo xtask peers`: the Python programs the benches compare with, in `peers/python`.
//!
//! Rust peers need nothing here: they are ordinary dependencies of the `benches` crate.

use std::path::Path;
use std::process::Command;

use crate::shell::{self, Failure, Outcome};
use crate::workspace;

struct Peer {
    /// Requirement as pip reads it.
    requirement: &'static str,
    /// What must import, and print the version, for the peer to be there.
    module: &'static str,
    what: &'static str,
    /// Without a needed peer the command fails; others are compared with when they install.
    needed: bool,
}

const PEERS: &[Peer] = &[
    Peer { requirement: "numpy", module: "numpy", what: "arrays for the other peers", needed: true },
    Peer {
        requirement: "pcodec==1.1.0",
        module: "pcodec",
        what: "compression of numbers: the bytes a relief takes on disk",
        needed: true,
    },
    Peer {
        requirement: "zCurve==0.0.4",
        module: "zCurve",
        what: "BIGMIN and LITMAX on Morton codes",
        needed: false,
    },
    Peer {
        requirement: "tiledb==0.36.1",
        module: "tiledb",
        what: "versioned arrays: time travel by fragments",
        needed: false,
    },
    Peer {
        requirement: "zarr==3.1.6",
        module: "zarr",
        what: "the arrays that icechunk keeps versions of",
        needed: false,
    },
    Peer {
        requirement: "icechunk==1.1.21",
        module: "icechunk",
        what: "versioned arrays: a repository of snapshots",
        needed: false,
    },
    Peer {
        requirement: "roaring-landmask==0.11",
        module: "roaring_landmask",
        what: "land or sea: the world's shorelines, which `cargo xtask data` takes from it, too",
        needed: true,
    },
    Peer {
        requirement: "shapely==2.2.0",
        module: "shapely",
        what: "GEOS: points in prepared polygons",
        needed: false,
    },
];

/// Makes the environment if there is none, and installs what is missing in it.
pub(crate) fn run() -> Outcome {
    let folder = workspace::root().join("peers/python");
    let python = folder.join("bin/python");
    if !works(&python) {
        println!("python3 -m venv peers/python");
        shell::quiet(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder)).map_err(
            |failure| Failure(format!("no Python environment: {failure} (on Debian, install python3-venv)")),
        )?;
    }
    let mut missing = Vec::new();
    for peer in PEERS {
        if has(&python, peer) {
            println!("have      {}: {}", peer.requirement, peer.what);
            continue;
        }
        let installed = shell::quiet(
            Command::new(&python)
                .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
                .arg(peer.requirement),
        );
        match installed {
            Ok(_) if has(&python, peer) => {
                println!("installed {}: {}", peer.requirement, peer.what);
            }
            Ok(_) => report(peer, "it installs but does not import", &mut missing),
            Err(failure) => report(peer, &failure.0, &mut missing),
        }
    }
    if missing.is_empty() { Ok(()) } else { Err(Failure(format!("could not set up {}", missing.join(", ")))) }
}

fn report(peer: &Peer, why: &str, missing: &mut Vec<&'static str>) {
    let what = peer.what;
    if peer.needed {
        println!("MISSING   {}: {what} ({why})", peer.requirement);
        missing.push(peer.requirement);
    } else {
        println!("left out  {}: {what} ({why})", peer.requirement);
    }
}

fn works(python: &Path) -> bool {
    shell::quiet(Command::new(python).args(["-m", "pip", "--version"])).is_ok()
}

/// Whether the module imports and, where a version is pinned, is of that version.
fn has(python: &Path, peer: &Peer) -> bool {
    let (package, version) = peer.requirement.split_once("==").unwrap_or((peer.requirement, ""));
    let script = format!("import {}, importlib.metadata as m; print(m.version('{package}'))", peer.module);
    shell::quiet(Command::new(python).args(["-c", &script]))
        .is_ok_and(|found| version.is_empty() || found.trim() == version)
}
