//! A message as RabbitMQ delivered it, without the means to acknowledge it: only the window may decide that.

mod header;

use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable, ShortString};
use serde_json::{Map, Value};

pub use header::{bytes_of, json_of};

/// A message as it came, body and properties untouched.
#[derive(Debug, PartialEq)]
pub struct Envelope {
    /// The exchange it was published to.
    pub exchange: ShortString,
    /// Its routing key.
    pub routing_key: ShortString,
    /// Whether RabbitMQ delivered it before.
    pub redelivered: bool,
    /// Its properties and headers.
    pub properties: BasicProperties,
    /// Its bytes.
    pub body: Vec<u8>,
}

impl Envelope {
    /// Returns the header of that name.
    pub fn header(&self, name: &str) -> Option<&AMQPValue> {
        self.table()?.inner().get(name)
    }

    /// Returns all headers, in the order of their names.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &AMQPValue)> {
        self.table().into_iter().flat_map(FieldTable::inner).map(|(name, value)| (name.as_str(), value))
    }

    /// Returns all headers as a JSON object.
    pub fn headers_as_json(&self) -> Map<String, Value> {
        self.headers().map(|(name, value)| (name.to_owned(), json_of(value))).collect()
    }

    fn table(&self) -> Option<&FieldTable> {
        self.properties.headers().as_ref()
    }
}

#[cfg(test)]
impl Envelope {
    /// Returns a message without headers.
    pub(crate) fn of(body: impl Into<Vec<u8>>) -> Self {
        Self {
            exchange: "logging".into(),
            routing_key: "".into(),
            redelivered: false,
            properties: BasicProperties::default(),
            body: body.into(),
        }
    }

    /// Returns the same message with one more header.
    pub(crate) fn with_header(mut self, name: &str, value: AMQPValue) -> Self {
        let mut table = self.properties.headers().clone().unwrap_or_default();
        table.insert(name.into(), value);
        self.properties = self.properties.with_headers(table);
        self
    }
}
