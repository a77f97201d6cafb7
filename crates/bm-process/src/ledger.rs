//! What came in, went out and moved.

/// Volumes of one step in m³ (of heat: J). What there was before, plus what came in, minus what went out, is what
/// there is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ledger {
    /// Held before.
    pub before: f64,
    /// Held after.
    pub after: f64,
    /// Came in over the edges, by uplift, by rain.
    pub gained: f64,
    /// Went out over the edges, by evaporation.
    pub lost: f64,
    /// Moved within.
    pub moved: f64,
}

impl Ledger {
    /// What is not accounted for, as a share of all that was there.
    #[must_use]
    pub fn error(&self) -> f64 {
        let open = self.before + self.gained - self.lost - self.after;
        open.abs() / self.before.abs().max(self.after.abs()).max(self.gained.abs()).max(f64::MIN_POSITIVE)
    }
}
