//! Vertices that say nothing: repeats, tips of spikes, loops of a rounding's width.

use super::crossing::{Rings, Tangle};
use super::near::bounds_of;
use super::predicate::on_segment;
use crate::frame::Frame;
use geo_types::Coord;
use std::collections::VecDeque;

/// Removes vertices that repeat the one before.
pub(super) fn dedup(line: &mut Vec<Coord<f64>>) -> usize {
    let before = line.len();
    line.dedup();
    before - line.len()
}

/// Removes the tips of spikes from a closed ring, until none is left; returns how many.
pub(super) fn blunt(ring: &mut Vec<Coord<f64>>) -> usize {
    let fold = |a, b, c| on_segment(a, b, c) || on_segment(b, c, a);
    let mut removed = 0;
    // Open for the while: a ring has no first vertex.
    ring.pop();
    let mut clean: VecDeque<Coord<f64>> = VecDeque::with_capacity(ring.len());
    for &c in ring.iter() {
        clean.push_back(c);
        while let n @ 3.. = clean.len()
            && fold(clean[n - 3], clean[n - 2], clean[n - 1])
        {
            clean.swap(n - 2, n - 1);
            clean.pop_back();
            removed += 1;
            if clean[n - 3] == clean[n - 2] {
                clean.pop_back();
            }
        }
    }
    // Over the joint.
    while let n @ 3.. = clean.len() {
        let (a, b, c, d) = (clean[n - 2], clean[n - 1], clean[0], clean[1]);
        if b == c {
            clean.pop_back();
        } else if fold(a, b, c) {
            clean.pop_back();
            removed += 1;
        } else if fold(b, c, d) {
            clean.pop_front();
            removed += 1;
        } else {
            break;
        }
    }
    clean.extend(clean.front().copied());
    *ring = clean.into();
    removed
}

/// Takes out loops no wider than `width` metres in which a closed ring crosses or overlaps itself; returns how many.
pub(super) fn untangle(ring: &mut Vec<Coord<f64>>, width: f64, frame: Frame) -> usize {
    let mut taken = 0;
    while ring.len() > 3 {
        let Some(Tangle::Cross((_, i), (_, j)) | Tangle::Overlap((_, i), (_, j))) =
            Rings::new(std::slice::from_ref(ring)).tangle()
        else {
            break;
        };
        // Two loops hang together at the crossing: behind edge i up to j, and all the others.
        let (i, j, last) = (i as usize, j as usize, ring.len() - 1);
        let narrow = |loop_: &mut dyn Iterator<Item = Coord<f64>>| {
            bounds_of(loop_).is_some_and(|b| frame.metric(b.center()).distance(b.min(), b.max()) <= width)
        };
        if narrow(&mut ring[i + 1..=j].iter().copied()) {
            ring.drain(i + 1..=j);
        } else if narrow(&mut ring[j + 1..last].iter().chain(&ring[..=i]).copied()) {
            *ring = ring[i + 1..=j].to_vec();
            ring.extend(ring.first().copied());
        } else {
            break;
        }
        taken += 1;
        // What the loop held together may now lie on itself.
        dedup(ring);
        blunt(ring);
    }
    taken
}
