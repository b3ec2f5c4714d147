//! When a trouble that lasts is logged: at once, then ever more seldom, and once more when it is over. It logs nothing itself.

use std::time::{Duration, Instant};

const FIRST: Duration = Duration::from_mins(1);
const LONGEST: Duration = Duration::from_mins(30);

/// What was logged of one trouble, and when it is due again.
#[derive(Debug, Default)]
pub struct Refrain {
    next: Option<(Instant, Duration)>,
}

impl Refrain {
    /// Returns whether the trouble that there is now is to be logged; the pause after it is twice the one before.
    pub fn is_due(&mut self, now: Instant) -> bool {
        let pause = match self.next {
            Some((at, _)) if now < at => return false,
            Some((_, pause)) => (pause * 2).min(LONGEST),
            None => FIRST,
        };
        self.next = Some((now + pause, pause));
        true
    }

    /// Ends the trouble; returns whether there was one.
    pub fn ends(&mut self) -> bool {
        self.next.take().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trouble_is_logged_at_once_then_more_and_more_seldom_and_anew_after_its_end() {
        let (mut refrain, begun) = (Refrain::default(), Instant::now());
        assert!(!refrain.ends(), "there was none");
        let mut logged = |from: u64, to: u64| -> Vec<u64> {
            (from..to).filter(|second| refrain.is_due(begun + Duration::from_secs(*second))).collect()
        };
        assert_eq!(logged(0, 1_000), [0, 60, 180, 420, 900]);
        let hours: Vec<u64> = logged(1_000, 20_000);
        assert_eq!(hours[2..].windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<_>>()[..3], [1_800; 3]);
        assert!(refrain.ends() && refrain.is_due(begun));
    }
}
