//! Tests over texts: regular expressions and versions.

use minijinja::{Error, Value as Dynamic};

use crate::template::arguments::Arguments;
use crate::template::frame::Frame;
use crate::template::python;
use crate::template::regex::{self, Flags};
use crate::template::version::Scheme;

type Answer = Result<Dynamic, Error>;

fn found(arguments: &mut Arguments<'_, '_, '_>, at_start: bool, to_end: bool) -> Answer {
    let text = arguments.subject_text()?;
    let pattern = arguments.take(1, "pattern")?.unwrap_or_else(|| Dynamic::from(""));
    let pattern = pattern.as_str().ok_or_else(|| arguments.refusal("needs a pattern"))?.to_owned();
    let flags = Flags {
        ignore_case: arguments.flag(2, "ignorecase", false)?,
        multiline: arguments.flag(3, "multiline", false)?,
        at_start,
        to_end,
    };
    let regex = Frame::current()?.engines().patterns().get(&pattern, flags)?;
    Ok(Dynamic::from(regex::search(&regex, &text)?.is_some()))
}

pub(in crate::template) fn search(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    found(arguments, false, false)
}

pub(in crate::template) fn matches(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    found(arguments, true, false)
}

pub(super) fn regex(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    let kind = arguments.text(4, "match_type")?;
    match kind.as_deref() {
        None | Some("search") => found(arguments, false, false),
        Some("match") => found(arguments, true, false),
        Some("fullmatch") => found(arguments, true, true),
        Some(_) => Err(arguments.refusal("knows the match types search, match and fullmatch")),
    }
}

pub(in crate::template) fn version(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    let subject = arguments.subject()?;
    let left = if subject.is_true() { arguments.subject_text()? } else { String::new() };
    let right = arguments.need(1, "version")?;
    let right = if right.is_true() { python::text(&right) } else { String::new() };
    let operator = arguments.take(2, "operator")?.map_or_else(|| "eq".to_owned(), |operator| python::text(&operator));
    let strict = arguments.take(3, "strict")?.filter(|strict| !strict.is_none());
    let kind = arguments.text(4, "version_type")?;
    if left.is_empty() || right.is_empty() {
        return Err(arguments.refusal("cannot compare an empty version"));
    }
    let scheme = match (strict, kind) {
        (Some(_), Some(_)) => return Err(arguments.refusal("takes `strict` or `version_type`, not both")),
        (Some(strict), None) => Some(if strict.is_true() { Scheme::Strict } else { Scheme::Loose }),
        (None, Some(kind)) => Scheme::named(&kind),
        (None, None) => Some(Scheme::Loose),
    };
    let scheme = scheme.ok_or_else(|| arguments.refusal("knows the version types loose, strict, semver and pep440"))?;
    let order = scheme.compare(&left, &right)?;
    let holds = match operator.as_str() {
        "==" | "=" | "eq" => order.is_eq(),
        "<" | "lt" => order.is_lt(),
        "<=" | "le" => order.is_le(),
        ">" | "gt" => order.is_gt(),
        ">=" | "ge" => order.is_ge(),
        "!=" | "<>" | "ne" => order.is_ne(),
        _ => return Err(arguments.refusal(&format!("has no operator `{operator}`"))),
    };
    Ok(Dynamic::from(holds))
}
