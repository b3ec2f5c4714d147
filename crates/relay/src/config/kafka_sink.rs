//! Where records go to: one topic of one Kafka. What would weaken the guarantee (acks, idempotence, time-outs) cannot be set.

use std::fmt;
use std::time::Duration;

use rdkafka::config::ClientConfig;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::name;
use super::quantity::{bytes, duration};
use super::{Endpoints, Field, KafkaAccess, SaslConfig, TlsConfig};

/// One topic of one Kafka.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KafkaSinkConfig {
    /// The brokers to ask first, `host:port,host:port`.
    pub bootstrap_servers: Endpoints,
    /// How connections are encrypted, if they are.
    pub tls: Option<TlsConfig>,
    /// As whom, if not as the one that the certificate names, or as nobody.
    pub sasl: Option<SaslConfig>,
    /// The topic to write to.
    #[serde(deserialize_with = "name::topic")]
    pub topic: String,
    /// How batches are compressed.
    #[serde(default, deserialize_with = "built_in")]
    pub compression: Compression,
    /// What the record's key is taken from.
    #[serde(default)]
    pub key: Key,
    /// Whether AMQP headers and properties become record headers.
    #[serde(default = "yes")]
    pub headers: bool,
    /// The largest record to try; what is larger goes to the dead-letter file.
    #[serde(default = "max_record_bytes", deserialize_with = "bytes")]
    pub max_record_bytes: usize,
    /// How long a record may wait for company in its batch.
    #[serde(default = "linger", deserialize_with = "duration")]
    pub linger: Duration,
}

impl KafkaSinkConfig {
    /// Returns how the brokers are spoken to.
    pub fn access(&self) -> KafkaAccess<'_> {
        KafkaAccess { tls: self.tls.as_ref(), sasl: self.sasl.as_ref() }
    }
}

impl fmt::Display for KafkaSinkConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "topic {} of {}", self.topic, self.bootstrap_servers)
    }
}

/// How batches are compressed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are Kafka's own")]
pub enum Compression {
    #[default]
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        })
    }
}

/// Reads a codec that this build of Kafka's client has.
fn built_in<'de, D: Deserializer<'de>>(from: D) -> Result<Compression, D::Error> {
    let compression = Compression::deserialize(from)?;
    let codecs = codecs();
    if compression == Compression::None || codecs.contains(&compression.to_string()) {
        return Ok(compression);
    }
    let has = codecs.join(", ");
    Err(D::Error::custom(format!("compression {compression} is not built into this dpp-relay, which has none, {has}")))
}

/// Returns the codecs that Kafka's client was built with, for writing and for reading.
pub fn codecs() -> Vec<String> {
    let features = ClientConfig::new().create_native_config().and_then(|config| config.get("builtin.features"));
    let features = features.unwrap_or_default();
    let has = |codec: &str| features.split(',').any(|feature| feature == codec);
    let all = [Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];
    all.iter().map(ToString::to_string).filter(|codec| has(codec)).collect()
}

/// What the record's key is taken from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Key {
    /// No key: records spread over the partitions.
    #[default]
    None,
    /// The key of the record that was read; no key where it came from RabbitMQ.
    Record,
    /// AMQP's routing key; no key where a record came from Kafka.
    RoutingKey,
    /// A header, of AMQP or of the record that was read; no key where a message lacks it.
    Header(String),
    /// A field of the record's value as the mapping left it: a text as it is, JSON of all else; no key where it is not there.
    Field(Field),
}

fn yes() -> bool {
    true
}

pub(super) fn max_record_bytes() -> usize {
    1_000_000
}

pub(super) fn linger() -> Duration {
    Duration::from_millis(5)
}
