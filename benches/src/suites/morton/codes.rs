//! Encoding and decoding 65,536 triples.

use bm_morton::{
    Backend, Converter, decode3_u64, decode3_u64_batch_with, encode3_u64, encode3_u64_batch_with,
};

use super::rivals::{self, Triples};
use crate::harness::{Bench, BenchError, Case, Measure, Targets, Unit};
use crate::inputs::Random;

/// How many triples a pass goes through: their arrays fit the second-level cache.
pub const COUNT: usize = 1 << 16;
const OPS: u64 = COUNT as u64;
const UNIT: Unit = Unit::Nanoseconds("code");

/// Random triples of so many bits an axis; the same ones every time.
#[must_use]
pub fn triples(bits: u32) -> Triples {
    let mut random = Random::new(21);
    let mut axis = || (0..COUNT).map(|_| random.below(1 << bits) as u32).collect();
    Triples { x: axis(), y: axis(), z: axis() }
}

pub(super) fn run(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    let triples = triples(21);
    let mut codes = vec![0; COUNT];
    triples.each_to(&mut codes, rivals::magic_encode);
    encode_scalar(bench, &triples, &codes)?;
    decode_scalar(bench, &triples, &codes)?;
    converter(bench, &triples, &codes)?;
    batches(bench, &triples, &codes)?;
    sixteen_bits(bench)
}

/// Runs an encoder once and compares its codes with the known ones.
fn encodes(codes: &[u64], encode: impl FnOnce(&mut [u64])) -> bool {
    let mut out = vec![0; COUNT];
    encode(&mut out);
    out == codes
}

/// Runs a decoder once and compares its triples with the known ones.
fn decodes(triples: &Triples, decode: impl FnOnce(&mut Triples)) -> bool {
    let mut out = Triples::zeros(COUNT);
    decode(&mut out);
    out == *triples
}

/// Times an encoder that fills an array of codes of its own.
fn encoder<'a>(mut encode: impl FnMut(&mut [u64]) + 'a) -> Measure<'a> {
    let mut out = vec![0; COUNT];
    Measure::one_thread(OPS, move || {
        encode(&mut out);
        out[COUNT / 2]
    })
}

/// Times a decoder that fills triples of its own.
fn decoder<'a>(mut decode: impl FnMut(&mut Triples) + 'a) -> Measure<'a> {
    let mut out = Triples::zeros(COUNT);
    Measure::one_thread(OPS, move || {
        decode(&mut out);
        out.z[COUNT / 2]
    })
}

/// One call a code, which finds its path anew each time.
#[inline(never)]
fn ours_encode(triples: &Triples, out: &mut [u64]) {
    triples.each_to(out, encode3_u64);
}

#[inline(never)]
fn ours_decode(codes: &[u64], out: &mut Triples) {
    out.each_from(codes, decode3_u64);
}

/// One call a code, with the path chosen before the loop.
#[inline(never)]
fn ours_encode_chosen(triples: &Triples, out: &mut [u64]) {
    Converter::fastest(|convert| {
        triples.each_to(out, |x, y, z| convert.encode3_u64(x, y, z));
    });
}

#[inline(never)]
fn ours_decode_chosen(codes: &[u64], out: &mut Triples) {
    Converter::fastest(|convert| out.each_from(codes, |code| convert.decode3_u64(code)));
}

/// The scalar calls with the path chosen before the loop, beside the bare loops.
fn converter(bench: &mut Bench<'_>, triples: &Triples, codes: &[u64]) -> Result<(), BenchError> {
    let encode = |out: &mut [u64]| ours_encode_chosen(triples, out);
    let decode = |out: &mut Triples| ours_decode_chosen(codes, out);
    let (right, back) = (encodes(codes, encode), decodes(triples, decode));
    let mut there_case = Case::new("encode-scalar-converter", UNIT, encoder(encode)).checked(right);
    let mut back_case = Case::new("decode-scalar-converter", UNIT, decoder(decode)).checked(back);
    #[cfg(target_arch = "x86_64")]
    if rivals::has_bmi2() {
        let targets = Targets::at_least(0.95);
        // SAFETY: BMI2 was just found.
        let pdep = move |out: &mut [u64]| unsafe { rivals::pdep_loop(triples, out) };
        there_case = there_case.peer_with("bare pdep loop", encoder(pdep), right, targets);
        // SAFETY: BMI2 was just found.
        let pext = move |out: &mut Triples| unsafe { rivals::pext_loop(codes, out) };
        back_case = back_case.peer_with("bare pext loop", decoder(pext), back, targets);
    }
    bench.run(there_case)?;
    bench.run(back_case)
}

