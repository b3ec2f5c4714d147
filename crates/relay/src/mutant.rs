//! A relay that makes one mistake on purpose, for the harness, which must notice. No shipped build has the feature `mutants`.
//!
//! The mistakes are made where the rules meet the world, as in `flow/world.rs`: the rules themselves stay as they are.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedSender;

use crate::config::SinkConfig;
use crate::flow::{self, Patience, Report, Todo, Verdict};
use crate::ledger::Ledger;
use crate::mapping::Record;
use crate::sink::{self, Lane, SinkError};
use crate::voice::Voice;
use crate::window::{DeliveryId, TagOutOfOrder};

static MISTAKE: OnceLock<Mistake> = OnceLock::new();

/// What this process does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mistake {
    /// Acknowledges what has only been sent.
    AcksEarly,
    /// Takes a refusal, and the end of its patience, for done.
    DropsOnError,
    /// Believes what Kafka confirmed for tags of an older connection.
    AcksStaleTags,
    /// Takes a message for buried that is not.
    ForgetsLetters,
    /// Sends what comes again in another order.
    Reorders,
    /// Counts dead letters as confirmed, too.
    Miscounts,
}

impl Mistake {
    /// All of them, by the names that the harness knows.
    pub const ALL: [(&'static str, Self); 6] = [
        ("acks-early", Self::AcksEarly),
        ("drops-on-error", Self::DropsOnError),
        ("acks-stale-tags", Self::AcksStaleTags),
        ("forgets-letters", Self::ForgetsLetters),
        ("reorders", Self::Reorders),
        ("miscounts", Self::Miscounts),
    ];

    /// Makes the mistake of this name from now on; false when there is none.
    pub fn begin(name: &str) -> bool {
        let found = Self::ALL.iter().find(|(known, _)| *known == name);
        found.is_some_and(|(_, mistake)| MISTAKE.set(*mistake).is_ok())
    }

    fn is_made(self) -> bool {
        MISTAKE.get() == Some(&self)
    }
}

/// The rules, told or asked wrongly.
#[derive(Debug)]
pub struct Flow<T> {
    right: flow::Flow<T>,
    tags: BTreeSet<u64>,
    confirmed: BTreeSet<u64>,
    believed: BTreeSet<u64>,
}

impl<T> Flow<T> {
    /// As the right one.
    pub fn new(budget: usize, patience: Patience) -> Self {
        let none = BTreeSet::new;
        Self { right: flow::Flow::new(budget, patience), tags: none(), confirmed: none(), believed: none() }
    }

    /// As the right one, but remembers tags that mean nothing any more.
    pub fn open(&mut self) {
        self.right.open();
        self.tags.clear();
        self.believed = std::mem::take(&mut self.confirmed);
    }

    /// As the right one, but may take it for confirmed.
    pub fn admit(&mut self, tag: u64, weight: usize, held: T, now: Instant) -> Result<(), TagOutOfOrder> {
        self.right.admit(tag, weight, held, now)?;
        self.tags.insert(tag);
        let believes = Mistake::AcksStaleTags.is_made() && self.believed.contains(&tag);
        if believes || Mistake::AcksEarly.is_made() {
            self.confirm(tag, now);
        }
        Ok(())
    }

    /// As the right one, but may take the report for another.
    pub fn hear(&mut self, report: Report, now: Instant) -> Option<Todo> {
        let report = match report {
            Report::Refused { id, verdict: Verdict::Wait(_) } if Mistake::DropsOnError.is_made() => {
                Report::Confirmed(id)
            }
            report => report,
        };
        if let Report::Confirmed(id) = &report {
            self.confirmed.insert(id.tag);
        }
        match self.right.hear(report, now) {
            Some(Todo::Bury(id, _)) if Mistake::ForgetsLetters.is_made() => self.right.hear(Report::Buried(id), now),
            todo => todo,
        }
    }

    /// As the right one, but may give up what is held.
    pub fn overdue(&mut self, now: Instant) -> Option<Duration> {
        let waited = self.right.overdue(now)?;
        if Mistake::DropsOnError.is_made() {
            std::mem::take(&mut self.tags).into_iter().for_each(|tag| self.confirm(tag, now));
        }
        Some(waited)
    }

    /// As the right one, but may count some twice.
    pub fn ledger(&self) -> Ledger {
        let ledger = self.right.ledger();
        let twice = if Mistake::Miscounts.is_made() { ledger.dead } else { 0 };
        Ledger { received: ledger.received + twice, confirmed: ledger.confirmed + twice, ..ledger }
    }

    fn confirm(&mut self, tag: u64, now: Instant) {
        let id = self.right.id(tag);
        self.right.hear(Report::Confirmed(id), now);
    }
}

impl<T> Deref for Flow<T> {
    type Target = flow::Flow<T>;

    fn deref(&self) -> &Self::Target {
        &self.right
    }
}

impl<T> DerefMut for Flow<T> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.right
    }
}

/// The sink, given records in another order.
pub struct Sink {
    right: sink::Sink,
    kept: Mutex<Option<Kept>>,
}

/// A record that waits until others have overtaken it.
struct Kept {
    lane: Lane,
    id: DeliveryId,
    record: Record<'static>,
    overtaken_by: usize,
}

impl Sink {
    /// As the right one.
    pub fn open(config: &SinkConfig, reports: UnboundedSender<Report>, voice: Voice) -> Result<Self, SinkError> {
        Ok(Self { right: sink::Sink::open(config, reports, voice)?, kept: Mutex::new(None) })
    }

    /// As the right one, but may keep a record back that came again.
    pub fn send(&self, lane: Lane, id: DeliveryId, record: &Record<'_>) -> Result<(), SinkError> {
        // A connection begins with so few messages that more could never overtake it.
        const ENOUGH: usize = 5;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let came_again = record.headers.iter().any(|(name, _)| name == "amqp.redelivered");
        if Mistake::Reorders.is_made() && kept.is_none() && came_again {
            *kept = Some(Kept { lane, id, record: owned(record), overtaken_by: 0 });
            return Ok(());
        }
        self.right.send(lane, id, record)?;
        if let Some(waiting) = kept.as_mut() {
            waiting.overtaken_by += 1;
        }
        match kept.take_if(|waiting| waiting.overtaken_by >= ENOUGH) {
            Some(waiting) => self.right.send(waiting.lane, waiting.id, &waiting.record),
            None => Ok(()),
        }
    }
}

impl Deref for Sink {
    type Target = sink::Sink;

    fn deref(&self) -> &Self::Target {
        &self.right
    }
}

fn owned(record: &Record<'_>) -> Record<'static> {
    let bytes = |bytes: &Cow<'_, [u8]>| Cow::Owned(bytes.to_vec());
    Record {
        key: record.key.as_ref().map(bytes),
        value: bytes(&record.value),
        headers: record
            .headers
            .iter()
            .map(|(name, value)| (Cow::Owned(name.to_string()), value.as_ref().map(bytes)))
            .collect(),
        timestamp: record.timestamp,
        id: record.id.clone(),
    }
}
