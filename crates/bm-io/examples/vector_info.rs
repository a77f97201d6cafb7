//! What is in a vector file, and the same as another one.
//!
//! ```text
//! cargo run -p bm-io --example vector_info -- FILE [OUT.geojson|OUT.fgb|OUT.wkb]
//! ```
//!
//! Without a file it tells of the bundled land of the Earth.

#![allow(clippy::print_stdout)] // a program's last lines for its user

use bm_io::IoError;
use bm_io::vector::{
    GeoJsonStyle, VectorOptions, read_vector, read_vector_bytes, wkb, write_flatgeobuf, write_geojson,
};
use std::error::Error;
use std::path::Path;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let options = VectorOptions { skip_invalid: true, ..VectorOptions::default() };
    let start = Instant::now();
    let mut features = Vec::new();
    let keep = |feature| {
        features.push(feature);
        Ok::<(), IoError>(())
    };
    let summary = match args.next() {
        Some(path) => read_vector(Path::new(&path), &options, &mut |_, _| {}, keep)?,
        None => read_vector_bytes(bm_io::bundled::LAND_10M_JSON_ZST, "land", &options, keep)?,
    };
    println!("{summary:#?}\nread in {:.3} s", start.elapsed().as_secs_f64());
    for feature in features.iter().take(5) {
        println!("{:?} {:?}", feature.id, feature.properties);
    }
    if let Some(out) = args.next() {
        let (start, path) = (Instant::now(), Path::new(&out));
        match path.extension().and_then(|e| e.to_str()) {
            Some("geojson" | "json") => write_geojson(path, &features, GeoJsonStyle::default())?,
            Some("fgb") => write_flatgeobuf(path, "features", &features)?,
            Some("wkb") => wkb::write_wkb(path, &features, false)?,
            _ => return Err(format!("{out}: end it in .geojson, .fgb or .wkb").into()),
        }
        println!("{out}: written in {:.3} s", start.elapsed().as_secs_f64());
    }
    Ok(())
}
