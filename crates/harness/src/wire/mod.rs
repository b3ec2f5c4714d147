//! What passes between the relay and its two brokers, as far as it matters: deliveries, acknowledgements, Kafka's answers.
//!
//! Followers read copies of the bytes and change nothing; what they find goes to one place with one order.

mod amqp;
mod cursor;
mod frames;
mod kafka;
mod safety;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::message::Messages;

pub use safety::{Safety, Sightings};

use amqp::AmqpFollower;
use kafka::KafkaFollower;

/// Which of the two brokers a connection goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// RabbitMQ, with AMQP 0-9-1.
    Rabbitmq,
    /// Kafka.
    Kafka,
}

/// From whom some bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// From the relay.
    Relay,
    /// From the broker.
    Broker,
}

/// Both wires of a run, seen by one clock.
#[derive(Debug)]
pub struct Wires {
    messages: Messages,
    safety: Mutex<Safety>,
}

impl Wires {
    /// Returns the wires of a run, on which nothing has passed yet.
    pub fn new(messages: Messages) -> Arc<Self> {
        Arc::new(Self { messages, safety: Mutex::default() })
    }

    /// Begins to follow a connection.
    pub fn follow(self: &Arc<Self>, side: Side) -> Follower {
        let connection = self.lock().begin_connection();
        let kind = match side {
            Side::Rabbitmq => Kind::Rabbitmq(AmqpFollower::new(connection)),
            Side::Kafka => Kind::Kafka(KafkaFollower::new()),
        };
        Follower { connection, kind, wires: Arc::clone(self) }
    }

    /// Returns what was seen so far.
    pub fn sightings(&self) -> Sightings {
        self.lock().sightings()
    }

    /// Returns when Kafka first confirmed something after that moment.
    pub fn answered_after(&self, moment: Instant) -> Option<Instant> {
        self.lock().answered_after(moment)
    }

    fn lock(&self) -> MutexGuard<'_, Safety> {
        self.safety.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Follows one connection, both its directions.
#[derive(Debug)]
pub struct Follower {
    connection: u64,
    kind: Kind,
    wires: Arc<Wires>,
}

#[derive(Debug)]
enum Kind {
    Rabbitmq(AmqpFollower),
    Kafka(KafkaFollower),
}

impl Follower {
    /// Reads bytes before they are passed on; returns how many of Kafka's answers to records they end.
    pub fn read(&mut self, from: From, bytes: &[u8]) -> usize {
        let mut safety = self.wires.safety.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut self.kind {
            Kind::Rabbitmq(follower) => {
                follower.read(from, bytes, &self.wires.messages, &mut safety);
                0
            }
            Kind::Kafka(follower) => follower.read(from, bytes, &self.wires.messages, &mut safety),
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.wires.lock().end_connection(self.connection);
    }
}
