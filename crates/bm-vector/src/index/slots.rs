//! A list of numbered things of which a clone is a snapshot.

use std::sync::Arc;

/// Things of a leaf, and leaves of a branch.
const FAN: usize = 64;

type Leaf<T> = [Option<T>; FAN];
type Branch<T> = Vec<Arc<Leaf<T>>>;

/// Numbered things in a tree of three levels, so that a read takes three loads of which the last alone is far away, and
/// a write after a snapshot copies a few hundred references.
#[derive(Clone, Debug)]
pub(super) struct Slots<T> {
    branches: Arc<Vec<Arc<Branch<T>>>>,
    length: usize,
}

impl<T: Clone> Slots<T> {
    pub(super) fn new() -> Self {
        Self { branches: Arc::new(Vec::new()), length: 0 }
    }

    /// How many numbers there are, those of what was taken out too.
    pub(super) fn len(&self) -> usize {
        self.length
    }

    #[inline]
    pub(super) fn get(&self, number: usize) -> Option<&T> {
        self.branches.get(number / (FAN * FAN))?.get(number / FAN % FAN)?[number % FAN].as_ref()
    }

    /// Puts something, or nothing, under a number; gives what was there. Numbers begin at 0 and grow one by one.
    pub(super) fn set(&mut self, number: usize, value: Option<T>) -> Option<T> {
        let branches = Arc::make_mut(&mut self.branches);
        if number == self.length {
            self.length += 1;
            if number.is_multiple_of(FAN * FAN) {
                branches.push(Arc::new(Branch::new()));
            }
            if number.is_multiple_of(FAN) {
                Arc::make_mut(branches.last_mut()?).push(Arc::new(std::array::from_fn(|_| None)));
            }
        }
        let branch = Arc::make_mut(branches.get_mut(number / (FAN * FAN))?);
        let leaf = Arc::make_mut(branch.get_mut(number / FAN % FAN)?);
        std::mem::replace(&mut leaf[number % FAN], value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshots_stay() {
        let mut slots = Slots::new();
        for i in 0..10_000 {
            assert_eq!(slots.set(i, Some(i)), None);
        }
        let before = slots.clone();
        assert_eq!(slots.set(77, None), Some(77));
        assert_eq!(slots.set(9999, Some(1)), Some(9999));
        slots.set(10_000, Some(2));
        assert_eq!((slots.get(77), slots.get(9999), slots.get(10_000)), (None, Some(&1), Some(&2)));
        assert!((0..10_000).all(|i| before.get(i) == Some(&i)));
        assert_eq!((before.get(10_000), before.len(), slots.len()), (None, 10_000, 10_001));
        assert_eq!(slots.set(20_000, Some(1)), None, "there is no such number");
        assert_eq!(slots.get(20_000), None);
    }
}
