//! Where messages go to: a topic of Kafka or an index of Elasticsearch.

use std::fmt;

use serde::Deserialize;

use super::{ElasticsearchConfig, KafkaSinkConfig};

/// Where messages go to.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SinkConfig {
    /// A topic of Kafka.
    Kafka(KafkaSinkConfig),
    /// An index of Elasticsearch or `OpenSearch`.
    Elasticsearch(ElasticsearchConfig),
}

impl SinkConfig {
    /// Returns the name of the product.
    pub fn product(&self) -> &'static str {
        match self {
            Self::Kafka(_) => "Kafka",
            Self::Elasticsearch(_) => "Elasticsearch",
        }
    }
}

impl fmt::Display for SinkConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kafka(kafka) => kafka.fmt(f),
            Self::Elasticsearch(elasticsearch) => elasticsearch.fmt(f),
        }
    }
}
