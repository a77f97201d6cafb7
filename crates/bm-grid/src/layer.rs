//! Named layers of numbers beside the material.

use crate::error::GridError;
use crate::plane::Plane;
use crate::scalar::Scalar;
use std::fmt;

/// Height of the surface in metres.
pub const ELEVATION: &str = "elevation";
/// Depth of water on the surface in metres.
pub const WATER_DEPTH: &str = "waterDepth";
/// Velocity of that water in m/s, east and north.
pub const WATER_VELOCITY: &str = "waterVelocity";
/// Loose sediment in metres.
pub const SEDIMENT: &str = "sediment";
/// Temperature in °C.
pub const TEMPERATURE: &str = "temperature";
/// Thermal diffusivity in m²/s.
pub const THERMAL_DIFFUSIVITY: &str = "thermalDiffusivity";
/// Damage by weathering, 0 to 1.
pub const WEATHERING_DAMAGE: &str = "weatheringDamage";
/// Pressure in Pa.
pub const PRESSURE: &str = "pressure";

/// What a layer holds in each cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LayerKind {
    /// `f32`.
    F32,
    /// `f64`.
    F64,
    /// `u16`.
    U16,
    /// `u8`.
    U8,
    /// `[f32; 2]`, as two planes.
    F32x2,
}

impl fmt::Display for LayerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::U16 => "u16",
            Self::U8 => "u8",
            Self::F32x2 => "[f32; 2]",
        })
    }
}

mod sealed {
    pub trait Sealed {}
}

/// A type layers can hold: one plane for each of its numbers, so that loops over a plane are loops over an array.
pub trait LayerValue: Copy + sealed::Sealed + 'static {
    /// The number.
    type Scalar: Scalar;
    /// Which type this is.
    const KIND: LayerKind;
    /// How many numbers it has.
    const PLANES: usize;
    /// Its numbers.
    fn parts(self) -> impl Iterator<Item = Self::Scalar>;
    /// Of as many numbers as [`LayerValue::parts`] gives.
    fn join(parts: impl Iterator<Item = Self::Scalar>) -> Option<Self>;
    #[doc(hidden)]
    fn wrap(layer: Layer<Self>) -> AnyLayer
    where
        Self: Sized;
    #[doc(hidden)]
    fn of(any: &AnyLayer) -> Option<&Layer<Self>>
    where
        Self: Sized;
    #[doc(hidden)]
    fn of_mut(any: &mut AnyLayer) -> Option<&mut Layer<Self>>
    where
        Self: Sized;
}

macro_rules! layer_values {
    ($($variant:ident($t:ty, $scalar:ty): $parts:expr, $join:expr;)*) => {
        /// A layer of any type.
        #[derive(Clone, Debug, PartialEq)]
        #[doc(hidden)]
        pub enum AnyLayer {
            $($variant(Layer<$t>),)*
        }

        impl AnyLayer {
            pub(crate) const fn kind(&self) -> LayerKind {
                match self {
                    $(Self::$variant(_) => LayerKind::$variant,)*
                }
            }

            pub(crate) fn memory_bytes(&self) -> usize {
                match self {
                    $(Self::$variant(layer) => layer.memory_bytes(),)*
                }
            }
        }

        $(
            impl sealed::Sealed for $t {}

            impl LayerValue for $t {
                type Scalar = $scalar;
                const KIND: LayerKind = LayerKind::$variant;
                const PLANES: usize = size_of::<$t>() / size_of::<$scalar>();

                fn parts(self) -> impl Iterator<Item = $scalar> {
                    let parts: fn($t) -> _ = $parts;
                    IntoIterator::into_iter(parts(self))
                }

                fn join(parts: impl Iterator<Item = $scalar>) -> Option<Self> {
                    ($join)(parts)
                }

                fn wrap(layer: Layer<Self>) -> AnyLayer {
                    AnyLayer::$variant(layer)
                }

                fn of(any: &AnyLayer) -> Option<&Layer<Self>> {
                    match any {
                        AnyLayer::$variant(layer) => Some(layer),
                        _ => None,
                    }
                }

                fn of_mut(any: &mut AnyLayer) -> Option<&mut Layer<Self>> {
                    match any {
                        AnyLayer::$variant(layer) => Some(layer),
                        _ => None,
                    }
                }
            }
        )*
    };
}
layer_values! {
    F32(f32, f32): |v| [v], |mut p: _| Iterator::next(&mut p);
    F64(f64, f64): |v| [v], |mut p: _| Iterator::next(&mut p);
    U16(u16, u16): |v| [v], |mut p: _| Iterator::next(&mut p);
    U8(u8, u8): |v| [v], |mut p: _| Iterator::next(&mut p);
    F32x2([f32; 2], f32): |v| v, |mut p: _| Some([Iterator::next(&mut p)?, Iterator::next(&mut p)?]);
}

/// One value a cell: a plane for each of its numbers.
#[derive(Clone, Debug)]
pub struct Layer<V: LayerValue> {
    planes: Vec<Plane<V::Scalar>>,
}

impl<V: LayerValue> Layer<V> {
    pub(crate) fn uniform(width: u32, height: u32, fill: V) -> Self {
        Self { planes: fill.parts().map(|part| Plane::uniform(width, height, part)).collect() }
    }

    /// A layer of its planes: as many as a value has numbers.
    pub(crate) const fn of_planes(planes: Vec<Plane<V::Scalar>>) -> Self {
        Self { planes }
    }

    /// The value of a cell; none outside.
    #[must_use]
    pub fn get(&self, x: u32, y: u32) -> Option<V> {
        V::join(self.planes.iter().filter_map(|plane| plane.get(x, y)))
    }

    /// Writes one cell.
    ///
    /// # Errors
    /// [`GridError::OutOfGrid`].
    pub fn set(&mut self, x: u32, y: u32, value: V) -> Result<(), GridError> {
        self.planes.iter_mut().zip(value.parts()).try_for_each(|(plane, part)| plane.set(x, y, part))
    }

    /// The planes: one, or two for a pair.
    #[must_use]
    pub fn planes(&self) -> &[Plane<V::Scalar>] {
        &self.planes
    }

    /// The planes, for writing.
    pub fn planes_mut(&mut self) -> &mut [Plane<V::Scalar>] {
        &mut self.planes
    }

    /// Bytes it keeps on the heap.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.planes.capacity() * size_of::<Plane<V::Scalar>>()
            + self.planes.iter().map(Plane::memory_bytes).sum::<usize>()
    }
}

impl<V: LayerValue> PartialEq for Layer<V> {
    fn eq(&self, other: &Self) -> bool {
        self.planes == other.planes
    }
}
