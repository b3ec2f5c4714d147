//! A table of AMQP headers within a letter, with every type and every byte: as JSON that a person can read, and as its bytes on
//! the wire where JSON cannot hold it (a number that is none, more tables within each other than a reader of JSON follows).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cookie_factory::WriteContext;
use lapin::types::FieldTable;
use lapin::types::generation::gen_field_table;
use lapin::types::parsing::parse_field_table;
use serde::Deserialize;
use serde_json::{Value, json};

/// Returns what a letter says of a table.
pub(super) fn written(table: &FieldTable) -> Value {
    let told = serde_json::to_value(table).unwrap_or_default();
    let again = serde_json::from_value::<FieldTable>(told.clone());
    if again.is_ok_and(|again| again == *table) && is_shallow(&told) { told } else { wire(table) }
}

/// Returns a value as it is, or its text where it is too deep for a reader of JSON.
pub(super) fn readable(value: Value) -> Value {
    if is_shallow(&value) { value } else { Value::String(value.to_string()) }
}

/// Whether it can be read as a part of a letter.
fn is_shallow(value: &Value) -> bool {
    serde_json::from_str::<Value>(&json!([[value]]).to_string()).is_ok()
}

fn wire(table: &FieldTable) -> Value {
    let bytes = gen_field_table(table)(WriteContext::from(Vec::new()));
    // A buffer takes all bytes; without them the readable headers are what is left.
    bytes.map_or(Value::Null, |bytes| STANDARD.encode(bytes.write).into())
}

/// What a letter says of a table.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Exact {
    /// Its bytes on the wire, in base64.
    Wire(String),
    /// The table itself.
    Table(FieldTable),
}

impl Exact {
    /// Returns the table.
    pub(super) fn table(self) -> Result<FieldTable, String> {
        match self {
            Self::Table(table) => Ok(table),
            Self::Wire(text) => {
                let bytes = STANDARD.decode(text).map_err(|error| format!("exact_headers are no base64: {error}"))?;
                let parsed = parse_field_table(bytes.as_slice());
                parsed.map(|(_, table)| table).map_err(|_| "exact_headers are no table of AMQP".to_owned())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use lapin::types::{AMQPValue, FieldArray};

    use super::*;

    fn table(value: AMQPValue) -> FieldTable {
        let mut table = FieldTable::default();
        table.insert("name".into(), value);
        table
    }

    #[test]
    fn every_table_comes_back_as_json_where_that_holds_it() {
        let mut deep = AMQPValue::Void;
        for _ in 0..100 {
            deep = AMQPValue::FieldArray(FieldArray::from(vec![deep]));
        }
        for (value, is_json) in [
            (AMQPValue::LongInt(7), true),
            (AMQPValue::LongString(vec![0xff, 0].into()), true),
            (AMQPValue::Double(f64::NAN), false),
            (AMQPValue::Float(f32::INFINITY), false),
            (deep, false),
        ] {
            let table = table(value);
            let line = json!({ "exact": written(&table) }).to_string();
            let read: Value = serde_json::from_str(&line).unwrap();
            assert_eq!(read["exact"].is_object(), is_json, "{line}");
            let again = serde_json::from_value::<Exact>(read["exact"].clone()).unwrap().table().unwrap();
            assert_eq!(format!("{again:?}"), format!("{table:?}"));
        }
    }

    #[test]
    fn what_is_too_deep_to_be_read_is_a_text() {
        let deep = (0..200).fold(Value::Null, |deep, _| json!([deep]));
        assert!(readable(deep).is_string());
        assert_eq!(readable(json!({"a": [1]})), json!({"a": [1]}));
    }

    #[test]
    fn what_is_no_table_is_told() {
        for wrong in ["!", "AAAA"] {
            assert!(Exact::Wire(wrong.to_owned()).table().is_err(), "{wrong}");
        }
    }
}
