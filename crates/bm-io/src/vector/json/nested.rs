//! Arrays within arrays, of positions or of numbers of arcs, into flat lists.

use geo_types::Coord;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};
use std::fmt;

/// What nested arrays are made of.
pub(super) trait Leaf: Copy {
    /// From a number where the leaves are numbers.
    fn number(n: f64) -> Option<Self>;
    /// From the first two of an array of numbers where the leaves are positions.
    fn position(x: f64, y: f64) -> Option<Self>;
}

impl Leaf for Coord<f64> {
    fn number(_: f64) -> Option<Self> {
        None
    }

    fn position(x: f64, y: f64) -> Option<Self> {
        Some(Self { x, y })
    }
}

/// The number of an arc; negative ones are read backwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ArcIndex(pub(super) i64);

impl Leaf for ArcIndex {
    #[expect(clippy::cast_possible_truncation, reason = "whole and small enough")]
    fn number(n: f64) -> Option<Self> {
        // What is not whole, or larger than f64 counts exactly, is no arc's number: it becomes one that is not there.
        Some(Self(if n.fract() == 0.0 && n.abs() < 9e15 { n as i64 } else { i64::MAX }))
    }

    fn position(_: f64, _: f64) -> Option<Self> {
        None
    }
}

/// Up to three levels of lists.
#[derive(Clone, Debug)]
pub(super) struct Nested<L> {
    /// All leaves, in order.
    pub(super) leaves: Vec<L>,
    /// Where each innermost list ends in `leaves`.
    pub(super) lists: Vec<usize>,
    /// Where each list of lists ends in `lists`.
    pub(super) groups: Vec<usize>,
    /// Levels of lists: 0 is a lone leaf.
    pub(super) depth: u8,
    /// Leaves that had a third number, and a fourth or more.
    pub(super) third: u64,
    pub(super) fourth: u64,
    /// The first position of less than two numbers.
    pub(super) short: Option<usize>,
}

impl<L> Nested<L> {
    fn new() -> Self {
        Self {
            leaves: Vec::new(),
            lists: Vec::new(),
            groups: Vec::new(),
            depth: 0,
            third: 0,
            fourth: 0,
            short: None,
        }
    }

    /// The innermost lists number `lists`, each with its number.
    pub(super) fn slices(&self, lists: std::ops::Range<usize>) -> impl Iterator<Item = &[L]> {
        lists.map(|i| {
            let start = if i == 0 { 0 } else { self.lists[i - 1] };
            &self.leaves[start..self.lists[i]]
        })
    }

    /// The lists that each group consists of.
    pub(super) fn groups(&self) -> impl Iterator<Item = std::ops::Range<usize>> {
        (0..self.groups.len()).map(|g| if g == 0 { 0 } else { self.groups[g - 1] }..self.groups[g])
    }
}

impl<'de, L: Leaf> Deserialize<'de> for Nested<L> {
    fn deserialize<D: Deserializer<'de>>(de: D) -> Result<Self, D::Error> {
        let mut nested = Self::new();
        match (Element { nested: &mut nested }).deserialize(de)? {
            Met::Number(_) => Err(D::Error::custom("an array is needed here, not a number")),
            Met::Depth(depth) => {
                nested.depth = depth;
                Ok(nested)
            }
            // An empty array may stand for a list of any depth; without leaves it does not matter which.
            Met::Empty => {
                nested.depth = u8::MAX;
                Ok(nested)
            }
        }
    }
}

/// What an element turned out to be.
enum Met {
    Number(f64),
    /// Lists above leaves.
    Depth(u8),
    Empty,
}

struct Element<'a, L> {
    nested: &'a mut Nested<L>,
}

impl<'de, L: Leaf> DeserializeSeed<'de> for Element<'_, L> {
    type Value = Met;

    fn deserialize<D: Deserializer<'de>>(self, de: D) -> Result<Met, D::Error> {
        de.deserialize_any(self)
    }
}

impl<'de, L: Leaf> Visitor<'de> for Element<'_, L> {
    type Value = Met;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("numbers in arrays")
    }

    fn visit_f64<E: Error>(self, n: f64) -> Result<Met, E> {
        Ok(match L::number(n) {
            Some(leaf) => {
                self.nested.leaves.push(leaf);
                Met::Depth(0)
            }
            None => Met::Number(n),
        })
    }

    fn visit_i64<E: Error>(self, n: i64) -> Result<Met, E> {
        self.visit_f64(n as f64)
    }

    fn visit_u64<E: Error>(self, n: u64) -> Result<Met, E> {
        self.visit_f64(n as f64)
    }

    // JSON has no NaN; programs write null for it.
    fn visit_unit<E: Error>(self) -> Result<Met, E> {
        self.visit_f64(f64::NAN)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Met, A::Error> {
        let nested = self.nested;
        let inner = match seq.next_element_seed(Element { nested })? {
            None => return Ok(Met::Empty),
            Some(Met::Number(x)) => {
                let y = seq.next_element::<Number>()?;
                let mut more = 0;
                while seq.next_element::<Number>()?.is_some() {
                    more += 1;
                }
                nested.third += u64::from(more > 0);
                nested.fourth += u64::from(more > 1);
                if y.is_none() && nested.short.is_none() {
                    nested.short = Some(nested.leaves.len());
                }
                nested.leaves.extend(L::position(x, y.map_or(f64::NAN, |y| y.0)));
                return Ok(Met::Depth(0));
            }
            Some(met) => met,
        };
        let inner = match inner {
            Met::Depth(depth) => {
                while let Some(met) = seq.next_element_seed(Element { nested })? {
                    match met {
                        Met::Depth(d) if d == depth => {}
                        Met::Empty => {
                            return Err(A::Error::custom("an empty array among others that are not"));
                        }
                        _ => return Err(A::Error::custom("arrays of unlike depth side by side")),
                    }
                }
                depth
            }
            _ => {
                while let Some(met) = seq.next_element_seed(Element { nested })? {
                    if !matches!(met, Met::Empty) {
                        return Err(A::Error::custom("an empty array among others that are not"));
                    }
                }
                return Ok(Met::Empty);
            }
        };
        match inner {
            0 => nested.lists.push(nested.leaves.len()),
            1 => nested.groups.push(nested.lists.len()),
            2 => {}
            _ => return Err(A::Error::custom("arrays are nested deeper than any geometry's")),
        }
        Ok(Met::Depth(inner + 1))
    }
}

/// A number, or null for NaN.
struct Number(f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(de: D) -> Result<Self, D::Error> {
        Ok(Self(Option::<f64>::deserialize(de)?.unwrap_or(f64::NAN)))
    }
}
