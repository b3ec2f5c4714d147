//! What came of an expression, in a form that both can be brought to.

use serde_json::{Value as Json, json};

use dppctl::value::Value;

/// A value with its type, an error, or nothing in time.
#[derive(Debug, Clone)]
pub(crate) enum Said {
    Value(Json),
    Error(String),
    Nothing,
}

impl Said {
    /// Whether the other one says the same; the words of an error are each one's own.
    pub(crate) fn agrees(&self, other: &Said) -> bool {
        match (self, other) {
            (Self::Value(one), Self::Value(other)) => one == other,
            (Self::Error(_), Self::Error(_)) | (Self::Nothing, _) | (_, Self::Nothing) => true,
            _ => false,
        }
    }

    /// In a line.
    pub(crate) fn line(&self) -> String {
        match self {
            Self::Value(value) => value.to_string(),
            Self::Error(words) => format!("error {words}"),
            Self::Nothing => "nothing in time".to_owned(),
        }
    }
}

/// dppctl's value; numbers with a fraction are written out, because JSON has no infinity.
pub(crate) fn told(value: &Value) -> Json {
    match value {
        Value::Float(number) => json!({"<float>": python(*number)}),
        Value::List(items) => items.iter().map(told).collect(),
        Value::Map(entries) => Json::Object(entries.iter().map(|(key, value)| (key.clone(), told(value))).collect()),
        other => Json::from(other),
    }
}

/// As Ansible's side writes it after it was read once more.
pub(crate) fn normal(value: Json) -> Json {
    match value {
        Json::Array(items) => items.into_iter().map(normal).collect(),
        Json::Object(entries) => match entries.get("<float>").and_then(Json::as_str) {
            Some(number) => json!({"<float>": python(number.parse().unwrap())}),
            None => Json::Object(entries.into_iter().map(|(key, value)| (key, normal(value))).collect()),
        },
        other => other,
    }
}

fn python(number: f64) -> String {
    format!("{number:?}")
}
