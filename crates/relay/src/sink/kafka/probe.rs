//! Is Kafka there, and can the topic be written? Asked before RabbitMQ is asked for messages.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::error::RDKafkaErrorCode;
use rdkafka::metadata::MetadataTopic;
use rdkafka::producer::{Producer, ThreadedProducer};
use tokio::sync::mpsc::unbounded_channel;
use tokio::sync::oneshot;

use super::KafkaSink;
use super::client::Reporter;
use super::silence::Silence;
use crate::librdkafka::{explained, without_words};
use crate::sink::SinkError;
use crate::voice::Voice;

const PATIENCE: Duration = Duration::from_secs(5);

impl KafkaSink {
    /// Asks for the topic; succeeds when a partition of it has a leader.
    pub async fn probe(&self) -> Result<(), SinkError> {
        let (producer, topic, voice) = (Arc::clone(&self.bulk), self.config.topic.clone(), self.voice.clone());
        let silence = Arc::clone(&self.silence);
        let answer = tokio::task::spawn_blocking(move || ask(&producer, &topic, &voice, &silence)).await;
        match answer.unwrap_or_else(|error| Err(Absence::Broker(error.to_string()))) {
            Ok(()) => Ok(()),
            Err(Absence::Topic(reason)) => Err(self.away(reason)),
            Err(Absence::Broker(words)) => {
                let reason = explained(words, &self.config.bootstrap_servers, self.config.access()).await;
                Err(self.away(reason))
            }
        }
    }

    /// Whether a client of its own finds the topic; asked in the background, and taken down with what it was asked by.
    pub fn another_opinion(&self) -> oneshot::Receiver<bool> {
        let (sender, opinion) = oneshot::channel();
        let config = self.config.clone();
        tokio::spawn(async move {
            let Ok(other) = Self::open(&config, unbounded_channel().0, Voice::default()) else { return };
            let is_well = other.probe().await.is_ok();
            // Nobody asks any more when the own client has found its voice again.
            let _ = sender.send(is_well);
            tokio::task::spawn_blocking(move || drop(other));
        });
        opinion
    }

    fn away(&self, reason: String) -> SinkError {
        SinkError::Away { servers: self.config.bootstrap_servers.to_string(), topic: self.config.topic.clone(), reason }
    }
}

/// Who is not there, and why.
enum Absence {
    Broker(String),
    Topic(String),
}

/// Asks for all topics, because a broker may create a topic that a producer asks for by name.
fn ask(producer: &ThreadedProducer<Reporter>, topic: &str, voice: &Voice, silence: &Silence) -> Result<(), Absence> {
    let answer = producer.client().fetch_metadata(None, PATIENCE);
    let metadata =
        answer.map_err(|error| Absence::Broker(voice.last_words().unwrap_or_else(|| without_words(&error))))?;
    match metadata.topics().iter().find(|found| found.name() == topic) {
        Some(topic) => {
            silence.learn(topic);
            writable(topic).map_err(Absence::Topic)
        }
        None => Err(Absence::Topic("there is no such topic, or it may not be described".into())),
    }
}

fn writable(topic: &MetadataTopic) -> Result<(), String> {
    if let Some(error) = topic.error() {
        return Err(RDKafkaErrorCode::from(error).to_string());
    }
    let led = topic.partitions().iter().any(|partition| partition.leader() >= 0);
    if led { Ok(()) } else { Err("no partition has a leader".into()) }
}
