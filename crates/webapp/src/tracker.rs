//! Remembers the latest messages and what the hops reported of them. In memory only: a restart forgets.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use tokio::sync::watch;

use crate::{
    hop::{Hop, HopState, Observation},
    journey::Journey,
    log_entry::{LogEntry, MessageId},
};

/// How many messages are remembered; the oldest is forgotten first.
const REMEMBERED: usize = 256;

/// Whose work it is to look at a hop may be hindered; why, for each hop.
type Hindrances = [Option<String>; Hop::ALL.len()];

/// What is known of the latest messages.
#[derive(Debug)]
pub struct Tracker {
    watched: Vec<Hop>,
    memory: Mutex<Memory>,
    changes: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Memory {
    journeys: VecDeque<Journey>,
    hindrances: Hindrances,
}

impl Tracker {
    /// A tracker that expects reports from the hops `watched`.
    pub fn new(watched: &[Hop]) -> Self {
        Self { watched: watched.to_vec(), memory: Mutex::default(), changes: watch::Sender::new(()) }
    }

    /// Remembers `entry` from now on; to be called before it is published, so that no report comes too early.
    pub fn begin(&self, entry: LogEntry) {
        let mut memory = self.memory();
        if memory.journeys.len() == REMEMBERED {
            memory.journeys.pop_front();
        }
        memory.journeys.push_back(Journey::begin(entry, |hop| self.watched.contains(&hop)));
    }

    /// Forgets a message that was never sent.
    pub fn forget(&self, id: MessageId) {
        self.memory().journeys.retain(|journey| journey.entry.id != id);
    }

    /// Takes in what was observed at `hop` just now.
    pub fn observe(&self, id: MessageId, hop: Hop, observation: Observation) {
        let now = Timestamp::now();
        let mut memory = self.memory();
        let journey = memory.journeys.iter_mut().find(|journey| journey.entry.id == id);
        let news = journey.is_some_and(|journey| journey.observe(hop, observation, now));
        drop(memory);
        if news {
            self.changes.send_replace(());
        }
    }

    /// Notes why nobody can look at `hop` just now, or with `None` that all is well again.
    pub fn hinder(&self, hop: Hop, why: Option<String>) {
        let mut memory = self.memory();
        let hindrance = &mut memory.hindrances[hop as usize];
        if *hindrance == why {
            return;
        }
        if let Some(why) = &why {
            tracing::warn!(hop = hop.name(), why, "cannot look");
        } else {
            tracing::info!(hop = hop.name(), "looking again");
        }
        *hindrance = why;
        drop(memory);
        self.changes.send_replace(());
    }

    /// Why nobody can look at `hop` just now.
    pub fn hindrance(&self, hop: Hop) -> Option<String> {
        self.memory().hindrances[hop as usize].clone()
    }

    /// What is known of a message.
    pub fn find(&self, id: MessageId) -> Option<Journey> {
        self.memory().journeys.iter().find(|journey| journey.entry.id == id).cloned()
    }

    /// The messages that `hop` has not reported yet, the oldest first, with the time of their receipt.
    pub fn waiting_for(&self, hop: Hop) -> Vec<(MessageId, Timestamp)> {
        let memory = self.memory();
        let open =
            memory.journeys.iter().filter(|journey| *journey.at(hop) == HopState::Waiting && !journey.is_stopped());
        open.map(|journey| (journey.entry.id, journey.entry.datetime)).collect()
    }

    /// Wakes up at every change.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    // A panic while the lock was held leaves at worst one observation out.
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log_entry::Level;

    fn entry() -> LogEntry {
        LogEntry {
            id: MessageId::random(),
            message: "hello".into(),
            level: Level::Info,
            client: "127.0.0.1".parse().unwrap(),
            page: "/".into(),
            datetime: Timestamp::now(),
        }
    }

    fn seen() -> Observation {
        Observation::Seen { place: "there".into() }
    }

    #[test]
    fn only_open_messages_are_waited_for() {
        let tracker = Tracker::new(&Hop::ALL);
        let (arrived, refused, open) = (entry(), entry(), entry());
        for entry in [&arrived, &refused, &open] {
            tracker.begin(entry.clone());
        }
        tracker.observe(arrived.id, Hop::Kafka, seen());
        tracker.observe(refused.id, Hop::Broker, Observation::Stopped { why: "NO_ROUTE".into() });
        assert_eq!(tracker.waiting_for(Hop::Kafka), [(open.id, open.datetime)]);
    }

    #[test]
    fn the_oldest_is_forgotten_first() {
        let tracker = Tracker::new(&[Hop::Broker]);
        let first = entry();
        tracker.begin(first.clone());
        let others: Vec<_> = (0..REMEMBERED).map(|_| entry()).collect();
        for other in &others {
            tracker.begin(other.clone());
        }
        assert!(tracker.find(first.id).is_none());
        assert!(tracker.find(others[0].id).is_some());
    }

    #[test]
    fn changes_wake_only_for_news() {
        let tracker = Tracker::new(&Hop::ALL);
        let entry = entry();
        tracker.begin(entry.clone());
        let mut changes = tracker.changes();
        tracker.observe(entry.id, Hop::Kafka, seen());
        assert!(changes.has_changed().unwrap());
        changes.mark_unchanged();
        tracker.observe(entry.id, Hop::Kafka, seen());
        tracker.observe(MessageId::random(), Hop::Kafka, seen());
        assert!(!changes.has_changed().unwrap());
    }

    #[test]
    fn a_hindrance_is_told_until_it_ends() {
        let tracker = Tracker::new(&Hop::ALL);
        tracker.hinder(Hop::Kafka, Some("refused".into()));
        assert_eq!(tracker.hindrance(Hop::Kafka).as_deref(), Some("refused"));
        tracker.hinder(Hop::Kafka, None);
        assert_eq!(tracker.hindrance(Hop::Kafka), None);
    }
}
