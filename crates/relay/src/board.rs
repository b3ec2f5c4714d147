//! How all sources of the relay fare together, for everybody who asks: systemd, Prometheus, the HTTP pages.
//!
//! Each source has its own health and its own ledger; here they stand side by side and add up. It decides nothing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::sync::Notify;

use crate::health::{Health, Phase, Snapshot};
use crate::ledger::Ledger;

/// The healths of all sources, shared.
#[derive(Debug)]
pub struct Board {
    state: Mutex<State>,
    changed: Arc<Notify>,
}

#[derive(Debug, Default)]
struct State {
    sources: Vec<(String, Arc<Health>)>,
    /// What those did that are read no longer.
    left: (Ledger, u64),
    dead_letter_trouble: Option<String>,
    config_trouble: Option<String>,
}

/// One moment of all sources together, and of each.
#[derive(Debug, Clone, Serialize)]
pub struct Overview {
    /// All of them: counts are sums, the rest is that of the one that fares worst.
    #[serde(flatten)]
    pub all: Snapshot,
    /// Why dead letters cannot be written, when they cannot.
    pub dead_letter_trouble: Option<String>,
    /// Why the configuration that the file has is not followed, when it is not.
    pub config_trouble: Option<String>,
    /// Each by its name.
    #[serde(skip)]
    pub sources: Vec<(String, Snapshot)>,
}

impl Board {
    /// Returns a board without sources.
    pub fn new() -> Self {
        Self { state: Mutex::default(), changed: Arc::default() }
    }

    /// Takes up a source that has just been started, and writes to that product.
    pub fn enlist(&self, name: String, sink: &'static str) -> Arc<Health> {
        let health = Arc::new(Health::new(sink, Arc::clone(&self.changed)));
        self.lock().sources.push((name, Arc::clone(&health)));
        health
    }

    /// Lets a source go; what it did stays counted.
    pub fn dismiss(&self, name: &str) {
        let mut state = self.lock();
        let Some(at) = state.sources.iter().position(|(found, _)| found == name) else { return };
        let (_, health) = state.sources.remove(at);
        let last = health.snapshot();
        state.left = (state.left.0 + last.ledger, state.left.1 + last.connections);
    }

    /// Returns the latest moment.
    pub fn overview(&self) -> Overview {
        let state = self.lock();
        let sources: Vec<_> = state.sources.iter().map(|(name, health)| (name.clone(), health.snapshot())).collect();
        Overview {
            all: together(&sources, state.left),
            dead_letter_trouble: state.dead_letter_trouble.clone(),
            config_trouble: state.config_trouble.clone(),
            sources,
        }
    }

    /// Waits for the next change of a phase.
    pub async fn phase_changed(&self) {
        self.changed.notified().await;
    }

    /// Records why dead letters cannot be written, or that they can.
    pub fn dead_letters(&self, trouble: Option<String>) {
        self.lock().dead_letter_trouble = trouble;
    }

    /// Records why the configuration of the file is not followed, or that it is.
    pub fn configuration(&self, trouble: Option<String>) {
        self.lock().config_trouble = trouble;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Board {
    fn default() -> Self {
        Self::new()
    }
}

impl Overview {
    /// Returns why messages of a source do not flow, or nothing when those of all do.
    pub fn hindrance(&self) -> Option<String> {
        let stands = self.sources.iter().find(|(_, source)| source.phase != Phase::Relaying);
        if let Some(hindrance) = stands.and_then(|source| self.hindrance_of(source)) {
            return Some(hindrance);
        }
        if let Some(trouble) = &self.dead_letter_trouble {
            return Some(format!("dead letters cannot be written: {trouble}"));
        }
        self.sources.iter().find_map(|source| self.hindrance_of(source))
    }

    /// Returns whether messages of any source flow, or would.
    pub fn relays(&self) -> bool {
        self.sources.iter().any(|(_, source)| source.phase == Phase::Relaying)
    }

    /// Returns whether the loops of all sources come round.
    pub fn lives(&self) -> bool {
        self.sources.iter().all(|(_, source)| source.lives())
    }

    fn hindrance_of(&self, (name, source): &(String, Snapshot)) -> Option<String> {
        let hindrance = source.hindrance()?;
        Some(if self.sources.len() > 1 { format!("{name}: {hindrance}") } else { hindrance })
    }
}

fn together(sources: &[(String, Snapshot)], (left, connections): (Ledger, u64)) -> Snapshot {
    let worst = sources.iter().map(|(_, source)| source).min_by_key(|source| source.phase == Phase::Relaying);
    let mut all = worst.cloned().unwrap_or_else(Snapshot::before_all);
    all.ledger = sources.iter().fold(left, |sum, (_, source)| sum + source.ledger);
    all.connections = sources.iter().fold(connections, |sum, (_, source)| sum + source.connections);
    all.held_bytes = sources.iter().map(|(_, source)| source.held_bytes).sum();
    let oldest = sources.iter().map(|(_, source)| source.oldest_unacked_seconds);
    all.oldest_unacked_seconds = oldest.fold(0.0, f64::max);
    all.source_trouble = sources.iter().find_map(|(_, source)| source.source_trouble.clone());
    all
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn counted(received: u64, confirmed: u64) -> Ledger {
        Ledger { received, confirmed, in_flight: received - confirmed, ..Ledger::default() }
    }

    #[test]
    fn counts_add_up_and_stay_when_a_source_goes() {
        let board = Board::new();
        for (name, received) in [("a", 10), ("b", 7)] {
            let health = board.enlist(name.to_owned(), "Kafka");
            health.enter(Phase::Relaying, None);
            health.publish(counted(received, 5), Duration::from_secs(received), 100);
        }
        let overview = board.overview();
        assert_eq!((overview.all.ledger, overview.all.connections), (counted(17, 10), 2));
        assert_eq!((overview.all.held_bytes, overview.all.oldest_unacked_seconds), (200, 10.0));
        board.dismiss("a");
        let overview = board.overview();
        assert_eq!((overview.all.ledger, overview.all.connections), (counted(17, 10), 2));
        assert_eq!(overview.sources.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["b"]);
        assert!(overview.all.oldest_unacked_seconds < 8.0, "nobody waits for what is read no longer");
    }

    #[test]
    fn the_one_that_fares_worst_is_told_by_its_name() {
        let board = Board::new();
        let (a, b) = (board.enlist("a".to_owned(), "Kafka"), board.enlist("b".to_owned(), "Kafka"));
        assert_eq!(board.overview().hindrance().as_deref(), Some("a: waiting for Kafka"));
        assert!(!board.overview().relays());
        a.enter(Phase::Relaying, None);
        b.enter(Phase::WaitingForRabbitmq, Some("no queue".to_owned()));
        let overview = board.overview();
        assert_eq!((overview.all.phase, overview.relays()), (Phase::WaitingForRabbitmq, true));
        assert_eq!(overview.hindrance().as_deref(), Some("b: waiting for RabbitMQ: no queue"));
        b.enter(Phase::Relaying, None);
        assert_eq!(board.overview().hindrance(), None);
        board.dead_letters(Some("disk full".to_owned()));
        assert_eq!(board.overview().hindrance().as_deref(), Some("dead letters cannot be written: disk full"));
    }

    #[test]
    fn one_alone_needs_no_name() {
        let board = Board::new();
        let health = board.enlist("a".to_owned(), "Kafka");
        health.enter(Phase::WaitingForKafka, None);
        assert_eq!(board.overview().hindrance().as_deref(), Some("waiting for Kafka"));
    }
}
