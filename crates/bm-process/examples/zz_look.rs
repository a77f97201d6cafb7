#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used)]
use bm_core::MaterialId;
use bm_process::field::Field;
use bm_process::process::*;
use bm_process::processes::*;
use bm_process::state::*;
fn stat(name: &str, v: &[f64]) {
    let mut s: Vec<f64> = v.iter().copied().filter(|z| !z.is_nan()).collect();
    s.sort_by(f64::total_cmp);
    let n = s.len();
    println!("  {name}: min {:.4} p5 {:.4} med {:.4} p95 {:.4} max {:.4}", s[0], s[n / 20], s[n / 2], s[n * 19 / 20], s[n - 1]);
}
fn main() {
    let n = 200;
    let mut ground = Field::square(n, n, 100.0, |x, y| {
        let (x, y) = (x as f64, y as f64);
        -40.0 + 3.0 * x + 40.0 * (x * 0.1).sin() * (y * 0.08).cos() + 3.0 * ((x * 7.3 + y * 3.1).sin() * (x * 1.7 - y * 5.1).cos())
    });
    ground.dy = 100.0;
    let mut state = State::new(ground, MaterialId::GRANITE);
    state.threads = 2;
    let which: Vec<String> = std::env::args().skip(1).collect();
    let years: f64 = which[0].parse().unwrap();
    let steps: usize = which[1].parse().unwrap();
    let mut p: Vec<Box<dyn Process>> = vec![];
    for w in &which[2..] {
        p.push(match &w[..] {
            "water" => water::WaterConfig::default().build(&state),
            "waves" => waves::WavesConfig::default().build(&state),
            "slides" => slides::SlidesConfig { what: slides::What::All, angle: 10.0, rock_angle: 20.0, ..Default::default() }.build(&state),
            "weathering" => weathering::WeatheringConfig::default().build(&state),
            "heat" => heat::HeatConfig { climate: Some(Default::default()), ..Default::default() }.build(&state),
            "isostasy" => isostasy::IsostasyConfig::default().build(&state),
            "uplift" => uplift::UpliftConfig::default().build(&state),
            "fault" => fault::FaultConfig { trace: vec![[10000.0, -9e3], [12000.0, 3e4]], horizontal: 0.01, ..Default::default() }.build(&state),
            _ => panic!(),
        }.unwrap());
    }
    for q in &p { q.layers().iter().for_each(|n| state.ensure(n)); }
    stat("ground", &state.ground.values);
    for _ in 0..steps {
        for q in &mut p {
            let t = std::time::Instant::now();
            let b = q.step(&mut state, years * YEAR).unwrap();
            println!("{} {:.3}s solid +{:.3e} -{:.3e} moved {:.3e} err {:.1e}; water +{:.3e} -{:.3e}", q.name(), t.elapsed().as_secs_f64(), b.solid.gained, b.solid.lost, b.solid.moved, b.error(), b.water.gained, b.water.lost);
        }
    }
    stat("ground", &state.ground.values);
    let names: Vec<String> = state.layers().map(|(n, _)| n.to_owned()).collect();
    for n in names { let l = state.layer(&n).unwrap(); let v: Vec<f64> = (0..l.len()).map(|c| l.get(c)).collect(); stat(&n, &v); }
    let loose: Vec<f64> = state.strata.strata()[0].thickness.iter().map(|&t| f64::from(t)).collect();
    stat("loose", &loose);
}
