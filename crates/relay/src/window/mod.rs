//! The ack window: which deliveries are held, and how far RabbitMQ may be told to forget them.
//!
//! A state machine without I/O and without a clock of its own. It knows no broker: it is told what arrived and what
//! was settled, and it says which cumulative acknowledgement is safe. Everything that must never go wrong is here.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::ledger::Ledger;

/// One connection's life; tags of an older generation mean nothing to a newer one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Generation(u64);

/// A delivery that cannot be mistaken for one of another connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryId {
    /// The connection it came by.
    pub generation: Generation,
    /// RabbitMQ's number of it within that connection's channel.
    pub tag: u64,
}

/// Who took over the responsibility for a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Kafka, with acks=all.
    Confirmed,
    /// The dead letters, synced to disk.
    Dead,
    /// Nobody, as a rule of the mapping wants it.
    Dropped,
}

/// RabbitMQ counts the tags of a channel from 1 without gaps; this one did not follow.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("RabbitMQ sent delivery tag {got} where {expected} was due")]
pub struct TagOutOfOrder {
    /// What came.
    pub got: u64,
    /// What should have come.
    pub expected: u64,
}

/// The deliveries of one generation that are not yet acknowledged, oldest first.
#[derive(Debug)]
pub struct Window<T> {
    generation: Generation,
    entries: VecDeque<Entry<T>>,
    front_tag: u64,
    settled_prefix: usize,
    held_bytes: usize,
    budget: usize,
    ledger: Ledger,
}

#[derive(Debug)]
struct Entry<T> {
    since: Instant,
    weight: usize,
    /// The original message, until somebody else has taken it over.
    held: Option<T>,
}

impl<T> Window<T> {
    /// Returns an empty window that has room while it holds less than `budget` bytes.
    pub fn new(budget: usize) -> Self {
        Self {
            generation: Generation(0),
            entries: VecDeque::new(),
            front_tag: 1,
            settled_prefix: 0,
            held_bytes: 0,
            budget,
            ledger: Ledger::default(),
        }
    }

    /// Has room by another measure from now on.
    pub fn set_budget(&mut self, budget: usize) {
        self.budget = budget;
    }

    /// Begins the next generation; whatever an unfinished one still held is handed back first.
    pub fn open(&mut self) -> Generation {
        self.hand_back();
        self.generation = Generation(self.generation.0 + 1);
        self.generation
    }

    /// Returns what a delivery of this generation with that tag is called.
    pub fn id(&self, tag: u64) -> DeliveryId {
        DeliveryId { generation: self.generation, tag }
    }

    /// Takes a delivery in.
    pub fn admit(&mut self, tag: u64, weight: usize, held: T, now: Instant) -> Result<DeliveryId, TagOutOfOrder> {
        let expected = self.front_tag + self.entries.len() as u64;
        if tag != expected {
            return Err(TagOutOfOrder { got: tag, expected });
        }
        self.entries.push_back(Entry { since: now, weight, held: Some(held) });
        self.held_bytes += weight;
        self.ledger.received += 1;
        self.ledger.in_flight += 1;
        Ok(self.id(tag))
    }

    /// Records that somebody took the message over; returns false when it was settled before or is of another generation.
    pub fn settle(&mut self, id: DeliveryId, outcome: Outcome) -> bool {
        let Some(entry) = self.entry_mut(id) else { return false };
        if entry.held.take().is_none() {
            return false;
        }
        self.held_bytes -= entry.weight;
        self.ledger.in_flight -= 1;
        match outcome {
            Outcome::Confirmed => self.ledger.confirmed += 1,
            Outcome::Dead => self.ledger.dead += 1,
            Outcome::Dropped => self.ledger.dropped += 1,
        }
        self.extend_prefix();
        true
    }

    /// Returns the original message while nobody has taken it over.
    pub fn held(&self, id: DeliveryId) -> Option<&T> {
        self.entries.get(self.position(id)?)?.held.as_ref()
    }

    /// Returns the tag up to which all may be acknowledged at once, if that settles at least `at_least` deliveries.
    ///
    /// The deliveries up to it leave the window: the caller either sends the acknowledgement or ends the generation.
    pub fn take_ack(&mut self, at_least: usize) -> Option<u64> {
        let ready = self.settled_prefix;
        if ready < at_least.max(1) {
            return None;
        }
        self.entries.drain(..ready);
        self.settled_prefix = 0;
        self.front_tag += ready as u64;
        Some(self.front_tag - 1)
    }

    /// Returns how many deliveries could be acknowledged now.
    pub fn ackable(&self) -> usize {
        self.settled_prefix
    }

    /// Ends the generation: what nobody took over is RabbitMQ's again. Returns how many that were.
    pub fn hand_back(&mut self) -> u64 {
        let unsettled = self.ledger.in_flight;
        self.ledger.repeats_owed += self.entries.len() as u64 - unsettled;
        self.ledger.handed_back += unsettled;
        self.ledger.in_flight = 0;
        self.entries.clear();
        self.front_tag = 1;
        self.settled_prefix = 0;
        self.held_bytes = 0;
        unsettled
    }

    /// Returns whether another delivery may be taken within the byte budget.
    pub fn has_room(&self) -> bool {
        self.held_bytes < self.budget
    }

    /// Returns whether everything taken was settled (it may still wait to be acknowledged).
    pub fn is_settled(&self) -> bool {
        self.ledger.in_flight == 0
    }

    /// Returns how long RabbitMQ has been waiting for the oldest acknowledgement.
    pub fn oldest_age(&self, now: Instant) -> Duration {
        self.entries.front().map_or(Duration::ZERO, |entry| now.saturating_duration_since(entry.since))
    }

    /// Returns the bytes held for messages that nobody took over yet.
    pub fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// Returns the counts as of now.
    pub fn ledger(&self) -> Ledger {
        self.ledger
    }

    fn position(&self, id: DeliveryId) -> Option<usize> {
        if id.generation != self.generation {
            return None;
        }
        usize::try_from(id.tag.checked_sub(self.front_tag)?).ok()
    }

    fn entry_mut(&mut self, id: DeliveryId) -> Option<&mut Entry<T>> {
        let position = self.position(id)?;
        self.entries.get_mut(position)
    }

    fn extend_prefix(&mut self) {
        while self.entries.get(self.settled_prefix).is_some_and(|entry| entry.held.is_none()) {
            self.settled_prefix += 1;
        }
    }
}