fn encode_scalar(bench: &mut Bench<'_>, triples: &Triples, codes: &[u64]) -> Result<(), BenchError> {
    let right = encodes(codes, |out| ours_encode(triples, out));
    let mut case = Case::new("encode-scalar", UNIT, encoder(|out| ours_encode(triples, out))).checked(right);
    #[cfg(target_arch = "x86_64")]
    if rivals::has_bmi2() {
        let bare = move |out: &mut [u64]| {
            // SAFETY: BMI2 was just found.
            unsafe { rivals::pdep_loop(triples, out) }
        };
        let equal = right && encodes(codes, bare);
        case = case.peer_with("bare pdep loop", encoder(bare), equal, Targets::at_least(0.95));
    }
    let wide = |out: &mut [u128], encode: fn([u32; 3]) -> u128| {
        for (i, code) in out.iter_mut().enumerate() {
            *code = encode([triples.x[i], triples.y[i], triples.z[i]]);
        }
    };
    for (name, encode) in WIDE_ENCODERS {
        let mut out = vec![0_u128; COUNT];
        wide(&mut out, encode);
        let equal = right && out.iter().zip(codes).all(|(&a, &b)| a == u128::from(b));
        let measure = Measure::one_thread(OPS, move || {
            wide(&mut out, encode);
            out[COUNT / 2]
        });
        case = case.peer(name, measure, equal);
    }
    bench.run(case)
}

type WideEncoder = fn([u32; 3]) -> u128;
type WideDecoder = fn(u128) -> [u32; 3];

/// Published crates with 32 bits an axis, which need 128-bit codes. `morton-encoding` puts the first
/// axis highest, so it gets the axes in reverse.
const WIDE_ENCODERS: [(&str, WideEncoder); 2] = [
    ("zorder 0.2 (u128)", |triple| zorder::index_of(triple)),
    ("morton-encoding 2.0 (u128)", |[x, y, z]| morton_encoding::morton_encode([z, y, x])),
];
const WIDE_DECODERS: [(&str, WideDecoder); 2] = [
    ("zorder 0.2 (u128)", |code| zorder::coord_of(code)),
    ("morton-encoding 2.0 (u128)", |code| {
        let [z, y, x] = morton_encoding::morton_decode(code);
        [x, y, z]
    }),
];

fn decode_scalar(bench: &mut Bench<'_>, triples: &Triples, codes: &[u64]) -> Result<(), BenchError> {
    let wide_codes: Vec<u128> = codes.iter().copied().map(u128::from).collect();
    let wide_codes = &wide_codes;
    let right = decodes(triples, |out| ours_decode(codes, out));
    let mut case = Case::new("decode-scalar", UNIT, decoder(|out| ours_decode(codes, out))).checked(right);
    #[cfg(target_arch = "x86_64")]
    if rivals::has_bmi2() {
        let bare = move |out: &mut Triples| {
            // SAFETY: BMI2 was just found.
            unsafe { rivals::pext_loop(codes, out) }
        };
        let equal = right && decodes(triples, bare);
        case = case.peer_with("bare pext loop", decoder(bare), equal, Targets::at_least(0.95));
    }
    for (name, decode) in WIDE_DECODERS {
        let wide = move |out: &mut Triples| {
            for (i, &code) in wide_codes.iter().enumerate() {
                [out.x[i], out.y[i], out.z[i]] = decode(code);
            }
        };
        let equal = right && decodes(triples, wide);
        case = case.peer(name, decoder(wide), equal);
    }
    bench.run(case)
}

