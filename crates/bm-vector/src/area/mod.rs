//! A set of rings as a classifier.

use geo_types::{Coord, Rect};

/// Where a point lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Where {
    /// Inside.
    Inside,
    /// Outside.
    Outside,
    /// Exactly on an edge or a vertex.
    On,
}

/// A set of closed rings, inside and outside by the even–odd rule.
#[derive(Clone, Debug, Default)]
pub struct Area {
    rings: Vec<Vec<Coord<f64>>>,
}

impl Area {
    /// Of rings whose last coordinate repeats the first.
    #[must_use]
    pub fn new(rings: Vec<Vec<Coord<f64>>>) -> Self {
        Self { rings }
    }

    /// The smallest box around all rings.
    #[must_use]
    pub fn bounds(&self) -> Option<Rect<f64>> {
        let mut all = self.rings.iter().flatten().copied();
        let first = all.next()?;
        let (mut lo, mut hi) = (first, first);
        for c in all {
            (lo.x, lo.y) = (lo.x.min(c.x), lo.y.min(c.y));
            (hi.x, hi.y) = (hi.x.max(c.x), hi.y.max(c.y));
        }
        Some(Rect::new(lo, hi))
    }

    /// Where a point lies.
    #[must_use]
    pub fn locate(&self, p: Coord<f64>) -> Where {
        let mut inside = false;
        for ring in &self.rings {
            for e in ring.windows(2) {
                let (a, b) = (e[0], e[1]);
                let turn = orient(a, b, p);
                if turn == 0.0
                    && (a.x.min(b.x)..=a.x.max(b.x)).contains(&p.x)
                    && (a.y.min(b.y)..=a.y.max(b.y)).contains(&p.y)
                {
                    return Where::On;
                }
                if (a.y <= p.y) != (b.y <= p.y) {
                    inside ^= (turn > 0.0) == (b.y > a.y);
                }
            }
        }
        if inside { Where::Inside } else { Where::Outside }
    }

    /// Calls `edge` with every edge that may touch a box.
    pub fn edges_in(&self, bounds: Rect<f64>, mut edge: impl FnMut(Coord<f64>, Coord<f64>)) {
        for e in self.rings.iter().flat_map(|r| r.windows(2)) {
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

    /// Every ring, closed, in the order they came.
    pub fn rings(&self) -> impl Iterator<Item = Vec<Coord<f64>>> + '_ {
        self.rings.iter().cloned()
    }
}

fn orient(a: Coord<f64>, b: Coord<f64>, p: Coord<f64>) -> f64 {
    let c = |c: Coord<f64>| robust::Coord { x: c.x, y: c.y };
    robust::orient2d(c(a), c(b), c(p))
}
