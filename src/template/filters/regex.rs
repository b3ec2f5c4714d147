//! `regex_replace` and its kin.

use minijinja::value::Tuple;
use minijinja::{Error, Value as Dynamic};

use crate::template::arguments::Arguments;
use crate::template::frame::Frame;
use crate::template::objects::list;
use crate::template::regex::{self, Captures, Flags};

pub(super) fn regex_replace(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let text = arguments.subject_text()?;
    let pattern = arguments.take(1, "pattern")?.unwrap_or_else(|| Dynamic::from(""));
    let pattern = pattern.as_str().ok_or_else(|| arguments.refusal("needs a pattern"))?.to_owned();
    let replacement = arguments.text(2, "replacement")?.unwrap_or_default();
    let flags = Flags {
        ignore_case: arguments.flag(3, "ignorecase", false)?,
        multiline: arguments.flag(4, "multiline", false)?,
        ..Flags::default()
    };
    let count = arguments.int(5, "count")?.and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
    let mandatory = arguments.int(6, "mandatory_count")?.and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
    let regex = Frame::current()?.engines().patterns().get(&pattern, flags)?;
    let (result, replaced) = regex::replaced(&regex, &text, &replacement, count)?;
    if mandatory != 0 && mandatory != replaced {
        return Err(arguments.refusal(&format!("should match {mandatory} times, and matches {replaced} times")));
    }
    Ok(Dynamic::from(result))
}

pub(super) fn regex_findall(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let text = arguments.subject_text()?;
    let pattern = arguments.pattern(1, "regex")?;
    let flags = Flags {
        multiline: arguments.flag(2, "multiline", false)?,
        ignore_case: arguments.flag(3, "ignorecase", false)?,
        ..Flags::default()
    };
    let regex = Frame::current()?.engines().patterns().get(&pattern, flags)?;
    let group =
        |captures: &Captures<'_>, number: usize| Dynamic::from(captures.get(number).map_or("", |group| group.as_str()));
    let found = regex::matches(&regex, &text)?;
    let one = |captures: &Captures<'_>| match captures.len() {
        0 | 1 => group(captures, 0),
        2 => group(captures, 1),
        groups => Dynamic::from(Tuple::from((1..groups).map(|number| group(captures, number)).collect::<Vec<_>>())),
    };
    Ok(list(found.iter().map(one).collect()))
}

/// The match, or the groups that are asked for, or nothing.
pub(super) fn regex_search(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let text = arguments.subject_text()?;
    let pattern = arguments.pattern(1, "regex")?;
    let flags = Flags {
        ignore_case: arguments.flag(usize::MAX, "ignorecase", false)?,
        multiline: arguments.flag(usize::MAX, "multiline", false)?,
        ..Flags::default()
    };
    let groups = arguments.rest(2)?.iter().map(|group| group_of(arguments, group)).collect::<Result<Vec<_>, _>>()?;
    let regex = Frame::current()?.engines().patterns().get(&pattern, flags)?;
    let Some(captures) = regex::search(&regex, &text)? else { return Ok(Dynamic::from(())) };
    if groups.is_empty() {
        return Ok(Dynamic::from(captures.get(0).map_or("", |whole| whole.as_str())));
    }
    let group = |name: &String| {
        let found = match name.parse::<usize>() {
            Ok(number) if number >= captures.len() => return Err(arguments.refusal("knows no such group")),
            Ok(number) => captures.get(number),
            Err(_) => captures.name(name),
        };
        Ok(found.map_or_else(|| Dynamic::from(()), |found| Dynamic::from(found.as_str())))
    };
    groups.iter().map(group).collect::<Result<Vec<_>, Error>>().map(list)
}

/// The number or name in `\1` or `\g<name>`.
fn group_of(arguments: &Arguments<'_, '_, '_>, wanted: &Dynamic) -> Result<String, Error> {
    let wanted = wanted.as_str().unwrap_or_default();
    let name = match wanted.strip_prefix("\\g") {
        Some(name) => name.strip_prefix('<').and_then(|name| name.strip_suffix('>')),
        None => wanted.strip_prefix('\\').filter(|digits| digits.starts_with(|c: char| c.is_ascii_digit())),
    };
    name.map(str::to_owned).ok_or_else(|| arguments.refusal(r"takes groups as `\1` or `\g<name>`"))
}

pub(super) fn regex_escape(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let text = arguments.subject_text()?;
    match arguments.text(1, "re_type")?.as_deref() {
        None | Some("python") => Ok(Dynamic::from(regex::escaped(&text))),
        Some("posix_basic") => {
            let special = |c: char| if r"].[^$*\".contains(c) { format!("\\{c}") } else { c.to_string() };
            Ok(Dynamic::from(text.chars().map(special).collect::<String>()))
        }
        Some(_) => Err(arguments.refusal("knows the kinds python and posix_basic")),
    }
}
