//! Rules change an event, one after the other, or end it. What cannot be done to an event is a tag on it, as in Logstash.

mod fields;
mod table;

#[cfg(test)]
mod tests;

use jiff::Timestamp;
use jiff::civil;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::object::{PARSE_FAILURE, TIMESTAMP, iso};
use crate::config::{Condition, DateFormat, DateRule, Field, Lookup, ParseJson, Rule, Test};

pub use table::TableError;

pub(super) use fields::{Event, event_text, tag};

use table::Table;

/// Tags an event whose date cannot be read.
pub(super) const DATE_FAILURE: &str = "_dateparsefailure";

/// The rules of a mapping with their tables.
#[derive(Debug)]
pub(super) struct Rules(Vec<(Rule, Option<Table>)>);

/// What the rules made of an event.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ruled {
    /// It goes on, with another date if they found one.
    Kept(Option<Timestamp>),
    /// It goes nowhere.
    Dropped,
}

impl Rules {
    pub(super) fn new(rules: &[Rule]) -> Result<Self, TableError> {
        let with_table = |rule: &Rule| {
            let table = if let Rule::Lookup(lookup) = rule { Some(Table::open(&lookup.table)?) } else { None };
            Ok((rule.clone(), table))
        };
        rules.iter().map(with_table).collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Applies them in their order.
    pub(super) fn apply(&self, event: &mut Event) -> Ruled {
        let mut date = None;
        for (rule, table) in &self.0 {
            match rule {
                Rule::DropIf(condition) if holds(condition, event) => return Ruled::Dropped,
                Rule::DropIf(_) => {}
                Rule::Date(rule) => date = set_date(rule, event).or(date),
                Rule::ParseJson(rule) => parse_json(rule, event),
                Rule::Rename(rule) => {
                    if let Some(value) = fields::take(event, &rule.from) {
                        fields::set(event, &rule.to, value);
                    }
                }
                Rule::Remove(names) => names.iter().for_each(|name| drop(fields::take(event, name))),
                Rule::Add(values) => {
                    for (field, value) in values {
                        let value = filled(value, event);
                        fields::set(event, field, value);
                    }
                }
                Rule::Lookup(rule) => look_up(rule, table.as_ref(), event),
            }
        }
        Ruled::Kept(date)
    }
}

fn holds(condition: &Condition, event: &Event) -> bool {
    let value = fields::get(event, &condition.field);
    match &condition.test {
        Test::Exists(there) => value.is_some() == *there,
        Test::Equals(wanted) => value == Some(wanted),
        Test::Contains(text) => value.is_some_and(|value| fields::text_of(value).contains(text)),
    }
}

fn parse_json(rule: &ParseJson, event: &mut Event) {
    let Some(text) = fields::get(event, &rule.field).and_then(Value::as_str) else { return };
    match serde_json::from_str::<Event>(text) {
        Ok(parsed) => match &rule.into {
            Some(into) => fields::set(event, into, Value::Object(parsed)),
            None => event.extend(parsed),
        },
        Err(_) => tag(event, PARSE_FAILURE),
    }
}

fn set_date(rule: &DateRule, event: &mut Event) -> Option<Timestamp> {
    let value = fields::get(event, &rule.field)?;
    let time = read_date(&rule.format, &fields::text_of(value));
    match time {
        Some(time) => drop(event.insert(TIMESTAMP.to_owned(), iso(time).into())),
        None => tag(event, DATE_FAILURE),
    }
    time
}

#[expect(clippy::cast_possible_truncation, reason = "milliseconds out of range saturate and are refused by jiff")]
fn read_date(format: &DateFormat, text: &str) -> Option<Timestamp> {
    let since_1970 = |in_milliseconds: f64| {
        let number: f64 = text.trim().parse().ok()?;
        let plausible = number.is_finite() && number >= 0.0;
        if plausible { Timestamp::from_millisecond((number * in_milliseconds).round() as i64).ok() } else { None }
    };
    match format {
        DateFormat::Unix => since_1970(1_000.0),
        DateFormat::UnixMs => since_1970(1.0),
        DateFormat::Iso8601 => text.parse().ok(),
        DateFormat::Pattern(pattern) => Timestamp::strptime(pattern, text).ok().or_else(|| {
            let time = civil::DateTime::strptime(pattern, text).ok()?;
            time.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
        }),
    }
}

fn look_up(rule: &Lookup, table: Option<&Table>, event: &mut Event) {
    let Some(key) = fields::get(event, &rule.field).map(fields::text_of) else { return };
    if let Some(value) = table.and_then(|table| table.get(&key)).or_else(|| rule.default.clone()) {
        fields::set(event, &rule.into, value);
    }
}

/// Returns a value with every `%{field}` of its texts replaced; a field that is not there leaves the text as it is.
fn filled(value: &Value, event: &Event) -> Value {
    let Value::String(text) = value else { return value.clone() };
    let (mut filled, mut rest) = (String::new(), text.as_str());
    while let Some((before, after)) = rest.split_once("%{") {
        let Some((name, behind)) = after.split_once('}') else { break };
        filled.push_str(before);
        let found =
            Field::try_from(name.to_owned()).ok().and_then(|field| fields::get(event, &field).map(fields::text_of));
        filled.push_str(&found.unwrap_or_else(|| format!("%{{{name}}}")));
        rest = behind;
    }
    filled.push_str(rest);
    Value::String(filled)
}
