//! Writes a few good inputs for every target into `corpus/`.
use bm_codec::body::{Base, Body};
use bm_codec::exceptions::Exceptions;
use bm_core::{MaterialId, PageId};
use bm_hybrid::World;
use bm_io::geotiff::{GeoTiffRegion, TiffSamples, write_geotiff};
use bm_io::relief::{Relief, ReliefOptions, read_relief_bytes};
use bm_store::{FaultFile, FileOptions, PageRange, seal_named, seal_page};
use std::collections::BTreeMap;
use std::error::Error;
use std::ops::ControlFlow;
use std::sync::Arc;

fn put(target: &str, name: &str, bytes: &[u8]) -> Result<(), Box<dyn Error>> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    std::fs::create_dir_all(&folder)?;
    Ok(std::fs::write(folder.join(name), bytes)?)
}

/// NetCDF classic with axes and heights as doubles.
fn netcdf(lon: &[f64], lat: &[f64], z: &[f64]) -> Vec<u8> {
    let mut b: Vec<u8> = b"CDF\x01\0\0\0\0".to_vec();
    let word = |b: &mut Vec<u8>, v: u32| b.extend(v.to_be_bytes());
    let name = |b: &mut Vec<u8>, s: &str| {
        b.extend((s.len() as u32).to_be_bytes());
        b.extend(s.as_bytes());
        b.resize(b.len().next_multiple_of(4), 0);
    };
    word(&mut b, 10);
    word(&mut b, 2);
    for (d, n) in [("lat", lat.len()), ("lon", lon.len())] {
        name(&mut b, d);
        word(&mut b, n as u32);
    }
    word(&mut b, 0);
    word(&mut b, 0);
    word(&mut b, 11);
    word(&mut b, 3);
    let variables: [(&str, &[u32], &[f64]); 3] = [("lat", &[0], lat), ("lon", &[1], lon), ("z", &[0, 1], z)];
    let head: usize =
        variables.iter().map(|(n, d, _)| 4 + n.len().next_multiple_of(4) + 24 + 4 * d.len()).sum();
    let mut offset = (b.len() + head) as u32;
    for (n, dims, values) in variables {
        name(&mut b, n);
        word(&mut b, dims.len() as u32);
        dims.iter().for_each(|&d| word(&mut b, d));
        word(&mut b, 0);
        word(&mut b, 0);
        word(&mut b, 6);
        word(&mut b, values.len() as u32 * 8);
        word(&mut b, offset);
        offset += values.len() as u32 * 8;
    }
    for (_, _, values) in variables {
        values.iter().for_each(|v| b.extend(v.to_be_bytes()));
    }
    b
}

/// A zip without compression.
fn zip(members: &[(&str, Vec<u8>)], crc: impl Fn(&[u8]) -> u32) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in members {
        let at = out.len() as u32;
        let mut entry = Vec::new();
        [20u16, 0, 0, 0, 33].iter().for_each(|v| entry.extend(v.to_le_bytes()));
        let size = bytes.len() as u32;
        [crc(bytes), size, size].iter().for_each(|v| entry.extend(v.to_le_bytes()));
        entry.extend((name.len() as u16).to_le_bytes());
        entry.extend([0; 2]);
        for (head, to) in [(&b"PK\x03\x04"[..], &mut out), (&b"PK\x01\x02\x14\0"[..], &mut directory)] {
            to.extend(head);
            to.extend(&entry);
        }
        out.extend(name.as_bytes());
        out.extend(bytes);
        directory.extend([0; 10]);
        directory.extend(at.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (at, n) = (out.len() as u32, members.len() as u16);
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    [n, n].iter().for_each(|v| out.extend(v.to_le_bytes()));
    [directory.len() as u32, at].iter().for_each(|v| out.extend(v.to_le_bytes()));
    out.extend([0; 2]);
    out
}

fn npy(shape: &str, values: &[f64]) -> Vec<u8> {
    let mut dict = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({shape}), }}");
    dict.push_str(&" ".repeat((11 + dict.len()).next_multiple_of(64) - 11 - dict.len()));
    dict.push('\n');
    let mut out = b"\x93NUMPY\x01\0".to_vec();
    out.extend((dict.len() as u16).to_le_bytes());
    out.extend(dict.as_bytes());
    out.extend(values.iter().flat_map(|v| v.to_le_bytes()));
    out
}

