//! A YAML document as a tree in which everything knows its place.

use crate::source::Place;
use crate::value::{Map, Text, Value};

/// One node.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it stands: a scalar with its quotes, a collection from its first to its last entry.
    pub place: Place,
    /// What it is.
    pub data: Data,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// Nothing, or `null`, `~`.
    Null,
    /// A YAML 1.1 boolean.
    Bool(bool),
    /// A whole number; `0644` is octal.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// A text.
    Text(Text, Style),
    /// Nodes in order.
    List(Vec<Node>),
    /// Nodes by key, in the order they were written; merge keys are merged already.
    Map(Vec<(Key, Node)>),
}

/// How a text was written, which decides whether its characters can be found in the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// In single or double quotes.
    Quoted,
    /// As a `|` or `>` block.
    Block,
}

/// A key of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// Its characters.
    pub text: String,
    /// Where it stands.
    pub place: Place,
}

impl Node {
    /// The node under a key, if this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|(_, node)| node)
    }

    /// The key and the node under it.
    pub fn entry(&self, key: &str) -> Option<&(Key, Node)> {
        self.as_map()?.iter().find(|(candidate, _)| candidate.text == key)
    }

    /// The entries, if this is a mapping.
    pub fn as_map(&self) -> Option<&[(Key, Node)]> {
        match &self.data {
            Data::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The items, if this is a list.
    pub fn as_list(&self) -> Option<&[Node]> {
        match &self.data {
            Data::List(items) => Some(items),
            _ => None,
        }
    }

    /// The characters, if this is a text.
    pub fn as_str(&self) -> Option<&str> {
        match &self.data {
            Data::Text(text, _) => Some(text.as_str()),
            _ => None,
        }
    }

    /// Whether it holds nothing.
    pub fn is_null(&self) -> bool {
        matches!(self.data, Data::Null)
    }

    /// The value a variable gets from it; its texts keep their places.
    pub fn to_value(&self) -> Value {
        match &self.data {
            Data::Null => Value::Null,
            Data::Bool(yes) => Value::Bool(*yes),
            Data::Int(number) => Value::Int(*number),
            Data::Float(number) => Value::Float(*number),
            Data::Text(text, _) => Value::Text(text.clone()),
            Data::List(items) => Value::list(items.iter().map(Self::to_value)),
            Data::Map(entries) => {
                entries.iter().map(|(key, node)| (key.text.clone(), node.to_value())).collect::<Map>().into()
            }
        }
    }

    /// What it is, for messages.
    pub fn kind(&self) -> &'static str {
        match &self.data {
            Data::List(_) => "list",
            Data::Map(_) => "mapping",
            _ => self.to_value().kind(),
        }
    }
}
