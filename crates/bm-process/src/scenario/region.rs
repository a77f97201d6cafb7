//! Which part of the land a process is limited to.

use bm_core::frame::{TICKS_PER_METRE, WORLD_X, WORLD_Y};
use bm_grid::{Ground, Window};

use crate::state::State;

/// A box of the land: west, south, east, north. The cells whose centres lie in it (on its west and south edge as well)
/// belong to it, so that boxes next to each other share none.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum RegionBox {
    /// Degrees of longitude and latitude; west may be greater than east, across the date line.
    Degrees([f64; 4]),
    /// Metres of the plane from the land's south-west corner.
    Metres([f64; 4]),
    /// Degrees where the land lies in the world, else metres.
    AsLand([f64; 4]),
}

impl RegionBox {
    /// What is wrong with it, if anything.
    pub(crate) fn fault(&self) -> Option<String> {
        let (Self::Degrees(edges) | Self::Metres(edges) | Self::AsLand(edges)) = self;
        let [west, south, east, north] = *edges;
        if let Some(bad) = edges.iter().find(|edge| !edge.is_finite()) {
            return Some(format!("an edge is {bad}"));
        }
        if south >= north {
            return Some(format!("its south edge {south} does not lie below its north edge {north}"));
        }
        if matches!(self, Self::Metres(_)) && west >= east {
            return Some(format!("its west edge {west} does not lie left of its east edge {east}"));
        }
        if west == east {
            return Some(format!("its west and east edges are both {west}"));
        }
        None
    }

    /// Its cells of a land, if it has any.
    #[must_use]
    pub fn window(&self, state: &State) -> Option<Window> {
        if self.fault().is_some() {
            return None;
        }
        let ground = &state.ground;
        let world = state.region.as_ref().is_some_and(|region| region.ground() == Ground::World);
        let cell = ground.dy;
        let corner = state.region.as_ref().map_or([0.0; 2], |region| region.bounds().min.to_array());
        let size = [ground.width, ground.height];
        let along = |axis: usize, low: f64, high: f64| cells(low, high, corner[axis], cell, size[axis]);
        let (columns, rows) = match *self {
            Self::Metres([w, s, e, n]) => metres(along, corner, [w, s, e, n])?,
            Self::AsLand([w, s, e, n]) if !world => {
                (w < e).then(|| metres(along, corner, [w, s, e, n]))??
            }
            Self::Degrees([w, s, e, n]) | Self::AsLand([w, s, e, n]) => {
                // Degrees say nothing about a drawing board.
                state.region.filter(|_| world)?;
                let (wx, wy) = (f64::from(WORLD_X), f64::from(WORLD_Y));
                let ticks = f64::from(TICKS_PER_METRE);
                let x = |lon: f64| (lon + 180.0) / 360.0 * wx / ticks;
                let y = |lat: f64| (lat + 90.0) / 180.0 * wy / ticks;
                let turn = wx / ticks;
                let east = if e < w { x(e) + turn } else { x(e) };
                // The land may lie beyond the date line by one turn.
                let columns = [0.0, turn, -turn]
                    .into_iter()
                    .filter_map(|by| along(0, x(w) + by, east + by))
                    .max_by_key(|columns| columns.1)?;
                (columns, along(1, y(s), y(n))?)
            }
        };
        Some(Window { x: columns.0, y: rows.0, width: columns.1, height: rows.1 })
    }
}

type Span = (u32, u32);

fn metres(
    along: impl Fn(usize, f64, f64) -> Option<Span>,
    corner: [f64; 2],
    [w, s, e, n]: [f64; 4],
) -> Option<(Span, Span)> {
    Some((along(0, corner[0] + w, corner[0] + e)?, along(1, corner[1] + s, corner[1] + n)?))
}

/// First and number of the cells whose centres lie in `low..high`.
fn cells(low: f64, high: f64, corner: f64, cell: f64, size: usize) -> Option<Span> {
    // Centre i lies at (i + ½) · cell.
    let index = |at: f64| ((at - corner) / cell - 0.5).ceil().clamp(0.0, size as f64) as u32;
    let (first, end) = (index(low), index(high));
    (end > first).then_some((first, end - first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::Field;
    use bm_core::MaterialId;
    use bm_grid::{Bounds, DVec2, Region};

    #[test]
    fn boxes_next_to_each_other_share_no_cell_and_leave_none() {
        let state = State::new(Field::square(10, 8, 100.0, |_, _| 0.0), MaterialId::ROCK);
        let window = |edges| RegionBox::AsLand(edges).window(&state);
        let whole = Window { x: 0, y: 0, width: 10, height: 8 };
        assert_eq!(window([-1e9, -1e9, 1e9, 1e9]), Some(whole));
        for cut in [1.0, 49.0, 50.0, 51.0, 449.9, 450.0, 950.1] {
            let [west, east] = [[-10.0, 0.0, cut, 800.0], [cut, 0.0, 1000.0, 800.0]].map(window);
            let width = |window: Option<Window>| window.map_or(0, |window| window.width);
            assert_eq!(width(west) + width(east), 10, "{cut}");
        }
        assert_eq!(window([1.0, 1.0, 2.0, 2.0]), None);
        assert_eq!(window([500.0, 0.0, 400.0, 800.0]), None);
        assert_eq!(RegionBox::Degrees([0.0, 0.0, 1.0, 1.0]).window(&state), None);
    }

    #[test]
    fn degrees_across_the_date_line() {
        // 178° to 182° at the equator.
        let x = 358.0 / 360.0 * 40_075_020.0;
        let min = DVec2::new(x, 10_018_755.0);
        let bounds = Bounds { min, max: min + DVec2::new(440_000.0, 100_000.0) };
        let region = Region::in_world(bounds, 10_000.0).unwrap();
        let ground = Field::of_region(&region, 0.0).unwrap();
        let state = State::in_region(region, ground, MaterialId::ROCK).unwrap();
        let window = RegionBox::AsLand([179.0, 0.0, -179.0, 0.5]).window(&state).unwrap();
        // A degree is 111.3 km.
        assert_eq!((window.x, window.width, window.y, window.height), (11, 22, 0, 6));
        let all = RegionBox::Degrees([-182.0, -1.0, -178.0, 2.0]).window(&state).unwrap();
        assert_eq!((all.width, all.height), (44, 10));
    }
}
