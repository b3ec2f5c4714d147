//! A dead letter made a message again: the inverse of writing one, byte for byte and type for type.

use std::fs::File;
use std::io;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lapin::BasicProperties;
use lapin::types::ShortString;
use serde::Deserialize;

use super::exact::Exact;
use super::file::Lines;
use crate::envelope::{Delivered, Envelope, Origin, Place};

/// A letter as it lies in the file.
#[derive(Debug)]
pub struct Kept {
    /// Where its line begins.
    pub offset: u64,
    /// Why it is there.
    pub reason: String,
    /// The message; or what is wrong with the line.
    pub message: Result<Envelope, String>,
}

/// Reads the letters that a file has now.
pub fn read(path: &Path) -> io::Result<impl Iterator<Item = io::Result<Kept>>> {
    let lines = Lines::of(File::open(path)?)?;
    Ok(lines.map(|line| line.map(|(offset, line)| kept(offset, &line))))
}

fn kept(offset: u64, line: &[u8]) -> Kept {
    let line = String::from_utf8_lossy(line);
    match message(&line) {
        Ok((reason, message)) => Kept { offset, reason, message: Ok(message) },
        Err(wrong) => Kept { offset, reason: wrong.clone(), message: Err(wrong) },
    }
}

/// A line of the file, as far as the message is made of it.
#[derive(Debug, Deserialize)]
struct Line {
    reason: String,
    body_base64: String,
    #[serde(flatten)]
    source: Source,
}

/// Told apart by what only one of them has.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Source {
    Kafka(Box<OfKafka>),
    Rabbitmq(Box<OfRabbitmq>),
}

#[derive(Debug, Deserialize)]
struct OfKafka {
    topic: String,
    partition: i32,
    offset: i64,
    timestamp: Option<i64>,
    key_base64: Option<String>,
    exact_headers: Vec<(String, Option<String>)>,
}

#[derive(Debug, Deserialize)]
struct OfRabbitmq {
    exchange: String,
    routing_key: String,
    properties: Properties,
    exact_headers: Option<Exact>,
}

#[derive(Debug, Deserialize)]
struct Properties {
    message_id: Option<String>,
    correlation_id: Option<String>,
    content_type: Option<String>,
    content_encoding: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    app_id: Option<String>,
    reply_to: Option<String>,
    expiration: Option<String>,
    user_id: Option<String>,
    priority: Option<u8>,
    timestamp: Option<u64>,
    delivery_mode: Option<u8>,
}

/// Returns the reason and the message of a line; the error says what is wrong with the line.
fn message(line: &str) -> Result<(String, Envelope), String> {
    let line: Line = serde_json::from_str(line).map_err(|error| format!("no dead letter: {error}"))?;
    let origin = match line.source {
        Source::Kafka(source) => Origin::Kafka(place(*source)?),
        Source::Rabbitmq(source) => Origin::Rabbitmq(Box::new(delivered(*source)?)),
    };
    Ok((line.reason, Envelope { origin, body: bytes(&line.body_base64)? }))
}

fn place(of: OfKafka) -> Result<Place, String> {
    let header = |(name, value): (String, Option<String>)| Ok((name, value.as_deref().map(bytes).transpose()?));
    Ok(Place {
        topic: of.topic.into(),
        partition: of.partition,
        offset: of.offset,
        key: of.key_base64.as_deref().map(bytes).transpose()?,
        headers: of.exact_headers.into_iter().map(header).collect::<Result<_, String>>()?,
        timestamp: of.timestamp,
    })
}

