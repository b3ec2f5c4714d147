//! The configuration: what the YAML file says, checked as far as it can be without a connection.
//!
//! Every value is checked while it is read, so that each complaint carries its line. Nothing here opens a socket.

mod elasticsearch;
mod endpoint;
mod index;
mod kafka_access;
mod kafka_sink;
mod kafka_source;
mod letter_topic;
mod mask;
mod name;
mod quantity;
mod rabbitmq;
mod read;
mod rule;
mod secret;
mod sink;
mod source;
mod tls;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

pub use elasticsearch::{ElasticsearchConfig, Login};
pub use endpoint::Endpoints;
pub use index::IndexName;
pub use kafka_access::{KafkaAccess, Mechanism, SaslConfig};
pub use kafka_sink::{Compression, KafkaSinkConfig, Key, codecs};
pub use kafka_source::{KafkaSourceConfig, Start};
pub use letter_topic::LetterTopicConfig;
pub use rabbitmq::{Declare, ExchangeKind, RabbitmqConfig, RabbitmqLogin};
pub use read::{ConfigError, read};
pub use rule::{Condition, DateFormat, DateRule, Field, Lookup, ParseJson, Rename, Rule, Test};
pub use secret::{Password, Place, Secret, SecretError};
pub use sink::SinkConfig;
pub use source::SourceConfig;
pub use tls::{Identity, TlsConfig};

use quantity::{bytes, positive_duration};

/// The whole file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where messages come from: `source`, or a list of `sources`, each of which is read by itself.
    #[serde(rename = "source", alias = "sources", deserialize_with = "source::one_or_several")]
    pub sources: Vec<SourceConfig>,
    /// Where records go to.
    pub sink: SinkConfig,
    /// How a message becomes a record.
    #[serde(default)]
    pub mapping: MappingConfig,
    /// What the process may use and how long it may take to stop.
    #[serde(default)]
    pub limits: Limits,
    /// Where messages go that the sink refuses for what they are.
    #[serde(default)]
    pub dead_letter: DeadLetterConfig,
    /// Where metrics and health are served.
    #[serde(default)]
    pub http: HttpConfig,
    /// How much is logged to stderr.
    #[serde(default)]
    pub log: LogLevel,
}

impl Config {
    /// Returns the names of all sources.
    pub fn all_sources(&self) -> String {
        self.sources.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }
}

/// How a message becomes a record.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MappingConfig {
    /// What the record's value looks like.
    pub format: Format,
    /// The AMQP header that holds the event's date in UNIX seconds, as number or text.
    pub date_header: String,
    /// With `format: logstash`, the field whose text is parsed as JSON into the top level, if any.
    pub json_field: Option<String>,
    /// What becomes of a body that is no JSON object.
    pub not_json: NotJson,
    /// What is changed then, in this order.
    pub rules: Vec<Rule>,
}

impl Default for MappingConfig {
    fn default() -> Self {
        Self {
            format: Format::default(),
            date_header: "datetime".into(),
            json_field: None,
            not_json: NotJson::default(),
            rules: Vec::new(),
        }
    }
}

/// The shape of a record's value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// The body byte for byte, with `@timestamp` put in front when it has none.
    #[default]
    Keep,
    /// What Logstash's rabbitmq input, date filter, json filter and kafka output write.
    Logstash,
}

/// What becomes of a body that is no JSON object.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotJson {
    /// Its text becomes the field `message`, tagged `_jsonparsefailure` as Logstash does.
    #[default]
    Wrap,
    /// It goes to the dead letters.
    DeadLetter,
}

/// What the process may use and how long it may take to stop.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Bytes of messages, originals and records together, that may be held at a time; each source has an equal share.
    #[serde(deserialize_with = "bytes")]
    pub memory: usize,
    /// How long a stop may wait for confirmations before it hands messages back.
    #[serde(deserialize_with = "positive_duration")]
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory: 32 << 20, drain: Duration::from_secs(20) }
    }
}

/// Where messages go that the sink refuses for what they are.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeadLetterConfig {
    /// A file of JSON lines; created when the first one comes.
    pub file: PathBuf,
    /// A topic for them beside the file.
    pub topic: Option<LetterTopicConfig>,
}

impl Default for DeadLetterConfig {
    fn default() -> Self {
        Self { file: "/var/lib/dpp-relay/dead-letters.jsonl".into(), topic: None }
    }
}

/// Where metrics and health are served.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpConfig {
    /// Address and port; loopback unless said otherwise.
    pub listen: SocketAddr,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 9640)) }
    }
}

/// How much is logged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// Only what an operator must act on.
    Error,
    /// And what heals by itself.
    Warn,
    /// And the milestones: connected, draining, stopped.
    #[default]
    Info,
    /// And what the client libraries say.
    Debug,
}
