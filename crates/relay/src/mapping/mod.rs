//! How a message becomes a record: key, headers, time and value. Pure: the same message gives the same record.

mod date;
mod keep;
mod logstash;
mod object;
mod rules;

use std::borrow::Cow;

use jiff::Timestamp;
use lapin::types::ShortString;
use serde_json::Value;

use crate::config::{Config, Format, Key, MappingConfig, NotJson, SinkConfig};
use crate::envelope::{Delivered, Envelope, Origin};

pub use rules::TableError;

use rules::{Event, Ruled, Rules, event_text};

/// A header of a record; a void AMQP value has no bytes.
pub type RecordHeader<'a> = (Cow<'a, str>, Option<Cow<'a, [u8]>>);

/// What is to be written, borrowed from the message where that is possible.
#[derive(Debug, Clone, PartialEq)]
pub struct Record<'a> {
    /// The record's key.
    pub key: Option<Cow<'a, [u8]>>,
    /// The record's value.
    pub value: Cow<'a, [u8]>,
    /// The record's headers.
    pub headers: Vec<RecordHeader<'a>>,
    /// The record's time in milliseconds.
    pub timestamp: i64,
    /// What a document made of it is called, where the sink writes documents.
    pub id: Option<String>,
}

/// Why a message cannot become a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// JSON and Elasticsearch take UTF-8 only.
    #[error("the body is not valid UTF-8")]
    NotUtf8,
    /// The configuration wants such messages put aside.
    #[error("the body is not a JSON object")]
    NotAnObject,
    /// The rules would have to write it anew.
    #[error("the body has a number that 64 bits do not hold, and the mapping has rules")]
    NumberTooLarge,
}

/// Turns messages into records as the configuration says.
#[derive(Debug)]
pub struct Mapping {
    config: MappingConfig,
    rules: Rules,
    key: Key,
    headers: bool,
    documents: bool,
}

impl Mapping {
    /// Returns the mapping of a configuration.
    ///
    /// Fails when one of its tables cannot be read.
    pub fn new(config: &Config) -> Result<Self, TableError> {
        let (key, headers, documents) = match &config.sink {
            SinkConfig::Kafka(sink) => (sink.key.clone(), sink.headers, false),
            SinkConfig::Elasticsearch(_) => (Key::None, false, true),
        };
        let rules = Rules::new(&config.mapping.rules)?;
        Ok(Self { config: config.mapping.clone(), rules, key, headers, documents })
    }

    /// Maps one message that is handled at `now`; nothing is left of one that the rules drop.
    pub fn map<'a>(&self, envelope: &'a Envelope, now: Timestamp) -> Result<Option<Record<'a>>, Refusal> {
        let date = date::of(envelope, &self.config.date_header);
        let mut value = match self.config.format {
            Format::Keep => keep::value(envelope, date.or(now), &self.config)?,
            Format::Logstash => logstash::value(envelope, date, now, &self.config)?,
        };
        let (mut time, mut field) = (date.or(now), None);
        if !self.rules.is_empty() {
            let mut event = serde_json::from_slice(&value).map_err(|_| Refusal::NumberTooLarge)?;
            match self.rules.apply(&mut event) {
                Ruled::Dropped => return Ok(None),
                Ruled::Kept(found) => time = found.unwrap_or(time),
            }
            field = self.key_field(&event);
            value = Cow::Owned(Value::Object(event).to_string().into_bytes());
        } else if matches!(self.key, Key::Field(_)) {
            field = serde_json::from_slice(&value).ok().and_then(|event| self.key_field(&event));
        }
        Ok(Some(Record {
            key: field.map(|text| Cow::Owned(text.into_bytes())).or_else(|| self.key(envelope)),
            value,
            headers: if self.headers { headers(envelope) } else { Vec::new() },
            timestamp: time.as_millisecond(),
            id: if self.documents { document_id(&envelope.origin) } else { None },
        }))
    }

    fn key_field(&self, event: &Event) -> Option<String> {
        let Key::Field(field) = &self.key else { return None };
        event_text(event, field)
    }

    fn key<'a>(&self, envelope: &'a Envelope) -> Option<Cow<'a, [u8]>> {
        match &self.key {
            Key::None | Key::Field(_) => None,
            Key::Record => match &envelope.origin {
                Origin::Kafka(place) => place.key.as_deref().map(Cow::Borrowed),
                Origin::Rabbitmq(_) => None,
            },
            Key::RoutingKey => match &envelope.origin {
                Origin::Rabbitmq(delivered) => Some(Cow::Borrowed(delivered.routing_key.as_str().as_bytes())),
                Origin::Kafka(_) => None,
            },
            Key::Header(name) => envelope.header(name)?.bytes(),
        }
    }
}