/// Twelve points: the icosahedron itself.
fn litho() -> Vec<u8> {
    let ring = 0.5f64.atan().to_degrees();
    let mut points = vec![(0.0, 90.0)];
    points.extend((0..5).map(|k| (72.0 * f64::from(k), ring)));
    points.extend((0..5).map(|k| (72.0 * f64::from(k) + 36.0, -ring)));
    points.push((0.0, -90.0));
    let coords: Vec<f64> = points.iter().flat_map(|&(lon, lat)| [lat, lat, lon]).collect();
    let mut data = vec![-99_999.0; 19 * 9 * 12];
    for p in 0..12 {
        let mut depth = 100_000.0;
        data[p] = depth;
        for (k, thickness) in
            [60_000.0, 9000.0, 8000.0, 7000.0, 800.0, 300.0, 200.0, 3000.0, 0.0].iter().enumerate()
        {
            data[(2 * k + 1) * 108 + p] = depth;
            depth -= thickness;
            data[(2 * k + 2) * 108 + p] = depth;
        }
    }
    // The check sum that zip and pages share.
    zip(
        &[
            ("litho1_mesh_coords.npy", npy("12, 3", &coords)),
            ("litho1_all_data.npy", npy("19, 9, 12", &data)),
        ],
        bm_codec::body::body_crc,
    )
}

