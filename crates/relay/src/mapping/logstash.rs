//! `format: logstash`: the value that Logstash's rabbitmq input, date filter, json filter and kafka output would write.
//!
//! The fields of the body at the top level, `@version`, and `@timestamp` from the header. One difference is known:
//! Logstash splits a JSON array into several events, here it is wrapped whole.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::date::Date;
use super::object::{PARSE_FAILURE, TIMESTAMP, iso};
use super::rules::{DATE_FAILURE, tag};
use super::{Refusal, not_json, text_of};
use crate::config::MappingConfig;
use crate::envelope::Envelope;

type Fields = Map<String, Value>;

/// Returns the record's value.
pub(super) fn value(
    envelope: &Envelope,
    date: Date,
    now: Timestamp,
    rules: &MappingConfig,
) -> Result<Cow<'static, [u8]>, Refusal> {
    let text = text_of(envelope)?;
    let Ok(fields) = serde_json::from_str::<Fields>(text) else {
        return not_json(text, date.or(now), rules).map(Cow::Owned);
    };
    let mut event = Fields::from_iter([(TIMESTAMP.to_owned(), iso(now).into()), ("@version".to_owned(), "1".into())]);
    merge(&mut event, fields);
    filter_date(&mut event, date);
    if let Some(field) = &rules.json_field {
        filter_json(&mut event, field);
    }
    Ok(Cow::Owned(Value::Object(event).to_string().into_bytes()))
}

/// Puts fields over the event's; a `@timestamp` that is no time is set aside as Logstash does.
fn merge(event: &mut Fields, mut fields: Fields) {
    let given = fields.remove(TIMESTAMP);
    event.extend(fields);
    let Some(given) = given else { return };
    if let Some(time) = time_of(&given) {
        event.insert(TIMESTAMP.to_owned(), iso(time).into());
    } else {
        event.insert("_@timestamp".to_owned(), given);
        tag(event, "_timestampparsefailure");
    }
}

fn time_of(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

fn filter_date(event: &mut Fields, date: Date) {
    match date {
        Date::Known(time) => {
            event.insert(TIMESTAMP.to_owned(), iso(time).into());
        }
        Date::Unreadable => tag(event, DATE_FAILURE),
        Date::Absent => {}
    }
}

fn filter_json(event: &mut Fields, field: &str) {
    let Some(text) = event.get(field).and_then(Value::as_str) else { return };
    match serde_json::from_str::<Fields>(text) {
        Ok(fields) => merge(event, fields),
        Err(_) => tag(event, PARSE_FAILURE),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mapped(body: &str, date: Date, json_field: Option<&str>) -> Value {
        let rules = MappingConfig { json_field: json_field.map(Into::into), ..MappingConfig::default() };
        let now = Timestamp::from_second(1_514_764_800).unwrap();
        let value = value(&Envelope::of(body), date, now, &rules).unwrap();
        serde_json::from_slice(&value).unwrap()
    }

    #[test]
    fn the_fields_of_the_body_stand_at_the_top() {
        let expected =
            json!({"@timestamp": "2018-01-01T00:00:00.000Z", "@version": "1", "message": "hi", "level": 200});
        assert_eq!(
            mapped(r#"{"message":"hi","level":200}"#, Date::Absent, Some("message"))["level"],
            expected["level"]
        );
        assert_eq!(mapped(r#"{"message":"hi","level":200}"#, Date::Absent, None), expected);
    }

    #[test]
    fn the_header_date_wins_over_the_bodys() {
        let date = Date::Known(Timestamp::from_second(1_600_000_000).unwrap());
        let event = mapped(r#"{"@timestamp":"2017-05-05T05:05:05Z"}"#, date, None);
        assert_eq!(event["@timestamp"], "2020-09-13T12:26:40.000Z");
        let event = mapped(r#"{"@timestamp":"2017-05-05T05:05:05Z"}"#, Date::Absent, None);
        assert_eq!(event["@timestamp"], "2017-05-05T05:05:05.000Z");
    }

    #[test]
    fn failures_are_tagged_and_lose_nothing() {
        let event = mapped(r#"{"@timestamp":7,"tags":"mine","message":"text"}"#, Date::Unreadable, Some("message"));
        let tags = json!(["mine", "_timestampparsefailure", "_dateparsefailure", "_jsonparsefailure"]);
        assert_eq!((&event["_@timestamp"], &event["tags"]), (&json!(7), &tags));
        assert_eq!(event["message"], "text");
    }

    #[test]
    fn the_json_filter_lifts_the_fields_of_a_text() {
        let event = mapped(r#"{"message":"{\"a\":1,\"level\":\"x\"}","level":2}"#, Date::Absent, Some("message"));
        assert_eq!((&event["a"], &event["level"]), (&json!(1), &json!("x")));
    }
}
