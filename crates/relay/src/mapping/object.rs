//! JSON objects without building them: is this text one, does it have `@timestamp`, and the one built for other texts.

use std::fmt;

use jiff::Timestamp;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::json;

/// The field by which Elasticsearch and Kibana order events.
pub(super) const TIMESTAMP: &str = "@timestamp";

/// The tag by which Logstash marks what it could not parse.
pub(super) const PARSE_FAILURE: &str = "_jsonparsefailure";

/// What one pass over a JSON object's top level found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Outline {
    pub(super) empty: bool,
    pub(super) has_timestamp: bool,
}

/// Returns the outline of a text that is one JSON object and nothing else.
pub(super) fn outline(text: &str) -> Option<Outline> {
    serde_json::from_str(text).ok()
}

/// Returns the time as Logstash writes it: UTC, milliseconds.
pub(super) fn iso(time: Timestamp) -> String {
    format!("{time:.3}")
}

/// Returns the object that stands for a text that is none.
pub(super) fn wrapped(text: &str, time: Timestamp) -> Vec<u8> {
    json!({ TIMESTAMP: iso(time), "message": text, "tags": [PARSE_FAILURE] }).to_string().into_bytes()
}

impl<'de> Deserialize<'de> for Outline {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(OutlineVisitor)
    }
}

struct OutlineVisitor;

impl<'de> Visitor<'de> for OutlineVisitor {
    type Value = Outline;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Outline, A::Error> {
        let mut outline = Outline { empty: true, has_timestamp: false };
        while let Some(IsTimestamp(is_timestamp)) = map.next_key()? {
            map.next_value::<IgnoredAny>()?;
            outline.empty = false;
            outline.has_timestamp |= is_timestamp;
        }
        Ok(outline)
    }
}

/// A key of which only one thing is asked, so that none is copied.
struct IsTimestamp(bool);

impl<'de> Deserialize<'de> for IsTimestamp {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(KeyVisitor)
    }
}

struct KeyVisitor;

impl Visitor<'_> for KeyVisitor {
    type Value = IsTimestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<IsTimestamp, E> {
        Ok(IsTimestamp(key == TIMESTAMP))
    }
}
