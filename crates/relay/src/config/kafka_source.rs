//! Where records come from: topics of one Kafka, read as a member of a consumer group.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::name;
use super::quantity::positive_duration;
use super::{Endpoints, KafkaAccess, SaslConfig, TlsConfig};

/// Topics of one Kafka.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KafkaSourceConfig {
    /// The brokers to ask first, `host:port,host:port`.
    pub bootstrap_servers: Endpoints,
    /// How connections are encrypted, if they are.
    pub tls: Option<TlsConfig>,
    /// As whom, if not as the one that the certificate names, or as nobody.
    pub sasl: Option<SaslConfig>,
    /// The topics to read.
    #[serde(deserialize_with = "topics")]
    pub topics: Vec<String>,
    /// The consumer group, under whose name Kafka keeps how far was read.
    #[serde(deserialize_with = "name::group")]
    pub group: String,
    /// A name of this member that outlives a restart, so that one is not followed by a new assignment of partitions.
    pub instance: Option<String>,
    /// Where a group begins that has read nothing yet.
    #[serde(default)]
    pub start: Start,
    /// After this much silence Kafka gives the member's partitions to others.
    #[serde(default = "session_timeout", deserialize_with = "positive_duration")]
    pub session_timeout: Duration,
}

/// Where a group begins that has read nothing yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// With the oldest record that is still there.
    #[default]
    Earliest,
    /// With what comes from now on.
    Latest,
}

impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Earliest => "earliest",
            Self::Latest => "latest",
        })
    }
}

impl KafkaSourceConfig {
    /// Returns how the brokers are spoken to.
    pub fn access(&self) -> KafkaAccess<'_> {
        KafkaAccess { tls: self.tls.as_ref(), sasl: self.sasl.as_ref() }
    }
}

impl fmt::Display for KafkaSourceConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.topics.len() == 1 { "topic" } else { "topics" };
        write!(f, "{word} {} of {} as group {}", self.topics.join(","), self.bootstrap_servers, self.group)
    }
}

fn topics<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    use serde::de::Error;
    let topics = Vec::<String>::deserialize(from)?;
    if topics.is_empty() {
        return Err(D::Error::custom("at least one topic is needed"));
    }
    topics.iter().try_for_each(|topic| name::check_topic(topic)).map_err(D::Error::custom)?;
    Ok(topics)
}

fn session_timeout() -> Duration {
    Duration::from_secs(10)
}
