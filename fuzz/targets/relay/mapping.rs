//! A mapping, and a message for it: whatever both are, there is a record, none, or a refusal; and the same one again.

use std::collections::HashMap;

use dpp_relay::config::{self, Config};
use dpp_relay::envelope::{Delivered, Envelope, Origin, Place};
use dpp_relay::mapping::{Mapping, Refusal};
use jiff::Timestamp;
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};
use serde::de::IgnoredAny;

/// The first line is the mapping, in braces; what follows is the body.
pub(crate) fn run(bytes: &[u8]) {
    let (first, body) = bytes.split_at(bytes.iter().position(|byte| *byte == b'\n').unwrap_or(0));
    let Some(config) = config(first) else { return };
    let Ok(mapping) = Mapping::new(&config) else { return };
    let now = Timestamp::from_second(1_514_764_800).expect("a time");
    let body = body.strip_prefix(b"\n").unwrap_or(body);
    for envelope in [of_rabbitmq(body), of_kafka(body)] {
        let mapped = mapping.map(&envelope, now);
        match &mapped {
            Ok(Some(record)) => assert!(is_object(&record.value), "{:?}", record.value),
            Ok(None) => {}
            Err(Refusal::NotUtf8) => assert!(std::str::from_utf8(body).is_err()),
            Err(refusal) => assert!(!refusal.to_string().is_empty()),
        }
        assert!(mapping.map(&envelope, now) == mapped, "the same message is the same record");
    }
}

/// What passes unread may have a number that no number of ours holds.
#[expect(clippy::zero_sized_map_values, reason = "serde's way to ask for an object of anything")]
fn is_object(value: &[u8]) -> bool {
    serde_json::from_slice::<HashMap<String, IgnoredAny>>(value).is_ok()
}

fn config(mapping: &[u8]) -> Option<Config> {
    let mapping = std::str::from_utf8(mapping).ok()?;
    // A table is a file of the system, and nothing from outside.
    if mapping.contains("table") {
        return None;
    }
    let text = format!(
        "source: {{rabbitmq: {{host: h, vhost: /, user: u, password: p, queue: q, declare: none}}}}\n\
         sink: {{kafka: {{bootstrap_servers: 'k:9092', topic: t, key: {{field: user.id}}}}}}\n\
         mapping: {mapping}\ndead_letter: {{file: /nowhere}}\n"
    );
    let path = super::file("mapping.yml");
    std::fs::write(&path, text).expect("the file can be written");
    config::read(&path).ok()
}

fn of_rabbitmq(body: &[u8]) -> Envelope {
    let mut headers = FieldTable::default();
    let text = body.get(..body.len().min(40)).unwrap_or_default();
    headers.insert("datetime".into(), AMQPValue::LongString(text.to_vec().into()));
    let delivered = Delivered {
        exchange: "e".into(),
        routing_key: "r".into(),
        redelivered: false,
        properties: BasicProperties::default().with_headers(headers),
    };
    Envelope { origin: Origin::Rabbitmq(Box::new(delivered)), body: body.to_vec() }
}

fn of_kafka(body: &[u8]) -> Envelope {
    let headers = vec![("datetime".to_owned(), Some(body.to_vec()))];
    let place =
        Place { topic: "t".into(), partition: 1, offset: 2, key: Some(body.to_vec()), headers, timestamp: Some(3) };
    Envelope { origin: Origin::Kafka(place), body: body.to_vec() }
}
