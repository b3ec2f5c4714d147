//! `format: keep`: the body stays byte for byte; `@timestamp` is put in front of its fields when it has none.

use std::borrow::Cow;

use jiff::Timestamp;

use super::{Refusal, not_json, object, text_of};
use crate::config::MappingConfig;
use crate::envelope::Envelope;

/// Returns the record's value.
pub(super) fn value<'a>(
    envelope: &'a Envelope,
    time: Timestamp,
    rules: &MappingConfig,
) -> Result<Cow<'a, [u8]>, Refusal> {
    let text = text_of(envelope)?;
    match object::outline(text) {
        None => not_json(text, time, rules).map(Cow::Owned),
        Some(outline) if outline.has_timestamp => Ok(Cow::Borrowed(&envelope.body)),
        Some(outline) => Ok(Cow::Owned(stamped(text, outline.empty, time))),
    }
}

fn stamped(object: &str, empty: bool, time: Timestamp) -> Vec<u8> {
    let (before, fields) = object.split_once('{').unwrap_or(("", object));
    let comma = if empty { "" } else { "," };
    format!("{before}{{\"{}\":\"{}\"{comma}{fields}", object::TIMESTAMP, object::iso(time)).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::NotJson;

    fn mapped(body: &str) -> String {
        let envelope = Envelope::of(body);
        let time = Timestamp::from_millisecond(1_514_764_800_000).unwrap();
        let value = value(&envelope, time, &MappingConfig::default()).unwrap();
        String::from_utf8(value.into_owned()).unwrap()
    }

    #[test]
    fn bodies_with_a_timestamp_pass_byte_for_byte() {
        for body in [r#"{"@timestamp":"x"}"#, " { \"a\" : 1.10 ,\"@timestamp\":null}\n", r#"{"@time\u0073tamp":1}"#] {
            assert_eq!(mapped(body), body);
        }
    }

    #[test]
    fn others_get_one_in_front_and_keep_the_rest() {
        for (body, expected) in [
            ("{}", r#"{"@timestamp":"2018-01-01T00:00:00.000Z"}"#),
            (r#"{"n":1.10,"n":1e400}"#, r#"{"@timestamp":"2018-01-01T00:00:00.000Z","n":1.10,"n":1e400}"#),
            (" {\"m\":{\"@timestamp\":1}}", " {\"@timestamp\":\"2018-01-01T00:00:00.000Z\",\"m\":{\"@timestamp\":1}}"),
        ] {
            assert_eq!(mapped(body), expected);
        }
    }

    #[test]
    fn what_is_no_object_is_wrapped() {
        for body in ["", "plain text", "[1]", "\"s\"", "{} {}", "{\"a\":}", "{\"a\":1"] {
            let value: serde_json::Value = serde_json::from_str(&mapped(body)).unwrap();
            assert_eq!(value["message"], body);
            assert_eq!(value["tags"][0], "_jsonparsefailure");
            assert_eq!(value["@timestamp"], "2018-01-01T00:00:00.000Z");
        }
    }

    #[test]
    fn or_refused_when_so_configured() {
        let rules = MappingConfig { not_json: NotJson::DeadLetter, ..MappingConfig::default() };
        assert_eq!(value(&Envelope::of("[1]"), Timestamp::UNIX_EPOCH, &rules), Err(Refusal::NotAnObject));
    }
}
