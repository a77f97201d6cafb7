//! What is brought into grids.

use std::sync::Arc;

use bm_core::MaterialId;
use bm_grid::{Bounds, DVec2, Grid, Region};
use bm_vector::set::BoundarySet;
use bm_vector::{Area, Boundary, Extent, Frame, Kind, Shape, Style, Transition};
use geo_types::{Coord, LineString};

use super::grids::square;
use super::ours;
use crate::harness::BenchError;
use crate::inputs::{Random, coast};

/// A grid of one material, and boundaries.
pub(super) struct Scene {
    pub(super) grid: Grid,
    pub(super) set: BoundarySet,
}

fn boundary(id: String, shape: Shape, width: f64, priority: f64) -> Boundary {
    Boundary {
        id: id.into(),
        kind: Kind::Fault,
        shape,
        transition: Some(Transition {
            left: Some(MaterialId::SANDSTONE),
            right: Some(MaterialId::SHALE),
            style: Style::Linear,
            width,
        }),
        extent: Extent::Ground,
        priority,
        precision: 1.0,
        properties: Default::default(),
    }
}

/// A line through the grid from west to east.
pub(super) fn line(i: u32, count: u32, slope: f64, jag: f64, dy: f64) -> Boundary {
    let mut random = Random::new(u64::from(i) + 7);
    let middle = 1000.0 * (f64::from(i) + 0.5) / f64::from(count) + dy;
    let step = if jag > 0.0 { 2.0 } else { 1000.0 };
    let points = (0..=(1000.0 / step) as u32).map(|k| f64::from(k) * step);
    let y = |x: f64, random: &mut Random| middle + slope * (x - 500.0) + jag * (2.0 * random.unit() - 1.0);
    let points = points.map(|x| Coord { x, y: y(x, &mut random) }).collect();
    boundary(format!("line-{i}"), Shape::Lines(vec![LineString(points)]), 5.0, f64::from(i % 7))
}

pub(super) fn lines(count: u32, slope: f64, jag: f64) -> Result<Scene, BenchError> {
    let all = (0..count).map(|i| Arc::new(line(i, count, slope, jag, 0.0)));
    Ok(Scene {
        grid: Grid::uniform(square(1000, 1.0)?, MaterialId::ROCK).map_err(ours)?,
        set: BoundarySet::bulk_load(Frame::Plane, all).map_err(ours)?,
    })
}

/// Real shoreline around a fjord.
pub(super) struct Coast {
    region: Region,
    rings: Vec<Vec<Coord<f64>>>,
    /// Pieces of rings in the region, the longest first.
    pieces: Vec<Vec<Coord<f64>>>,
}

impl Coast {
    /// None without the data.
    pub(super) fn read() -> Result<Option<Self>, BenchError> {
        let Some(path) = coast::gshhg_path() else { return Ok(None) };
        let min = DVec2::new((5.0 + 180.0) * 111_319.5, (60.0 + 90.0) * 111_319.5);
        let bounds = Bounds { min, max: min + DVec2::splat(50_000.0) };
        let region = Region::in_world(bounds, 50.0).map_err(ours)?;
        let far = 50_000.0 / 111_319.5;
        let (low, high) = ([5.0, 60.0], [5.0 + far, 60.0 + far]);
        let rings = coast::rings_in(&path, low, high)?;
        let inside = |c: &Coord<f64>| (low[0]..=high[0]).contains(&c.x) && (low[1]..=high[1]).contains(&c.y);
        let mut pieces: Vec<Vec<Coord<f64>>> = rings
            .iter()
            .flat_map(|ring| ring.split(|c| !inside(c)).filter(|piece| piece.len() > 3).map(<[_]>::to_vec))
            .collect();
        pieces.sort_by_key(|piece| std::cmp::Reverse(piece.len()));
        Ok(Some(Self { region, rings, pieces }))
    }

    fn grid(&self) -> Result<Grid, BenchError> {
        Grid::uniform(self.region, MaterialId::ROCK).map_err(ours)
    }

    /// The longest pieces.
    pub(super) fn lines(&self, count: usize) -> Result<Scene, BenchError> {
        let made = |(i, piece): (usize, &Vec<Coord<f64>>)| {
            let shape = Shape::Lines(vec![LineString(piece.clone())]);
            Arc::new(boundary(format!("coast-{i}"), shape, 250.0, 0.0))
        };
        let all = self.pieces.iter().take(count).enumerate().map(made);
        let set = BoundarySet::bulk_load(Frame::Geographic, all).map_err(ours)?;
        Ok(Scene { grid: self.grid()?, set })
    }

    /// Segments in so many pieces.
    pub(super) fn segments(&self, count: usize) -> usize {
        self.pieces.iter().take(count).map(|piece| piece.len() - 1).sum()
    }

    /// All rings that meet the region, as one area.
    pub(super) fn area(&self) -> Result<Scene, BenchError> {
        let area = Area::build(&self.rings, None).map_err(ours)?;
        let land = Arc::new(boundary("land".into(), Shape::Area(Arc::new(area)), 0.0, 0.0));
        let set = BoundarySet::bulk_load(Frame::Geographic, [land]).map_err(ours)?;
        Ok(Scene { grid: self.grid()?, set })
    }
}
