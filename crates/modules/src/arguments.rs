//! The loose types in which Ansible's users write parameters: `yes`, `"0644"`, `a,b`, and their strict counterparts.
//!
//! They are serde adapters and nothing else; what a value means to a module is the module's business.

use std::ops::Deref;
use std::path::Path;

use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::expansion::expand_parameter;

/// A boolean in any of Ansible's spellings: `yes`, `on`, `1`, `true`, `y`, `t` and their opposites, in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flag(pub bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(from)?;
        flag(&value).map(Flag).ok_or_else(|| D::Error::custom(format!("{value} is not a yes or a no")))
    }
}

fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(yes) => Some(*yes),
        Value::Number(number) => match number.as_f64()? {
            1.0 => Some(true),
            0.0 => Some(false),
            _ => None,
        },
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "yes" | "on" | "1" | "true" | "y" | "t" | "1.0" => Some(true),
            "no" | "off" | "0" | "false" | "n" | "f" | "0.0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// A whole number, also when it comes as a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord)]
pub struct Whole(pub i64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(from)?;
        match &value {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
        .map(Whole)
        .ok_or_else(|| D::Error::custom(format!("{value} is not a whole number")))
    }
}

/// A number with a fraction, also when it comes as a text.
#[derive(Debug, Clone, Copy, PartialEq, Default, PartialOrd)]
pub struct Number(pub f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(from)?;
        match &value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
        .map(Number)
        .ok_or_else(|| D::Error::custom(format!("{value} is not a number")))
    }
}

/// A text; numbers and booleans are taken as Ansible prints them (`True`, `5`).
#[derive(Debug, Clone, PartialEq, Eq, Default, PartialOrd, Ord)]
pub struct Words(pub String);

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(from)?;
        words(&value).map(Words).ok_or_else(|| D::Error::invalid_type(Unexpected::Other("no text"), &"a text"))
    }
}

fn words(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(true) => Some("True".into()),
        Value::Bool(false) => Some("False".into()),
        Value::Null => Some(String::new()),
        _ => None,
    }
}

/// A list; one text stands for its comma-separated parts, nothing for no parts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names(pub Vec<String>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(from)?;
        match &value {
            Value::Array(items) => items.iter().map(words).collect::<Option<Vec<_>>>(),
            Value::Null => Some(Vec::new()),
            one => words(one).map(|text| text.split(',').map(|part| part.trim().to_owned()).collect::<Vec<_>>()),
        }
        .map(|names| Names(names.into_iter().filter(|name| !name.is_empty()).collect()))
        .ok_or_else(|| D::Error::custom("not a list of names"))
    }
}

/// A path on the host; variables and a leading `~` are replaced as it is read, by those of the task and its user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPath(String);

impl HostPath {
    /// The path as a text.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for HostPath {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(from)?;
        let text = words(&value).filter(|_| !value.is_null());
        let text = text.ok_or_else(|| D::Error::invalid_type(Unexpected::Other("no text"), &"a path"))?;
        Ok(Self(expand_parameter(&text)))
    }
}

/// Paths on the host; one text stands for its comma-separated parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPaths(pub Vec<HostPath>);

impl<'de> Deserialize<'de> for HostPaths {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let Names(names) = Names::deserialize(from)?;
        Ok(Self(names.iter().map(|name| HostPath(expand_parameter(name))).collect()))
    }
}

/// A path that is final already.
impl From<&str> for HostPath {
    fn from(path: &str) -> Self {
        Self(path.into())
    }
}

impl Deref for HostPath {
    type Target = Path;

    fn deref(&self) -> &Path {
        Path::new(&self.0)
    }
}

impl AsRef<Path> for HostPath {
    fn as_ref(&self) -> &Path {
        self
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn flags_are_read_in_all_of_ansibles_spellings() {
        for yes in [json!(true), json!("yes"), json!("On"), json!("1"), json!(1), json!("True"), json!("y")] {
            assert_eq!(from_value::<Flag>(yes.clone()).unwrap(), Flag(true), "{yes}");
        }
        for no in [json!(false), json!("no"), json!("OFF"), json!("0"), json!(0), json!("f")] {
            assert_eq!(from_value::<Flag>(no.clone()).unwrap(), Flag(false), "{no}");
        }
        assert!(from_value::<Flag>(json!("maybe")).unwrap_err().to_string().contains("\"maybe\" is not a yes or a no"));
    }

    #[test]
    fn a_comma_separated_text_is_a_list() {
        assert_eq!(from_value::<Names>(json!("a, b,,c")).unwrap().0, ["a", "b", "c"]);
        assert_eq!(from_value::<Names>(json!(["a,b", 5])).unwrap().0, ["a,b", "5"]);
        assert!(from_value::<Names>(json!(null)).unwrap().0.is_empty());
    }

    #[test]
    fn numbers_come_as_texts_too() {
        assert_eq!(from_value::<Whole>(json!("42")).unwrap(), Whole(42));
        assert_eq!(from_value::<Words>(json!(42)).unwrap().0, "42");
        assert!(from_value::<Whole>(json!("4x")).is_err());
    }

    #[test]
    fn paths_are_texts_that_are_expanded_with_the_tasks_environment() {
        let environment = [("HOME".to_owned(), "/home/ops".to_owned())].into();
        let read = |value| crate::expansion::within(&environment, || from_value::<HostPath>(value));
        assert_eq!(read(json!("~/a")).unwrap(), HostPath::from("/home/ops/a"));
        assert_eq!(read(json!(5)).unwrap().text(), "5");
        assert!(read(json!(null)).is_err() && read(json!(["a"])).is_err());
        let after = from_value::<HostPath>(json!("$NO_SUCH_THING/~")).unwrap();
        assert_eq!(after.text(), "$NO_SUCH_THING/~");
        let paths = crate::expansion::within(&environment, || from_value::<HostPaths>(json!("~/a, /b")));
        assert_eq!(paths.unwrap().0, [HostPath::from("/home/ops/a"), HostPath::from("/b")]);
    }
}
