//! `cargo bench -p bm-benches`: a developer's quick look at the codes, with criterion's statistics.
//! Comparisons that are kept come from `cargo xtask bench`.
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

use bm_benches::suites::morton::codes::{COUNT, triples};
use bm_benches::suites::morton::rivals::Triples;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn codes(criterion: &mut Criterion) {
    let triples = triples(21);
    let mut codes = vec![0; COUNT];
    let mut back = Triples::zeros(COUNT);
    let mut group = criterion.benchmark_group("morton");
    group.throughput(Throughput::Elements(COUNT as u64));
    group.bench_function("encode3_u64", |bencher| {
        bencher.iter(|| triples.each_to(&mut codes, bm_morton::encode3_u64));
    });
    group.bench_function("decode3_u64", |bencher| {
        bencher.iter(|| back.each_from(&codes, bm_morton::decode3_u64));
    });
    group.finish();
}

criterion_group!(morton, codes);
criterion_main!(morton);
