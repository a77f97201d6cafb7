//! Running the program, and a small world to run it on.

use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use tempfile::TempDir;

/// What a run of the program left.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    fn from(o: Output) -> Self {
        let text = |b: Vec<u8>| String::from_utf8(b).expect("UTF-8");
        Self { code: o.status.code().expect("not killed"), out: text(o.stdout), err: text(o.stderr) }
    }

    /// Fails unless all went well and nothing was complained about.
    pub(crate) fn good(self) -> Self {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        assert_eq!(self.err, "");
        self
    }

    /// Fails unless the program refused with this code and one clear line that holds `words`.
    pub(crate) fn refused(self, code: i32, words: &[&str]) -> Self {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        let clean = ["panicked", "RUST_BACKTRACE", "internal error", "Os {", "Some(", "Error {"];
        assert!(clean.iter().all(|c| !self.err.contains(c)), "{}", self.err);
        assert!(self.err.starts_with("bm: ") || self.err.starts_with("error: "), "{}", self.err);
        for w in words {
            assert!(self.err.contains(w), "{w:?} is not in: {}", self.err);
        }
        self
    }

    /// The one object on standard output.
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.out.lines().count(), 1, "{}", self.out);
        serde_json::from_str(&self.out).expect("JSON")
    }

    pub(crate) fn json_lines(&self) -> Vec<Value> {
        self.out.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect()
    }
}

/// Runs `bm` in a folder.
pub(crate) fn bm(folder: &Path, args: &str) -> Ran {
    let args: Vec<&str> = args.split_whitespace().collect();
    let run =
        Command::new(env!("CARGO_BIN_EXE_bm")).args(args).current_dir(folder).stdin(Stdio::null()).output();
    Ran::from(run.expect("bm runs"))
}

/// Runs `bm` with text on standard input.
pub(crate) fn bm_with(folder: &Path, args: &str, input: &[u8]) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_bm"))
        .args(args.split_whitespace())
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("bm runs");
    let mut stdin = child.stdin.take().expect("piped");
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().expect("bm ends");
    // A program that refused its arguments never read them.
    let _ = writer.join().expect("no panic");
    Ran::from(output)
}

/// A folder with `tiny.nc` and the world `tiny.bm` made from it, shared by all tests: nobody writes there.
pub(crate) fn tiny() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    FOLDER
        .get_or_init(|| {
            let folder = folder();
            bm(folder.path(), "ingest relief tiny.nc --world tiny.bm").good();
            folder
        })
        .path()
}

/// A folder of one's own, with `tiny.nc`.
pub(crate) fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("tiny.nc"), tiny_relief()).expect("written");
    folder
}

/// A folder of one's own, with a copy of `tiny.bm`.
pub(crate) fn folder_with_world() -> (TempDir, PathBuf) {
    let own = folder();
    let world = own.path().join("tiny.bm");
    std::fs::copy(tiny().join("tiny.bm"), &world).expect("copied");
    (own, world)
}

/// Columns and rows of the tiny relief: cells of 10 degrees.
const SIZE: [usize; 2] = [36, 18];

/// Height in metres of the tiny relief: an island of 3 km around 45° E, 45° N in a sea of 4 km.
pub(crate) fn height(column: usize, row: usize) -> i16 {
    let (lon, lat) = (column as i32 * 10 - 175, row as i32 * 10 - 85);
    let away = (lon - 45).abs().max((lat - 45).abs());
    (3_000 - 100 * away).max(-4_000) as i16
}

/// Name, dimensions, units, type code, values.
type Variable<'a> = (&'a str, &'a [u32], &'a str, u32, Vec<u8>);

/// Relief as NetCDF classic: `z(lat, lon)` in shorts, cell centres.
fn tiny_relief() -> Vec<u8> {
    let [w, h] = SIZE;
    let axis = |n: usize, first: f64| {
        (0..n).flat_map(move |i| (first + i as f64 * 10.0).to_be_bytes()).collect::<Vec<u8>>()
    };
    let heights: Vec<u8> =
        (0..h).flat_map(|j| (0..w).flat_map(move |i| height(i, j).to_be_bytes())).collect();
    let vars: [Variable<'_>; 3] = [
        ("lon", &[1], "degrees_east", 6, axis(w, -175.0)),
        ("lat", &[0], "degrees_north", 6, axis(h, -85.0)),
        ("z", &[0, 1], "m", 3, heights),
    ];
    let header = |offsets: [u32; 3]| {
        let mut o = b"CDF\x01\0\0\0\0".to_vec();
        let word = |o: &mut Vec<u8>, n: u32| o.extend(n.to_be_bytes());
        let text = |o: &mut Vec<u8>, s: &str| {
            o.extend((s.len() as u32).to_be_bytes());
            o.extend(s.as_bytes());
            o.resize(o.len().next_multiple_of(4), 0);
        };
        word(&mut o, 10);
        word(&mut o, 2);
        for (name, n) in [("lat", h), ("lon", w)] {
            text(&mut o, name);
            word(&mut o, n as u32);
        }
        word(&mut o, 0);
        word(&mut o, 0);
        word(&mut o, 11);
        word(&mut o, 3);
        for ((name, dims, units, kind, data), at) in vars.iter().zip(offsets) {
            text(&mut o, name);
            word(&mut o, dims.len() as u32);
            dims.iter().for_each(|&d| word(&mut o, d));
            word(&mut o, 12);
            word(&mut o, 1);
            text(&mut o, "units");
            word(&mut o, 2);
            text(&mut o, units);
            word(&mut o, *kind);
            word(&mut o, data.len() as u32);
            word(&mut o, at);
        }
        o
    };
    let first = header([0; 3]).len() as u32;
    let second = first + vars[0].4.len() as u32;
    let mut out = header([first, second, second + vars[1].4.len() as u32]);
    vars.iter().for_each(|v| out.extend(&v.4));
    out
}

/// Width and height a PNG file says it has, after a look at its frame.
pub(crate) fn png_size(path: &Path) -> [u32; 2] {
    let bytes = std::fs::read(path).expect("a picture");
    assert_eq!(&bytes[..8], b"\x89PNG\r\n\x1a\n");
    assert_eq!(&bytes[bytes.len() - 8..bytes.len() - 4], b"IEND");
    let word = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().expect("4 bytes"));
    [word(16), word(20)]
}

/// A NumPy array as a file.
pub(crate) fn npy(kind: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let head = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let mut out = b"\x93NUMPY\x01\0".to_vec();
    out.extend((head.len() as u16).to_le_bytes());
    out.extend(head.as_bytes());
    out.extend(data);
    out
}
