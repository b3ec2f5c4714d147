//! A topic for dead letters: those who read it find the original record there, and in two more headers why and from where.

use serde::Deserialize;

use super::kafka_sink::{linger, max_record_bytes};
use super::quantity::bytes;
use super::{Compression, Endpoints, KafkaSinkConfig, Key, SaslConfig, SinkConfig, TlsConfig, name};

/// One topic of one Kafka, which may be another one than the sink's.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LetterTopicConfig {
    /// The brokers to ask first, `host:port,host:port`.
    pub bootstrap_servers: Endpoints,
    /// How connections are encrypted, if they are.
    pub tls: Option<TlsConfig>,
    /// As whom, if not as the one that the certificate names, or as nobody.
    pub sasl: Option<SaslConfig>,
    /// The topic to write to.
    #[serde(rename = "name", deserialize_with = "name::topic")]
    pub topic: String,
    /// The largest letter to try; what is larger is in the file alone.
    #[serde(default = "max_record_bytes", deserialize_with = "bytes")]
    pub max_record_bytes: usize,
}

impl LetterTopicConfig {
    /// Returns the sink that writes to it.
    pub fn as_sink(&self) -> SinkConfig {
        SinkConfig::Kafka(KafkaSinkConfig {
            bootstrap_servers: self.bootstrap_servers.clone(),
            tls: self.tls.clone(),
            sasl: self.sasl.clone(),
            topic: self.topic.clone(),
            compression: Compression::None,
            key: Key::None,
            headers: true,
            max_record_bytes: self.max_record_bytes,
            linger: linger(),
        })
    }
}
