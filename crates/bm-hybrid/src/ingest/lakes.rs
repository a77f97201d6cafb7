//! Lakes on the ground: strata whose topmost material is fresh water.
//!
//! A commit of land lays them ([`World::commit_land`](crate::World::commit_land)). Data that is laid later speaks of the ground, so
//! whatever it keeps of what was there is the ground below them.

use crate::error::WorldError;
use bm_codec::raster::{Axis, Raster, SCALE_BITS};
use bm_codec::strata::{Datum, Field, Layer, Strata};
use bm_core::MaterialId;
use std::borrow::Cow;

/// The ground below lakes.
///
/// # Errors
/// [`WorldError::Data`] when the ground does not fit a raster.
pub(crate) fn drained(strata: &Strata) -> Result<Cow<'_, Strata>, WorldError> {
    let Some((lake, below)) = strata.layers.split_first() else { return Ok(Cow::Borrowed(strata)) };
    let (true, Datum::Surface, Field::Raster(depth)) =
        (strata.ground == MaterialId::FRESHWATER, lake.datum, &lake.top)
    else {
        return Ok(Cow::Borrowed(strata));
    };
    let layers = below.iter().map(|layer| {
        let top = match (layer.datum, &layer.top) {
            (Datum::SeaLevel, top) => top.clone(),
            (Datum::Surface, Field::Constant(down)) => Field::Raster(made(depth, |_, d| down - d, depth)?),
            (Datum::Surface, Field::Raster(down)) => Field::Raster(made(down, |down, d| down - d, depth)?),
        };
        Ok(Layer { top, ..layer.clone() })
    });
    let layers = layers.collect::<Result<_, WorldError>>()?;
    let surface = made(&strata.surface, |z, d| z - d, depth)?;
    Ok(Cow::Owned(Strata { surface, ground: lake.material, layers, ..strata.clone() }))
}

/// A raster like `from` of what its samples and the depth of lakes at them give, all in ticks.
fn made(from: &Raster, value: impl Fn(i32, i32) -> i32, depth: &Raster) -> Result<Raster, WorldError> {
    let (width, height) = from.size();
    let unit = i32::from(from.unit());
    let same = from.axes() == depth.axes() && from.size() == depth.size();
    let mut samples = Vec::with_capacity(width * height);
    for j in 0..height {
        for i in 0..width {
            let d = if same {
                depth.sample(i, j) * i32::from(depth.unit())
            } else {
                let at =
                    |axis: Axis, k: usize| ((axis.origin + k as i64 * axis.step) / axis.den).max(0) as u32;
                let spot = depth.locate(at(from.axes().0, i), at(from.axes().1, j));
                spot.map_or(0, |spot| (depth.height(spot) >> SCALE_BITS) as i32)
            };
            samples.push(value(from.sample(i, j) * unit, d));
        }
    }
    Raster::new(from.axes(), from.size(), 1, from.interpolation(), &samples)
        .map_err(|e| WorldError::Data { what: "ground below lakes", detail: e.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bm_codec::raster::Interpolation;
    use proptest::prelude::*;

    fn raster(step: i64, side: usize, samples: &[i32]) -> Raster {
        let axis = Axis { origin: 1000, step, den: 1 };
        Raster::new((axis, axis), (side, side), 1, Interpolation::Bilinear, samples).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// What lies beneath stays where it is, to the tick at samples.
        #[test]
        fn draining_takes_the_water_only(
            ground in prop::collection::vec(-400..4000i32, 16),
            lake in prop::collection::vec(0..80i32, 16),
            rock in prop::collection::vec(1..400i32, 16),
            deep in prop::option::of(500..900i32),
        ) {
            let add = |a: &[i32], b: &[i32]| a.iter().zip(b).map(|(a, b)| a + b).collect::<Vec<_>>();
            let hung = |material, top| Layer { material, datum: Datum::Surface, top };
            let below = |over: &[i32]| {
                let deepest = match deep {
                    Some(depth) if over.iter().all(|&d| d == 0) => Field::Constant(depth),
                    Some(depth) => Field::Raster(raster(64, 4, &over.iter().map(|d| d + depth).collect::<Vec<_>>())),
                    None => Field::Raster(raster(64, 4, &add(over, &[1000; 16]))),
                };
                vec![
                    hung(MaterialId::GRANITE, Field::Raster(raster(64, 4, &add(over, &rock)))),
                    hung(MaterialId::MANTLE, deepest),
                ]
            };
            let dry = Strata { layers: below(&[0; 16]), ..Strata::new(raster(64, 4, &ground), MaterialId::SHALE) };
            let mut layers = vec![hung(MaterialId::SHALE, Field::Raster(raster(64, 4, &lake)))];
            layers.extend(below(&lake));
            let wet = Strata { layers, ..Strata::new(raster(64, 4, &add(&ground, &lake)), MaterialId::FRESHWATER) };
            let drained = drained(&wet).unwrap();
            prop_assert_eq!(&drained.surface, &dry.surface);
            prop_assert_eq!((drained.ground, drained.layers.len()), (dry.ground, dry.layers.len()));
            for (a, b) in drained.layers.iter().zip(&dry.layers) {
                for k in 0..16u32 {
                    let (x, y) = (1000 + k % 4 * 64, 1000 + k / 4 * 64);
                    let at = |field: &Field| match field {
                        Field::Constant(t) => *t,
                        Field::Raster(r) => r.sample((k % 4) as usize, (k / 4) as usize),
                    };
                    prop_assert_eq!((a.material, at(&a.top)), (b.material, at(&b.top)), "{} {}", x, y);
                }
            }
        }
    }

    #[test]
    fn lakes_on_other_samples_are_looked_up_and_dry_ground_stays() {
        let depth = raster(128, 3, &[8, 8, 8, 8, 8, 8, 8, 8, 8]);
        let layers =
            vec![Layer { material: MaterialId::SHALE, datum: Datum::Surface, top: Field::Raster(depth) }];
        let wet = Strata { layers, ..Strata::new(raster(64, 4, &[100; 16]), MaterialId::FRESHWATER) };
        assert_eq!(drained(&wet).unwrap().surface, raster(64, 4, &[92; 16]));
        let dry = Strata::new(raster(64, 4, &[5; 16]), MaterialId::SHALE);
        assert!(matches!(drained(&dry).unwrap(), Cow::Borrowed(_)));
    }
}