fn main() -> Result<(), Box<dyn Error>> {
    let lon: Vec<f64> = (0..20).map(|i| 8.0 + f64::from(i) / 1200.0).collect();
    let lat: Vec<f64> = (0..16).map(|j| 46.0 + f64::from(j) / 1200.0).collect();
    let z: Vec<f64> = (0..320).map(|k| f64::from((k * 37) % 400) - 90.0).collect();
    let file = netcdf(&lon, &lat, &z);
    put("relief", "netcdf", &file)?;
    put(
        "relief",
        "hole",
        &netcdf(&lon, &lat, &z.iter().map(|&v| if v > 300.0 { f64::NAN } else { v }).collect::<Vec<_>>()),
    )?;
    put("relief", "reversed", &netcdf(&lon, &lat.iter().rev().copied().collect::<Vec<_>>(), &z))?;
    let mut fine = read_relief_bytes(&file, "seed", &ReliefOptions::default())?;
    fine.values[70] = Relief::NODATA;
    fine.nodata_count = 1;
    let mut coarse = fine.clone();
    coarse.georef.x = bm_io::Axis { origin_num: 30, step_num: 1, den: 6 };
    coarse.georef.y = bm_io::Axis { origin_num: 270, step_num: 1, den: 6 };

    let edge = |name, v: f64| (name, npy("", &[v]));
    let npz = zip(
        &[
            ("elevation.npy", npy("16, 20", &z)),
            edge("xmin.npy", 8.0),
            edge("xmax.npy", 8.5),
            edge("ymin.npy", 46.0),
            edge("ymax.npy", 46.4),
        ],
        bm_codec::body::body_crc,
    );
    put("relief", "npz", &npz)?;
    let plain: Vec<f32> = z.iter().map(|&v| v as f32).collect();
    let tiff = std::env::temp_dir().join(format!("bm-seed-{}.tif", std::process::id()));
    let region = GeoTiffRegion {
        georef: &fine.georef,
        width: 20,
        height: 16,
        samples: TiffSamples::F32(&plain),
        nodata: Some(-9999.0),
    };
    write_geotiff(&tiff, &region)?;
    put("relief", "geotiff", &std::fs::read(&tiff)?)?;
    std::fs::remove_file(&tiff)?;
    put("litho", "twelve", &litho())?;

    let raw = Arc::new(FaultFile::new());
    let store = FileOptions::default().create_on(raw.clone(), "seed")?;
    let mut world = World::on(Box::new(store), Default::default())?;
    world.ingest_relief(&coarse, &Default::default(), &|_| ())?;
    world.ingest_relief(&fine, &Default::default(), &|_| ())?;
    world.compact()?;
    let mut pages = BTreeMap::new();
    world.store().snapshot()?.scan(PageRange::ALL, &mut |id, bytes| {
        pages.insert(id, bytes.to_vec());
        ControlFlow::Continue(())
    })?;
    put("world", "unclean", &raw.bytes())?;
    drop(world);
    put("world", "compact", &raw.bytes())?;

    for (id, bytes) in pages.iter().take(40) {
        put("page_body", &format!("{:x}", id.raw()), bytes)?;
        let mut sealed = id.raw().to_le_bytes().to_vec();
        sealed.extend(seal_page(*id, &bytes[..bytes.len().min(90)])?);
        put("envelope", &format!("{:x}", id.raw()), &sealed)?;
    }
    let mut sealed = vec![0; 8];
    sealed.extend(seal_named("log", b"[]")?);
    put("envelope", "log", &sealed)?;

    // A surface by itself: what lies between the five bytes before it and those after it.
    let surface = bm_codec::raster::Raster::new(
        (
            bm_codec::raster::Axis { origin: 5, step: 371, den: 2 },
            bm_codec::raster::Axis { origin: -3, step: 99, den: 1 },
        ),
        (9, 7),
        4,
        bm_codec::raster::Interpolation::Bilinear,
        &(0..63).map(|k| (k * 7919) % 4000 - 1500).collect::<Vec<i32>>(),
    )?;
    for (name, material) in [("bare", MaterialId::ROCK), ("granite", MaterialId::GRANITE)] {
        let strata = bm_codec::strata::Strata::new(surface.clone(), material);
        let bytes = Body::new(Base::Strata(Arc::new(strata))).encode();
        put("raster", name, &bytes[5..bytes.len() - 3])?;
        put("page_body", name, &bytes)?;
    }

    let cells =
        |f: &dyn Fn(u32) -> Option<MaterialId>| (0..bm_core::page::SUBCELLS).map(f).collect::<Vec<_>>();
    let runs = cells(&|s| (s / 5000 % 3 == 1).then_some(MaterialId::ICE));
    let noisy = cells(&|s| (s < 4000).then(|| MaterialId(1 + (s.wrapping_mul(2_654_435_761) >> 29) as u16)));
    for (name, cells) in [("runs", runs), ("palette", noisy)] {
        let body = Body { exceptions: Exceptions::from_dense(&cells)?, ..Body::new(Base::Inherit) };
        let bytes = body.encode();
        put("exceptions", name, &bytes[2..bytes.len() - 1])?;
        put("page_body", name, &bytes)?;
    }

    // The tree, depth first, six pages of each directory at most.
    fn parts(id: PageId, pages: &BTreeMap<PageId, Vec<u8>>, out: &mut Vec<u8>) -> Result<(), Box<dyn Error>> {
        let Some(bytes) = pages.get(&id) else { return Ok(()) };
        out.extend((bytes.len() as u16).to_le_bytes());
        out.extend(bytes);
        for c in Body::decode(bytes)?.children.iter().take(6) {
            if let Some(child) = id.child(c.sub) {
                parts(child, pages, out)?;
            }
        }
        Ok(())
    }
    let mut all = Vec::new();
    parts(PageId::ROOT, &pages, &mut all)?;
    put("tree", "world", &all)?;
    Ok(())
}
