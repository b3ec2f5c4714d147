//! The ledger: where every message taken from the source is now.
//!
//! Plain counts, kept by the window alone, so that the sum below holds in every scrape. No latency, no rates.

use std::ops::Add;

use serde::Serialize;

/// How many messages were received and what became of them since the process started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Ledger {
    /// Taken from the source, redeliveries included.
    pub received: u64,
    /// Confirmed by the sink: by Kafka with acks=all, by Elasticsearch for this very document.
    pub confirmed: u64,
    /// Written to the dead letters.
    pub dead: u64,
    /// Ended by a rule of the mapping.
    pub dropped: u64,
    /// Left to the source to deliver again, because nobody confirmed them before their connection ended.
    pub handed_back: u64,
    /// Taken and not yet settled.
    pub in_flight: u64,
    /// Settled, but their connection ended before the acknowledgement: the source will deliver them a second time.
    pub repeats_owed: u64,
}

impl Ledger {
    /// Returns whether received = confirmed + dead + dropped + handed back + in flight.
    pub fn balances(&self) -> bool {
        self.received == self.confirmed + self.dead + self.dropped + self.handed_back + self.in_flight
    }
}

impl Add for Ledger {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            received: self.received + other.received,
            confirmed: self.confirmed + other.confirmed,
            dead: self.dead + other.dead,
            dropped: self.dropped + other.dropped,
            handed_back: self.handed_back + other.handed_back,
            in_flight: self.in_flight + other.in_flight,
            repeats_owed: self.repeats_owed + other.repeats_owed,
        }
    }
}
