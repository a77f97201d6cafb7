//! Priority-Flood (Barnes, Lehman & Mulla 2014), plain and exact: the reference the fast ways are tested against,
//! and what they hand the rare terrains to whose heights nearly tie.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::rim::Shape;

/// A float's bits, ordered as the floats are.
fn key(value: f64) -> i64 {
    let bits = value.to_bits() as i64;
    bits ^ (((bits >> 63) as u64) >> 1) as i64
}

/// Raises every cell to the least height from which it drains: no lower than its lowest neighbour, or with
/// `gradient` the least bit higher. `outlets` are the cells that stay as they are.
pub(crate) fn flood(values: &mut [f64], shape: &Shape, outlets: impl Iterator<Item = u32>, gradient: bool) {
    let mut closed: Vec<bool> = values.iter().map(|value| value.is_nan()).collect();
    let mut open = BinaryHeap::new();
    for cell in outlets {
        if !std::mem::replace(&mut closed[cell as usize], true) {
            open.push(Reverse((key(values[cell as usize]), cell)));
        }
    }
    // Raised cells come out in the order of their heights already.
    let mut raised: VecDeque<u32> = VecDeque::new();
    loop {
        let next = match (open.peek(), raised.front()) {
            (Some(&Reverse((height, _))), Some(&cell)) if height < key(values[cell as usize]) => open.pop(),
            (_, Some(_)) => None,
            (Some(_), None) => open.pop(),
            (None, None) => return,
        };
        let Some(cell) = next.map(|Reverse((_, cell))| cell).or_else(|| raised.pop_front()) else { return };
        let height = values[cell as usize];
        let least = if gradient { height.next_up() } else { height };
        for k in 0..8 {
            let Some(other) = shape.neighbour(cell as usize, k) else { continue };
            if std::mem::replace(&mut closed[other], true) {
                continue;
            }
            if values[other] <= least {
                if values[other] < least {
                    values[other] = least;
                }
                raised.push_back(other as u32);
            } else {
                open.push(Reverse((key(values[other]), other as u32)));
            }
        }
    }
}
