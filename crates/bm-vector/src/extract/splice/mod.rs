//! New shores put into old coastlines.
//!
//! Where the middles of cells became land or sea, and in the squares around them, shores are found anew; everywhere else
//! coastlines keep the very vertices they had. What lies inside afterwards is
//!
//! (old land without the squares) ∪ (new land within them)
//!
//! and new shores begin and end where old ones pass the edge of these squares. Middles there are what they were before, so
//! the two can disagree only by what is finer than a cell: a bay that leads into the squares through one side of one
//! of them is closed along that side.
//!
//! Rings are cut where they pass the squares' edge, and what is left of them is joined with new shores from place to
//! place, always with land on the left. So one ring may become several and several one, and rings may come and go. Nothing
//! is compared but crossings on the edge of the squares and what lies near them, so a ring of a million vertices takes
//! the time to read it.
//!
//! | file | what it holds |
//! |---|---|
//! | `lattice` | lines through the middles of cells, and where rings cross them |
//! | `zone` | what changed, new shores there, what joins them to the old |
//! | `thin` | new shores with fewer vertices |
//! | `weave` | all of that made into rings |
//! | `nest` | rings back into boundaries, holes behind their shells |

mod lattice;
mod nest;
mod thin;
mod weave;
mod zone;

use super::shore::ExtractError;
use crate::boundary::{Boundary, BoundaryId, Kind, Shape};
use crate::frame::Frame;
use crate::geometry::sound_within;
use crate::set::Change;
use bm_grid::{Ground, Region};
use geo_types::{Coord, Rect};
use lattice::Lattice;
use std::collections::BTreeMap;
use thin::thin;
use weave::{Cloth, Ring, weave};
use zone::{Crossing, Passed, Zone};

/// Land that changed.
#[derive(Clone, Copy, Debug)]
pub struct Moved<'a> {
    /// Where.
    pub region: &'a Region,
    /// Heights of its cells above the sea before, in metres, row by row from the south; NaN where nothing is known.
    /// What is not below 0 is land.
    pub before: &'a [f64],
    /// The same now.
    pub after: &'a [f64],
}

/// What becomes of coastlines.
#[derive(Clone, Debug, Default)]
pub struct Spliced {
    /// What to put and what to remove.
    pub changes: Vec<Change>,
    /// Coastlines at shores that changed which could not follow: open lines, rings that lie in each other or cross,
    /// rings that go more than once around the globe, and what would cross itself.
    pub beyond: Vec<BoundaryId>,
}

/// The coastlines among `old` with the shores of land that changed. Those of one priority are one map of the land: a
/// new lake becomes a hole of the area it lies in. A new island becomes part of the area that says what lies outside of it,
/// otherwise a boundary like the first, with its name and a number. Rings that are joined belong to the boundary that
/// most of their vertices are of.
///
/// New shores are simplified to `tolerance` metres; `taken` says which names are in use.
///
/// # Errors
/// [`ExtractError::Size`] when there is not a height for each cell; [`ExtractError::Area`] for rings that are no area.
pub fn splice(
    moved: &Moved<'_>,
    old: &[&Boundary],
    tolerance: f64,
    taken: &dyn Fn(&BoundaryId) -> bool,
) -> Result<Spliced, ExtractError> {
    let cells = moved.region.cells();
    for given in [moved.before.len(), moved.after.len()] {
        if given as u64 != cells {
            return Err(ExtractError::Size { given: given as u64, cells });
        }
    }
    let frame = match moved.region.ground() {
        Ground::Flat => Frame::Plane,
        Ground::World => Frame::Geographic,
    };
    let wide = moved.region.grown([1; 4]);
    let lattice = Lattice::of(&wide);
    let mut spliced = Spliced::default();
    let mut layers: BTreeMap<u64, Vec<&Boundary>> = BTreeMap::new();
    for boundary in old.iter().filter(|b| b.kind == Kind::Coastline) {
        layers.entry((boundary.priority + 0.0).to_bits()).or_default().push(boundary);
    }
    if layers.is_empty() {
        return Ok(spliced);
    }
    for layer in layers.into_values() {
        let Some(mut zone) = Zone::of_changes(&lattice, &wide, moved) else { return Ok(spliced) };
        let job = Job { frame, lattice: &lattice, tolerance };
        let (layer, lines): (Vec<&Boundary>, Vec<&Boundary>) = layer.into_iter().partition(|b| is_closed(b));
        let rings = job.rings(&layer);
        let cloth = job.cloth(&rings, &mut zone);
        let near = |b: &&Boundary| b.bounds().is_some_and(|b| job.meets(b, zone.bounds()));
        spliced.beyond.extend(lines.iter().filter(|b| near(b)).map(|b| b.id.clone()));
        let changes = match cloth {
            Some(cloth) => nest::boundaries(&layer, &rings, cloth, taken)?,
            None => None,
        };
        match changes {
            Some(changes) => spliced.changes.extend(changes),
            None => spliced.beyond.extend(layer.iter().filter(|b| near(b)).map(|b| b.id.clone())),
        }
    }
    Ok(spliced)
}

/// Whether it runs around land, not only along it.
fn is_closed(boundary: &Boundary) -> bool {
    match &boundary.shape {
        Shape::Lines(lines) => lines.iter().all(|l| l.is_closed() && l.0.len() > 3),
        Shape::Area(_) => true,
    }
}

