//! Where elevation passes sea level.
//!
//! Marching squares (Lorensen & Cline, "Marching cubes", 1987, in two dimensions) between the centres of cells: a line
//! crosses an edge between two centres where a straight profile would reach sea level. A square with land in two
//! opposite corners is joined across its middle if the mean of its corners is land. Squares with a corner that is no
//! number are left out, and lines end there.

use super::chain::chains;
use super::in_frame;
use crate::area::AreaError;
use bm_grid::{Grid, GridError, Plane, Region};
use geo_types::{Coord, LineString};

/// Why nothing could be extracted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExtractError {
    /// The layer is missing or of no use.
    #[error(transparent)]
    Grid(#[from] GridError),
    /// Rings that are no area.
    #[error(transparent)]
    Area(#[from] AreaError),
    /// The level is NaN or infinite.
    #[error("a sea level of {0} m")]
    SeaLevel(f64),
    /// Heights that do not fit a region.
    #[error("{given} heights for {cells} cells")]
    Size {
        /// How many there are.
        given: u64,
        /// How many cells the region has.
        cells: u64,
    },
}

/// Nearer to a centre than this part of a cell no line passes, so that lines of neighbouring squares do not touch.
const LEAST: f64 = 1e-6;

/// The shorelines of an elevation layer (`f64` or `f32`, metres): lines with land on the left, closed (the last point
/// repeats the first) unless they end at the rim of the grid's centres or at a hole in the data. Land is what is not
/// below `sea_level`. Coordinates are metres of a flat grid, degrees in the world, where longitudes go on beyond ±180.
///
/// # Errors
/// [`ExtractError`] when the layer is missing or holds something else, and for a level that is no number.
pub fn shorelines(grid: &Grid, layer: &str, sea_level: f64) -> Result<Vec<LineString<f64>>, ExtractError> {
    if !sea_level.is_finite() {
        return Err(ExtractError::SeaLevel(sea_level));
    }
    let rows = match grid.layer::<f64>(layer) {
        Ok(layer) => Rows::F64(&layer.planes()[0]),
        Err(GridError::LayerType { .. }) => Rows::F32(&grid.layer::<f32>(layer)?.planes()[0]),
        Err(error) => return Err(error.into()),
    };
    let mut squares =
        Squares { width: grid.region().width().into(), links: Vec::new(), crossings: Vec::new() };
    let (mut low, mut high) = (vec![0.0; grid.region().width() as usize], Vec::new());
    rows.read(0, sea_level, &mut low)?;
    for y in 1..grid.region().height() {
        high.resize(low.len(), 0.0);
        rows.read(y, sea_level, &mut high)?;
        squares.row(u64::from(y) - 1, &low, &high);
        std::mem::swap(&mut low, &mut high);
    }
    Ok(squares.lines(grid.region()))
}

/// Elevations by row.
enum Rows<'a> {
    F32(&'a Plane<f32>),
    F64(&'a Plane<f64>),
}

impl Rows<'_> {
    /// A row's heights above a level.
    fn read(&self, y: u32, level: f64, out: &mut [f64]) -> Result<(), GridError> {
        match self {
            Self::F64(plane) => plane.read_row(0, y, out)?,
            Self::F32(plane) => {
                let mut row = vec![0.0; out.len()];
                plane.read_row(0, y, &mut row)?;
                out.iter_mut().zip(row).for_each(|(o, v)| *o = v.into());
            }
        }
        out.iter_mut().for_each(|v| *v -= level);
        Ok(())
    }
}

/// Edges between centres are numbered by the lower or left centre: twice its number, and one more for upward edges.
struct Squares {
    width: u64,
    links: Vec<(u64, u64)>,
    /// Where each link's first edge is crossed: the edge, and the part of it from its lower or left end.
    crossings: Vec<(u64, f64)>,
}

/// The four edges of a square.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    Bottom,
    Right,
    Top,
    Left,
}

