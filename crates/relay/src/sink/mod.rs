//! Where records go to: Kafka or Elasticsearch, one interface for both. What becomes of a record comes back as a report.

mod elasticsearch;
mod kafka;

use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot::Receiver;

use crate::config::SinkConfig;
use crate::flow::Report;
use crate::librdkafka::AccessError;
use crate::mapping::Record;
use crate::tls::TlsError;
use crate::voice::Voice;
use crate::window::DeliveryId;

use elasticsearch::ElasticsearchSink;
use kafka::KafkaSink;

/// How a record travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// In a batch with others: a refusal may be meant for a neighbour.
    Bulk,
    /// In a batch of its own: a refusal is meant for it.
    Alone,
}

/// Why a sink cannot be used, or no longer.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// A producer could not be made.
    #[error("cannot start a Kafka producer: {0}")]
    Producer(rdkafka::error::KafkaError),
    /// Kafka cannot be spoken to as configured.
    #[error("cannot connect to Kafka: {0}")]
    Access(#[from] AccessError),
    /// The client has what is no longer valid, and another one can be made.
    #[error("certificates or passwords are others now, and are read anew; before that: {0}")]
    Outdated(String),
    /// No broker answered, or not about this topic.
    #[error("cannot find topic `{topic}` at Kafka {servers}: {reason}")]
    Away {
        /// Who was asked.
        servers: String,
        /// For what.
        topic: String,
        /// The client's words.
        reason: String,
    },
    /// Requests to Elasticsearch could not be prepared.
    #[error("{0}")]
    Unusable(String),
    /// Elasticsearch cannot be spoken to as configured.
    #[error("cannot connect to Elasticsearch: {0}")]
    Tls(#[from] TlsError),
    /// Elasticsearch does not answer, or not as one that can be written to.
    #[error("cannot write to index `{index}` of Elasticsearch: {reason}")]
    Unreachable {
        /// For what.
        index: String,
        /// Who was asked, and its or the network's words.
        reason: String,
    },
}

/// What takes the records of one generation.
pub enum Sink {
    /// A topic of Kafka.
    Kafka(KafkaSink),
    /// An index of Elasticsearch.
    Elasticsearch(ElasticsearchSink),
}

impl Sink {
    /// Prepares a sink; it connects by itself.
    pub fn open(config: &SinkConfig, reports: UnboundedSender<Report>, voice: Voice) -> Result<Self, SinkError> {
        match config {
            SinkConfig::Kafka(config) => KafkaSink::open(config, reports, voice).map(Self::Kafka),
            SinkConfig::Elasticsearch(config) => {
                ElasticsearchSink::open(config, reports, voice).map(Self::Elasticsearch)
            }
        }
    }

    /// Returns whether another client would have other certificates or passwords than this one.
    pub fn is_outdated(&self) -> bool {
        match self {
            Self::Kafka(kafka) => kafka.is_outdated(),
            Self::Elasticsearch(elasticsearch) => elasticsearch.is_outdated(),
        }
    }

    /// Asks whether records could be written now.
    pub async fn probe(&self) -> Result<(), SinkError> {
        match self {
            Self::Kafka(kafka) => kafka.probe().await,
            Self::Elasticsearch(elasticsearch) => elasticsearch.probe().await,
        }
    }

    /// Asks whether a client that is new to it finds the sink well; none where each request is by itself already.
    pub fn another_opinion(&self) -> Option<Receiver<bool>> {
        match self {
            Self::Kafka(kafka) => Some(kafka.another_opinion()),
            Self::Elasticsearch(_) => None,
        }
    }

    /// Costs next to nothing from now on, although nothing was heard of records on their way.
    pub fn bear_silence(&self) {
        match self {
            Self::Kafka(kafka) => kafka.bear_silence(),
            // It waits for its answers, and does nothing meanwhile.
            Self::Elasticsearch(_) => {}
        }
    }

    /// Sends a record; what becomes of it is reported.
    pub fn send(&self, lane: Lane, id: DeliveryId, record: &Record<'_>) -> Result<(), SinkError> {
        match self {
            Self::Kafka(kafka) => kafka.send(lane, id, record),
            Self::Elasticsearch(elasticsearch) => {
                elasticsearch.send(id, record);
                Ok(())
            }
        }
    }
}
