//! What is done with one source and how it fares. Written by its supervisor and its pump, read by the board; it decides
//! nothing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::sync::Notify;

use crate::ledger::Ledger;

/// A message that waits longer than this for its confirmation makes the relay not ready.
const STALLED: Duration = Duration::from_secs(10);

/// Without a beat for this long the process does not live, whatever systemd sees of it.
const DEAD: Duration = Duration::from_mins(1);

/// What is done with a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Kafka has not answered yet; the source keeps the messages.
    WaitingForKafka,
    /// RabbitMQ cannot be consumed yet.
    WaitingForRabbitmq,
    /// Elasticsearch has not answered yet; Kafka keeps the records.
    WaitingForElasticsearch,
    /// Both are there and messages flow, or would.
    Relaying,
    /// Another configuration is taken up; the last confirmations are awaited first.
    Reloading,
    /// A stop was asked for; the last confirmations are awaited.
    Draining,
    /// Nothing is held any more.
    Stopped,
}

/// One moment of a source's life.
#[derive(Debug, Clone, Serialize)]
pub struct Snapshot {
    /// What it is doing.
    pub phase: Phase,
    /// Why it cannot do what it should, when it cannot.
    pub reason: Option<String>,
    /// Where every message is.
    pub ledger: Ledger,
    /// How long the source has been waiting for the oldest acknowledgement, in seconds.
    pub oldest_unacked_seconds: f64,
    /// Bytes of messages held.
    pub held_bytes: usize,
    /// Connections to the source so far.
    pub connections: u64,
    /// What stands in the way of reading, when something does.
    pub source_trouble: Option<String>,
    /// The product that messages go to.
    pub sink: &'static str,
    /// When the relay's own loop last came round.
    #[serde(skip)]
    pub beat: Instant,
}

impl Snapshot {
    /// Returns the moment before the first one.
    pub fn before_all() -> Self {
        Self {
            phase: Phase::WaitingForKafka,
            reason: None,
            ledger: Ledger::default(),
            oldest_unacked_seconds: 0.0,
            held_bytes: 0,
            connections: 0,
            source_trouble: None,
            sink: "Kafka",
            beat: Instant::now(),
        }
    }

    /// Returns why messages do not flow, or nothing when they do.
    pub fn hindrance(&self) -> Option<String> {
        if self.phase != Phase::Relaying {
            let phase = self.phase.words();
            return Some(self.reason.as_ref().map_or(phase.to_owned(), |reason| format!("{phase}: {reason}")));
        }
        if let Some(trouble) = &self.source_trouble {
            return Some(format!("reading is in trouble: {trouble}"));
        }
        (self.oldest_unacked_seconds > STALLED.as_secs_f64()).then(|| self.stall())
    }

    /// Returns whether the relay's own loop comes round.
    pub fn lives(&self) -> bool {
        self.beat.elapsed() < DEAD
    }

    fn stall(&self) -> String {
        let seconds = self.oldest_unacked_seconds;
        let words = self.reason.as_deref().unwrap_or("no complaint of the client");
        let sink = self.sink;
        format!("{sink} has not confirmed a message for {seconds:.0} s: {words}")
    }
}

impl Phase {
    /// Returns the phase in an operator's words.
    pub fn words(self) -> &'static str {
        match self {
            Self::WaitingForKafka => "waiting for Kafka",
            Self::WaitingForRabbitmq => "waiting for RabbitMQ",
            Self::WaitingForElasticsearch => "waiting for Elasticsearch",
            Self::Relaying => "relaying",
            Self::Reloading => "taking up another configuration",
            Self::Draining => "draining",
            Self::Stopped => "stopped",
        }
    }
}

/// The latest snapshot, shared.
#[derive(Debug)]
pub struct Health {
    latest: Mutex<Snapshot>,
    changed: Arc<Notify>,
}

impl Health {
    /// Returns the health of a source that is about to be read, and written to that product.
    pub fn new(sink: &'static str, changed: Arc<Notify>) -> Self {
        Self { latest: Mutex::new(Snapshot { sink, ..Snapshot::before_all() }), changed }
    }

    /// Returns the latest snapshot.
    pub fn snapshot(&self) -> Snapshot {
        self.lock().clone()
    }

    /// Records what the relay does now, and why not more.
    pub fn enter(&self, phase: Phase, reason: Option<String>) {
        let mut latest = self.lock();
        latest.connections += u64::from(phase == Phase::Relaying && latest.phase != Phase::Relaying);
        (latest.phase, latest.reason, latest.beat) = (phase, reason, Instant::now());
        latest.source_trouble = None;
        drop(latest);
        self.changed.notify_one();
    }

    /// Records the counts, all at once so that they add up for every reader.
    pub fn publish(&self, ledger: Ledger, oldest: Duration, held_bytes: usize) {
        let mut latest = self.lock();
        latest.ledger = ledger;
        latest.oldest_unacked_seconds = oldest.as_secs_f64();
        latest.held_bytes = held_bytes;
    }

    /// Records that the relay's own loop came round, and what stands in the way of writing and of reading.
    pub fn beat(&self, reason: Option<String>, source_trouble: Option<String>) {
        let mut latest = self.lock();
        (latest.beat, latest.reason, latest.source_trouble) = (Instant::now(), reason, source_trouble);
    }

    /// Records that messages go to another product from now on.
    pub fn follow(&self, sink: &'static str) {
        self.lock().sink = sink;
    }

    fn lock(&self) -> MutexGuard<'_, Snapshot> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_means_that_messages_flow() {
        let health = Health::new("Kafka", Arc::default());
        assert_eq!(health.snapshot().hindrance().as_deref(), Some("waiting for Kafka"));
        health.enter(Phase::WaitingForRabbitmq, Some("refused".into()));
        assert_eq!(health.snapshot().hindrance().as_deref(), Some("waiting for RabbitMQ: refused"));
        health.enter(Phase::Relaying, None);
        assert_eq!(health.snapshot().hindrance(), None);
        health.publish(Ledger::default(), Duration::from_secs(34), 0);
        health.beat(Some("Connection refused".into()), None);
        let words = "Kafka has not confirmed a message for 34 s: Connection refused";
        assert_eq!(health.snapshot().hindrance().as_deref(), Some(words));
        health.beat(None, Some("group authorization failed".into()));
        let words = "reading is in trouble: group authorization failed";
        assert_eq!(health.snapshot().hindrance().as_deref(), Some(words));
    }

    #[test]
    fn a_connection_is_counted_once() {
        let health = Health::new("Kafka", Arc::default());
        health.enter(Phase::Relaying, None);
        health.enter(Phase::Relaying, None);
        health.enter(Phase::WaitingForRabbitmq, None);
        health.enter(Phase::Relaying, None);
        assert_eq!(health.snapshot().connections, 2);
    }
}
