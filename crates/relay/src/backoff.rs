//! How long to wait before the next attempt: doubling, bounded, and never in step with other relays.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(3);

/// The waits between failing attempts, without an end.
#[derive(Debug)]
pub struct Backoff {
    next: Duration,
}

impl Backoff {
    /// Returns a back-off whose first wait is short.
    pub fn new() -> Self {
        Self { next: FIRST }
    }

    /// Returns the next wait: between half and all of the doubled one before, three seconds at most.
    pub fn wait(&mut self) -> Duration {
        let full = self.next;
        self.next = (full * 2).min(LONGEST);
        full / 2 + full / 2 * random_percent() / 100
    }

    /// Starts over, after something worked.
    pub fn reset(&mut self) {
        self.next = FIRST;
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new()
    }
}

/// Every `RandomState` of std is seeded anew, which is all the randomness a jitter needs.
fn random_percent() -> u32 {
    u32::try_from(RandomState::new().hash_one(()) % 101).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_to_the_bound_and_starts_over() {
        let mut backoff = Backoff::new();
        let waits: Vec<_> = (0..20).map(|_| backoff.wait()).collect();
        assert!(waits[0] <= FIRST && waits[0] >= FIRST / 2);
        assert!(waits.iter().all(|wait| *wait <= LONGEST));
        assert!(waits[10..].iter().all(|wait| *wait >= LONGEST / 2), "{waits:?}");
        backoff.reset();
        assert!(backoff.wait() <= FIRST);
    }
}
