//! Pieces of rings: up to 63 edges each, found by the offset of their first byte.
//!
//! A chunk knows its first vertex and the steps from one to the next, packed to the width that sixteen of them need.
//! Chunks of a ring follow each other; the last vertex of one is the first of the next.

use super::bits::{self, Writer, width_of};
use super::scale::Scale;
use geo_types::Coord;

/// Most edges of a chunk: its vertices fit into the bits of a u64.
pub(super) const EDGES: usize = 63;
/// Most vertices.
pub(super) const VERTICES: usize = EDGES + 1;
/// Steps that share their widths.
const GROUP: usize = 16;

/// Bits of a chunk's head: 6 for its edges, 2 for its form, 1 if it begins a ring.
const HEAD: u32 = 9;
const FINE: u64 = 0;
const COARSE: u64 = 1;
const RAW: u64 = 2;

/// How whole numbers of an area are packed: least values and widths of a first vertex.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Packing {
    /// By form (fine, coarse) and axis.
    pub(super) least: [[i32; 2]; 2],
    pub(super) width: [[u8; 2]; 2],
}

/// How coordinates of an area are written.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Coding {
    /// None: as f64.
    pub(super) scale: Option<Scale>,
    pub(super) packing: Packing,
}

/// What the vertices of a chunk are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Fine,
    Coarse,
    Raw,
}

/// The vertices of one chunk.
pub(super) struct Chunk {
    pub(super) form: Form,
    /// Number of vertices, 2 to 64; 0 for bytes that are none.
    pub(super) len: usize,
    pub(super) starts_ring: bool,
    /// Whole numbers, unless the form is raw.
    pub(super) kx: [i32; VERTICES],
    pub(super) ky: [i32; VERTICES],
    /// Coordinates, if the form is raw.
    pub(super) fx: [f64; VERTICES],
    pub(super) fy: [f64; VERTICES],
}

impl Default for Chunk {
    fn default() -> Self {
        Self {
            form: Form::Raw,
            len: 0,
            starts_ring: false,
            kx: [0; VERTICES],
            ky: [0; VERTICES],
            fx: [0.0; VERTICES],
            fy: [0.0; VERTICES],
        }
    }
}

impl Chunk {
    /// Vertex `i`, exactly as it came.
    #[inline]
    pub(super) fn coord(&self, i: usize, coding: &Coding) -> Coord<f64> {
        match (self.form, &coding.scale) {
            (Form::Fine, Some(s)) => Coord { x: s.value(self.kx[i]), y: s.value(self.ky[i]) },
            (Form::Coarse, Some(s)) => {
                Coord { x: s.value(s.refine(self.kx[i])), y: s.value(s.refine(self.ky[i])) }
            }
            _ => Coord { x: self.fx[i], y: self.fy[i] },
        }
    }

    /// Reads the chunk that begins at a byte; gives the byte behind it. Bytes that are no chunk have no vertices, and
    /// none behind them.
    #[inline(always)]
    pub(super) fn read(&mut self, stream: &[u8], from: usize, coding: &Coding) -> usize {
        let end = stream.len().saturating_sub(bits::PADDING);
        self.len = 0;
        if from >= end {
            return end;
        }
        let head = bits::window(stream, from * 8);
        let edges = (head & 63) as usize + 1;
        self.starts_ring = head >> 8 & 1 == 1;
        let form = head >> 6 & 3;
        if edges > EDGES {
            return end;
        }
        let next = match form {
            RAW => self.read_raw(stream, from + 2, edges),
            FINE | COARSE if coding.scale.is_some() => {
                self.read_packed(stream, from * 8 + HEAD as usize, edges, form as usize, &coding.packing)
            }
            _ => return end,
        };
        if next > end {
            return end;
        }
        self.len = edges + 1;
        next
    }

    fn read_raw(&mut self, stream: &[u8], from: usize, edges: usize) -> usize {
        let size = (edges + 1) * 8;
        let (Some(xs), Some(ys)) = (stream.get(from..from + size), stream.get(from + size..from + 2 * size))
        else {
            return usize::MAX;
        };
        for (to, from) in self.fx.iter_mut().zip(xs.chunks_exact(8)) {
            *to = f64::from_bits(bits::le64(from));
        }
        for (to, from) in self.fy.iter_mut().zip(ys.chunks_exact(8)) {
            *to = f64::from_bits(bits::le64(from));
        }
        self.form = Form::Raw;
        from + 2 * size
    }

