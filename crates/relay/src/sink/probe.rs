//! Is Kafka there, and can the topic be written? Asked before RabbitMQ is asked for messages.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::error::RDKafkaErrorCode;
use rdkafka::metadata::MetadataTopic;
use rdkafka::producer::Producer;

use super::{Sink, SinkError};

const PATIENCE: Duration = Duration::from_secs(5);

impl Sink {
    /// Asks for the topic; succeeds when a partition of it has a leader.
    pub async fn probe(self: &Arc<Self>) -> Result<(), SinkError> {
        let sink = Arc::clone(self);
        match tokio::task::spawn_blocking(move || sink.ask()).await {
            Ok(answer) => answer,
            Err(error) => Err(self.away(error.to_string())),
        }
    }

    /// Asks for all topics, because a broker may create a topic that a producer asks for by name.
    fn ask(&self) -> Result<(), SinkError> {
        let answer = self.bulk.client().fetch_metadata(None, PATIENCE);
        let metadata = answer.map_err(|error| self.away(self.voice.last_words().unwrap_or(error.to_string())))?;
        match metadata.topics().iter().find(|topic| topic.name() == self.config.topic) {
            Some(topic) => writable(topic).map_err(|reason| self.away(reason)),
            None => Err(self.away("there is no such topic, or it may not be described".into())),
        }
    }

    fn away(&self, reason: String) -> SinkError {
        SinkError::Away { servers: self.config.bootstrap_servers.to_string(), topic: self.config.topic.clone(), reason }
    }
}

fn writable(topic: &MetadataTopic) -> Result<(), String> {
    if let Some(error) = topic.error() {
        return Err(RDKafkaErrorCode::from(error).to_string());
    }
    let led = topic.partitions().iter().any(|partition| partition.leader() >= 0);
    if led { Ok(()) } else { Err("no partition has a leader".into()) }
}
