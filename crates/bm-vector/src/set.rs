//! STUB
use crate::{Boundary, BoundaryId, Frame, Side};
use bm_core::{MaterialId, Phase};
use geo_types::Coord;
use std::collections::BTreeMap;
use std::sync::Arc;
/// c
#[derive(Clone, Debug)]
pub enum Change { /// p
 Put(Boundary), /// r
 Remove(BoundaryId) }
/// s
#[derive(Clone, Debug, Default)]
pub struct BoundarySet { m: BTreeMap<BoundaryId, Arc<Boundary>> }
/// e
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub struct SetError;
/// a
#[derive(Debug, Clone)]
pub struct Answer<'a> { /// m
 pub material: MaterialId, /// i
 pub id: &'a BoundaryId, /// s
 pub side: Side, /// e
 pub exact_test: bool }
impl BoundarySet {
 /// n
 pub fn new(_f: Frame) -> Self { Self::default() }
 /// a
 pub fn apply(&self, c: &[Change]) -> Result<Self, SetError> { let mut s = self.clone(); for c in c { match c { Change::Put(b) => { s.m.insert(b.id.clone(), Arc::new(b.clone())); } Change::Remove(i) => { s.m.remove(i).ok_or(SetError)?; } } } Ok(s) }
 /// g
 pub fn get(&self, id: &BoundaryId) -> Option<&Arc<Boundary>> { self.m.get(id) }
 /// i
 pub fn iter(&self) -> impl Iterator<Item = &Arc<Boundary>> { self.m.values() }
 /// l
 pub fn len(&self) -> usize { self.m.len() }
 /// l
 pub fn is_empty(&self) -> bool { self.m.is_empty() }
 /// Altitudes
 pub fn levels(&self) -> &[f64] { &[] }
 /// i
 pub fn intersecting(&self, _r: geo_types::Rect<f64>) -> Vec<Arc<Boundary>> { vec![] }
 /// near
 pub fn near(&self, _p: Coord<f64>, _r: f64) -> Option<Nearest> { None }
 /// r
 pub fn resolve(&self, _p: Coord<f64>, _r: f64, _b: MaterialId, _ph: &impl Fn(MaterialId) -> Phase, _alt: Option<f64>) -> Option<Answer<'_>> { None }
}

/// n
#[derive(Clone, Debug)]
pub struct Nearest { /// i
 pub id: BoundaryId, /// d
 pub distance: f64, /// s
 pub side: Option<Side> }
