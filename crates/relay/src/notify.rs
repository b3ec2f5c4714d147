//! systemd's view: READY when messages of any source can flow, STATUS with the counts, WATCHDOG as long as the relay's loop comes round.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sd_notify::NotifyState;
use tokio::time::timeout;

use crate::board::{Board, Overview};
use crate::health::Phase;

const STATUS_EVERY: Duration = Duration::from_secs(1);

/// Tells systemd for as long as the process lives; without systemd it does nothing.
pub async fn tell(board: Arc<Board>) {
    let mut teller = Teller::new();
    loop {
        teller.tell(&board.overview());
        // A time-out only means that the phase is still the same.
        let _ = timeout(STATUS_EVERY, board.phase_changed()).await;
    }
}

struct Teller {
    ready: bool,
    stopping: bool,
    status: String,
    watchdog_every: Option<Duration>,
    watchdog_last: Option<Instant>,
}

impl Teller {
    fn new() -> Self {
        let watchdog_every = sd_notify::watchdog_enabled().map(|limit| limit / 4);
        Self { ready: false, stopping: false, status: String::new(), watchdog_every, watchdog_last: None }
    }

    fn tell(&mut self, overview: &Overview) {
        if overview.relays() && !self.ready {
            self.ready = true;
            send(NotifyState::Ready);
        }
        if matches!(overview.all.phase, Phase::Draining | Phase::Stopped) && !self.stopping {
            self.stopping = true;
            send(NotifyState::Stopping);
        }
        self.tell_status(overview);
        self.feed_watchdog(overview);
    }

    fn tell_status(&mut self, overview: &Overview) {
        let status = status(overview);
        if status != self.status {
            send(NotifyState::Status(&status));
            self.status = status;
        }
    }

    fn feed_watchdog(&mut self, overview: &Overview) {
        let Some(every) = self.watchdog_every else { return };
        let due = self.watchdog_last.is_none_or(|last| last.elapsed() >= every);
        if due && overview.lives() {
            send(NotifyState::Watchdog);
            self.watchdog_last = Some(Instant::now());
        }
    }
}

fn status(overview: &Overview) -> String {
    let ledger = overview.all.ledger;
    let doing = overview.hindrance().unwrap_or_else(|| overview.all.phase.words().to_owned());
    let counts = format!(
        "received {}, confirmed {}, dead {}, handed back {}, in flight {}",
        ledger.received, ledger.confirmed, ledger.dead, ledger.handed_back, ledger.in_flight
    );
    // systemd takes a status of one line.
    format!("{doing}; {counts}").replace('\n', " ")
}

fn send(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::debug!(%error, "systemd was not told");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_one_line_that_says_what_and_how_much() {
        let board = Board::new();
        let health = board.enlist("queue logs".to_owned(), "Kafka");
        health.enter(Phase::WaitingForKafka, Some("no\nanswer".into()));
        let expected = "waiting for Kafka: no answer; received 0, confirmed 0, dead 0, handed back 0, in flight 0";
        assert_eq!(status(&board.overview()), expected);
    }
}