/// Headers keep their names; AMQP's properties get the prefix `amqp.`.
pub(crate) fn headers(envelope: &Envelope) -> Vec<RecordHeader<'_>> {
    let own = envelope.headers().into_iter().map(|(name, value)| (Cow::Borrowed(name), value.bytes()));
    let mut headers: Vec<_> = own.collect();
    if let Origin::Rabbitmq(delivered) = &envelope.origin {
        headers.extend(properties(delivered));
    }
    headers
}

fn properties(delivered: &Delivered) -> impl Iterator<Item = RecordHeader<'_>> {
    let message_id = delivered.properties.message_id().as_ref();
    let properties = [
        ("amqp.exchange", Some(delivered.exchange.as_str())),
        ("amqp.routing_key", Some(delivered.routing_key.as_str())),
        ("amqp.message_id", message_id.map(ShortString::as_str)),
        ("amqp.redelivered", delivered.redelivered.then_some("true")),
    ];
    let given = properties.into_iter().filter_map(|(name, value)| Some((name, value?)));
    given.map(|(name, value)| (Cow::Borrowed(name), Some(Cow::Borrowed(value.as_bytes()))))
}

/// The same for the same record of Kafka, in the form that Confluent's sink writes.
fn document_id(origin: &Origin) -> Option<String> {
    match origin {
        Origin::Kafka(place) => Some(format!("{}+{}+{}", place.topic, place.partition, place.offset)),
        Origin::Rabbitmq(_) => None,
    }
}

/// Returns the value for a body that is no JSON object.
fn not_json(text: &str, time: Timestamp, rules: &MappingConfig) -> Result<Vec<u8>, Refusal> {
    match rules.not_json {
        NotJson::DeadLetter => Err(Refusal::NotAnObject),
        NotJson::Wrap => Ok(object::wrapped(text, time)),
    }
}

fn text_of(envelope: &Envelope) -> Result<&str, Refusal> {
    std::str::from_utf8(&envelope.body).map_err(|_| Refusal::NotUtf8)
}

#[cfg(test)]
mod tests {
    use lapin::types::AMQPValue;

    use super::*;

    fn mapping(key: Key) -> Mapping {
        let rules = Rules::new(&[]).unwrap();
        Mapping { config: MappingConfig::default(), rules, key, headers: true, documents: false }
    }

    fn now() -> Timestamp {
        Timestamp::from_second(1_000).unwrap()
    }

    #[test]
    fn the_header_date_becomes_the_records_time_and_now_stands_in() {
        let dated = Envelope::of("{}").with_header("datetime", AMQPValue::LongString("1514764800.25".into()));
        assert_eq!(mapping(Key::None).map(&dated, now()).unwrap().unwrap().timestamp, 1_514_764_800_250);
        assert_eq!(mapping(Key::None).map(&Envelope::of("{}"), now()).unwrap().unwrap().timestamp, 1_000_000);
    }

    #[test]
    fn the_key_follows_the_configuration() {
        let envelope = Envelope::of("{}").with_header("user", AMQPValue::LongInt(7));
        let key_of = |key| mapping(key).map(&envelope, now()).unwrap().unwrap().key.map(Cow::into_owned);
        assert_eq!(key_of(Key::None), None);
        assert_eq!(key_of(Key::RoutingKey), Some(Vec::new()));
        assert_eq!(key_of(Key::Header("user".into())), Some(b"7".to_vec()));
        assert_eq!(key_of(Key::Header("absent".into())), None);
    }

