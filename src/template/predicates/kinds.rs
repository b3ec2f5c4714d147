//! Tests of what a value is.

#![expect(clippy::unnecessary_wraps, reason = "every test has the signature of the table")]

use minijinja::value::ValueKind;
use minijinja::{Error, Value as Dynamic};

use crate::template::arguments::Arguments;
use crate::template::{filters, python};

type Answer = Result<Dynamic, Error>;

fn answer(arguments: &Arguments<'_, '_, '_>, holds: impl FnOnce(&Dynamic) -> bool) -> Answer {
    Ok(Dynamic::from(holds(&arguments.subject_or_undefined())))
}

pub(super) fn defined(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    Ok(Dynamic::from(arguments.subject_is_there()))
}

pub(super) fn undefined(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    Ok(Dynamic::from(!arguments.subject_is_there()))
}

pub(super) fn none(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    Ok(Dynamic::from(arguments.subject_or_undefined().is_none()))
}

pub(super) fn boolean(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    Ok(Dynamic::from(arguments.subject_or_undefined().kind() == ValueKind::Bool))
}

pub(super) fn is_true(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    let subject = arguments.subject_or_undefined();
    Ok(Dynamic::from(subject.kind() == ValueKind::Bool && subject.is_true()))
}

pub(super) fn is_false(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    let subject = arguments.subject_or_undefined();
    Ok(Dynamic::from(subject.kind() == ValueKind::Bool && !subject.is_true()))
}

/// Python's truth; with `convert_bool` the words that Ansible's `bool` filter knows count too.
pub(super) fn truthy(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    let subject = arguments.subject()?;
    if arguments.flag(1, "convert_bool", false)? {
        let word = python::text(&subject).to_lowercase();
        match word.as_str() {
            "yes" | "on" | "1" | "true" | "y" | "t" | "1.0" => return Ok(Dynamic::from(true)),
            "no" | "off" | "0" | "false" | "n" | "f" | "0.0" => return Ok(Dynamic::from(false)),
            _ => {}
        }
    }
    Ok(Dynamic::from(subject.is_true()))
}

pub(super) fn falsy(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    truthy(arguments).map(|holds| Dynamic::from(!holds.is_true()))
}

pub(super) fn number(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    answer(arguments, |value| value.is_number() || value.kind() == ValueKind::Bool)
}

pub(super) fn integer(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    answer(arguments, |value| value.kind() == ValueKind::Number && value.is_integer())
}

pub(super) fn float(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    answer(arguments, |value| value.kind() == ValueKind::Number && !value.is_integer())
}

pub(super) fn string(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    answer(arguments, |value| value.kind() == ValueKind::String)
}

pub(super) fn mapping(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    answer(arguments, |value| value.kind() == ValueKind::Map)
}

/// What has a length and can be indexed; a mapping and a text have and can.
pub(super) fn sequence(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    answer(arguments, |value| {
        matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable | ValueKind::String | ValueKind::Map)
    })
}

pub(super) fn iterable(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    arguments.subject()?;
    answer(arguments, |value| {
        matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable | ValueKind::String | ValueKind::Map)
    })
}

pub(super) fn callable(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    let subject = arguments.subject_or_undefined();
    // Python can call what Jinja2 has for something undefined.
    Ok(Dynamic::from(subject.is_undefined() || subject.kind() == ValueKind::Plain))
}

pub(super) fn lower(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    let text = arguments.subject_text()?;
    Ok(Dynamic::from(text.chars().any(char::is_lowercase) && !text.chars().any(char::is_uppercase)))
}

pub(super) fn upper(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    let text = arguments.subject_text()?;
    Ok(Dynamic::from(text.chars().any(char::is_uppercase) && !text.chars().any(char::is_lowercase)))
}

pub(super) fn filter(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    let name = arguments.subject_text()?;
    Ok(Dynamic::from(filters::names().any(|known| known == name)))
}

pub(super) fn test(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    let name = arguments.subject_text()?;
    Ok(Dynamic::from(super::names().any(|known| known == name)))
}
