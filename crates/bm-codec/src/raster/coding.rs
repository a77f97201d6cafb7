//! Rasters of integers to bytes and back, losslessly.

use super::arith::{Decoder, Encoder, Slot, State};
use super::model::{MIXERS, Model, SLOTS, blank, on_steps};
use crate::error::DecodeError;
use crate::wire::{Reader, put_signed, put_varint};
use std::sync::OnceLock;

/// Longest side of a coded raster.
pub const MAX_SIDE: usize = 4096;
/// Most samples of a coded raster; bounds what a hostile header can make a reader do.
pub const MAX_SAMPLES: usize = 1 << 21;
/// Samples are smaller than this in size.
pub const MAX_SAMPLE: i32 = 1 << 27;

/// How the samples are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Constant = 0,
    Modelled = 1,
    ModelledSteps = 2,
}

/// Appends `width · height` samples (row by row).
///
/// Samples must be smaller than [`MAX_SAMPLE`] in size and as many as the sides say; both are the caller's
/// duty, checked in debug builds.
pub fn encode(samples: &[i32], width: usize, height: usize, out: &mut Vec<u8>) {
    debug_assert_eq!(samples.len(), width * height);
    debug_assert!(samples.iter().all(|s| s.abs() < MAX_SAMPLE));
    put_varint(out, width as u64);
    put_varint(out, height as u64);
    let first = samples.first().copied().unwrap_or(0);
    if samples.iter().all(|&s| s == first) {
        out.push(Form::Constant as u8);
        put_signed(out, first.into());
        return;
    }
    // Worth the extra decision a sample only where a good part of the land is on the steps; zero is on
    // them too, but so is the sea's edge everywhere.
    let on = samples.iter().filter(|&&s| s != 0 && on_steps(s)).count();
    let form = if on * 8 > samples.len() { Form::ModelledSteps } else { Form::Modelled };
    out.push(form as u8);
    let mut state = prior().clone();
    let mut model = Model::new(Encoder::new(), &mut state, form == Form::ModelledSteps);
    let mut scratch = vec![0; samples.len()];
    // An encoder refuses only samples out of range, which the caller has excluded.
    let coded = model.raster(width, height, |i| samples[i], &mut scratch);
    debug_assert!(coded.is_ok());
    let bytes = model.coder.finish();
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(&bytes);
}

/// Reads what [`encode`] wrote.
pub(crate) fn decode(r: &mut Reader<'_>) -> Result<(Vec<i32>, usize, usize), DecodeError> {
    let width = r.count(MAX_SIDE as u64, "raster width")?;
    let height = r.count(MAX_SIDE as u64, "raster height")?;
    let n = width * height;
    if n == 0 || n > MAX_SAMPLES {
        return Err(DecodeError::invalid("raster size", format!("{width} × {height}")));
    }
    let whole_steps = match r.u8("raster form")? {
        0 => {
            let v = r.signed("raster constant")?;
            let v = i32::try_from(v).ok().filter(|v| v.unsigned_abs() < MAX_SAMPLE.unsigned_abs());
            let v = v.ok_or_else(|| DecodeError::invalid("raster constant", "out of range"))?;
            return Ok((vec![v; n], width, height));
        }
        1 => false,
        2 => true,
        f => return Err(DecodeError::invalid("raster form", f.to_string())),
    };
    let len = r.count(r.remaining() as u64, "raster bytes")?;
    let bytes = r.bytes(len, "raster bytes")?;
    let mut state = prior().clone();
    let mut model = Model::new(Decoder::new(bytes), &mut state, whole_steps);
    let mut out = vec![0; n];
    model.raster(width, height, |_| 0, &mut out)?;
    Ok((out, width, height))
}

/// Trust given to the prior: it counts as this many observations at most.
const PRIOR_TRUST: u8 = 4;

/// The trained starting state: what the model knew after reading real relief. It is part of the format:
/// another file here is another format version.
fn prior() -> &'static State {
    static PRIOR: OnceLock<State> = OnceLock::new();
    PRIOR.get_or_init(|| {
        let packed = include_bytes!("prior-v1.zst");
        let bytes = zstd::bulk::decompress(packed, 2 * SLOTS + 16 * MIXERS).unwrap_or_default();
        unpack(&bytes).unwrap_or_else(blank)
    })
}

