//! Kafka: an idempotent producer with acks=all that never gives a record up for lack of time.
//!
//! A sink lives as long as one RabbitMQ connection, so that nothing it still holds can outlive the tags it reports.

mod client;
mod probe;
mod silence;
mod verdict;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer, PurgeConfig, ThreadedProducer};
use tokio::sync::mpsc::UnboundedSender;

use crate::config::KafkaSinkConfig;
use crate::credentials::Credentials;
use crate::flow::Report;
use crate::mapping::Record;
use crate::sink::{Lane, SinkError};
use crate::voice::Voice;
use crate::window::DeliveryId;

use client::Reporter;
use silence::Silence;

/// The producers of one generation.
pub struct KafkaSink {
    config: KafkaSinkConfig,
    reports: UnboundedSender<Report>,
    voice: Voice,
    credentials: Credentials,
    bulk: Arc<ThreadedProducer<Reporter>>,
    alone: OnceLock<ThreadedProducer<Reporter>>,
    silence: Arc<Silence>,
}

impl KafkaSink {
    /// Starts a producer; it connects by itself.
    pub fn open(config: &KafkaSinkConfig, reports: UnboundedSender<Report>, voice: Voice) -> Result<Self, SinkError> {
        let reporter = Reporter::new(reports.clone(), voice.clone(), Lane::Bulk);
        let credentials = Credentials::of(config.access().files());
        let bulk = Arc::new(client::producer(config, reporter)?);
        let silence = Arc::default();
        Ok(Self { config: config.clone(), reports, voice, credentials, bulk, alone: OnceLock::new(), silence })
    }

    /// Returns whether the files of certificates and passwords are others now.
    pub fn is_outdated(&self) -> bool {
        self.credentials.changed()
    }

    /// Lets the client sleep, although nothing was heard of records on their way.
    pub fn bear_silence(&self) {
        self.silence.fill(&self.bulk, &self.config.topic);
    }

    /// Sends a record; what becomes of it is reported.
    pub fn send(&self, lane: Lane, id: DeliveryId, record: &Record<'_>) -> Result<(), SinkError> {
        let mut message = BaseRecord::<[u8], [u8], Box<DeliveryId>>::with_opaque_to(&self.config.topic, Box::new(id))
            .payload(&record.value)
            .timestamp(record.timestamp);
        if let Some(key) = &record.key {
            message = message.key(key);
        }
        if !record.headers.is_empty() {
            message = message.headers(headers(record));
        }
        if let Err((error, _)) = self.producer(lane)?.send(message) {
            self.refuse(id, &error, lane);
        }
        Ok(())
    }

    /// The second producer is made when it is first needed, which is seldom.
    fn producer(&self, lane: Lane) -> Result<&ThreadedProducer<Reporter>, SinkError> {
        match (lane, self.alone.get()) {
            (Lane::Bulk, _) => Ok(&self.bulk),
            (Lane::Alone, Some(alone)) => Ok(alone),
            (Lane::Alone, None) => {
                let reporter = Reporter::new(self.reports.clone(), self.voice.clone(), lane);
                let alone = client::producer(&self.config, reporter)?;
                Ok(self.alone.get_or_init(|| alone))
            }
        }
    }

    /// What the client itself does not take goes the same way as Kafka's own refusals.
    fn refuse(&self, id: DeliveryId, error: &KafkaError, lane: Lane) {
        let verdict = match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::MessageSizeTooLarge) => verdict::oversize(self.config.max_record_bytes),
            _ => verdict::of(error, lane == Lane::Alone),
        };
        // The pump that reads the reports is the one that sends.
        let _ = self.reports.send(Report::Refused { id, verdict });
    }
}

impl Drop for KafkaSink {
    /// Whoever still asks through the client keeps it, but nothing that it would send.
    fn drop(&mut self) {
        self.bulk.purge(PurgeConfig::default().queue().inflight());
    }
}

fn headers(record: &Record<'_>) -> OwnedHeaders {
    record.headers.iter().fold(OwnedHeaders::new_with_capacity(record.headers.len()), |headers, (name, value)| {
        headers.insert(Header { key: Cow::as_ref(name), value: value.as_deref() })
    })
}
