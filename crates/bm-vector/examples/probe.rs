use bm_vector::{Area, Where};
use geo_types::Coord;
fn cpu() -> f64 {
    std::fs::read_to_string("/proc/thread-self/schedstat")
        .unwrap()
        .split(' ')
        .next()
        .unwrap()
        .parse::<f64>()
        .unwrap()
        / 1e9
}
fn main() {
    let old = Area::from_bytes(std::fs::read("/work/scratch/land.bma").unwrap());
    let area = if std::env::args().len() > 1 || old.is_err() {
        let rings: Vec<Vec<Coord<f64>>> = {
            let raw = std::fs::read("/work/main/data/gshhg.wkb").unwrap();
            let u = |at: usize| u32::from_le_bytes(raw[at..at + 4].try_into().unwrap()) as usize;
            let f = |at: usize| f64::from_le_bytes(raw[at..at + 8].try_into().unwrap());
            let mut at = 9;
            (0..u(5))
                .map(|_| {
                    let n = u(at + 9);
                    at += 13;
                    let r = (0..n).map(|i| Coord { x: f(at + 16 * i), y: f(at + 16 * i + 8) }).collect();
                    at += 16 * n;
                    r
                })
                .collect()
        };
        let start = cpu();
        let a = Area::new(rings).unwrap();
        println!("built in {:.2} s cpu of this thread", cpu() - start);
        std::fs::write("/work/scratch/land.bma", a.as_bytes()).unwrap();
        a
    } else {
        old.unwrap()
    };
    let b = area.as_bytes();
    let u = |at: usize| u32::from_le_bytes(b[at..at + 4].try_into().unwrap());
    println!(
        "bytes {} nodes {} refs {} pool {} width {} stream {}",
        b.len(),
        u(132),
        u(136),
        u(140),
        b[101],
        u(144)
    );
    let mut seed = 1_u64;
    let mut unit = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 11) as f64 / (1_u64 << 53) as f64
    };
    let points: Vec<_> = (0..4_000_000)
        .map(|_| Coord { x: 360.0 * unit() - 180.0, y: (2.0 * unit() - 1.0).asin().to_degrees() })
        .collect();
    let mut near = Vec::new();
    for ring in area.rings().flatten().step_by(9) {
        let y = ring.y + (unit() - 0.5) / 80.0;
        near.push(Coord { x: ring.x + (unit() - 0.5) / 80.0 / y.to_radians().cos().max(0.1), y });
    }
    for i in 0..near.len() {
        let j = (unit() * near.len() as f64) as usize;
        near.swap(i, j);
    }
    for (what, points) in [("on the sphere", &points), ("near a shore", &near)] {
        let mut out = vec![Where::On; points.len()];
        let mut best = f64::MAX;
        for _ in 0..7 {
            let start = cpu();
            area.locate_batch(points, &mut out);
            best = best.min(cpu() - start);
        }
        let land = out.iter().filter(|&&w| w == Where::Inside).count() as f64 / out.len() as f64;
        println!("{what}: {:.2} M points/s ({:.4} land) batch", points.len() as f64 / best / 1e6, land);
        let mut best = f64::MAX;
        for _ in 0..3 {
            let start = cpu();
            let land = points.iter().filter(|&&p| area.locate(p) == Where::Inside).count();
            std::hint::black_box(land);
            best = best.min(cpu() - start);
        }
        println!("   single {:.2} M/s", points.len() as f64 / best / 1e6);
    }
}
