//! Location codes: the cells around a place, from coarse to fine.

#![allow(clippy::print_stdout)]

use bm_morton::Loc128;

fn main() {
    // The quarter-metre cell (level 28 of a 2^26 m cube) at three coordinates.
    let cell = Loc128::new(28, [89_478_485, 61_000_000, 134_217_728]).expect("inside the cube");
    for level in [0, 7, 14, 21, 28] {
        let ancestor = cell.ancestor(level).expect("not finer than the cell");
        println!("{ancestor}: octant {} of its parent, raw {:#x}", ancestor.octant(), ancestor.raw());
        assert!(ancestor.contains(cell));
    }

    // East of the last column of a world that closes in x comes the first one.
    let width = 160_300_080;
    let east_end = Loc128::new(28, [width - 1, 5, 9]).expect("inside the cube");
    println!("east of {east_end}: {:?}", east_end.neighbour_wrapping_x([1, 0, 0], width));
    println!("without the wrap: {:?}", east_end.neighbour([1, 0, 0]));
}
