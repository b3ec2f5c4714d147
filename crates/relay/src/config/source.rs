//! Where messages come from: a queue of RabbitMQ or topics of Kafka, or several of them.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{KafkaSourceConfig, RabbitmqConfig};

/// Where messages come from.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceConfig {
    /// A queue of RabbitMQ.
    Rabbitmq(RabbitmqConfig),
    /// Topics of Kafka.
    Kafka(KafkaSourceConfig),
}

impl SourceConfig {
    /// Returns the name of the product.
    pub fn product(&self) -> &'static str {
        match self {
            Self::Rabbitmq(_) => "RabbitMQ",
            Self::Kafka(_) => "Kafka",
        }
    }

    /// Returns how long a message may wait for its confirmation before the source must have it back.
    pub fn hand_back_after(&self) -> Option<Duration> {
        match self {
            Self::Rabbitmq(rabbitmq) => Some(rabbitmq.hand_back_after()),
            // Nobody takes a record away from a member that is still there.
            Self::Kafka(_) => None,
        }
    }
}

impl fmt::Display for SourceConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rabbitmq(rabbitmq) => rabbitmq.fmt(f),
            Self::Kafka(kafka) => kafka.fmt(f),
        }
    }
}

/// Reads a source or a list of them.
pub(super) fn one_or_several<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<SourceConfig>, D::Error> {
    from.deserialize_any(OneOrSeveral)
}

struct OneOrSeveral;

impl<'de> Visitor<'de> for OneOrSeveral {
    type Value = Vec<SourceConfig>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a source, rabbitmq or kafka, or a list of sources")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        SourceConfig::deserialize(MapAccessDeserializer::new(map)).map(|source| vec![source])
    }

    /// None may be there twice: what is counted and told is by their names.
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let (mut sources, mut names) = (Vec::new(), BTreeSet::new());
        while let Some(source) = list.next_element::<SourceConfig>()? {
            let name = source.to_string();
            if !names.insert(name.clone()) {
                return Err(A::Error::custom(format!("{name} is there twice")));
            }
            sources.push(source);
        }
        if sources.is_empty() { Err(A::Error::custom("at least one source is needed")) } else { Ok(sources) }
    }
}