/// Whole arrays in one call: by the fastest backend, then by each of the slower ones, to show that
/// they are chosen at run time and give the same bits.
fn batches(bench: &mut Bench<'_>, triples: &Triples, codes: &[u64]) -> Result<(), BenchError> {
    for (index, backend) in Backend::available().collect::<Vec<_>>().into_iter().rev().enumerate() {
        let fastest = index == 0;
        let name = match backend {
            _ if fastest => "batch".to_owned(),
            other => format!("batch-{}", format!("{other:?}").to_lowercase()),
        };
        let encode = move |out: &mut [u64]| {
            let Triples { x, y, z } = triples;
            // Lengths are equal and the backend is available; were they not, nothing would be
            // written and the comparison of answers would say so.
            let _ = encode3_u64_batch_with(backend, x, y, z, out);
        };
        let decode = move |out: &mut Triples| {
            let Triples { x, y, z } = out;
            let _ = decode3_u64_batch_with(backend, codes, x, y, z);
        };
        let (right, back) = (encodes(codes, encode), decodes(triples, decode));
        let mut there_case = Case::new(format!("encode-{name}"), UNIT, encoder(encode)).checked(right);
        let mut back_case = Case::new(format!("decode-{name}"), UNIT, decoder(decode)).checked(back);
        #[cfg(target_arch = "x86_64")]
        if rivals::has_bmi2() && backend != Backend::Portable {
            let targets = Targets { at_least: None, aim: fastest.then_some(1.7) };
            // SAFETY: BMI2 was just found.
            let pdep = move |out: &mut [u64]| unsafe { rivals::pdep_loop(triples, out) };
            let equal = right && encodes(codes, pdep);
            there_case = there_case.peer_with("bare pdep loop", encoder(pdep), equal, targets);
            // SAFETY: BMI2 was just found.
            let pext = move |out: &mut Triples| unsafe { rivals::pext_loop(codes, out) };
            let equal = back && decodes(triples, pext);
            back_case = back_case.peer_with("bare pext loop", decoder(pext), equal, targets);
        }
        #[cfg(target_arch = "x86_64")]
        if fastest && rivals::has_avx512() {
            const NAME: &str = "magic bits, vectorised for AVX-512";
            let magic = move |out: &mut [u64]| {
                // SAFETY: its features were just found.
                unsafe { rivals::magic_encode_avx512(triples, out) }
            };
            let equal = right && encodes(codes, magic);
            there_case = there_case.peer(NAME, encoder(magic), equal);
            let magic = move |out: &mut Triples| {
                // SAFETY: its features were just found.
                unsafe { rivals::magic_decode_avx512(codes, out) }
            };
            let equal = back && decodes(triples, magic);
            back_case = back_case.peer(NAME, decoder(magic), equal);
        }
        if backend == Backend::Portable {
            let magic = |out: &mut [u64]| triples.each_to(out, rivals::magic_encode);
            let equal = right && encodes(codes, magic);
            there_case = there_case.peer("magic bits", encoder(magic), equal);
            let magic = |out: &mut Triples| out.each_from(codes, rivals::magic_decode);
            let equal = back && decodes(triples, magic);
            back_case = back_case.peer("magic bits", decoder(magic), equal);
        }
        bench.run(there_case)?;
        bench.run(back_case)?;
    }
    Ok(())
}

/// The published crates where they are at their best: 16 bits an axis, so that 64 hold a code.
fn sixteen_bits(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    let triples = triples(16);
    let triples = &triples;
    let narrow: Vec<[u16; 3]> =
        (0..COUNT).map(|i| [triples.x[i] as u16, triples.y[i] as u16, triples.z[i] as u16]).collect();
    let narrow = &narrow[..];
    let mut codes = vec![0; COUNT];
    triples.each_to(&mut codes, rivals::magic_encode);
    let codes = &codes[..];

    let right = encodes(codes, |out| ours_encode(triples, out));
    let mut case =
        Case::new("encode-scalar-16-bit", UNIT, encoder(|out| ours_encode(triples, out))).checked(right);
    let decoded = decodes(triples, |out| ours_decode(codes, out));
    let mut back =
        Case::new("decode-scalar-16-bit", UNIT, decoder(|out| ours_decode(codes, out))).checked(decoded);
    let narrow_decodes = |decode: &dyn Fn(&mut [[u16; 3]])| {
        let mut out = vec![[0; 3]; COUNT];
        decode(&mut out);
        decoded && out == narrow
    };
    #[cfg(target_arch = "x86_64")]
    if rivals::has_bmi2() {
        let encode = move |out: &mut [u64]| {
            // SAFETY: BMI2 was just found.
            unsafe { rivals::zorder_encode16(narrow, out) }
        };
        let equal = right && encodes(codes, encode);
        case = case.peer("zorder 0.2 bmi2", encoder(encode), equal);
        let decode = move |out: &mut [[u16; 3]]| {
            // SAFETY: BMI2 was just found.
            unsafe { rivals::zorder_decode16(codes, out) }
        };
        back = back.peer("zorder 0.2 bmi2", narrow_decoder(decode), narrow_decodes(&decode));
    }
    let encode = |out: &mut [u64]| {
        for (code, &[x, y, z]) in out.iter_mut().zip(narrow) {
            *code = morton_encoding::morton_encode([z, y, x]);
        }
    };
    let equal = right && encodes(codes, encode);
    case = case.peer("morton-encoding 2.0", encoder(encode), equal);
    let decode = |out: &mut [[u16; 3]]| {
        for (triple, &code) in out.iter_mut().zip(codes) {
            let [z, y, x] = morton_encoding::morton_decode(code);
            *triple = [x, y, z];
        }
    };
    back = back.peer("morton-encoding 2.0", narrow_decoder(decode), narrow_decodes(&decode));
    bench.run(case)?;
    bench.run(back)
}

fn narrow_decoder<'a>(mut decode: impl FnMut(&mut [[u16; 3]]) + 'a) -> Measure<'a> {
    let mut out = vec![[0; 3]; COUNT];
    Measure::one_thread(OPS, move || {
        decode(&mut out);
        out[COUNT / 2]
    })
}
