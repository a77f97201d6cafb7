//! Radius, box and nearest queries on short pieces of boundaries, with snapshots.

/// Boundaries by place.
#[derive(Clone, Debug, Default)]
pub struct BoundaryIndex;
