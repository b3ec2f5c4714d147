//! One dead letter as a JSON line: original bytes, properties, headers, where it came from and why it is here.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use lapin::types::ShortString;
use serde_json::{Value, json};

use super::exact;
use crate::envelope::{Delivered, Envelope, Origin, Place};

/// A message that the sink does not take.
#[derive(Debug)]
pub struct Letter<'a> {
    /// Why not.
    pub reason: &'a str,
    /// What it came from, when that was a queue.
    pub queue: Option<Queue<'a>>,
    /// The message itself.
    pub envelope: &'a Envelope,
}

/// A queue of RabbitMQ.
#[derive(Debug, Clone, Copy)]
pub struct Queue<'a> {
    /// The virtual host.
    pub vhost: &'a str,
    /// The queue's name.
    pub name: &'a str,
}

impl Letter<'_> {
    /// Returns the line, its end included.
    pub fn to_line(&self) -> String {
        let mut line = json!({ "time": Timestamp::now(), "reason": self.reason });
        let source = match &self.envelope.origin {
            Origin::Rabbitmq(delivered) => self.of_rabbitmq(delivered),
            Origin::Kafka(place) => of_kafka(place),
        };
        let rest = json!({
            "headers": exact::readable(self.envelope.headers_as_json().into()),
            "exact_headers": exact_headers(&self.envelope.origin),
            "body_base64": STANDARD.encode(&self.envelope.body),
        });
        for part in [source, rest] {
            if let (Value::Object(line), Value::Object(part)) = (&mut line, part) {
                line.extend(part);
            }
        }
        format!("{line}\n")
    }

    fn of_rabbitmq(&self, delivered: &Delivered) -> Value {
        let Delivered { exchange, routing_key, redelivered, properties } = delivered;
        let text = |value: &Option<ShortString>| value.as_ref().map(ToString::to_string);
        json!({
            "vhost": self.queue.map(|queue| queue.vhost),
            "queue": self.queue.map(|queue| queue.name),
            "exchange": exchange.as_str(),
            "routing_key": routing_key.as_str(),
            "redelivered": redelivered,
            "properties": {
                "message_id": text(properties.message_id()),
                "correlation_id": text(properties.correlation_id()),
                "content_type": text(properties.content_type()),
                "content_encoding": text(properties.content_encoding()),
                "type": text(properties.kind()),
                "app_id": text(properties.app_id()),
                "reply_to": text(properties.reply_to()),
                "expiration": text(properties.expiration()),
                "user_id": text(properties.user_id()),
                "priority": properties.priority(),
                "timestamp": properties.timestamp(),
                "delivery_mode": properties.delivery_mode(),
            },
        })
    }
}

/// With every type and every byte, which the readable ones do not have: what a letter is made a message of again.
fn exact_headers(origin: &Origin) -> Value {
    match origin {
        Origin::Rabbitmq(delivered) => delivered.properties.headers().as_ref().map_or(Value::Null, exact::written),
        Origin::Kafka(place) => {
            let value = |value: &Option<Vec<u8>>| value.as_ref().map(|bytes| STANDARD.encode(bytes));
            place.headers.iter().map(|(name, bytes)| json!([name, value(bytes)])).collect()
        }
    }
}

fn of_kafka(place: &Place) -> Value {
    json!({
        "topic": place.topic.as_ref(),
        "partition": place.partition,
        "offset": place.offset,
        "timestamp": place.timestamp,
        "key_base64": place.key.as_ref().map(|key| STANDARD.encode(key)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use lapin::types::AMQPValue;

    #[test]
    fn the_letter_keeps_the_bytes_and_says_why() {
        let envelope = Envelope::of([0xff, 0x0a]).with_header("datetime", AMQPValue::LongInt(7));
        let queue = Some(Queue { vhost: "/log", name: "logs" });
        let letter = Letter { reason: "the body is not valid UTF-8", queue, envelope: &envelope };
        let line = letter.to_line();
        assert_eq!(line.matches('\n').count(), 1);
        let value: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(STANDARD.decode(value["body_base64"].as_str().unwrap()).unwrap(), envelope.body);
        assert_eq!((&value["headers"]["datetime"], &value["queue"]), (&json!(7), &json!("logs")));
        assert_eq!(value["reason"], "the body is not valid UTF-8");
    }

    #[test]
    fn a_record_of_kafka_is_found_again_by_its_place() {
        let envelope = Envelope::of_kafka("text");
        let letter = Letter { reason: "400 mapper_parsing_exception", queue: None, envelope: &envelope };
        let value: Value = serde_json::from_str(&letter.to_line()).unwrap();
        let place = (&value["topic"], &value["partition"], &value["offset"], &value["key_base64"]);
        assert_eq!(place, (&json!("logs_data"), &json!(3), &json!(42), &Value::Null));
        assert_eq!(value["body_base64"], "dGV4dA==");
    }
}
