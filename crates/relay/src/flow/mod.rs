//! The rules of one generation: what may be taken, sent again, buried, acknowledged, and when everything goes back.
//!
//! A state machine without I/O and without a clock of its own, around the window. It is told what arrived, what was
//! reported and what time it is; it says what to do next. The pump does it.

mod report;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod world;

use std::time::{Duration, Instant};

use crate::ledger::Ledger;
use crate::window::{DeliveryId, Outcome, TagOutOfOrder, Window};

pub use report::{Report, Verdict};

/// What was refused for a reason that passes is sent again after this long.
const RETRY: Duration = Duration::from_secs(2);

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// After this long without confirmation the source gets its messages back; never, when it does not ask for them.
    pub hand_back_after: Option<Duration>,
    /// How long a stop may wait for the last confirmations.
    pub drain: Duration,
}

/// What a report asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Todo {
    /// Write a dead letter, and report when it is durable.
    Bury(DeliveryId, String),
    /// Send it again, in a batch of its own.
    SendAlone(DeliveryId),
    /// End the generation: its sink will not send anything any more.
    GiveUp(String),
}

/// What is held of one generation, and what is due for it.
#[derive(Debug)]
pub struct Flow<T> {
    window: Window<T>,
    patience: Patience,
    later: Vec<DeliveryId>,
    later_at: Option<Instant>,
    refusal: Option<String>,
    drain_until: Option<Instant>,
}

impl<T> Flow<T> {
    /// Returns a flow that holds nothing, and takes while it holds less than `budget` bytes.
    pub fn new(budget: usize, patience: Patience) -> Self {
        Self {
            window: Window::new(budget),
            patience,
            later: Vec::new(),
            later_at: None,
            refusal: None,
            drain_until: None,
        }
    }

    /// Holds and waits by other measures from the next generation on.
    pub fn adapt(&mut self, budget: usize, patience: Patience) {
        self.window.set_budget(budget);
        self.patience = patience;
    }

    /// Begins the next generation with nothing held.
    pub fn open(&mut self) {
        self.hand_back();
        self.window.open();
    }

    /// Ends the generation: what nobody took over is the source's again.
    pub fn hand_back(&mut self) {
        self.window.hand_back();
        self.later.clear();
        (self.later_at, self.refusal, self.drain_until) = (None, None, None);
    }

    /// Returns what the delivery with this tag will be called.
    pub fn id(&self, tag: u64) -> DeliveryId {
        self.window.id(tag)
    }

    /// Takes a delivery in.
    pub fn admit(&mut self, tag: u64, weight: usize, held: T, now: Instant) -> Result<(), TagOutOfOrder> {
        self.window.admit(tag, weight, held, now).map(drop)
    }

    /// Ends a message that a rule of the mapping drops.
    pub fn drop_out(&mut self, id: DeliveryId) {
        self.window.settle(id, Outcome::Dropped);
    }

    /// Learns what became of a message; what has no bearing on this generation is passed over.
    pub fn hear(&mut self, report: Report, now: Instant) -> Option<Todo> {
        match report {
            Report::Confirmed(id) => {
                if self.window.settle(id, Outcome::Confirmed) {
                    self.refusal = None;
                }
                None
            }
            Report::Buried(id) => {
                self.window.settle(id, Outcome::Dead);
                None
            }
            Report::Refused { id, verdict } => {
                self.window.held(id)?;
                self.judge(id, verdict, now)
            }
        }
    }

    fn judge(&mut self, id: DeliveryId, verdict: Verdict, now: Instant) -> Option<Todo> {
        match verdict {
            Verdict::Poison(reason) => Some(Todo::Bury(id, reason)),
            Verdict::Suspect => Some(Todo::SendAlone(id)),
            Verdict::Broken(reason) => Some(Todo::GiveUp(reason)),
            Verdict::Wait(reason) => {
                self.refusal = Some(reason);
                self.later.push(id);
                self.later_at.get_or_insert(now + RETRY);
                None
            }
        }
    }

    /// Returns what is to be sent again now, oldest first.
    pub fn due(&mut self, now: Instant) -> Vec<DeliveryId> {
        if self.later_at.is_none_or(|at| at > now) {
            return Vec::new();
        }
        self.later_at = None;
        let mut due = std::mem::take(&mut self.later);
        due.retain(|id| self.window.held(*id).is_some());
        due.sort_unstable_by_key(|id| id.tag);
        due
    }

    /// Returns how long the oldest message has waited, once that is so long that everything must go back.
    pub fn overdue(&self, now: Instant) -> Option<Duration> {
        let waited = self.window.oldest_age(now);
        self.patience.hand_back_after.filter(|limit| waited >= *limit).map(|_| waited)
    }

    /// Returns the sink's latest refusal, while nothing was confirmed since.
    pub fn refusal(&self) -> Option<&str> {
        self.refusal.as_deref()
    }

    /// Returns the original message while nobody has taken it over.
    pub fn held(&self, id: DeliveryId) -> Option<&T> {
        self.window.held(id)
    }

    /// Takes no more from now on, and ends when all is settled or the time to drain is over.
    pub fn begin_drain(&mut self, now: Instant) {
        self.drain_until.get_or_insert(now + self.patience.drain);
    }

    /// Returns until when the drain may take, while there is one.
    pub fn drain_until(&self) -> Option<Instant> {
        self.drain_until
    }

    /// Returns whether a stop was asked for and nothing unsettled is held any more.
    pub fn is_drained(&self) -> bool {
        self.drain_until.is_some() && self.window.is_settled()
    }

    /// Returns whether everything taken was settled.
    pub fn is_settled(&self) -> bool {
        self.window.is_settled()
    }

    /// Returns whether a message may be taken: there is room, and nobody wants to stop.
    pub fn takes_more(&self) -> bool {
        self.drain_until.is_none() && self.window.has_room()
    }

    /// Returns the tag up to which all may be acknowledged at once, if that settles at least `at_least` deliveries.
    pub fn take_ack(&mut self, at_least: usize) -> Option<u64> {
        self.window.take_ack(at_least)
    }

    /// Returns how many deliveries could be acknowledged now.
    pub fn ackable(&self) -> usize {
        self.window.ackable()
    }

    /// Returns how long the source has been waiting for the oldest acknowledgement.
    pub fn oldest_age(&self, now: Instant) -> Duration {
        self.window.oldest_age(now)
    }

    /// Returns the bytes held for messages that nobody took over yet.
    pub fn held_bytes(&self) -> usize {
        self.window.held_bytes()
    }

    /// Returns the counts as of now.
    pub fn ledger(&self) -> Ledger {
        self.window.ledger()
    }
}