/// Slots as probability byte and trust byte, then weights as little-endian i32.
fn unpack(bytes: &[u8]) -> Option<State> {
    let mut state = blank();
    let (slots, weights) = bytes.split_at_checked(2 * SLOTS)?;
    let (p, n) = slots.split_at(SLOTS);
    for (s, (&p, &n)) in state.slots.iter_mut().zip(p.iter().zip(n)) {
        *s = Slot { p: u16::from(p) << 8 | 0x80, n: n.into() };
    }
    let mut w = weights.chunks_exact(4);
    for v in state.weights.iter_mut().flatten() {
        *v = i32::from_le_bytes(w.next()?.try_into().ok()?);
    }
    w.next().is_none().then_some(state)
}

/// Learns a prior from rasters (`samples`, `width`, `height`) and returns the bytes of `prior-v1.zst`.
///
/// Run by the maintainers when the model changes; see `docs/decisions/0004-relief-compression.md`.
#[doc(hidden)]
#[must_use]
pub fn train_prior(rasters: &[(Vec<i32>, usize, usize)]) -> Vec<u8> {
    let mut state = blank();
    for (samples, w, h) in rasters {
        let on = samples.iter().filter(|&&s| s != 0 && on_steps(s)).count();
        let mut scratch = vec![0; samples.len()];
        let mut model = Model::new(Encoder::new(), &mut state, on * 8 > samples.len());
        // Only learning matters here: the bytes are dropped.
        let coded = model.raster(*w, *h, |i| samples[i], &mut scratch);
        debug_assert!(coded.is_ok());
    }
    let mut out: Vec<u8> =
        state.slots.iter().map(|s| if s.n == 0 { 128 } else { (s.p >> 8) as u8 }).collect();
    out.extend(state.slots.iter().map(|s| (s.n as u8).min(PRIOR_TRUST)));
    out.extend(state.weights.iter().flatten().flat_map(|w| w.to_le_bytes()));
    zstd::bulk::compress(&out, 19).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn round_trip(v: &[i32], w: usize, h: usize) -> usize {
        let mut out = Vec::new();
        encode(v, w, h, &mut out);
        let mut r = Reader::new(&out);
        let (back, bw, bh) = decode(&mut r).unwrap();
        r.finish().unwrap();
        assert_eq!((bw, bh), (w, h));
        assert!(back == v);
        out.len()
    }

    #[test]
    fn the_prior_is_there() {
        assert!(*prior() != blank(), "prior-v1.zst is missing or does not fit the model");
    }

    #[test]
    fn smooth_relief_is_small() {
        let (w, h) = (58, 58);
        let v: Vec<i32> = (0..w * h).map(|i| ((i % w) * 7 + (i / w) * (i / w)) as i32 - 4000).collect();
        let n = round_trip(&v, w, h);
        assert!(n < w * h / 4, "{n} bytes");
        assert!(round_trip(&vec![17; 100], 10, 10) < 8);
    }

    #[test]
    fn extremes_come_back() {
        let m = MAX_SAMPLE - 1;
        round_trip(&[m, -m, 0, -m, m, 1, -1, m, -m], 3, 3);
        round_trip(&[5], 1, 1);
        round_trip(&[5, 6], 1, 2);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn anything_comes_back(w in 1usize..40, rows in proptest::collection::vec(-9000i32..9000, 1..600), steps: bool) {
            let h = rows.len().div_ceil(w);
            let mut v = rows;
            v.resize(w * h, 3);
            if steps {
                for s in &mut v { *s = ((f64::from(*s) / 30.48).round() * 30.48).round() as i32; }
            }
            round_trip(&v, w, h);
        }

        #[test]
        fn leaps_from_end_to_end_come_back(w in 1usize..12, v in proptest::collection::vec(-1i32..=1, 1..150)) {
            // Predictors overshoot by up to twice the range here.
            let h = v.len().div_ceil(w);
            let mut v: Vec<i32> = v.into_iter().map(|s| s * (MAX_SAMPLE - 1)).collect();
            v.resize(w * h, 5);
            round_trip(&v, w, h);
        }

        #[test]
        fn hostile_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = decode(&mut Reader::new(&bytes));
            // A valid header before the noise reaches the model itself.
            let mut framed = vec![20, 20, 1 + bytes.len() as u8 % 2, bytes.len() as u8];
            framed.extend_from_slice(&bytes);
            let _ = decode(&mut Reader::new(&framed));
        }
    }
}
