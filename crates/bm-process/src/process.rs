//! What every process can be asked.

use crate::ledger::Ledger;

/// A process on one kind of state.
pub trait Process {
    /// What it changes.
    type State;
    /// Why a step was refused.
    type Error;

    /// Its name in scenarios and reports.
    fn name(&self) -> &'static str;

    /// The longest step in seconds that is stable on a state; infinite for implicit schemes.
    fn max_step(&self, state: &Self::State) -> f64;

    /// Advances by `dt` seconds, in as many parts as it takes.
    ///
    /// # Errors
    /// When the state cannot be advanced: not finite, no outlet.
    fn step(&mut self, state: &mut Self::State, dt: f64) -> Result<Ledger, Self::Error>;
}
