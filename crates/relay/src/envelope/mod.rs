//! A message as RabbitMQ or Kafka delivered it, without the means to acknowledge it: only the window may decide that.

mod header;

use std::sync::Arc;

use lapin::BasicProperties;
use lapin::types::{FieldTable, ShortString};
use serde_json::{Map, Value};

pub use header::HeaderValue;

/// A message as it came, bytes and headers untouched.
#[derive(Debug, PartialEq)]
pub struct Envelope {
    /// Where it came from, and what came with it.
    pub origin: Origin,
    /// Its bytes.
    pub body: Vec<u8>,
}

/// Where a message came from, and what came with it.
#[derive(Debug, PartialEq)]
pub enum Origin {
    /// A queue of RabbitMQ.
    Rabbitmq(Box<Delivered>),
    /// A partition of Kafka.
    Kafka(Place),
}

/// What RabbitMQ delivers beside the bytes.
#[derive(Debug, PartialEq)]
pub struct Delivered {
    /// The exchange it was published to.
    pub exchange: ShortString,
    /// Its routing key.
    pub routing_key: ShortString,
    /// Whether RabbitMQ delivered it before.
    pub redelivered: bool,
    /// Its properties and headers.
    pub properties: BasicProperties,
}

/// What Kafka delivers beside the bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct Place {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition of that topic.
    pub partition: i32,
    /// Its number in that partition.
    pub offset: i64,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its headers, in their order; a name may come twice.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// Its time in milliseconds.
    pub timestamp: Option<i64>,
}

impl Envelope {
    /// Returns the header of that name; the last one, when there are several.
    pub fn header(&self, name: &str) -> Option<HeaderValue<'_>> {
        match &self.origin {
            Origin::Rabbitmq(delivered) => delivered.table()?.inner().get(name).map(HeaderValue::Amqp),
            Origin::Kafka(place) => {
                let found = place.headers.iter().rev().find(|(found, _)| found == name);
                found.map(|(_, value)| HeaderValue::Bytes(value.as_deref()))
            }
        }
    }

    /// Returns all headers: RabbitMQ's in the order of their names, Kafka's in theirs.
    pub fn headers(&self) -> Vec<(&str, HeaderValue<'_>)> {
        match &self.origin {
            Origin::Rabbitmq(delivered) => {
                let headers = delivered.table().into_iter().flat_map(FieldTable::inner);
                headers.map(|(name, value)| (name.as_str(), HeaderValue::Amqp(value))).collect()
            }
            Origin::Kafka(place) => {
                let headers = place.headers.iter();
                headers.map(|(name, value)| (name.as_str(), HeaderValue::Bytes(value.as_deref()))).collect()
            }
        }
    }

    /// Returns all headers as a JSON object.
    pub fn headers_as_json(&self) -> Map<String, Value> {
        self.headers().into_iter().map(|(name, value)| (name.to_owned(), value.json())).collect()
    }
}

impl Delivered {
    fn table(&self) -> Option<&FieldTable> {
        self.properties.headers().as_ref()
    }
}

#[cfg(test)]
impl Envelope {
    /// Returns a message of RabbitMQ without headers.
    pub(crate) fn of(body: impl Into<Vec<u8>>) -> Self {
        let delivered = Delivered {
            exchange: "logging".into(),
            routing_key: "".into(),
            redelivered: false,
            properties: BasicProperties::default(),
        };
        Self { origin: Origin::Rabbitmq(Box::new(delivered)), body: body.into() }
    }

    /// Returns a record of Kafka, number 42 of its partition.
    pub(crate) fn of_kafka(body: impl Into<Vec<u8>>) -> Self {
        let place = Place {
            topic: "logs_data".into(),
            partition: 3,
            offset: 42,
            key: None,
            headers: Vec::new(),
            timestamp: Some(1_514_764_800_000),
        };
        Self { origin: Origin::Kafka(place), body: body.into() }
    }

    /// Returns the same message with what RabbitMQ says of it changed.
    pub(crate) fn delivered(mut self, change: impl FnOnce(&mut Delivered)) -> Self {
        if let Origin::Rabbitmq(delivered) = &mut self.origin {
            change(delivered);
        }
        self
    }

    /// Returns the same message with one more header.
    pub(crate) fn with_header(self, name: &str, value: lapin::types::AMQPValue) -> Self {
        self.delivered(|delivered| {
            let mut table = delivered.properties.headers().clone().unwrap_or_default();
            table.insert(name.into(), value);
            delivered.properties = std::mem::take(&mut delivered.properties).with_headers(table);
        })
    }
}