/// The links through a square, land on their left, by which of its corners are land: bits from the south-western one
/// against the clock. `joined`: land in two opposite corners is joined across the middle.
pub(super) const fn links_of(case: u8, joined: bool) -> &'static [(Edge, Edge)] {
    use Edge::{Bottom, Left, Right, Top};
    match case & 15 {
        0b0000 | 0b1111 => &[],
        0b0001 => &[(Bottom, Left)],
        0b0010 => &[(Right, Bottom)],
        0b0100 => &[(Top, Right)],
        0b1000 => &[(Left, Top)],
        0b0011 => &[(Right, Left)],
        0b0110 => &[(Top, Bottom)],
        0b1100 => &[(Left, Right)],
        0b1001 => &[(Bottom, Top)],
        0b1110 => &[(Left, Bottom)],
        0b1101 => &[(Bottom, Right)],
        0b1011 => &[(Right, Top)],
        0b0111 => &[(Top, Left)],
        0b0101 if joined => &[(Bottom, Right), (Top, Left)],
        0b0101 => &[(Bottom, Left), (Top, Right)],
        _ if joined => &[(Left, Bottom), (Right, Top)],
        _ => &[(Right, Bottom), (Left, Top)],
    }
}

impl Squares {
    /// The squares between two rows of centres.
    fn row(&mut self, y: u64, low: &[f64], high: &[f64]) {
        let land = |v: f64| v >= 0.0;
        for (x, (l, h)) in low.windows(2).zip(high.windows(2)).enumerate() {
            let corners = [l[0], l[1], h[1], h[0]];
            let case = corners.iter().enumerate().fold(0, |case, (i, &v)| case | u8::from(land(v)) << i);
            // NaN is not land, so a square of land has none.
            if case == 0 || case == 15 || corners.iter().any(|v| v.is_nan()) {
                continue;
            }
            let joined = land(corners.iter().sum::<f64>() / 4.0);
            let links = links_of(case, joined);
            for &(from, to) in links {
                let at = |edge| self.edge(x as u64, y, edge, corners);
                let (from, to) = (at(from), at(to));
                self.links.push((from.0, to.0));
                self.crossings.extend([from, to]);
            }
        }
    }

    /// Number of a square's edge, and where it is crossed.
    fn edge(&self, x: u64, y: u64, edge: Edge, [sw, se, ne, nw]: [f64; 4]) -> (u64, f64) {
        let centre = |x: u64, y: u64| y * self.width + x;
        let (number, a, b) = match edge {
            Edge::Bottom => (centre(x, y) * 2, sw, se),
            Edge::Top => (centre(x, y + 1) * 2, nw, ne),
            Edge::Left => (centre(x, y) * 2 + 1, sw, nw),
            Edge::Right => (centre(x + 1, y) * 2 + 1, se, ne),
        };
        // Halved first: the difference of two huge numbers may be none.
        let part = (a / 2.0) / (a / 2.0 - b / 2.0);
        (number, if part.is_nan() { 0.5 } else { part.clamp(LEAST, 1.0 - LEAST) })
    }

    fn lines(mut self, region: &Region) -> Vec<LineString<f64>> {
        self.crossings.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        self.crossings.dedup_by_key(|c| c.0);
        let (width, crossings) = (self.width, self.crossings);
        let place = |edge: u64| -> Option<Coord<f64>> {
            let i = crossings.binary_search_by_key(&edge, |c| c.0).ok()?;
            let (centre, part) = (edge / 2, crossings[i].1);
            // Both fit: they come from a region's numbers.
            let (x, y) = ((centre % width) as u32, (centre / width) as u32);
            let (mut at_x, mut at_y) = (region.center_x(x), region.center_y(y));
            if edge.is_multiple_of(2) {
                at_x += part * (region.center_x(x + 1) - at_x);
            } else {
                at_y += part * (region.center_y(y + 1) - at_y);
            }
            Some(in_frame(region, at_x, at_y))
        };
        let line = |chain: super::chain::Chain| {
            let mut points: Vec<_> = chain.places.iter().filter_map(|&edge| place(edge)).collect();
            if chain.closed {
                points.extend(points.first().copied());
            }
            LineString(points)
        };
        chains(self.links).into_iter().map(line).collect()
    }
}
