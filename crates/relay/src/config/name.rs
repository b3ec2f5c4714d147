//! Names as the brokers take them, so that a bad one is refused with its line.

use serde::de::Error;
use serde::{Deserialize, Deserializer};

const AMQP_LONGEST: usize = 255;
const TOPIC_LONGEST: usize = 249;

/// Reads the name of a queue.
pub(super) fn amqp<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let name = String::deserialize(from)?;
    if name.is_empty() || name.len() > AMQP_LONGEST {
        return Err(D::Error::custom("an AMQP name has 1 to 255 bytes"));
    }
    Ok(name)
}

/// Reads the name of an exchange that may be left out.
pub(super) fn optional_amqp<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    amqp(from).map(Some)
}

/// Reads the name of a Kafka topic.
pub(super) fn topic<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let name = String::deserialize(from)?;
    check_topic(&name).map_err(D::Error::custom)?;
    Ok(name)
}

/// Says why Kafka takes no topic of that name, if it does not.
pub(super) fn check_topic(name: &str) -> Result<(), &'static str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let good = (1..=TOPIC_LONGEST).contains(&name.len()) && name.chars().all(allowed) && name != "." && name != "..";
    if good { Ok(()) } else { Err("a topic's name has 1 to 249 of a-z, A-Z, 0-9, `.`, `_`, `-`") }
}

/// Reads the name of a consumer group.
pub(super) fn group<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let name = String::deserialize(from)?;
    if name.is_empty() { Err(D::Error::custom("a consumer group has a name")) } else { Ok(name) }
}