/// The rings of a boundary, in their order.
fn rings_of(boundary: &Boundary) -> Box<dyn Iterator<Item = Vec<Coord<f64>>> + '_> {
    match &boundary.shape {
        Shape::Lines(lines) => Box::new(lines.iter().map(|l| l.0.clone())),
        Shape::Area(area) => Box::new(area.rings()),
    }
}

struct Job<'a> {
    frame: Frame,
    lattice: &'a Lattice,
    tolerance: f64,
}

impl Job<'_> {
    /// What to add to longitudes of a box so that it meets another.
    fn shifts(&self, own: Rect<f64>, [west, south, east, north]: [f64; 4]) -> impl Iterator<Item = f64> {
        let period = self.frame.period();
        let laps = [0.0, 1.0, -1.0, 2.0, -2.0];
        let shifts = laps
            .into_iter()
            .filter_map(move |lap: f64| period.map(|p| lap * p).or((lap == 0.0).then_some(0.0)));
        shifts.filter(move |s| {
            own.min().x + s <= east && west <= own.max().x + s && own.min().y <= north && south <= own.max().y
        })
    }

    fn meets(&self, own: Rect<f64>, bounds: [f64; 4]) -> bool {
        self.shifts(own, bounds).next().is_some()
    }

    /// The rings that may have to do with the nodes, with their ways through links.
    fn rings(&self, layer: &[&Boundary]) -> Vec<Ring> {
        let mut out = Vec::new();
        let bounds = self.lattice.bounds();
        for (owner, boundary) in layer.iter().enumerate() {
            if boundary.bounds().is_none_or(|b| !self.meets(b, bounds)) {
                continue;
            }
            for (number, coords) in rings_of(boundary).enumerate() {
                let Some(own) = nest::bounds(&coords) else { continue };
                for shift in self.shifts(own, bounds) {
                    out.push(Ring { owner, number, coords: coords.clone(), shift, crossings: Vec::new() });
                }
            }
        }
        for ring in &mut out {
            let mut crossings = Vec::new();
            let mut a = (ring.at(0), self.lattice.place(ring.at(0)));
            for edge in 0..ring.coords.len() - 1 {
                let b = ring.at(edge + 1);
                let b = (b, self.lattice.place(b));
                self.lattice.walk([a.0, b.0], [a.1, b.1], |s| {
                    crossings.push(Crossing { link: s.link, at: s.at, leftwards: s.leftwards, edge });
                });
                a = b;
            }
            ring.crossings = crossings;
        }
        out
    }

    /// What becomes of the rings; none if they cannot be spliced.
    fn cloth(&self, rings: &[Ring], zone: &mut Zone<'_>) -> Option<Cloth> {
        let passed = Passed::new(rings.iter().flat_map(|r| &r.crossings));
        let around = |p: Coord<f64>| rings.iter().map(|r| nest::winding(r, p)).sum::<Option<i32>>();
        zone.learn(&passed, &around)?;
        if zone.is_empty() {
            return Some(Cloth { gone: Vec::new(), woven: Vec::new() });
        }
        let (mut open, mut closed) = (Vec::new(), Vec::new());
        for (chain, line) in zone.shores(&passed) {
            let line = thin(self.lattice, &chain.places, &line, self.tolerance, zone::LEAST, self.frame);
            if chain.closed { closed.push(line) } else { open.push(line) }
        }
        let cloth = weave(rings, zone, open, closed, zone.seams(&passed))?;
        self.is_sound(rings, &cloth, zone.bounds()).then_some(cloth)
    }

    /// Whether nothing crosses near what changed.
    fn is_sound(&self, rings: &[Ring], cloth: &Cloth, [west, south, east, north]: [f64; 4]) -> bool {
        // Of a ring that is cut in two laps there would be two halves.
        let mut cut: Vec<(usize, usize)> =
            cloth.gone.iter().map(|&n| (rings[n].owner, rings[n].number)).collect();
        cut.sort_unstable();
        if cut.windows(2).any(|w| w[0] == w[1]) {
            return false;
        }
        let gone: Vec<bool> = {
            let mut gone = vec![false; rings.len()];
            cloth.gone.iter().for_each(|&n| gone[n] = true);
            gone
        };
        let kept = rings.iter().zip(gone).filter(|(r, gone)| !gone && !r.crossings.is_empty());
        let all = kept.map(|(r, _)| (&r.coords, r.shift));
        let all: Vec<_> = all.chain(cloth.woven.iter().map(|w| (&w.coords, w.shift))).collect();
        // In the longitudes that most have, so that their numbers are theirs.
        let home = all.iter().map(|(_, s)| *s).max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(0.0);
        let shifted: Vec<Vec<Coord<f64>>> = all
            .into_iter()
            .map(|(coords, shift)| {
                let dx = shift - home;
                if dx == 0.0 {
                    return coords.clone();
                }
                coords.iter().map(|c| Coord { x: c.x + dx, ..*c }).collect()
            })
            .collect();
        let lo = Coord { x: west - home, y: south };
        sound_within(&shifted, Rect::new(lo, Coord { x: east - home, y: north }))
    }
}