    #[test]
    fn a_field_is_the_key_as_the_mapping_left_it() {
        let key_of = |field: &str, rules: &str, body: &str| {
            let rules: Vec<crate::config::Rule> = serde_saphyr::from_str(rules).unwrap();
            let key = Key::Field(field.to_owned().try_into().unwrap());
            let mapping = Mapping { rules: Rules::new(&rules).unwrap(), ..mapping(key) };
            let key = mapping.map(&Envelope::of(body), now()).unwrap().unwrap().key.map(Cow::into_owned);
            key.map(|key| String::from_utf8(key).unwrap())
        };
        let body = r#"{"user":{"id":7,"name":"x y"},"on":true,"nil":null}"#;
        for (field, rules, key) in [
            ("user.name", "[]", Some("x y")),
            ("user.id", "[]", Some("7")),
            ("on", "[]", Some("true")),
            ("nil", "[]", None),
            ("absent", "[]", None),
            ("user", "[]", Some(r#"{"id":7,"name":"x y"}"#)),
            ("id", "[{rename: {from: user.id, to: id}}]", Some("7")),
            ("user.id", "[{remove: [user]}]", None),
        ] {
            assert_eq!(key_of(field, rules, body).as_deref(), key, "{field} {rules}");
        }
        assert_eq!(key_of("message", "[]", "no JSON").as_deref(), Some("no JSON"));
    }

    #[test]
    fn headers_and_properties_are_all_there() {
        let envelope = Envelope::of("{}").with_header("b", AMQPValue::Void).delivered(|delivered| {
            delivered.redelivered = true;
            delivered.properties = std::mem::take(&mut delivered.properties).with_message_id("m1".into());
        });
        let record = mapping(Key::None).map(&envelope, now()).unwrap().unwrap();
        let shown: Vec<_> = record.headers.iter().map(|(name, value)| (name.as_ref(), value.as_deref())).collect();
        let expected: Vec<(&str, Option<&[u8]>)> = vec![
            ("b", None),
            ("amqp.exchange", Some(b"logging")),
            ("amqp.routing_key", Some(b"")),
            ("amqp.message_id", Some(b"m1")),
            ("amqp.redelivered", Some(b"true")),
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_document_is_called_after_its_record_and_dated_as_it_is() {
        let mapping = Mapping { documents: true, headers: false, ..mapping(Key::None) };
        let envelope = Envelope::of_kafka("{}");
        let record = mapping.map(&envelope, now()).unwrap().unwrap();
        assert_eq!((record.id.as_deref(), record.timestamp), (Some("logs_data+3+42"), 1_514_764_800_000));
        assert_eq!(record.value.as_ref(), br#"{"@timestamp":"2018-01-01T00:00:00.000Z"}"#);
    }

    #[test]
    fn a_body_that_is_no_text_is_refused() {
        assert_eq!(mapping(Key::None).map(&Envelope::of([0xff]), now()), Err(Refusal::NotUtf8));
    }

    #[test]
    fn rules_come_last_and_may_date_or_end_the_event() {
        let rules: Vec<crate::config::Rule> = serde_saphyr::from_str(
            "[{drop_if: {field: level, equals: debug}}, {date: {field: at, format: unix}}, {remove: [at]}]",
        )
        .unwrap();
        let mapping = Mapping { rules: Rules::new(&rules).unwrap(), ..mapping(Key::None) };
        let map = |body: &str| {
            mapping.map(&Envelope::of(body), now()).map(|record| record.map(|r| (r.timestamp, r.value.into_owned())))
        };
        let expected = br#"{"@timestamp":"2018-01-01T00:00:00.000Z","a":1.5}"#.to_vec();
        assert_eq!(map(r#"{"a":1.50,"at":1514764800}"#), Ok(Some((1_514_764_800_000, expected))));
        assert_eq!(map(r#"{"level":"debug"}"#), Ok(None));
        assert_eq!(map(r#"{"a":1e400}"#), Err(Refusal::NumberTooLarge));
    }
}
