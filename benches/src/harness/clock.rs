//! Two ways to say how long something took.

use std::time::{Duration, Instant};

/// What counts as time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clock {
    /// All of it.
    Wall,
    /// What this thread spent on a processor.
    Thread,
}

impl Clock {
    /// How long so many calls took.
    pub(super) fn time(self, calls: u64, call: &mut dyn FnMut()) -> Duration {
        match self {
            Self::Wall => {
                let start = Instant::now();
                repeat(calls, call);
                start.elapsed()
            }
            Self::Thread => {
                let start = on_processor();
                repeat(calls, call);
                on_processor().saturating_sub(start)
            }
        }
    }
}

fn repeat(calls: u64, call: &mut dyn FnMut()) {
    for _ in 0..calls {
        call();
    }
}

/// Processor time of this thread since it began.
fn on_processor() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    // Neither part is ever negative, and nanoseconds are below a thousand million.
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_is_made_and_counted() {
        for clock in [Clock::Wall, Clock::Thread] {
            let mut calls = 0;
            clock.time(3, &mut || calls += 1);
            assert_eq!(calls, 3);
        }
        // The system promises to sleep no less than this.
        let nap = Duration::from_millis(2);
        let took = Clock::Wall.time(2, &mut || std::thread::sleep(nap));
        assert!(took >= 2 * nap);
    }
}
