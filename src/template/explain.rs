//! From minijinja's error to this room's: the place in what the operator wrote, the name that is missing, and never a
//! value.

use std::ops::Range;

use minijinja::{Error, ErrorKind};

use super::engine::Unit;
use super::error::{Fault, TemplateError, cause};
use super::frame::Frame;
use crate::source::{Place, nearest};
use crate::value::Text;

impl Frame {
    /// What an error of this unit means; `text` is where the unit was written, if it is no file.
    pub(super) fn explain(&self, error: &Error, unit: &Unit, text: Option<&Text>) -> TemplateError {
        if let Some(known) = cause::<TemplateError>(error) {
            return known.clone();
        }
        let error = innermost(error);
        let other = error.name().filter(|name| *name != unit.name()).and_then(|name| self.engines().named(name));
        let (unit, text) = other.as_deref().map_or((unit, text), |unit| (unit, None));
        let range = error.range().map(|range| unit.original(range));
        let at = range.clone().and_then(|range| place(unit, text, range)).or_else(|| text?.place().cloned());
        let written = range.and_then(|range| unit.text().get(range)).unwrap_or_default();
        self.meaning(error, written, at)
    }

    fn meaning(&self, error: &Error, written: &str, at: Option<Place>) -> TemplateError {
        if let Some(Fault(message)) = cause::<Fault>(error) {
            return TemplateError::Failed { message: message.clone(), at };
        }
        match error.kind() {
            ErrorKind::UndefinedError => self.undefined(error, written, at),
            ErrorKind::SyntaxError | ErrorKind::BadEscape | ErrorKind::InvalidDelimiter => {
                TemplateError::Syntax { message: error.detail().unwrap_or("it cannot be read").to_owned(), at }
            }
            ErrorKind::UnknownFilter => Self::unknown("filter", error, at),
            ErrorKind::UnknownTest => Self::unknown("test", error, at),
            ErrorKind::UnknownFunction => Self::unknown_function(error, written, at),
            _ => TemplateError::Failed { message: refusal(error), at },
        }
    }

    fn undefined(&self, error: &Error, written: &str, at: Option<Place>) -> TemplateError {
        let quoted = error.detail().and_then(backquoted).filter(|name| !name.contains("__"));
        let name = match (quoted, self.missing()) {
            (Some(name), _) => name.to_owned(),
            (None, _) if is_path(written) => written.to_owned(),
            (None, Some(missing)) => missing,
            (None, None) => written.to_owned(),
        };
        let at = at.map(|at| narrowed(&at, &name));
        let first = name.split(['.', '[']).next().unwrap_or(&name).to_owned();
        let because = self.reason(&first);
        let names = if because.is_none() && first == name { self.scope().variables().names() } else { Vec::new() };
        let near = nearest(&name, names.iter().map(String::as_str)).map(str::to_owned);
        TemplateError::Undefined { name, at, near, because }
    }

    fn unknown(what: &'static str, error: &Error, at: Option<Place>) -> TemplateError {
        let name = error.detail().and_then(|detail| detail.split_whitespace().nth(1)).unwrap_or_default().to_owned();
        let near = match what {
            "filter" => nearest(&name, super::filters::names()),
            _ => nearest(&name, super::predicates::names()),
        };
        let near = near.map(str::to_owned);
        let at = at.map(|at| narrowed(&at, &name));
        TemplateError::Unknown { what, name, at, near }
    }

    fn unknown_function(error: &Error, written: &str, at: Option<Place>) -> TemplateError {
        let name = error.detail().and_then(|detail| detail.split_whitespace().next()).unwrap_or(written).to_owned();
        let near = nearest(&name, super::functions::names()).map(str::to_owned);
        let at = at.map(|at| narrowed(&at, &name));
        TemplateError::Unknown { what: "function", name, at, near }
    }
}

/// minijinja wraps errors of includes and blocks; the innermost one knows the place.
fn innermost(error: &Error) -> &Error {
    let mut innermost = error;
    while let Some(next) = std::error::Error::source(innermost).and_then(|source| source.downcast_ref::<Error>()) {
        innermost = next;
    }
    innermost
}

fn backquoted(detail: &str) -> Option<&str> {
    detail.split('`').nth(1)
}

fn is_path(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '[' | ']' | '\'' | '"'))
}

/// Where a range of a unit stands in what the operator wrote.
pub(super) fn place(unit: &Unit, text: Option<&Text>, range: Range<usize>) -> Option<Place> {
    if let Some(source) = unit.source() {
        return Some(Place::new(source, file_range(source.text(), unit.text(), range)));
    }
    Some(text?.place()?.of_part(unit.text(), range))
}

/// A template's first line of options is no part of its unit.
fn file_range(file: &str, unit: &str, range: Range<usize>) -> Range<usize> {
    let skipped = file.len().saturating_sub(unit.len());
    range.start + skipped..range.end + skipped
}

/// The name's own place inside a wider one.
fn narrowed(at: &Place, name: &str) -> Place {
    match at.text().find(name) {
        Some(start) if !name.is_empty() => at.within(start..start + name.len()),
        _ => at.clone(),
    }
}

/// What minijinja says, where it says it without values.
fn refusal(error: &Error) -> String {
    const HARMLESS: [&str; 12] = [
        "tried to use ",
        "cannot ",
        "object is not",
        "value of type ",
        "tried to include",
        "template ",
        "loop",
        "can only assign",
        "recursion limit",
        "range has too many",
        "repeated ",
        "overflow",
    ];
    let detail = error.detail().unwrap_or_default();
    match error.kind() {
        ErrorKind::OutOfFuel => "the template did not come to an end".to_owned(),
        ErrorKind::MissingArgument => "an argument is missing".to_owned(),
        ErrorKind::TooManyArguments => "there are too many arguments".to_owned(),
        ErrorKind::UnknownMethod | ErrorKind::TemplateNotFound | ErrorKind::UnknownBlock => detail.to_owned(),
        _ if detail.starts_with("unable to calculate ") => "the number is too large to be calculated".to_owned(),
        _ if HARMLESS.iter().any(|words| detail.starts_with(words)) => detail.to_owned(),
        kind => kind.to_string(),
    }
}