    #[inline(always)]
    fn read_packed(
        &mut self,
        stream: &[u8],
        mut at: usize,
        edges: usize,
        form: usize,
        packing: &Packing,
    ) -> usize {
        self.form = if form == 0 { Form::Fine } else { Form::Coarse };
        let ([wx, wy], [lx, ly]) = (packing.width[form], packing.least[form]);
        let mut x = lx.wrapping_add(bits::read(stream, at, wx.into()) as i32);
        at += usize::from(wx);
        let mut y = ly.wrapping_add(bits::read(stream, at, wy.into()) as i32);
        at += usize::from(wy);
        (self.kx[0], self.ky[0]) = (x, y);
        let mut done = 0;
        while done < edges {
            let widths = bits::window(stream, at);
            let (wx, wy) = (width(widths & 31), width(widths >> 5 & 31));
            at += 10;
            let count = GROUP.min(edges - done);
            let (mx, my) = (bits::mask(wx) as u32, bits::mask(wy) as u32);
            // The sign bit: x ^ s - s extends it.
            let (sx, sy) = ((mx >> 1).wrapping_add(1) & mx, (my >> 1).wrapping_add(1) & my);
            let step = (wx + wy) as usize;
            let group = stream.get(at >> 3..).unwrap_or_default();
            let (xs, ys) = (&mut self.kx[done + 1..], &mut self.ky[done + 1..]);
            let mut bit = at & 7;
            if step <= 57 {
                for (kx, ky) in xs.iter_mut().zip(ys).take(count) {
                    let both = bits::window(group, bit);
                    bit += step;
                    x = x.wrapping_add(((both as u32 & mx) ^ sx).wrapping_sub(sx) as i32);
                    y = y.wrapping_add((((both >> wx) as u32 & my) ^ sy).wrapping_sub(sy) as i32);
                    (*kx, *ky) = (x, y);
                }
            } else {
                for (kx, ky) in xs.iter_mut().zip(ys).take(count) {
                    let dx = bits::read(group, bit, wx) as u32;
                    let dy = bits::read(group, bit + wx as usize, wy) as u32;
                    bit += step;
                    x = x.wrapping_add((dx ^ sx).wrapping_sub(sx) as i32);
                    y = y.wrapping_add((dy ^ sy).wrapping_sub(sy) as i32);
                    (*kx, *ky) = (x, y);
                }
            }
            at += step * count;
            done += count;
        }
        at.div_ceil(8)
    }
}

/// The width that five bits name: 31 stands for 32, which only very long steps need.
#[inline(always)]
const fn width(code: u64) -> u32 {
    if code == 31 { 32 } else { code as u32 }
}

/// The bits that name the width of a step between two numbers, both axes' alike.
fn code_of(step: i32) -> u64 {
    let needed = if step == 0 { 0 } else { width_of((if step < 0 { !step } else { step }) as u64) + 1 };
    needed.min(31).into()
}

impl Coding {
    /// Finds how to write coordinates.
    pub(super) fn find(coords: &[Coord<f64>]) -> Self {
        let Some(scale) = Scale::find(coords.iter().flat_map(|c| [c.x, c.y])) else {
            return Self::default();
        };
        let mut least = [[i32::MAX; 2]; 2];
        let mut most = [[i32::MIN; 2]; 2];
        for c in coords {
            let Some(fine) = fine(&scale, *c) else { return Self::default() };
            for (form, key) in [Some(fine), coarse(&scale, fine)].into_iter().enumerate() {
                for (axis, key) in key.into_iter().flatten().enumerate() {
                    least[form][axis] = least[form][axis].min(key);
                    most[form][axis] = most[form][axis].max(key);
                }
            }
        }
        let mut packing = Packing::default();
        for form in 0..2 {
            for axis in 0..2 {
                if least[form][axis] <= most[form][axis] {
                    packing.least[form][axis] = least[form][axis];
                    packing.width[form][axis] =
                        width_of(most[form][axis].wrapping_sub(least[form][axis]) as u32 as u64) as u8;
                }
            }
        }
        Self { scale: Some(scale), packing }
    }

