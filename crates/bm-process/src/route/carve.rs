//! Turning the way from a pit to its pass round, so that water runs out over the pass (Cordonnier, Bovy & Braun 2019).

use super::basins::{LINK, OUTSIDE};
use super::fill::Ways;
use super::rim::Shape;

/// Makes every basin but the outside drain over its pass: the cells from the pass down to the pit are turned round.
pub(crate) fn carve(ways: &mut Ways, shape: &Shape) {
    let offsets = shape.offsets();
    let Ways { directions, basins, passes } = ways;
    if !basins.pits.is_empty() {
        for &basin in passes.order.iter().filter(|&&basin| basin != OUTSIDE) {
            let spill = passes.spills[basin as usize];
            let pit = basins.pits[basin as usize - 1] as usize;
            let (mut cell, mut onward) = (spill.from_cell as usize, spill.direction);
            loop {
                let before = std::mem::replace(&mut directions[cell], onward);
                if cell == pit {
                    break;
                }
                cell = shape.towards(&offsets, cell, before);
                onward = 7 - (before & 7);
            }
        }
    }
    for &cell in &basins.links {
        directions[cell as usize] &= !LINK;
    }
}
