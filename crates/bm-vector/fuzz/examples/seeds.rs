//! Writes a few good inputs for every target into `corpus/`.
use bm_vector::Area;
use geo_types::Coord;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/area");
    std::fs::create_dir_all(&folder)?;
    let ring = |n: i32, size: f64, dx: f64, power: Option<f64>| {
        let coord = |i: i32| {
            let angle = std::f64::consts::TAU * f64::from(i % n) / f64::from(n);
            let radius = size * (1.0 + f64::from(i % n % 5) / 10.0);
            let round = |v: f64| power.map_or(v, |p| (v * p).round() / p);
            Coord { x: round(dx + radius * angle.cos()), y: round(radius * angle.sin()) }
        };
        (0..=n).map(coord).collect::<Vec<_>>()
    };
    for (name, power) in [("decimal", Some(1e4)), ("plain", None), ("seconds", Some(3600.0))] {
        let small = Area::new(vec![ring(7, 3.0, 1.0, power)])?;
        std::fs::write(folder.join(format!("{name}-small")), small.as_bytes())?;
        let dense = vec![ring(200, 5.0, 0.0, power), ring(7, 0.3, 1.0, power), ring(1500, 0.02, 100.0, power)];
        std::fs::write(folder.join(format!("{name}-dense")), Area::new(dense)?.as_bytes())?;
    }
    Ok(())
}
