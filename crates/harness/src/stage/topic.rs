//! How many records a topic has, asked of Kafka past the proxy.

use std::time::Duration;

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};

use crate::lab::Error;

/// A witness of one topic.
pub struct Topic {
    consumer: BaseConsumer,
    name: String,
    partitions: i32,
}

impl Topic {
    /// Prepares to ask for a topic of so many partitions.
    pub fn watch(bootstrap: &str, name: &str, partitions: i32) -> Result<Self, Error> {
        let consumer: BaseConsumer =
            ClientConfig::new().set("bootstrap.servers", bootstrap).set("group.id", "dpp-harness-watch").create()?;
        Ok(Self { consumer, name: name.to_owned(), partitions })
    }

    /// Returns how many records were ever written to it.
    pub fn count(&self) -> Result<u64, Error> {
        const PATIENCE: Duration = Duration::from_secs(20);
        (0..self.partitions).try_fold(0, |sum, partition| {
            let (_, end) = self.consumer.fetch_watermarks(&self.name, partition, PATIENCE)?;
            Ok(sum + u64::try_from(end)?)
        })
    }
}
