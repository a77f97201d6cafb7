//! Edges of a box.

use super::Area;
use super::bits::PADDING;
use super::chunk::Chunk;
use geo_types::{Coord, Rect};

impl Area {
    /// Calls `edge` with every edge that may touch a box.
    pub fn edges_in(&self, bounds: Rect<f64>, mut edge: impl FnMut(Coord<f64>, Coord<f64>)) {
        for ring in self.rings() {
            for e in ring.windows(2) {
                let (a, b) = (e[0], e[1]);
                if a.x.min(b.x) <= bounds.max().x
                    && a.x.max(b.x) >= bounds.min().x
                    && a.y.min(b.y) <= bounds.max().y
                    && a.y.max(b.y) >= bounds.min().y
                {
                    edge(a, b);
                }
            }
        }
    }

    /// Every ring, closed, in the order they came.
    pub fn rings(&self) -> impl Iterator<Item = Vec<Coord<f64>>> + '_ {
        let tree = self.tree();
        let end = tree.stream.len() - PADDING;
        let (mut chunk, mut at) = (Chunk::default(), 0);
        let mut pending: Vec<Coord<f64>> = Vec::new();
        std::iter::from_fn(move || {
            while at < end {
                at = chunk.read(tree.stream, at, tree.coding);
                let skip = usize::from(!chunk.starts_ring);
                let coords = (skip..chunk.len).map(|i| chunk.coord(i, tree.coding));
                if chunk.starts_ring && !pending.is_empty() {
                    return Some(std::mem::replace(&mut pending, coords.collect()));
                }
                pending.extend(coords);
            }
            (!pending.is_empty()).then(|| std::mem::take(&mut pending))
        })
    }
}
