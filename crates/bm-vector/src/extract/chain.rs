//! Directed links from place to place, joined into chains.

use std::collections::HashSet;

/// A chain of places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chain {
    /// The places, the first not repeated.
    pub(super) places: Vec<u64>,
    /// Whether the last is followed by the first.
    pub(super) closed: bool,
}

/// Chains of links `(from, to)`. At most one link leaves a place and at most one enters it. Open chains come first; in
/// both kinds the one that starts at the lowest place first.
pub(super) fn chains(mut links: Vec<(u64, u64)>) -> Vec<Chain> {
    links.sort_unstable();
    let entered: HashSet<u64> = links.iter().map(|&(_, to)| to).collect();
    let next = |place: u64| links.binary_search_by_key(&place, |&(from, _)| from).ok();
    let mut used = vec![false; links.len()];
    let mut all = Vec::new();
    let mut follow = |start: usize, closed: bool| {
        let mut places = vec![links[start].0];
        let mut link = Some(start);
        while let Some(i) = link.filter(|&i| !used[i]) {
            used[i] = true;
            let to = links[i].1;
            if closed && to == places[0] {
                break;
            }
            places.push(to);
            link = next(to);
        }
        if places.len() > 1 {
            all.push(Chain { places, closed });
        }
    };
    for (i, (from, _)) in links.iter().enumerate() {
        if !entered.contains(from) {
            follow(i, false);
        }
    }
    for i in 0..links.len() {
        follow(i, true);
    }
    all
}
