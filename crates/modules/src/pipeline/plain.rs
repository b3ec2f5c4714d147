//! Values as products write them: `true`, not Python's `True`; and settings flattened to dotted keys.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// A map of settings whose values are compared and sent as texts; an empty map when nothing is given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Texts(pub(super) Vec<(String, String)>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let map = Option::<Map<String, Value>>::deserialize(from)?.unwrap_or_default();
        Ok(Self(map.iter().map(|(key, value)| (key.clone(), text(value))).collect()))
    }
}

/// A scalar as its own text, a list as its comma-separated parts, a map as JSON.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// Nested settings as dotted keys and texts: `{"cluster": {"name": 5}}` is `cluster.name = 5`.
pub(super) fn flat(settings: &Map<String, Value>) -> Vec<(String, Option<String>)> {
    let mut found = Vec::new();
    flatten("", settings, &mut found);
    found
}

fn flatten(prefix: &str, settings: &Map<String, Value>, found: &mut Vec<(String, Option<String>)>) {
    for (key, value) in settings {
        let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            Value::Object(inner) => flatten(&name, inner, found),
            Value::Null => found.push((name, None)),
            other => found.push((name, Some(text(other)))),
        }
    }
}

/// Whether everything that is wanted is found, numbers and booleans being the same as their texts.
///
/// Products add keys of their own to what they were given; those are no difference.
pub(super) fn contains(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => {
            wanted.iter().all(|(key, wanted)| found.get(key).is_some_and(|found| contains(found, wanted)))
        }
        (Value::Array(found), Value::Array(wanted)) => {
            found.len() == wanted.len() && found.iter().zip(wanted).all(|(found, wanted)| contains(found, wanted))
        }
        (Value::Object(_) | Value::Array(_), _) | (_, Value::Object(_) | Value::Array(_)) => false,
        (found, wanted) => text(found) == text(wanted),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_written_as_products_write_them() {
        let texts: Texts = serde_json::from_value(json!({"a": true, "b": 5, "c": null, "d": ["x", 1]})).unwrap();
        let pairs: Vec<(&str, &str)> = texts.0.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(pairs, [("a", "true"), ("b", "5"), ("c", ""), ("d", "x,1")]);
    }

    #[test]
    fn nested_and_dotted_settings_are_the_same() {
        let nested = json!({"cluster": {"routing": {"allocation": {"enable": "all"}}}, "a.b": null});
        let Value::Object(nested) = nested else { panic!("a map") };
        let expected = [("cluster.routing.allocation.enable".to_owned(), Some("all".to_owned())), ("a.b".into(), None)];
        assert_eq!(flat(&nested), expected);
    }

    #[test]
    fn what_a_product_adds_is_no_difference() {
        assert!(contains(&json!({"a": {"b": "1", "c": 2}}), &json!({"a": {"b": 1}})));
        assert!(!contains(&json!({"a": {"b": "1"}}), &json!({"a": {"b": 2}})));
        assert!(!contains(&json!({"a": 1}), &json!({"a": {"b": 1}})));
        assert!(!contains(&json!({"a": [1]}), &json!({"a": [1, 2]})));
    }
}
