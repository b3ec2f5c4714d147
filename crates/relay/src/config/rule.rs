//! The rules of a mapping, as the file writes them: one thing a rule, done in their order.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;

/// One change of an event, or its end.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The text of a field is parsed as a JSON object.
    ParseJson(ParseJson),
    /// A field gets another name.
    Rename(Rename),
    /// Fields are removed.
    Remove(Vec<Field>),
    /// Fields are set; `%{field}` in a text stands for that field's.
    Add(BTreeMap<Field, Value>),
    /// A field is read as the event's date.
    Date(DateRule),
    /// Events for which the condition holds go nowhere.
    DropIf(Condition),
    /// A field's value is looked up in a table.
    Lookup(Lookup),
}

/// A field by its path: `user.name` is the field `name` of the object `user`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Field(Vec<String>);

impl Field {
    /// Returns the names on the way, the field's own last.
    pub fn path(&self) -> (&[String], &str) {
        match self.0.split_last() {
            Some((name, way)) => (way, name),
            None => (&[], ""),
        }
    }
}

impl TryFrom<String> for Field {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let names: Vec<String> = text.split('.').map(str::to_owned).collect();
        if names.iter().any(String::is_empty) {
            Err(format!("`{text}` is no field such as user.name"))
        } else {
            Ok(Self(names))
        }
    }
}

/// The text of a field is parsed as a JSON object.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParseJson {
    /// Which field.
    pub field: Field,
    /// Where the object's fields go; to the top, when this is not said.
    pub into: Option<Field>,
}

/// A field gets another name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rename {
    /// The old name.
    pub from: Field,
    /// The new one.
    pub to: Field,
}

/// A field is read as the event's date.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DateRule {
    /// Which field.
    pub field: Field,
    /// How it is written.
    pub format: DateFormat,
}

/// How a date is written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum DateFormat {
    /// Seconds since 1970.
    Unix,
    /// Milliseconds since 1970.
    UnixMs,
    /// `2018-01-01T00:00:00Z` and its relatives with an offset.
    Iso8601,
    /// By strptime's letters; in UTC, when they tell no offset.
    Pattern(String),
}

impl TryFrom<String> for DateFormat {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "unix" => Ok(Self::Unix),
            "unix_ms" => Ok(Self::UnixMs),
            "iso8601" => Ok(Self::Iso8601),
            pattern if pattern.contains('%') => Ok(Self::Pattern(text)),
            _ => Err(format!("`{text}` is none of unix, unix_ms, iso8601 and a pattern such as %Y-%m-%d %H:%M:%S")),
        }
    }
}

/// What is asked of a field.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "RawCondition")]
pub struct Condition {
    /// Which field.
    pub field: Field,
    /// What is asked.
    pub test: Test,
}

/// A question to a field.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// Is it this?
    Equals(Value),
    /// Is it there, or not?
    Exists(bool),
    /// Is this in its text?
    Contains(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCondition {
    field: Field,
    equals: Option<Value>,
    exists: Option<bool>,
    contains: Option<String>,
}

impl TryFrom<RawCondition> for Condition {
    type Error = &'static str;

    fn try_from(raw: RawCondition) -> Result<Self, Self::Error> {
        let test = match (raw.equals, raw.exists, raw.contains) {
            (Some(value), None, None) => Test::Equals(value),
            (None, Some(there), None) => Test::Exists(there),
            (None, None, Some(text)) => Test::Contains(text),
            _ => return Err("a condition needs exactly one of equals, exists and contains"),
        };
        Ok(Self { field: raw.field, test })
    }
}

/// A field's value is looked up in a table.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lookup {
    /// Whose value is looked up, a text or a number.
    pub field: Field,
    /// `.csv` of two columns, or `.json` of one object; read anew when it has changed.
    pub table: PathBuf,
    /// Where the value of the table goes.
    pub into: Field,
    /// What goes there when the table has none.
    pub default: Option<Value>,
}
