//! Waiting that always ends: a limit on the monotonic clock, and pauses that never sleep beyond it.

use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A point in time up to which something is waited for.
pub(super) struct Deadline {
    started: Instant,
    limit: Duration,
}

impl Deadline {
    /// Starts the clock.
    pub(super) fn seconds(limit: f64) -> Self {
        Self { started: Instant::now(), limit: Duration::try_from_secs_f64(limit).unwrap_or_default() }
    }

    /// Whether nothing is left.
    pub(super) fn over(&self) -> bool {
        self.left().is_zero()
    }

    /// What is left.
    pub(super) fn left(&self) -> Duration {
        self.limit.saturating_sub(self.started.elapsed())
    }

    /// Sleeps, but not beyond the end; false when the end is reached.
    pub(super) fn pause(&self, wanted: Duration) -> bool {
        thread::sleep(wanted.min(self.left()));
        !self.over()
    }

    /// Seconds since the start, for `register`.
    pub(super) fn elapsed(&self) -> u64 {
        self.started.elapsed().as_secs()
    }

    /// Passed and allowed seconds, for a sign of life.
    pub(super) fn progress(&self) -> (u64, u64) {
        (self.elapsed(), self.limit.as_secs())
    }
}

/// Milliseconds since the epoch by the host's clock.
pub(super) fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}
