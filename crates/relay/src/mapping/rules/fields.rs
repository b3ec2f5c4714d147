//! Fields of an event by their path.

use serde_json::{Map, Value};

use crate::config::Field;

/// The fields of an event.
pub(in crate::mapping) type Event = Map<String, Value>;

/// Returns the field, if it is there.
pub(super) fn get<'a>(event: &'a Event, field: &Field) -> Option<&'a Value> {
    let (way, name) = field.path();
    let mut at = event;
    for step in way {
        at = at.get(step)?.as_object()?;
    }
    at.get(name)
}

/// Returns a field's text, if it is there and is something.
pub(in crate::mapping) fn event_text(event: &Event, field: &Field) -> Option<String> {
    get(event, field).filter(|value| !value.is_null()).map(text_of)
}

/// Takes the field out, if it is there.
pub(super) fn take(event: &mut Event, field: &Field) -> Option<Value> {
    let (way, name) = field.path();
    let mut at = event;
    for step in way {
        at = at.get_mut(step)?.as_object_mut()?;
    }
    at.shift_remove(name)
}

/// Sets the field; what stands in its way and is no object makes room for one.
pub(super) fn set(event: &mut Event, field: &Field, value: Value) {
    let (way, name) = field.path();
    let mut at = event;
    for step in way {
        let next = at.entry(step).or_insert(Value::Null);
        if !next.is_object() {
            *next = Value::Object(Event::new());
        }
        let Value::Object(object) = next else { return };
        at = object;
    }
    at.insert(name.to_owned(), value);
}

/// Returns a text as it is, and JSON of all else.
pub(super) fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

/// Adds to the list `tags`, whatever the event itself put there.
pub(in crate::mapping) fn tag(event: &mut Event, tag: &str) {
    let tags = event.entry("tags").or_insert_with(|| Value::Array(Vec::new()));
    match tags {
        Value::Array(tags) => tags.push(tag.into()),
        other => *other = Value::Array(vec![other.take(), tag.into()]),
    }
}