    /// Appends a chunk of 2 to 64 vertices.
    pub(super) fn write(&self, coords: &[Coord<f64>], starts_ring: bool, out: &mut Writer) {
        let head = |form: u64| (coords.len() as u64 - 2) | form << 6 | u64::from(starts_ring) << 8;
        let keys = self.scale.and_then(|scale| {
            let fine: Vec<[i32; 2]> = coords.iter().map(|&c| fine(&scale, c)).collect::<Option<_>>()?;
            let coarse: Option<Vec<_>> = fine.iter().map(|&k| coarse(&scale, k)).collect();
            Some(coarse.map_or((FINE, fine), |coarse| (COARSE, coarse)))
        });
        if let Some((form, keys)) = keys {
            out.put(head(form), HEAD);
            let (least, width) = (self.packing.least[form as usize], self.packing.width[form as usize]);
            for axis in 0..2 {
                let above = keys[0][axis].wrapping_sub(least[axis]) as u32;
                out.put(above.into(), width[axis].into());
            }
            let steps: Vec<[i32; 2]> = keys
                .windows(2)
                .map(|k| [k[1][0].wrapping_sub(k[0][0]), k[1][1].wrapping_sub(k[0][1])])
                .collect();
            for group in steps.chunks(GROUP) {
                let code = |axis: usize| group.iter().map(|step| code_of(step[axis])).max().unwrap_or(0);
                let codes = [code(0), code(1)];
                out.put(codes[0] | codes[1] << 5, 10);
                for step in group {
                    for axis in 0..2 {
                        out.put(step[axis] as u32 as u64, self::width(codes[axis]));
                    }
                }
            }
        } else {
            out.put(head(RAW), 16);
            coords.iter().map(|c| c.x).chain(coords.iter().map(|c| c.y)).for_each(|value| {
                out.put(value.to_bits() & 0xffff_ffff, 32);
                out.put(value.to_bits() >> 32, 32);
            });
        }
        out.align();
    }
}

fn fine(scale: &Scale, c: Coord<f64>) -> Option<[i32; 2]> {
    Some([scale.fine(c.x)?, scale.fine(c.y)?])
}

fn coarse(scale: &Scale, [x, y]: [i32; 2]) -> Option<[i32; 2]> {
    if !scale.has_coarse() {
        return None;
    }
    Some([scale.coarse(x)?, scale.coarse(y)?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn round_trip(coords: &[Coord<f64>]) -> Vec<Form> {
        let coding = Coding::find(coords);
        let mut out = Writer::default();
        let pieces: Vec<&[Coord<f64>]> = (0..coords.len() - 1)
            .step_by(EDGES)
            .map(|i| &coords[i..(i + VERTICES).min(coords.len())])
            .collect();
        for (i, piece) in pieces.iter().enumerate() {
            coding.write(piece, i == 0, &mut out);
        }
        let mut stream = out.bytes;
        let end = stream.len();
        stream.extend([0; bits::PADDING]);
        let (mut at, mut chunk, mut forms) = (0, Chunk::default(), vec![]);
        for (n, piece) in pieces.iter().enumerate() {
            at = chunk.read(&stream, at, &coding);
            assert_eq!((chunk.len, chunk.starts_ring), (piece.len(), n == 0));
            for (i, c) in piece.iter().enumerate() {
                let got = chunk.coord(i, &coding);
                assert_eq!((got.x.to_bits(), got.y.to_bits()), (c.x.to_bits(), c.y.to_bits()));
            }
            forms.push(chunk.form);
        }
        assert_eq!(at, end);
        forms
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn coordinates_come_back_bit_for_bit(
            ks in prop::collection::vec((-180_000_000_i32..180_000_000, -90_000_000_i32..90_000_000), 2..200),
            narrow in any::<bool>(), kind in 0..3,
        ) {
            let coords: Vec<_> = ks.iter().map(|&(x, y)| {
                let (x, y) = if narrow { (x % 3000, y % 7) } else { (x, y) };
                let tenths = |k: i32| ((f64::from(k) * 250.0 / 9.0).round() + 0.0) / 1e6;
                match kind {
                    0 => Coord { x: f64::from(x) / 1e6, y: f64::from(y) / 1e6 },
                    1 => Coord { x: tenths(x / 30), y: tenths(y / 30) },
                    _ => Coord { x: f64::from(x) / 7.0, y: f64::from(y) / 7.0 },
                }
            }).collect();
            let forms = round_trip(&coords);
            if kind == 1 && !narrow {
                prop_assert!(forms.iter().all(|&f| f == Form::Coarse));
            }
        }

        #[test]
        fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..400), from in 0..500_usize) {
            let coords: Vec<_> = [(0.0, 0.0), (179.999_999, 1.0)].map(|(x, y)| Coord { x, y }).to_vec();
            let coding = Coding::find(&coords);
            let mut chunk = Chunk::default();
            let next = chunk.read(&bytes, from, &coding);
            prop_assert!(chunk.len == 0 || (next > from && next + bits::PADDING <= bytes.len()));
        }
    }

    #[test]
    fn the_longest_steps_fit() {
        let far = 2_147_000_000.0;
        let coords: Vec<_> = [(-far, far), (far, -far), (-far, -far)].map(|(x, y)| Coord { x, y }).to_vec();
        assert_eq!(round_trip(&coords), [Form::Fine]);
    }
}
