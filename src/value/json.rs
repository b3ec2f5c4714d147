//! To and from JSON: what goes to a host and what comes back. What comes back is data and never a template.

use serde_json::Value as Json;

use crate::value::{Map, Value};

impl From<&Json> for Value {
    fn from(json: &Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(yes) => Self::Bool(*yes),
            Json::Number(number) => {
                number.as_i64().map_or_else(|| Self::Float(number.as_f64().unwrap_or(f64::NAN)), Self::Int)
            }
            Json::String(text) => Self::plain(text.as_str()),
            Json::Array(items) => Self::list(items.iter().map(Self::from)),
            Json::Object(entries) => {
                entries.iter().map(|(key, value)| (key.clone(), Self::from(value))).collect::<Map>().into()
            }
        }
    }
}

impl From<&Value> for Json {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(yes) => Self::Bool(*yes),
            Value::Int(number) => (*number).into(),
            Value::Float(number) => serde_json::Number::from_f64(*number).map_or(Self::Null, Self::Number),
            Value::Text(text) => text.as_str().into(),
            Value::List(items) => items.iter().map(Self::from).collect(),
            Value::Map(entries) => {
                Self::Object(entries.iter().map(|(key, value)| (key.clone(), Self::from(value))).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hosts_answer_comes_back_as_it_went_and_as_data() {
        let json = serde_json::json!({"rc": 0, "stdout": "{{ x }}", "list": [1.5, null, true]});
        let value = Value::from(&json);
        assert_eq!(Json::from(&value), json);
        assert!(value.is_rendered());
    }
}
