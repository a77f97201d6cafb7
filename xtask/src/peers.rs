//! `cargo xtask peers`: the Python programs the benches compare with, in `peers/python`, and in an environment of its own what
//! does not bear the company of the others.
//!
//! Rust peers need nothing here: they are ordinary dependencies of the `benches` crate.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::shell::{self, Failure, Outcome};
use crate::workspace;

struct Peer {
    /// Folder of its environment under `peers`.
    folder: &'static str,
    /// Requirement as pip reads it.
    requirement: &'static str,
    /// What must import, and print the version, for the peer to be there.
    module: &'static str,
    what: &'static str,
    /// Without a needed peer the command fails; others are compared with when they install.
    needed: bool,
}

const PEERS: &[Peer] = &[
    Peer {
        folder: "python",
        requirement: "numpy",
        module: "numpy",
        what: "arrays for the other peers",
        needed: true,
    },
    Peer {
        folder: "python",
        requirement: "pcodec==1.1.0",
        module: "pcodec",
        what: "compression of numbers: the bytes a relief takes on disk",
        needed: true,
    },
    Peer {
        folder: "python",
        requirement: "zCurve==0.0.4",
        module: "zCurve",
        what: "BIGMIN and LITMAX on Morton codes",
        needed: false,
    },
    Peer {
        folder: "python",
        requirement: "tiledb==0.36.1",
        module: "tiledb",
        what: "versioned arrays: time travel by fragments",
        needed: false,
    },
    Peer {
        folder: "python",
        requirement: "zarr==3.1.6",
        module: "zarr",
        what: "the arrays that icechunk keeps versions of",
        needed: false,
    },
    Peer {
        folder: "python",
        requirement: "icechunk==1.1.21",
        module: "icechunk",
        what: "versioned arrays: a repository of snapshots",
        needed: false,
    },
    Peer {
        folder: "python",
        requirement: "roaring-landmask==0.11",
        module: "roaring_landmask",
        what: "land or sea: the world's shorelines, which `cargo xtask data` takes from it, too",
        needed: true,
    },
    Peer {
        folder: "python",
        requirement: "shapely==2.2.0",
        module: "shapely",
        what: "GEOS: points in prepared polygons",
        needed: false,
    },
    Peer {
        folder: "python",
        requirement: "fastscapelib==0.3.0",
        module: "fastscapelib",
        what: "flow routing, stream power and diffusion in C++",
        needed: false,
    },
    // landlab 2.11 asks for it, and its later versions are no Python 3.11.
    Peer {
        folder: "python",
        requirement: "requireit==0.3.0",
        module: "requireit",
        what: "what landlab needs",
        needed: false,
    },
    Peer {
        folder: "python",
        requirement: "landlab==2.11.0",
        module: "landlab",
        what: "landscape evolution in Python and Cython",
        needed: false,
    },
    // landlab brings another module of the same name.
    Peer {
        folder: "richdem",
        requirement: "richdem2==2.4.3",
        module: "richdem",
        what: "filling of depressions in C++",
        needed: false,
    },
];

/// Makes the environments that are not there, and installs what is missing in them.
pub(crate) fn run() -> Outcome {
    let mut missing = Vec::new();
    for peer in PEERS {
        let python = environment(peer.folder)?;
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

/// The Python of an environment, which is made if there is none.
fn environment(name: &str) -> Result<PathBuf, Failure> {
    let folder = workspace::root().join("peers").join(name);
    let python = folder.join("bin/python");
    if !works(&python) {
        println!("python3 -m venv peers/{name}");
        shell::quiet(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder)).map_err(
            |failure| Failure(format!("no Python environment: {failure} (on Debian, install python3-venv)")),
        )?;
    }
    Ok(python)
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
