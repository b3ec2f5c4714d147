//! librdkafka's side: the settings that keep the guarantee, and the callbacks that carry the news out.

use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{ProducerContext, ThreadedProducer};
use tokio::sync::mpsc::UnboundedSender;

use super::{SinkError, verdict};
use crate::config::SinkConfig;
use crate::flow::Report;
use crate::window::{DeliveryId, Generation};

/// What Kafka's client last complained about, kept for status and readiness.
#[derive(Debug, Clone, Default)]
pub struct KafkaVoice(Arc<Mutex<Option<String>>>);

impl KafkaVoice {
    /// Returns the last complaint since Kafka last confirmed something.
    pub fn last_words(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn says(&self, words: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = words;
    }
}

/// How a record travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// In a batch with others: a refusal may be meant for a neighbour.
    Bulk,
    /// In a batch of its own: a refusal is meant for it.
    Alone,
}

/// Carries each delivery report into the pump.
pub(super) struct Reporter {
    generation: Generation,
    reports: UnboundedSender<Report>,
    voice: KafkaVoice,
    lane: Lane,
}

impl Reporter {
    pub(super) fn new(generation: Generation, reports: UnboundedSender<Report>, voice: KafkaVoice, lane: Lane) -> Self {
        Self { generation, reports, voice, lane }
    }
}

impl ClientContext for Reporter {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        match level {
            RDKafkaLogLevel::Debug | RDKafkaLogLevel::Info => tracing::debug!(facility, message, "librdkafka"),
            RDKafkaLogLevel::Notice | RDKafkaLogLevel::Warning => tracing::info!(facility, message, "librdkafka"),
            _ => tracing::warn!(facility, message, "librdkafka"),
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "librdkafka");
        // "2/2 brokers are down" follows the reason of the last one, which says more.
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::AllBrokersDown) {
            let (words, _counters) = reason.split_once(" (after ").unwrap_or((reason, ""));
            self.voice.says(Some(words.to_owned()));
        }
    }
}

impl ProducerContext for Reporter {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, opaque: usize) {
        let id = DeliveryId { generation: self.generation, tag: opaque as u64 };
        let report = match result {
            Ok(_) => {
                self.voice.says(None);
                Report::Confirmed(id)
            }
            Err((error, _)) => Report::Refused { id, verdict: verdict::of(error, self.lane == Lane::Alone) },
        };
        // A closed channel means that this generation has ended and its messages are handed back already.
        let _ = self.reports.send(report);
    }
}

/// Returns the tag as what librdkafka carries along; it is not read on targets where it would not fit.
pub(super) fn opaque(tag: u64) -> usize {
    usize::try_from(tag).unwrap_or(usize::MAX)
}

/// Makes a producer; the client connects in the background.
pub(super) fn producer(config: &SinkConfig, reporter: Reporter) -> Result<ThreadedProducer<Reporter>, SinkError> {
    let mut settings = settings(config);
    if reporter.lane == Lane::Alone {
        settings.set("batch.num.messages", "1").set("linger.ms", "0");
    }
    settings.create_with_context(reporter).map_err(SinkError::Producer)
}

fn settings(config: &SinkConfig) -> ClientConfig {
    let mut settings = ClientConfig::new();
    settings
        .set("client.id", "dpp-relay")
        .set("bootstrap.servers", config.bootstrap_servers.to_string())
        .set("compression.type", config.compression.to_string())
        .set("linger.ms", config.linger.as_millis().to_string())
        .set("message.max.bytes", config.max_record_bytes.to_string())
        // The guarantee: all replicas, no reordering or doubling by retries, and no time-out that gives up.
        .set("acks", "all")
        .set("enable.idempotence", "true")
        .set("message.timeout.ms", "0")
        // The window bounds what is queued, so the client's own bounds must not come first.
        .set("queue.buffering.max.messages", "0")
        .set("queue.buffering.max.kbytes", "2147483647")
        // A topic that was refused is asked for again this often.
        .set("topic.metadata.refresh.interval.ms", "10000")
        // A broker that is back is found within three seconds; a silent one is given up after thirty.
        .set("reconnect.backoff.max.ms", "2000")
        .set("socket.timeout.ms", "30000")
        .set("socket.connection.setup.timeout.ms", "10000")
        .set("socket.keepalive.enable", "true")
        .set("log.connection.close", "false");
    settings
}
