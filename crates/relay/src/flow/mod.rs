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

/// A client that says nothing for this long while messages wait for it may have lost its way.
const SILENCE: Duration = Duration::from_mins(1);

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
    heard: Option<Instant>,
    /// Clients that were replaced since one of them confirmed something.
    replaced: u32,
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
            heard: None,
            replaced: 0,
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
        (self.later_at, self.refusal, self.heard, self.drain_until) = (None, None, None, None);
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
                    (self.refusal, self.heard, self.replaced) = (None, Some(now), 0);
                }
                None
            }
            Report::Buried(id) => {
                self.window.settle(id, Outcome::Dead);
                self.heard = Some(now);
                None
            }
            Report::Refused { id, verdict } => {
                self.window.held(id)?;
                self.heard = Some(now);
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

    /// Returns for how long nothing was heard of what is held, once that is so long that the sink's client is in doubt: a
    /// minute, and twice as long after each client that was replaced and did not help.
    pub fn silence(&self, now: Instant) -> Option<Duration> {
        let silent_for = self.unheard(now);
        (silent_for >= SILENCE * 2_u32.saturating_pow(self.replaced)).then_some(silent_for)
    }

    /// Returns for how long nothing was heard of what is held.
    pub fn unheard(&self, now: Instant) -> Duration {
        let unheard = self.heard.map_or(Duration::MAX, |at| now.saturating_duration_since(at));
        unheard.min(self.window.oldest_age(now))
    }

    /// Learns that the sink's client is given up for its silence.
    pub fn replace_client(&mut self) {
        self.replaced = self.replaced.saturating_add(1).min(10);
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
