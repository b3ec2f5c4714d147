//! librdkafka's side: the settings that keep the guarantee, and the callbacks that carry the news out.

use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{ProducerContext, ThreadedProducer};
use tokio::sync::mpsc::UnboundedSender;

use super::verdict;
use crate::config::KafkaSinkConfig;
use crate::flow::Report;
use crate::librdkafka::{self, AccessError};
use crate::sink::{Lane, SinkError};
use crate::voice::Voice;
use crate::window::DeliveryId;

/// Requests that may be on their way to one broker: the most with which idempotence keeps the order.
pub(super) const IN_FLIGHT: u8 = 5;

/// Carries each delivery report into the pump.
pub(super) struct Reporter {
    reports: UnboundedSender<Report>,
    voice: Voice,
    lane: Lane,
}

impl Reporter {
    pub(super) fn new(reports: UnboundedSender<Report>, voice: Voice, lane: Lane) -> Self {
        Self { reports, voice, lane }
    }
}

impl ClientContext for Reporter {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        librdkafka::log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "librdkafka");
        // "2/2 brokers are down" follows the reason of the last one, which says more.
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::AllBrokersDown) {
            self.voice.says(&librdkafka::in_our_words(reason));
        }
    }
}

impl ProducerContext for Reporter {
    type DeliveryOpaque = Box<DeliveryId>;

    fn delivery(&self, result: &DeliveryResult<'_>, id: Box<DeliveryId>) {
        let id = *id;
        let report = match result {
            Ok(_) => {
                self.voice.is_content();
                Report::Confirmed(id)
            }
            Err((error, _)) => Report::Refused { id, verdict: verdict::of(error, self.lane == Lane::Alone) },
        };
        // A closed channel means that this generation has ended and its messages are handed back already.
        let _ = self.reports.send(report);
    }
}

/// Makes a producer; the client connects in the background.
pub(super) fn producer(config: &KafkaSinkConfig, reporter: Reporter) -> Result<ThreadedProducer<Reporter>, SinkError> {
    let mut settings = settings(config)?;
    if reporter.lane == Lane::Alone {
        settings.set("batch.num.messages", "1").set("linger.ms", "0");
    }
    settings.create_with_context(reporter).map_err(SinkError::Producer)
}

fn settings(config: &KafkaSinkConfig) -> Result<ClientConfig, AccessError> {
    let mut settings = librdkafka::settings(&config.bootstrap_servers, config.access())?;
    settings
        .set("compression.type", config.compression.to_string())
        .set("linger.ms", config.linger.as_millis().to_string())
        .set("message.max.bytes", config.max_record_bytes.to_string())
        // The guarantee: all replicas, no reordering or doubling by retries, and no time-out that gives up.
        .set("acks", "all")
        .set("enable.idempotence", "true")
        .set("message.timeout.ms", "0")
        .set("max.in.flight.requests.per.connection", IN_FLIGHT.to_string())
        // The window bounds what is queued, so the client's own bounds must not come first.
        .set("queue.buffering.max.messages", "0")
        .set("queue.buffering.max.kbytes", "2147483647")
        // A topic that was refused is asked for again this often.
        .set("topic.metadata.refresh.interval.ms", "10000")
        // A silent broker is given up after thirty seconds.
        .set("socket.timeout.ms", "30000")
        .set("socket.connection.setup.timeout.ms", "10000");
    Ok(settings)
}
