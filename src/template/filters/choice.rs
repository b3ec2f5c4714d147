//! Filters that choose: `default`, `ternary`, `mandatory`, `bool`.

#![expect(clippy::unnecessary_wraps, reason = "every filter has the signature of the table")]

use minijinja::value::ValueKind;
use minijinja::{Error, Value as Dynamic};

use crate::template::arguments::Arguments;
use crate::template::dynamic::{type_name, undefined};
use crate::template::error::{TemplateError, carried};
use crate::template::python;

pub(super) fn default(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let subject = arguments.subject_or_undefined();
    let instead = arguments.positional_or_undefined(1, "default_value", Dynamic::from(""));
    let for_false_too = arguments.flag(2, "boolean", false)?;
    if subject.is_undefined() || (for_false_too && !subject.is_true()) { Ok(instead) } else { Ok(subject) }
}

pub(super) fn mandatory(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let subject = arguments.subject_or_undefined();
    let message = arguments.text(1, "msg")?;
    match (subject.is_undefined(), message) {
        (false, _) => Ok(subject),
        (true, None) => Err(undefined(&subject)),
        (true, Some(message)) => Err(carried(TemplateError::Failed { message, at: None })),
    }
}

pub(super) fn ternary(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let subject = arguments.subject()?;
    let if_true = arguments.positional_or_undefined(1, "true_val", Dynamic::UNDEFINED);
    let if_false = arguments.positional_or_undefined(2, "false_val", Dynamic::UNDEFINED);
    let if_none = arguments.take(3, "none_val")?;
    Ok(match if_none {
        Some(if_none) if subject.is_none() && !if_none.is_none() => if_none,
        _ if subject.is_true() => if_true,
        _ => if_false,
    })
}

pub(super) fn bool(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let subject = arguments.subject()?;
    if subject.is_none() || subject.kind() == ValueKind::Bool {
        return Ok(subject);
    }
    let word = python::text(&subject).to_lowercase();
    Ok(Dynamic::from(matches!(word.as_str(), "yes" | "on" | "1" | "true" | "1.0")))
}

pub(super) fn type_debug(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    Ok(Dynamic::from(type_name(&arguments.subject_or_undefined())))
}
