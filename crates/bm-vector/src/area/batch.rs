//! Many points at once: every stage of the search for a block of points before the next stage, so that the waits
//! for memory overlap.

use super::Where;
use super::chunk::Chunk;
use super::lattice::FAN;
use super::layout::Ref;
use super::search::{Cell, Tree};
use geo_types::Coord;

/// Points of a block: their places in all stages fit into the first cache.
const BLOCK: usize = 128;

/// Locates points, as many as both slices have.
pub(super) fn locate(tree: &Tree<'_>, points: &[Coord<f64>], out: &mut [Where]) {
    #[cfg(target_arch = "x86_64")]
    if has_avx2() {
        // SAFETY: the processor has just said that it knows these instructions.
        return unsafe { locate_avx2(tree, points, out) };
    }
    locate_by::<false>(tree, points, out);
}

/// Whether the processor knows the instructions of the faster path.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(super) fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("popcnt")
        && is_x86_feature_detected!("lzcnt")
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
fn locate_avx2(tree: &Tree<'_>, points: &[Coord<f64>], out: &mut [Where]) {
    locate_by::<true>(tree, points, out);
}

/// A point whose root cell is mixed.
#[derive(Clone, Copy, Default)]
struct InNode {
    point: u32,
    node: u32,
}

/// A point whose cell has edges.
#[derive(Clone, Copy)]
struct InLeaf {
    side: f64,
    point: u32,
    node: u32,
    constant: bool,
    /// Number of its reference, and what that says.
    at: usize,
    to: Ref,
}

#[inline(always)]
fn locate_by<const AVX2: bool>(tree: &Tree<'_>, points: &[Coord<f64>], out: &mut [Where]) {
    let mut chunk = Chunk::default();
    let mut cells = [u64::MAX; BLOCK];
    let mut nodes = [InNode::default(); BLOCK];
    let nothing = InLeaf { side: 0.0, point: 0, node: 0, constant: false, at: 0, to: Ref::Unknown };
    let mut leaves = [nothing; BLOCK];
    let lattice = tree.lattice;
    let inv = lattice.inv * FAN as f64;
    for (points, out) in points.chunks(BLOCK).zip(out.chunks_mut(BLOCK)) {
        for (cell, &p) in cells.iter_mut().zip(points) {
            let inside = lattice.row(p.y) * lattice.nx + lattice.col(p.x);
            *cell = if tree.holds(p) { inside as u64 } else { u64::MAX };
        }
        let mut in_nodes = 0;
        for (i, (out, &cell)) in out.iter_mut().zip(&cells).take(points.len()).enumerate() {
            if cell == u64::MAX {
                *out = Where::Outside;
                continue;
            }
            match tree.root_cell(cell as usize) {
                Cell::Settled(inside) => *out = Where::of(inside),
                Cell::Node(node) => {
                    nodes[in_nodes] = InNode { point: i as u32, node: node as u32 };
                    in_nodes += 1;
                }
                Cell::Leaf(..) => {}
            }
        }
        let mut in_leaves = 0;
        for &InNode { point, node } in &nodes[..in_nodes] {
            let (i, p) = (point as usize, points[point as usize]);
            let (col, row) = ((p.x * inv).floor(), (p.y * inv).floor());
            match tree.node_cell(node as usize, col as i64 & (FAN - 1), row as i64 & (FAN - 1)) {
                Cell::Settled(inside) => out[i] = Where::of(inside),
                Cell::Leaf(at, constant) => {
                    leaves[in_leaves] =
                        InLeaf { side: col / inv, point, node, constant, at, to: Ref::Unknown };
                    in_leaves += 1;
                }
                Cell::Node(_) => {}
            }
        }
        for leaf in &mut leaves[..in_leaves] {
            leaf.to = tree.refs.get(leaf.at);
            match leaf.to {
                Ref::Run(run) => tree.touch(run),
                Ref::List(list) => tree.refs.touch(list),
                _ => {}
            }
        }
        for leaf in &leaves[..in_leaves] {
            if let Ref::List(list) = leaf.to {
                tree.refs.list(list).into_iter().flatten().for_each(|run| tree.touch(run));
            }
        }
        for leaf in &leaves[..in_leaves] {
            let (i, p) = (leaf.point as usize, points[leaf.point as usize]);
            let (side, constant) = (leaf.side, leaf.constant);
            out[i] = match leaf.to {
                Ref::Run(run) => tree.leaf::<AVX2>(p, side, constant, [run], &mut chunk),
                _ => tree.locate_in_node::<AVX2>(p, leaf.node as usize, &mut chunk),
            }
            .place();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Area;

    #[test]
    fn both_paths_answer_as_one_by_one() {
        let ring: Vec<_> = (0..=500)
            .map(|i| {
                let angle = f64::from(i % 500) / 500.0 * std::f64::consts::TAU;
                let r = 5.0 + f64::from(i % 500 % 7);
                let decimal = |v: f64| (v * 1e4).round() / 1e4 + 0.0;
                Coord { x: decimal(r * angle.cos()), y: decimal(r * angle.sin()) }
            })
            .collect();
        let area = Area::build([&ring], None).unwrap();
        let points: Vec<_> = (0..3000)
            .map(|i| Coord { x: f64::from(i % 53) * 0.5 - 13.0, y: f64::from(i / 53) * 0.4 - 12.0 })
            .chain(ring.iter().copied())
            .chain([Coord { x: f64::NAN, y: 0.0 }])
            .collect();
        let expected: Vec<_> = points.iter().map(|&p| area.locate(p)).collect();
        assert!(expected.contains(&Where::On) && expected.contains(&Where::Inside));
        let mut out = vec![Where::On; points.len()];
        locate(&area.tree(), &points, &mut out);
        assert_eq!(out, expected);
        out.fill(Where::On);
        locate_by::<false>(&area.tree(), &points, &mut out);
        assert_eq!(out, expected);
    }
}
