//! `dpp-relay test`: messages whose outcome is known, through the mapping. Nothing is connected to.

use std::collections::BTreeMap;

use jiff::Timestamp;
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::config::{Config, SourceConfig};
use crate::envelope::{Delivered, Envelope, Origin, Place};
use crate::mapping::Mapping;

/// Every test is handled at this time, 2018-01-01T00:00:00Z, so that its outcome is the same every day.
const NOW: i64 = 1_514_764_800;

/// One message and what is to become of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// What holds.
    pub name: String,
    /// The message.
    pub message: Given,
    /// What is to become of it.
    pub expect: Expected,
}

/// A message.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// Its bytes, as a text, or an object whose JSON they are.
    pub body: Value,
    /// Its headers.
    #[serde(default)]
    pub headers: BTreeMap<String, Value>,
    /// Its routing key, or the key of a record.
    #[serde(default)]
    pub key: Option<String>,
}

/// What is to become of a message.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// A record with this value.
    Value(Value),
    /// Nothing: a rule drops it.
    Dropped(bool),
    /// A dead letter with this in its reason.
    DeadLetter(String),
}

/// Returns what became of the message instead, if it was something else.
pub fn failure(trial: &Trial, config: &Config, mapping: &Mapping) -> Option<String> {
    let envelope = envelope(&trial.message, config);
    let got = match mapping.map(&envelope, Timestamp::from_second(NOW).unwrap_or_default()) {
        Ok(Some(record)) => json!({ "value": serde_json::from_slice::<Value>(&record.value).unwrap_or_default() }),
        Ok(None) => json!({ "dropped": true }),
        Err(refusal) => json!({ "dead_letter": refusal.to_string() }),
    };
    let is_as_expected = match &trial.expect {
        Expected::Value(value) => got["value"] == *value && got.get("value").is_some(),
        Expected::Dropped(dropped) => got.get("dropped").is_some() == *dropped,
        Expected::DeadLetter(words) => got["dead_letter"].as_str().is_some_and(|reason| reason.contains(words)),
    };
    (!is_as_expected).then(|| got.to_string())
}

fn envelope(given: &Given, config: &Config) -> Envelope {
    let body = given.body.as_str().map_or_else(|| given.body.to_string(), ToOwned::to_owned).into_bytes();
    // The mapping is the same for all sources, and so is the first one's message.
    let origin = match config.sources.first() {
        Some(SourceConfig::Kafka(source)) => {
            Origin::Kafka(place(given, source.topics.first().map_or("", String::as_str)))
        }
        _ => Origin::Rabbitmq(Box::new(delivered(given))),
    };
    Envelope { origin, body }
}

fn delivered(given: &Given) -> Delivered {
    let mut headers = FieldTable::default();
    for (name, value) in &given.headers {
        headers.insert(name.as_str().into(), typed(value));
    }
    Delivered {
        exchange: "".into(),
        routing_key: given.key.clone().unwrap_or_default().into(),
        redelivered: false,
        properties: BasicProperties::default().with_headers(headers),
    }
}

fn typed(value: &Value) -> AMQPValue {
    match value {
        Value::Null => AMQPValue::Void,
        Value::Bool(value) => AMQPValue::Boolean(*value),
        Value::Number(number) => {
            let whole = number.as_i64().map(AMQPValue::LongLongInt);
            whole.unwrap_or_else(|| AMQPValue::Double(number.as_f64().unwrap_or_default()))
        }
        Value::String(text) => AMQPValue::LongString(text.as_str().into()),
        other => AMQPValue::LongString(other.to_string().into()),
    }
}

fn place(given: &Given, topic: &str) -> Place {
    let bytes = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned).into_bytes();
    Place {
        topic: topic.into(),
        partition: 0,
        offset: 0,
        key: given.key.clone().map(String::into_bytes),
        headers: given.headers.iter().map(|(name, value)| (name.clone(), Some(bytes(value)))).collect(),
        timestamp: Some(NOW * 1_000),
    }
}
