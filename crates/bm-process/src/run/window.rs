//! A part of a land as a land of its own, and back.

use bm_grid::Window;

use crate::field::Field;
use crate::route::{Edge, Rim};
use crate::state::{Layer, State};
use crate::strata::{self, Part as _};

/// The columns and rows of a window.
#[derive(Clone, Copy)]
struct Part {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
    whole: usize,
}

impl Part {
    fn new(state: &State, window: Window) -> Self {
        let [x, y, width, height] = [window.x, window.y, window.width, window.height].map(|n| n as usize);
        Self { x, y, width, height, whole: state.ground.width }
    }

    fn rows(self) -> impl Iterator<Item = std::ops::Range<usize>> {
        (self.y..self.y + self.height).map(move |row| {
            let first = row * self.whole + self.x;
            first..first + self.width
        })
    }
}

impl strata::Part for Part {
    fn cut<T: Copy>(&self, values: &[T]) -> Vec<T> {
        let mut out = Vec::with_capacity(self.width * self.height);
        self.rows().for_each(|cells| out.extend_from_slice(&values[cells]));
        out
    }

    fn paste<T: Copy>(&self, part: &[T], values: &mut [T]) {
        for (cells, part) in self.rows().zip(part.chunks_exact(self.width)) {
            values[cells].copy_from_slice(part);
        }
    }
}

/// Copies a window out. Edges that are not the land's own become `edges`.
pub(super) fn cut(state: &State, window: Window, edges: Edge) -> State {
    let part = Part::new(state, window);
    let (height, whole) = (state.ground.height, state.ground.width);
    // A periodic edge stays one only when the window goes all the way round.
    let side = |own: Edge, reaches: bool, across: bool| match own {
        _ if !reaches => edges,
        Edge::Looped if !across => edges,
        own => own,
    };
    let (west, east) = (part.x == 0, part.x + part.width == whole);
    let (south, north) = (part.y == 0, part.y + part.height == height);
    let rim = Rim {
        west: side(state.rim.west, west, east),
        east: side(state.rim.east, east, west),
        south: side(state.rim.south, south, north),
        north: side(state.rim.north, north, south),
    };
    let ground = Field {
        width: part.width,
        height: part.height,
        dx: state.ground.dx[part.y..part.y + part.height].into(),
        dy: state.ground.dy,
        values: part.cut(&state.ground.values),
    };
    let mut out = State::new(ground, state.strata.basement());
    out.strata = state.strata.part(part);
    out.region = state.region.and_then(|region| region.part(window));
    out.rim = rim;
    out.sea_level = state.sea_level;
    out.time = state.time;
    out.materials = state.materials.clone();
    out.threads = state.threads;
    for (name, layer) in state.layers() {
        let layer = match layer {
            Layer::F64(values) => Layer::F64(part.cut(values)),
            Layer::F32(values) => Layer::F32(part.cut(values)),
        };
        out.set_layer(name, layer);
    }
    out
}

/// Puts a window back; returns whether strata are still those of the land (else nothing of them is taken).
pub(super) fn paste(part_state: State, window: Window, state: &mut State) -> bool {
    let part = Part::new(state, window);
    part.paste(&part_state.ground.values, &mut state.ground.values);
    let fits = state.strata.paste(&part_state.strata, part);
    let names: Vec<String> = part_state.layers().map(|(name, _)| name.to_owned()).collect();
    for name in names {
        let Some(layer) = part_state.layer(&name) else { continue };
        // A process may keep a layer with more precision than it had, or one that the land did not have.
        let merged = match layer {
            Layer::F64(values) => {
                let mut whole = state.take_f64(&name, 0.0);
                part.paste(values, &mut whole);
                Layer::F64(whole)
            }
            Layer::F32(values) => {
                let mut whole = state.take_f32(&name, 0.0);
                part.paste(values, &mut whole);
                Layer::F32(whole)
            }
        };
        state.set_layer(&name, merged);
    }
    fits
}

#[cfg(test)]
mod tests {
    use super::*;
    use bm_core::MaterialId;

    #[test]
    fn what_is_cut_out_and_put_back_is_where_it_was() {
        let mut state = State::new(Field::square(7, 5, 10.0, |x, y| (x * 10 + y) as f64), MaterialId::ROCK);
        state.rim = Rim { west: Edge::Closed, ..Rim::all(Edge::Fixed) };
        state.set_layer("a", Layer::F64((0..35).map(f64::from).collect()));
        state.set_layer("b", Layer::F32((0..35).map(|n| n as f32).collect()));
        state.strata.follow(&vec![0.0; 35], &(0..35).map(|n| f64::from(n) / 7.0).collect::<Vec<_>>(), 1);
        let window = Window { x: 0, y: 1, width: 4, height: 3 };
        let part = cut(&state, window, Edge::Closed);
        assert_eq!(part.rim, Rim::all(Edge::Closed));
        assert_eq!((part.ground.values[0], part.ground.values[11]), (1.0, 33.0));
        let before = state.clone();
        assert!(paste(part, window, &mut state));
        assert_eq!((&state.ground, &state.strata), (&before.ground, &before.strata));
        assert!(state.layers().eq(before.layers()));

        let mut part = cut(&state, window, Edge::Fixed);
        assert_eq!(part.rim, Rim { west: Edge::Closed, ..Rim::default() });
        part.ground.values.fill(-1.0);
        part.set_layer("b", Layer::F64(vec![-1.0; 12]));
        assert!(paste(part, window, &mut state));
        let changed = |cell: usize| state.ground.values[cell] == -1.0;
        let inside = |cell: usize| cell % 7 < 4 && (1..4).contains(&(cell / 7));
        assert!((0..35).all(|cell| changed(cell) == inside(cell)));
        assert!(matches!(state.layer("b"), Some(Layer::F64(b)) if b[0] == 0.0 && b[7] == -1.0));
    }

    #[test]
    fn periodic_only_all_the_way_round() {
        let mut state = State::new(Field::square(6, 4, 10.0, |_, _| 0.0), MaterialId::ROCK);
        state.rim = Rim { west: Edge::Looped, east: Edge::Looped, ..Rim::default() };
        let rim = |window| cut(&state, window, Edge::Closed).rim;
        let west = rim(Window { x: 0, y: 0, width: 3, height: 4 });
        assert_eq!((west.west, west.east, west.south), (Edge::Closed, Edge::Closed, Edge::Fixed));
        let round = rim(Window { x: 0, y: 1, width: 6, height: 2 });
        assert_eq!((round.west, round.east, round.south), (Edge::Looped, Edge::Looped, Edge::Closed));
    }
}
