//! Where messages come from: a queue of RabbitMQ or topics of Kafka.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;

use super::{KafkaSourceConfig, RabbitmqConfig};

/// Where messages come from.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceConfig {
    /// A queue of RabbitMQ.
    Rabbitmq(RabbitmqConfig),
    /// Topics of Kafka.
    Kafka(KafkaSourceConfig),
}

impl SourceConfig {
    /// Returns the name of the product.
    pub fn product(&self) -> &'static str {
        match self {
            Self::Rabbitmq(_) => "RabbitMQ",
            Self::Kafka(_) => "Kafka",
        }
    }

    /// Returns how long a message may wait for its confirmation before the source must have it back.
    pub fn hand_back_after(&self) -> Option<Duration> {
        match self {
            Self::Rabbitmq(rabbitmq) => Some(rabbitmq.hand_back_after()),
            // Nobody takes a record away from a member that is still there.
            Self::Kafka(_) => None,
        }
    }
}

impl fmt::Display for SourceConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rabbitmq(rabbitmq) => rabbitmq.fmt(f),
            Self::Kafka(kafka) => kafka.fmt(f),
        }
    }
}
