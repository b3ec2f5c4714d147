//! Values inside an evaluation: to minijinja's and back, and what Python would say of them.

use std::sync::Arc;

use minijinja::value::ValueKind;
use minijinja::{Error, Value as Dynamic};

use super::error::fault;
use super::filters::LONGEST;
use super::frame::Frame;
use super::objects::{Dict, List};
use super::python;
use crate::value::{Map, Value};

/// How deep values may be nested before they are taken for a value that holds itself.
const DEEPEST: usize = 60;

/// A variable's value for a template: rendered now if it is a text, when its members are used otherwise.
pub(super) fn to_dynamic(value: &Value, frame: &Arc<Frame>) -> Result<Dynamic, Error> {
    Ok(match value {
        Value::Null => Dynamic::from(()),
        Value::Bool(yes) => Dynamic::from(*yes),
        Value::Int(number) => Dynamic::from(*number),
        Value::Float(number) => Dynamic::from(*number),
        Value::Text(text) => return frame.render(text),
        Value::List(items) => Dynamic::from_object(List::written(Arc::clone(items), Arc::clone(frame))),
        Value::Map(entries) => Dynamic::from_object(Dict::written(Arc::clone(entries), Arc::clone(frame))),
    })
}

/// The value of a result, all of it rendered.
pub(super) fn from_dynamic(value: &Dynamic, frame: &Arc<Frame>) -> Result<Value, Error> {
    convert(value, frame, 0)
}

fn convert(value: &Dynamic, frame: &Arc<Frame>, depth: usize) -> Result<Value, Error> {
    if depth > DEEPEST {
        return Err(fault("the value holds itself, or is nested too deep"));
    }
    let value = &valid(value)?;
    match value.kind() {
        ValueKind::Undefined => Err(undefined(value)),
        ValueKind::None => Ok(Value::Null),
        ValueKind::Bool => Ok(Value::Bool(value.is_true())),
        ValueKind::Number => Ok(number(value)),
        ValueKind::Map => map(value, frame, depth),
        ValueKind::Seq | ValueKind::Iterable => list(value, frame, depth),
        _ => Ok(Value::Text(frame.finished(&python::text(value)))),
    }
}

fn number(value: &Dynamic) -> Value {
    if value.is_integer() {
        value.as_i64().map_or_else(|| Value::plain(value.to_string()), Value::Int)
    } else {
        f64::try_from(value.clone()).map_or_else(|_| Value::plain(value.to_string()), Value::Float)
    }
}

fn map(value: &Dynamic, frame: &Arc<Frame>, depth: usize) -> Result<Value, Error> {
    if let Some(shared) = value.downcast_object_ref::<Dict>().and_then(Dict::shared) {
        return Ok(Value::Map(shared));
    }
    let mut entries = Map::new();
    for key in value.try_iter()?.checked() {
        let key = key?;
        let member = convert(&value.get_item(&key)?, frame, depth + 1)?;
        entries.insert(python::key(&key), member);
    }
    Ok(entries.into())
}

fn list(value: &Dynamic, frame: &Arc<Frame>, depth: usize) -> Result<Value, Error> {
    if let Some(shared) = value.downcast_object_ref::<List>().and_then(List::shared) {
        return Ok(Value::List(shared));
    }
    let mut items = Vec::new();
    for item in value.try_iter()? {
        if items.len() == LONGEST {
            return Err(fault(format!("the list has more than {LONGEST} items")));
        }
        items.push(convert(&item, frame, depth + 1)?);
    }
    Ok(items.into())
}

/// The value, or the error it carries.
pub(super) fn valid(value: &Dynamic) -> Result<Dynamic, Error> {
    if let Some(error) = super::functions::unset(value) {
        return Err(error);
    }
    if value.kind() != ValueKind::Invalid {
        return Ok(value.clone());
    }
    let carrier = value.clone();
    let mut once = Dynamic::make_iterable(move || std::iter::once(carrier.clone())).try_iter()?.checked();
    once.next().unwrap_or_else(|| Ok(Dynamic::UNDEFINED))
}

/// The error of using what is undefined; it knows where the value came from.
pub(super) fn undefined(value: &Dynamic) -> Error {
    match value.get_attr("") {
        Err(error) => error,
        Ok(_) => Error::from(minijinja::ErrorKind::UndefinedError),
    }
}

/// The value, unless it is undefined or carries an error.
pub(super) fn defined(value: &Dynamic) -> Result<Dynamic, Error> {
    if value.is_undefined() { Err(undefined(value)) } else { valid(value) }
}

/// Refuses what holds something undefined, however deep: Python cannot write it as a text.
pub(super) fn whole(value: &Dynamic) -> Result<(), Error> {
    whole_to(value, 0)
}

fn whole_to(value: &Dynamic, depth: usize) -> Result<(), Error> {
    if depth > DEEPEST {
        return Ok(());
    }
    match value.kind() {
        ValueKind::Undefined | ValueKind::Invalid => defined(value).map(drop),
        _ if is_shared(value) => Ok(()),
        ValueKind::Map => {
            let mut keys = value.try_iter()?.checked();
            keys.try_for_each(|key| whole_to(&value.get_item(&key?)?, depth + 1))
        }
        ValueKind::Seq | ValueKind::Iterable => {
            value.try_iter()?.checked().try_for_each(|item| whole_to(&item?, depth + 1))
        }
        _ => Ok(()),
    }
}

fn is_shared(value: &Dynamic) -> bool {
    value.downcast_object_ref::<Dict>().is_some_and(|dict| dict.shared().is_some())
        || value.downcast_object_ref::<List>().is_some_and(|list| list.shared().is_some())
}

/// What Python calls the value's type.
pub(super) fn type_name(value: &Dynamic) -> &'static str {
    match value.kind() {
        ValueKind::Undefined => "AnsibleUndefined",
        ValueKind::None => "NoneType",
        ValueKind::Bool => "bool",
        ValueKind::Number if value.is_integer() => "int",
        ValueKind::Number => "float",
        ValueKind::String => "str",
        ValueKind::Bytes => "bytes",
        ValueKind::Map => "dict",
        ValueKind::Seq if value.is_tuple() => "tuple",
        ValueKind::Seq | ValueKind::Iterable => "list",
        _ => "object",
    }
}
