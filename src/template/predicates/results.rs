//! Tests over the results that tasks registered.

use minijinja::value::ValueKind;
use minijinja::{Error, Value as Dynamic};

use crate::template::arguments::Arguments;
use crate::template::dynamic::{undefined, valid};
use crate::template::objects;

type Answer = Result<Dynamic, Error>;

/// The member of a result, if it has it.
fn member(arguments: &Arguments<'_, '_, '_>, name: &str) -> Result<Option<Dynamic>, Error> {
    let result = arguments.subject()?;
    if result.kind() != ValueKind::Map {
        return Err(arguments.refusal("needs a task's result"));
    }
    let found = valid(&result.get_attr(name)?)?;
    if found.is_undefined() && objects::items(&result)?.iter().any(|key| key.as_str() == Some(name)) {
        return Err(undefined(&found));
    }
    Ok((!found.is_undefined()).then_some(found))
}

fn is_set(arguments: &Arguments<'_, '_, '_>, name: &str) -> Result<bool, Error> {
    Ok(member(arguments, name)?.is_some_and(|value| value.is_true()))
}

pub(in crate::template) fn failed(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    is_set(arguments, "failed").map(Dynamic::from)
}

pub(in crate::template) fn succeeded(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    is_set(arguments, "failed").map(|failed| Dynamic::from(!failed))
}

pub(super) fn unreachable(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    is_set(arguments, "unreachable").map(Dynamic::from)
}

pub(super) fn reachable(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    is_set(arguments, "unreachable").map(|unreachable| Dynamic::from(!unreachable))
}

pub(in crate::template) fn skipped(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    is_set(arguments, "skipped").map(Dynamic::from)
}

/// A loop's result has changed when one of its own results has.
pub(in crate::template) fn changed(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    if let Some(changed) = member(arguments, "changed")? {
        return Ok(Dynamic::from(changed.is_true()));
    }
    let Some(results) = member(arguments, "results")? else { return Ok(Dynamic::from(false)) };
    let any = objects::items(&results)?
        .iter()
        .any(|result| result.get_attr("changed").is_ok_and(|changed| changed.is_true()));
    Ok(Dynamic::from(any))
}

/// A task that is not asynchronous counts as started and as finished.
fn asynchronous(arguments: &Arguments<'_, '_, '_>, name: &str) -> Answer {
    Ok(Dynamic::from(member(arguments, name)?.is_none_or(|value| value == Dynamic::from(1))))
}

pub(super) fn started(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    asynchronous(arguments, "started")
}

pub(super) fn finished(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    asynchronous(arguments, "finished")
}

pub(super) fn timed_out(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    let Some(timed_out) = member(arguments, "timedout")?.filter(Dynamic::is_true) else {
        return Ok(Dynamic::from(false));
    };
    Ok(Dynamic::from(timed_out.get_attr("period")?.is_true()))
}
