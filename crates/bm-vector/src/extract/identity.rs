//! Which of the new lines is which of the old boundaries.

use super::footprint::{Footprint, Scale};
use crate::boundary::{Boundary, BoundaryId, Shape};
use bm_grid::Region;
use geo_types::LineString;
use std::collections::BTreeSet;

/// Less likeness than this and a line is another one.
const LEAST: f64 = 0.1;

/// Where a line's name comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// It is the old boundary, so much like it: cells in both over cells in either, of the insides of rings, or of the
    /// bands of five cells along lines.
    Kept(f64),
    /// Most of it was part of that boundary, which another line is more like: the name is followed by a number.
    Split(BoundaryId),
    /// Most of it runs along that boundary, which goes on beyond the region: it has that name, and stands for a part.
    Beyond(BoundaryId),
    /// There was nothing like it.
    New,
}

/// A line with a name.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// Its name.
    pub id: BoundaryId,
    /// Where the name comes from.
    pub origin: Origin,
    /// The line.
    pub line: LineString<f64>,
}

/// What became of boundaries.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Identified {
    /// The new lines, in the order they came.
    pub lines: Vec<Named>,
    /// Old boundaries that no line is like any more.
    pub removed: Vec<BoundaryId>,
    /// Old boundaries that go on beyond the region, so that the new lines cannot stand for them. They neither give nor
    /// lose a name.
    pub beyond: Vec<BoundaryId>,
}

struct Old<'a> {
    id: &'a BoundaryId,
    /// Of closed lines.
    inside: Option<Footprint>,
    band: Footprint,
}

struct New {
    inside: Option<Footprint>,
    band: Footprint,
}

/// Names lines extracted from a region's cells after the boundaries they were before: every line after at most one,
/// pairs that are most alike first, ties by name. New names are `prefix-1`, `prefix-2`, …; `taken` says which names are
/// in use by anything else.
#[must_use]
pub fn identify(
    region: &Region,
    old: &[&Boundary],
    lines: Vec<LineString<f64>>,
    prefix: &str,
    taken: &dyn Fn(&BoundaryId) -> bool,
) -> Identified {
    let scale = Scale::new(region);
    let mut found = Identified::default();
    let (mut olds, mut beyond) = (Vec::new(), Vec::new());
    for boundary in old {
        let rings = lines_of(boundary);
        let rings: Vec<&LineString<f64>> = rings.iter().collect();
        if scale.leaves(&rings) {
            found.beyond.push(boundary.id.clone());
            beyond.push(Old { id: &boundary.id, inside: None, band: Footprint::band(&scale, &rings) });
            continue;
        }
        let closed = rings.iter().all(|ring| ring.is_closed());
        let inside = closed.then(|| Footprint::inside(&scale, &rings)).filter(|f| f.cells() > 0);
        olds.push(Old { id: &boundary.id, inside, band: Footprint::band(&scale, &rings) });
    }
    let news: Vec<New> = lines
        .iter()
        .map(|line| {
            let inside =
                line.is_closed().then(|| Footprint::inside(&scale, &[line])).filter(|f| f.cells() > 0);
            New { inside, band: Footprint::band(&scale, &[line]) }
        })
        .collect();

    let mut pairs = Vec::new();
    for (n, new) in news.iter().enumerate() {
        for (o, old) in olds.iter().enumerate() {
            let likeness = match (&old.inside, &new.inside) {
                (Some(old), Some(new)) => old.likeness(new),
                _ => old.band.likeness(&new.band),
            };
            if likeness >= LEAST {
                pairs.push((likeness, o, n));
            }
        }
    }
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0).then(olds[a.1].id.cmp(olds[b.1].id)).then(a.2.cmp(&b.2)));
    let (mut of_old, mut of_new) = (vec![None; olds.len()], vec![None; news.len()]);
    for (likeness, o, n) in pairs {
        if of_old[o].is_none() && of_new[n].is_none() {
            (of_old[o], of_new[n]) = (Some(n), Some((o, likeness)));
        }
    }
    found.removed =
        olds.iter().zip(&of_old).filter(|(_, n)| n.is_none()).map(|(old, _)| old.id.clone()).collect();

    let mut names: BTreeSet<BoundaryId> = old.iter().map(|b| b.id.clone()).collect();
    let mut fresh = |stem: &str, from: u64| {
        let mut numbered = (from..).map(|n| BoundaryId::from(format!("{stem}-{n}")));
        // There are more numbers than names.
        let id = numbered.find(|id| !names.contains(id) && !taken(id)).unwrap_or_else(|| stem.into());
        names.insert(id.clone());
        id
    };
    for ((line, new), kept) in lines.into_iter().zip(&news).zip(of_new) {
        let (id, origin) = if let Some((o, likeness)) = kept {
            (olds[o].id.clone(), Origin::Kept(likeness))
        } else if let Some(old) = mostly(new, &olds) {
            (fresh(&old.0, 2), Origin::Split(old.clone()))
        } else if let Some(old) = mostly(new, &beyond) {
            (old.clone(), Origin::Beyond(old.clone()))
        } else {
            (fresh(prefix, 1), Origin::New)
        };
        found.lines.push(Named { id, origin, line });
    }
    found
}

/// The old boundary that most of a line belonged to.
fn mostly<'a>(new: &New, olds: &[Old<'a>]) -> Option<&'a BoundaryId> {
    let shares = olds.iter().filter_map(|old| {
        let (common, of) = match (&old.inside, &new.inside) {
            (Some(old), Some(new)) => (old.common(new), new.cells()),
            _ => (old.band.common(&new.band), new.band.cells()),
        };
        (2 * common >= of && common > 0).then_some((common, old.id))
    });
    shares.max_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(a.1))).map(|(_, id)| id)
}

fn lines_of(boundary: &Boundary) -> Vec<LineString<f64>> {
    match &boundary.shape {
        Shape::Lines(lines) => lines.clone(),
        Shape::Area(area) => area.rings().map(LineString).collect(),
    }
}
