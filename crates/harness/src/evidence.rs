//! What a run left behind, from witnesses that do not know the relay: publisher, reader, wires, the relay's page, its process.
//!
//! Only facts, no opinion; the verdict is drawn from them.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::message::Messages;
use crate::scrape::Scrape;
use crate::wire::Sightings;

/// A message on the publisher's side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Published {
    /// How often it was sent.
    pub times: u64,
    /// Whether RabbitMQ confirmed it.
    pub confirmed: bool,
}

/// A record of Kafka that names a message of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Which message.
    pub number: u64,
    /// Where the record is.
    pub partition: i32,
    /// The record's key.
    pub key: Option<String>,
    /// Whether it carries the mark of a message that RabbitMQ sent before.
    pub redelivered: bool,
    /// Whether body, headers and date are those that were published.
    pub intact: bool,
}

/// A disturbance that was made.
#[derive(Debug, Clone, Default)]
pub struct Disturbance {
    /// Its name and its time, as in the schedule.
    pub name: String,
    /// Whether messages in flight may come twice after it.
    pub repeats: bool,
    /// Whether Kafka refused records meanwhile, after which they keep no order.
    pub refuses: bool,
    /// From its end to the next answer of Kafka; none when there was none.
    pub recovery: Option<Duration>,
    /// Share of a core that the relay used while it lasted, when it was long enough to tell.
    pub busy: Option<f64>,
}

/// A stop by SIGTERM.
#[derive(Debug, Clone, Copy)]
pub struct Stop {
    /// How long it took.
    pub took: Duration,
    /// Whether it ended as it should, with exit code 0.
    pub clean: bool,
}

/// The relay's memory in bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Memory {
    /// Resident before the first message.
    pub base: u64,
    /// The most that was resident.
    pub peak: u64,
}

/// All that is known about a run.
#[derive(Debug)]
pub struct Evidence {
    /// The messages.
    pub messages: Messages,
    /// What was published, by number.
    pub published: BTreeMap<u64, Published>,
    /// What Kafka has of it, in the order of each partition.
    pub records: Vec<Record>,
    /// What the dead letters have: number, and whether the bytes are the published ones.
    pub letters: Vec<(u64, bool)>,
    /// Records and letters that name no message of the run, though they came through it.
    pub strangers: u64,
    /// Messages left in the queue at the end.
    pub left: u64,
    /// Both wires.
    pub wires: Sightings,
    /// The relay's page, as often as it was read, by process.
    pub scrapes: Vec<Vec<Scrape>>,
    /// What was disturbed.
    pub disturbances: Vec<Disturbance>,
    /// Stops by SIGTERM, the last one included.
    pub stops: Vec<Stop>,
    /// The relay's memory.
    pub memory: Memory,
    /// Messages that may be in flight.
    pub window: u64,
    /// Silent clients of Kafka that the relay replaced.
    pub silences: u64,
}

impl Evidence {
    /// Returns how many messages RabbitMQ confirmed.
    pub fn confirmed(&self) -> u64 {
        self.published.values().filter(|published| published.confirmed).count() as u64
    }

    /// Returns whether nothing was disturbed.
    pub fn is_calm(&self) -> bool {
        self.disturbances.is_empty()
    }
}
