//! One dead letter as a JSON line: original bytes, properties, headers, where it came from and why it is here.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::json;

use crate::envelope::Envelope;

/// A message that Kafka does not take.
#[derive(Debug)]
pub struct Letter<'a> {
    /// Why not.
    pub reason: &'a str,
    /// The virtual host it came from.
    pub vhost: &'a str,
    /// The queue it came from.
    pub queue: &'a str,
    /// The message itself.
    pub envelope: &'a Envelope,
}

impl Letter<'_> {
    /// Returns the line, its end included.
    pub(super) fn to_line(&self) -> String {
        let Envelope { exchange, routing_key, redelivered, properties, body } = self.envelope;
        let text = |value: &Option<lapin::types::ShortString>| value.as_ref().map(ToString::to_string);
        let line = json!({
            "time": Timestamp::now(),
            "reason": self.reason,
            "vhost": self.vhost,
            "queue": self.queue,
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
                "timestamp": properties.timestamp(),
                "delivery_mode": properties.delivery_mode(),
            },
            "headers": self.envelope.headers_as_json(),
            "body_base64": STANDARD.encode(body),
        });
        format!("{line}\n")
    }
}

#[cfg(test)]
mod tests {
    use lapin::types::AMQPValue;
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_letter_keeps_the_bytes_and_says_why() {
        let envelope = Envelope::of([0xff, 0x0a]).with_header("datetime", AMQPValue::LongInt(7));
        let letter =
            Letter { reason: "the body is not valid UTF-8", vhost: "/log", queue: "logs", envelope: &envelope };
        let line = letter.to_line();
        assert_eq!(line.matches('\n').count(), 1);
        let value: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(STANDARD.decode(value["body_base64"].as_str().unwrap()).unwrap(), envelope.body);
        assert_eq!((&value["headers"]["datetime"], &value["queue"]), (&json!(7), &json!("logs")));
        assert_eq!(value["reason"], "the body is not valid UTF-8");
    }
}
