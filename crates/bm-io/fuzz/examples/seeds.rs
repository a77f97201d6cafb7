//! Writes a few good inputs for every target into `corpus/`: the files of the tests.
use std::error::Error;
use std::path::Path;

fn put(target: &str, name: &str, bytes: &[u8]) -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    std::fs::create_dir_all(&folder)?;
    Ok(std::fs::write(folder.join(name), bytes)?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/vector");
    for name in ["every.wkb", "every-big-endian.wkb", "high.ewkb", "zm.wkb", "three.ewkb"] {
        let bytes = std::fs::read(folder.join(name))?;
        put("wkb", name, &bytes)?;
        // One geometry is all that a decoder takes: the first, by trial.
        for end in 0..=bytes.len() {
            if bm_io::vector::wkb::decode(&bytes[..end], name).is_ok() {
                put("wkb", &format!("{name}-first"), &bytes[..end])?;
                put("gpkg_geometry", name, &bytes[..end])?;
                put(
                    "gpkg_geometry",
                    &format!("{name}-box"),
                    &[b"GP\0\x03\xe6\x10\0\0", &[0; 32][..], &bytes[..end]].concat(),
                )?;
            }
        }
    }
    for entry in std::fs::read_dir(&folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !name.ends_with(".py") && !name.ends_with(".gpkg") {
            let bytes = std::fs::read(&path)?;
            for flags in [0, 4, 15] {
                put("vector", &format!("{name}-{flags}"), &[&[flags], &bytes[..]].concat())?;
            }
        }
    }
    Ok(())
}