/// It was delivered before, whatever the letter says.
fn delivered(of: OfRabbitmq) -> Result<Delivered, String> {
    let short = |text: String| ShortString::from(text);
    let given = of.properties;
    let mut properties = BasicProperties::default();
    let texts = [
        (given.message_id, BasicProperties::with_message_id as fn(BasicProperties, ShortString) -> BasicProperties),
        (given.correlation_id, BasicProperties::with_correlation_id),
        (given.content_type, BasicProperties::with_content_type),
        (given.content_encoding, BasicProperties::with_content_encoding),
        (given.kind, BasicProperties::with_type),
        (given.app_id, BasicProperties::with_app_id),
        (given.reply_to, BasicProperties::with_reply_to),
        (given.expiration, BasicProperties::with_expiration),
        (given.user_id, BasicProperties::with_user_id),
    ];
    for (text, with) in texts {
        properties = text.map(short).into_iter().fold(properties, with);
    }
    properties = given.priority.into_iter().fold(properties, BasicProperties::with_priority);
    properties = given.timestamp.into_iter().fold(properties, BasicProperties::with_timestamp);
    properties = given.delivery_mode.into_iter().fold(properties, BasicProperties::with_delivery_mode);
    let headers = of.exact_headers.map(Exact::table).transpose()?;
    properties = headers.into_iter().fold(properties, BasicProperties::with_headers);
    Ok(Delivered { exchange: of.exchange.into(), routing_key: of.routing_key.into(), redelivered: true, properties })
}

fn bytes(text: &str) -> Result<Vec<u8>, String> {
    STANDARD.decode(text).map_err(|error| format!("no base64: {error}"))
}

#[cfg(test)]
mod tests {
    use lapin::types::{AMQPValue, ByteArray, DecimalValue, FieldArray, FieldTable};

    use super::super::letter::{Letter, Queue};
    use super::*;

    fn again(envelope: &Envelope) -> Envelope {
        let queue = Some(Queue { vhost: "/log", name: "logs" });
        message(Letter { reason: "no reason", queue, envelope }.to_line().trim_end()).unwrap().1
    }

    #[test]
    fn a_message_of_rabbitmq_comes_back_with_every_type() {
        let mut envelope = Envelope::of([0xff, 0, b'\n']).delivered(|delivered| {
            delivered.redelivered = true;
            let properties = std::mem::take(&mut delivered.properties);
            let properties = properties.with_message_id("m1".into()).with_type("log".into()).with_priority(3);
            delivered.properties = properties.with_timestamp(1_514_764_800).with_delivery_mode(2);
        });
        let mut table = FieldTable::default();
        table.insert(
            "inner".into(),
            AMQPValue::FieldArray(FieldArray::from(vec![AMQPValue::Void, AMQPValue::LongInt(-1)])),
        );
        for (name, value) in [
            ("text", AMQPValue::LongString(vec![0xff, 0x00].into())),
            ("short", AMQPValue::ShortInt(-7)),
            ("large", AMQPValue::LongLongInt(i64::MAX)),
            ("float", AMQPValue::Double(0.1)),
            ("time", AMQPValue::Timestamp(7)),
            ("bytes", AMQPValue::ByteArray(ByteArray::from(vec![1, 2]))),
            ("decimal", AMQPValue::DecimalValue(DecimalValue { scale: 2, value: 125 })),
            ("table", AMQPValue::FieldTable(table)),
        ] {
            envelope = envelope.with_header(name, value);
        }
        assert_eq!(again(&envelope), envelope);
    }

    #[test]
    fn a_record_of_kafka_comes_back_with_its_place() {
        let mut envelope = Envelope::of_kafka("body");
        let Origin::Kafka(place) = &mut envelope.origin else { panic!("of Kafka") };
        place.key = Some(vec![0xff]);
        place.headers = vec![("a".into(), Some(vec![0])), ("a".into(), None)];
        assert_eq!(again(&envelope), envelope);
    }

    #[test]
    fn what_is_no_letter_is_told() {
        for line in
            ["", "{}", "{\"torn", r#"{"body_base64":"!","topic":"t","partition":0,"offset":1,"exact_headers":[]}"#]
        {
            assert!(message(line).is_err(), "{line}");
        }
    }
}
