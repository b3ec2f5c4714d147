//! What is published, made from run and number alone, so that the reader can tell whether it came unharmed.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};
use sha2::{Digest, Sha256};

/// A persistent message.
const PERSISTENT: u8 = 2;

/// The body of message `number`; every third brings its own `@timestamp`.
pub(crate) fn body(run: &str, number: u64, size: usize) -> Vec<u8> {
    let stamp = if number.is_multiple_of(3) { r#""@timestamp":"2018-01-01T00:00:00.000Z","# } else { "" };
    let start = format!(r#"{{{stamp}"run":"{run}","number":{number},"message":""#);
    let padding = "x".repeat(size.saturating_sub(start.len() + 2));
    format!("{start}{padding}\"}}").into_bytes()
}

/// The date of a message published now: some minutes ago, by number, so that it differs from the time of its arrival.
///
/// Not years ago: Kafka's retention goes by the records' own time and would delete them.
fn datetime(number: u64) -> i64 {
    const SPREAD: u64 = 600;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    i64::try_from(now - number % SPREAD).unwrap_or(0)
}

/// The hash that travels beside the body.
pub(crate) fn hash(body: &[u8]) -> String {
    STANDARD.encode(Sha256::digest(body))
}

/// Properties and headers of message `number`.
pub(crate) fn properties(run: &str, number: u64, body: &[u8]) -> BasicProperties {
    let mut headers = FieldTable::default();
    headers.insert("datetime".into(), AMQPValue::LongLongInt(datetime(number)));
    headers.insert("sha256".into(), AMQPValue::LongString(hash(body).into()));
    BasicProperties::default()
        .with_delivery_mode(PERSISTENT)
        .with_message_id(format!("{run}-{number}").into())
        .with_content_type("application/json".into())
        .with_headers(headers)
}

/// The body as published, from a record's value: the relay puts `@timestamp` in front where there was none.
pub(crate) fn without_added_timestamp(value: &[u8], number: u64) -> Option<Vec<u8>> {
    if number.is_multiple_of(3) {
        return Some(value.to_vec());
    }
    let rest = value.strip_prefix(br#"{"@timestamp":""#)?;
    let comma = rest.iter().position(|byte| *byte == b',')?;
    Some([b"{", &rest[comma + 1..]].concat())
}
