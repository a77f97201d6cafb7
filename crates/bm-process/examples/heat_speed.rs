#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used)]
use bm_process::field::Field;
use bm_process::heat::{Edge, Edges, Heat, Medium, Real};
use std::time::Instant;

fn triad(threads: usize) -> f64 {
    let n = 1 << 24;
    let (mut a, b, c) = (vec![0.0f64; n], vec![1.0f64; n], vec![2.0f64; n]);
    let mut best = f64::MAX;
    for _ in 0..5 {
        let t = Instant::now();
        std::thread::scope(|s| {
            for ((a, b), c) in a.chunks_mut(n / threads).zip(b.chunks(n / threads)).zip(c.chunks(n / threads)) {
                s.spawn(move || {
                    for i in 0..a.len() {
                        a[i] = b[i] + 3.0 * c[i];
                    }
                });
            }
        });
        best = best.min(t.elapsed().as_secs_f64());
    }
    assert!(a[5] == 7.0);
    24.0 * n as f64 / best / 1e9
}

fn go<R: Real>(name: &str, n: usize, medium: &Medium, threads: usize, sub: usize) {
    let ground = Field { width: n, height: n, dx: vec![1.0; n].into(), dy: 1.0, values: vec![1.0; n * n] };
    let mut heat = Heat::<R>::new(&ground, medium, Edges::all(Edge::Fixed)).unwrap().threads(threads);
    let mut values: Vec<R> = (0..n * n).map(|i| R::from_f64(20.0 + ((i * 7919) % 1000) as f64 * 0.01)).collect();
    let dt = heat.stable_step() * sub as f64;
    let mut best = f64::MAX;
    for _ in 0..3 {
        let t = Instant::now();
        heat.advance(&mut values, dt).unwrap();
        best = best.min(t.elapsed().as_secs_f64());
    }
    println!("{name} {n} threads {threads} sub {sub}: {:.0} M/s", (n * n * sub) as f64 / best / 1e6);
}

fn main() {
    println!("triad 1: {:.1} GB/s, 2: {:.1} GB/s", triad(1), triad(2));
    for n in [1024, 4096] {
        let cells = Medium::Diffusivity((0..n * n).map(|i| 1.0 + (i % 3) as f64).collect());
        for threads in [1, 2] {
            for sub in [1, 15, 60] {
                go::<f64>("f64 uniform", n, &Medium::Uniform(1.0), threads, sub);
                go::<f64>("f64 cells  ", n, &cells, threads, sub);
                go::<f32>("f32 uniform", n, &Medium::Uniform(1.0), threads, sub);
                go::<f32>("f32 cells  ", n, &cells, threads, sub);
            }
        }
    }
}
