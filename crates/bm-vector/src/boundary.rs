//! A boundary: where it runs, what lies on either side of it, and how strongly it speaks.

use crate::area::Area;
use bm_core::{MaterialId, Phase};
use geo_types::LineString;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// A boundary's name: unique in a world, chosen by whoever brings it. The last word in every tie.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BoundaryId(pub Arc<str>);

impl From<&str> for BoundaryId {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

impl From<String> for BoundaryId {
    fn from(name: String) -> Self {
        Self(name.into())
    }
}

impl fmt::Display for BoundaryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a boundary is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "lowercase"))]
#[non_exhaustive]
pub enum Kind {
    /// A fault.
    Fault,
    /// A shoreline: land on the left of a line, inside of an area.
    Coastline,
    /// Between layers of rock.
    Layer,
    /// A border of states; it has no materials.
    Political,
    /// The outline of a body of rock.
    Formation,
    /// Anything else.
    #[default]
    Custom,
}

/// Which side of a line, in its direction; inside of an area is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "lowercase"))]
pub enum Side {
    /// Left; inside.
    Left,
    /// Right; outside.
    Right,
}

/// How far a line's materials reach over cells it does not touch. Materials are categories, so a gradual transition
/// is a threshold: where the weight of the boundary's material exceeds one half.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "lowercase"))]
pub enum Style {
    /// The whole width.
    #[default]
    Sharp,
    /// Weight 1 − d/width: half the width.
    Linear,
    /// Weight cos(π/2 · d/width): two thirds of the width.
    Smooth,
}

/// What lies on either side.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Transition {
    /// Material on the left, inside; none says nothing there.
    pub left: Option<MaterialId>,
    /// Material on the right, outside; none says nothing there.
    pub right: Option<MaterialId>,
    /// How it reaches over.
    pub style: Style,
    /// Width of the transition in metres, not negative.
    pub width: f64,
}

impl Transition {
    /// Distance in metres within which a line's materials hold, beyond the cells it touches.
    #[must_use]
    pub fn reach(&self) -> f64 {
        match self.style {
            Style::Sharp => self.width,
            Style::Linear => self.width / 2.0,
            Style::Smooth => self.width * (2.0 / 3.0),
        }
    }

    /// Material of a side.
    #[must_use]
    pub const fn of(&self, side: Side) -> Option<MaterialId> {
        match side {
            Side::Left => self.left,
            Side::Right => self.right,
        }
    }
}

/// Metres below sea level beyond which no liquid is the sea: all trenches end above.
pub const DEEPEST_SEA: f64 = 12_000.0;

/// Which of what lies above and below each other a boundary speaks about.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "lowercase"))]
#[non_exhaustive]
pub enum Extent {
    /// Solids become the side's material; air and water stay.
    #[default]
    Ground,
    /// Sea level is the boundary's plane: on the land side liquids below it, down to [`DEEPEST_SEA`], become the left
    /// material, so land reaches sea level; on the sea side solids above sea level become air and those down to `depth` metres below it the right
    /// material.
    Shore {
        /// Least depth of water beside the shore in metres, positive.
        depth: f64,
    },
    /// Everything from altitude `low` up to below `high`, in metres.
    Altitude {
        /// Lowest altitude in metres, inside.
        low: f64,
        /// Highest altitude in metres, outside.
        high: f64,
    },
}

impl Extent {
    /// Altitudes in metres at which it begins or ends to speak, ascending.
    #[must_use]
    pub fn levels(self) -> Vec<f64> {
        match self {
            Self::Ground => Vec::new(),
            Self::Shore { depth } => vec![-DEEPEST_SEA, -depth, 0.0],
            Self::Altitude { low, high } => vec![low, high],
        }
    }

    /// What becomes of material `base` of a phase at altitude `alt` (none: a grid's surface) on a side where the
    /// transition names `material`; none if the boundary does not speak about it.
    #[inline]
    #[must_use]
    pub fn speak(
        self,
        side: Side,
        material: MaterialId,
        phase: Phase,
        alt: Option<f64>,
    ) -> Option<MaterialId> {
        match self {
            Self::Ground => (phase == Phase::Solid).then_some(material),
            Self::Altitude { low, high } => {
                alt.is_none_or(|alt| (low..high).contains(&alt)).then_some(material)
            }
            Self::Shore { depth } => match (side, phase) {
                (Side::Left, Phase::Liquid) => {
                    // Lava in the depths and lakes on the heights are not the sea.
                    alt.is_none_or(|alt| (-DEEPEST_SEA..0.0).contains(&alt)).then_some(material)
                }
                (Side::Right, Phase::Solid) => match alt {
                    Some(alt) if alt >= 0.0 => Some(MaterialId::AIR),
                    Some(alt) if alt < -depth => None,
                    _ => Some(material),
                },
                _ => None,
            },
        }
    }
}

/// A value of a boundary's free-form properties.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(untagged))]
pub enum Value {
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// Text.
    Text(String),
}

/// Where a boundary runs. Areas are equal if their rings are.
#[derive(Clone, Debug)]
pub enum Shape {
    /// Lines, open or closed; a side is known near them only.
    Lines(Vec<LineString<f64>>),
    /// An area, with a side known everywhere.
    Area(Arc<Area>),
}

impl PartialEq for Shape {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Lines(a), Self::Lines(b)) => a == b,
            (Self::Area(a), Self::Area(b)) => Arc::ptr_eq(a, b) || a.rings().eq(b.rings()),
            _ => false,
        }
    }
}

/// A boundary. Immutable once it is in an index: a change is another boundary of the same id.
#[derive(Clone, Debug, PartialEq)]
pub struct Boundary {
    /// Unique name.
    pub id: BoundaryId,
    /// What it is.
    pub kind: Kind,
    /// Where it runs.
    pub shape: Shape,
    /// What lies on either side; none: it changes no material.
    pub transition: Option<Transition>,
    /// What it speaks about.
    pub extent: Extent,
    /// Who wins where several speak: the higher one.
    pub priority: f64,
    /// How exact its positions are, in metres, positive; the finer one wins at equal priority and distance.
    pub precision: f64,
    /// Anything else.
    pub properties: BTreeMap<String, Value>,
}

/// How strongly a boundary speaks at a place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Voice<'a> {
    /// Its priority.
    pub priority: f64,
    /// Its distance from the place in metres.
    pub distance: f64,
    /// Its precision in metres.
    pub precision: f64,
    /// Its name.
    pub id: &'a BoundaryId,
}

/// The one total order in which boundaries are heard, the first first (`Less`): the higher priority, the nearer, the
/// more exact, the name that sorts first. Queries and grids use it alike.
#[must_use]
pub fn precedence(a: &Voice<'_>, b: &Voice<'_>) -> Ordering {
    // Adding zero makes −0 into 0, which are one number but two in a total order.
    let cmp = |a: f64, b: f64| (a + 0.0).total_cmp(&(b + 0.0));
    cmp(b.priority, a.priority)
        .then_with(|| cmp(a.distance, b.distance))
        .then_with(|| cmp(a.precision, b.precision))
        .then_with(|| a.id.cmp(b.id))
}

impl Boundary {
    /// How strongly it speaks at a distance.
    #[must_use]
    pub const fn voice(&self, distance: f64) -> Voice<'_> {
        Voice { priority: self.priority, distance, precision: self.precision, id: &self.id }
    }
}
