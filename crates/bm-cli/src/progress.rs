//! Bars on standard error, when that is a terminal.

use bm_hybrid::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};

/// A bar that follows the stages of one work.
pub(crate) struct Bar {
    bar: ProgressBar,
    stage: Mutex<&'static str>,
}

impl Bar {
    /// A bar that appears with the first report; none at all when nobody would see it.
    pub(crate) fn new() -> Self {
        let seen = std::io::stderr().is_terminal();
        let target = if seen { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{msg:20} {wide_bar} {pos}/{len} {elapsed}") {
            bar.set_style(style);
        }
        Self { bar, stage: Mutex::new("") }
    }

    /// Takes a report, from any thread.
    pub(crate) fn tell(&self, p: &Progress) {
        if self.bar.is_hidden() {
            return;
        }
        let mut stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        if *stage != p.stage {
            *stage = p.stage;
            self.bar.set_message(p.stage);
            self.bar.set_position(0);
        }
        self.bar.set_length(p.total);
        // Reports of several threads may come in another order than they were made.
        if p.done >= self.bar.position() {
            self.bar.set_position(p.done);
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
