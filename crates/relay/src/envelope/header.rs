//! Header values, AMQP's typed ones and Kafka's bytes: as bytes of a Kafka header and as JSON; no type is left out.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lapin::types::AMQPValue;
use serde_json::{Number, Value};

/// A header's value, as its origin has it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum HeaderValue<'a> {
    /// One of AMQP's types.
    Amqp(&'a AMQPValue),
    /// Kafka's bytes, or none.
    Bytes(Option<&'a [u8]>),
}

impl<'a> HeaderValue<'a> {
    /// Returns the bytes of a Kafka header.
    pub fn bytes(self) -> Option<Cow<'a, [u8]>> {
        match self {
            Self::Amqp(value) => bytes_of(value),
            Self::Bytes(bytes) => bytes.map(Cow::Borrowed),
        }
    }

    /// Returns the value as JSON; bytes that are no text become base64.
    pub fn json(self) -> Value {
        match self {
            Self::Amqp(value) => json_of(value),
            Self::Bytes(bytes) => bytes.map_or(Value::Null, text_or_base64),
        }
    }

    /// Returns the number that it is, or that its text is.
    pub fn number(self) -> Option<f64> {
        match self.json() {
            Value::String(text) => text.trim().parse().ok(),
            value => value.as_f64(),
        }
    }
}

/// Texts as they are, numbers in decimal, tables and arrays as JSON, void as none.
fn bytes_of(value: &AMQPValue) -> Option<Cow<'_, [u8]>> {
    match value {
        AMQPValue::Void => None,
        AMQPValue::LongString(text) => Some(Cow::Borrowed(text.as_bytes())),
        AMQPValue::ShortString(text) => Some(Cow::Borrowed(text.as_str().as_bytes())),
        AMQPValue::ByteArray(bytes) => Some(Cow::Borrowed(bytes.as_slice())),
        other => Some(Cow::Owned(json_of(other).to_string().into_bytes())),
    }
}

fn json_of(value: &AMQPValue) -> Value {
    match value {
        AMQPValue::Void => Value::Null,
        AMQPValue::Boolean(value) => (*value).into(),
        AMQPValue::ShortShortInt(value) => (*value).into(),
        AMQPValue::ShortShortUInt(value) => (*value).into(),
        AMQPValue::ShortInt(value) => (*value).into(),
        AMQPValue::ShortUInt(value) => (*value).into(),
        AMQPValue::LongInt(value) => (*value).into(),
        AMQPValue::LongUInt(value) => (*value).into(),
        AMQPValue::LongLongInt(value) => (*value).into(),
        AMQPValue::Timestamp(value) => (*value).into(),
        AMQPValue::Float(value) => number(f64::from(*value)),
        AMQPValue::Double(value) => number(*value),
        AMQPValue::DecimalValue(value) => number(f64::from(value.value) / 10_f64.powi(value.scale.into())),
        AMQPValue::ShortString(text) => text.as_str().into(),
        AMQPValue::LongString(text) => text_or_base64(text.as_bytes()),
        AMQPValue::ByteArray(bytes) => text_or_base64(bytes.as_slice()),
        AMQPValue::FieldArray(values) => values.as_slice().iter().map(json_of).collect(),
        AMQPValue::FieldTable(table) => {
            Value::Object(table.inner().iter().map(|(name, value)| (name.to_string(), json_of(value))).collect())
        }
    }
}

/// JSON knows no NaN and no infinity; those become text.
fn number(value: f64) -> Value {
    Number::from_f64(value).map_or_else(|| Value::String(value.to_string()), Value::Number)
}

fn text_or_base64(bytes: &[u8]) -> Value {
    Value::String(std::str::from_utf8(bytes).map_or_else(|_| STANDARD.encode(bytes), ToOwned::to_owned))
}

#[cfg(test)]
mod tests {
    use lapin::types::{ByteArray, DecimalValue, FieldArray, FieldTable};
    use serde_json::json;

    use super::*;

    #[test]
    fn every_type_has_a_text() {
        let mut table = FieldTable::default();
        table
            .insert("a".into(), AMQPValue::FieldArray(FieldArray::from(vec![AMQPValue::Void, AMQPValue::LongInt(-1)])));
        for (value, bytes, json) in [
            (AMQPValue::LongString("plain".into()), "plain", json!("plain")),
            (AMQPValue::ShortString("short".into()), "short", json!("short")),
            (AMQPValue::ByteArray(ByteArray::from(b"raw".to_vec())), "raw", json!("raw")),
            (AMQPValue::Boolean(true), "true", json!(true)),
            (AMQPValue::LongLongInt(-7), "-7", json!(-7)),
            (AMQPValue::Timestamp(1_514_764_800), "1514764800", json!(1_514_764_800)),
            (AMQPValue::Double(0.5), "0.5", json!(0.5)),
            (AMQPValue::Double(f64::NAN), "\"NaN\"", json!("NaN")),
            (AMQPValue::DecimalValue(DecimalValue { scale: 2, value: 125 }), "1.25", json!(1.25)),
            (AMQPValue::FieldTable(table), r#"{"a":[null,-1]}"#, json!({"a": [null, -1]})),
        ] {
            assert_eq!(bytes_of(&value).as_deref(), Some(bytes.as_bytes()), "{value:?}");
            assert_eq!(json_of(&value), json, "{value:?}");
        }
        assert_eq!((bytes_of(&AMQPValue::Void), json_of(&AMQPValue::Void)), (None, Value::Null));
    }

    #[test]
    fn bytes_that_are_no_text_stay_whole() {
        let value = AMQPValue::LongString(vec![0xff, 0x00].into());
        assert_eq!(bytes_of(&value).as_deref(), Some(&[0xff, 0x00][..]));
        assert_eq!(json_of(&value), json!("/wA="));
    }
}
