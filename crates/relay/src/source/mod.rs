//! Where messages come from: RabbitMQ or Kafka, one interface for both. What breaks ends the source; another one is opened.

mod kafka;
mod rabbitmq;

use crate::config::SourceConfig;
use crate::envelope::Envelope;
use crate::librdkafka::AccessError;
use crate::tls::{self, TlsError};

use kafka::KafkaSource;
use rabbitmq::RabbitmqSource;

/// What a source says next.
pub enum Arrival {
    /// A message with its tag.
    Message(u64, Envelope),
    /// The subscription has ended as asked.
    Ended,
    /// Others may read what is held now; tags begin anew.
    Reassigned,
}

/// Why a source cannot be read, or no longer.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It could not be asked or said no.
    #[error("{doing}: {}", tls::told(source).unwrap_or_else(|| source.to_string()))]
    Refused {
        /// What was attempted.
        doing: String,
        /// RabbitMQ's or the network's words.
        source: lapin::Error,
    },
    /// Kafka could not be asked or said no.
    #[error("{doing}: {reason}")]
    Kafka {
        /// What was attempted.
        doing: String,
        /// Kafka's, its client's or the network's words.
        reason: String,
    },
    /// It did not answer.
    #[error("{doing}: no answer within {} s", rabbitmq::PATIENCE.as_secs())]
    Silent {
        /// What was attempted.
        doing: String,
    },
    /// There is no password to log in with.
    #[error(transparent)]
    Password(#[from] crate::config::SecretError),
    /// RabbitMQ's connection cannot be encrypted as configured.
    #[error("cannot connect to RabbitMQ: {0}")]
    Tls(#[from] TlsError),
    /// Kafka cannot be spoken to as configured.
    #[error("cannot connect to Kafka: {0}")]
    Access(#[from] AccessError),
    /// The client has what is no longer valid, and another one can be made.
    #[error("certificates or passwords are others now, and are read anew; before that: {0}")]
    Outdated(String),
    /// It ended the consumer by itself.
    #[error("RabbitMQ cancelled the consumer: queue `{0}` was deleted or moved")]
    Cancelled(String),
    /// The channel ended without a word.
    #[error("consume `{0}`: RabbitMQ closed the channel")]
    Closed(String),
}

/// A source that is read.
pub enum Source {
    /// A queue of RabbitMQ.
    Rabbitmq(Box<RabbitmqSource>),
    /// Topics of Kafka.
    Kafka(Box<KafkaSource>),
}

impl Source {
    /// Connects and begins to read; what is read ahead has to fit into `budget` bytes.
    pub async fn open(config: &SourceConfig, budget: usize) -> Result<Self, SourceError> {
        match config {
            SourceConfig::Rabbitmq(config) => {
                RabbitmqSource::open(config, budget).await.map(|source| Self::Rabbitmq(Box::new(source)))
            }
            SourceConfig::Kafka(config) => KafkaSource::open(config).await.map(|source| Self::Kafka(Box::new(source))),
        }
    }

    /// Looks whether it could be read, reads nothing and makes nothing.
    pub async fn check(config: &SourceConfig) -> Result<(), SourceError> {
        match config {
            SourceConfig::Rabbitmq(config) => RabbitmqSource::check(config).await,
            SourceConfig::Kafka(config) => KafkaSource::check(config).await,
        }
    }

    /// Returns what comes next. Dropped before it has returned, it has taken nothing.
    pub async fn next(&mut self) -> Result<Arrival, SourceError> {
        match self {
            Self::Rabbitmq(rabbitmq) => rabbitmq.next().await,
            Self::Kafka(kafka) => kafka.next().await,
        }
    }

    /// Returns whether `next` is to be asked, when there is room or none.
    pub fn is_heard(&self, has_room: bool) -> bool {
        match self {
            Self::Rabbitmq(_) => has_room,
            Self::Kafka(kafka) => has_room || kafka.is_paused(),
        }
    }

    /// Learns, at every look at the clock, whether there is room.
    pub fn mind_room(&mut self, has_room: bool) -> Result<(), SourceError> {
        match self {
            Self::Rabbitmq(_) => Ok(()),
            Self::Kafka(kafka) => kafka.mind_room(has_room),
        }
    }

    /// Learns the size of a message that came in.
    pub fn observe(&mut self, weight: usize) {
        if let Self::Rabbitmq(rabbitmq) = self {
            rabbitmq.observe(weight);
        }
    }

    /// Learns that the sink settles messages.
    pub fn prove(&mut self) {
        if let Self::Rabbitmq(rabbitmq) = self {
            rabbitmq.prove();
        }
    }

    /// Reads in another measure, when messages are of another size than was thought.
    pub async fn adjust(&mut self) -> Result<(), SourceError> {
        match self {
            Self::Rabbitmq(rabbitmq) => rabbitmq.adjust().await,
            Self::Kafka(_) => Ok(()),
        }
    }

    /// Goes on after a subscription that ended as asked.
    pub async fn resume(&mut self) -> Result<(), SourceError> {
        match self {
            Self::Rabbitmq(rabbitmq) => rabbitmq.subscribe().await,
            Self::Kafka(_) => Ok(()),
        }
    }

    /// Returns how many settled messages are worth an acknowledgement.
    pub fn worth(&self) -> usize {
        match self {
            Self::Rabbitmq(rabbitmq) => rabbitmq.worth(),
            Self::Kafka(_) => KafkaSource::worth(),
        }
    }

    /// Acknowledges everything up to the tag.
    pub async fn acknowledge(&mut self, up_to: u64) -> Result<(), SourceError> {
        match self {
            Self::Rabbitmq(rabbitmq) => rabbitmq.acknowledge(up_to).await,
            Self::Kafka(kafka) => kafka.acknowledge(up_to),
        }
    }

    /// Returns what stands in the way of reading, as far as it heals by itself.
    pub fn complaint(&self) -> Option<String> {
        match self {
            Self::Rabbitmq(_) => None,
            Self::Kafka(kafka) => kafka.complaint(),
        }
    }

    /// Returns whether another client would have other certificates or passwords than this one.
    pub fn is_outdated(&self) -> bool {
        match self {
            // Every connection is another client.
            Self::Rabbitmq(_) => false,
            Self::Kafka(kafka) => kafka.is_outdated(),
        }
    }

    /// Asks for no more, before the end.
    pub async fn cancel(&mut self) -> Result<(), SourceError> {
        match self {
            Self::Rabbitmq(rabbitmq) => rabbitmq.cancel().await,
            Self::Kafka(kafka) => kafka.cancel(),
        }
    }

    /// Ends in good order: the other side has all acknowledgements, and delivers the rest again.
    pub async fn close(self) {
        match self {
            Self::Rabbitmq(rabbitmq) => rabbitmq.close().await,
            Self::Kafka(kafka) => kafka.close().await,
        }
    }
}
