//! Filters over texts.

use minijinja::value::Tuple;
use minijinja::{Error, Value as Dynamic};

use super::narrow;
use super::wrap::Wrap;
use crate::template::arguments::Arguments;

use crate::template::methods::{capitalized, lines, split_text};
use crate::template::objects::{dict, list};
use crate::template::printf::formatted;

pub(super) fn string(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    arguments.subject_text().map(Dynamic::from_safe_string)
}

pub(super) fn lower(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    Ok(Dynamic::from(arguments.subject_text()?.to_lowercase()))
}

pub(super) fn upper(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    Ok(Dynamic::from(arguments.subject_text()?.to_uppercase()))
}

pub(super) fn capitalize(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    Ok(Dynamic::from(capitalized(&arguments.subject_text()?)))
}

/// Jinja2's `title`: words begin at blanks, hyphens and opening brackets.
pub(super) fn title(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let text = arguments.subject_text()?;
    let mut result = String::with_capacity(text.len());
    for word in text.split_inclusive(|c: char| c.is_whitespace() || "-({[<".contains(c)) {
        let mut characters = word.chars();
        result.extend(characters.next().into_iter().flat_map(char::to_uppercase));
        result.push_str(&characters.as_str().to_lowercase());
    }
    Ok(Dynamic::from(result))
}

pub(super) fn trim(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let text = arguments.subject_text()?;
    let trimmed = match arguments.text(1, "chars")? {
        Some(set) => text.trim_matches(|c| set.contains(c)),
        None => text.trim(),
    };
    Ok(Dynamic::from(trimmed))
}

pub(super) fn replace(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let text = arguments.subject_text()?;
    let (old, new) = (arguments.need_text(1, "old")?, arguments.need_text(2, "new")?);
    let count = arguments.int(3, "count")?.and_then(|count| usize::try_from(count).ok());
    Ok(Dynamic::from(match count {
        Some(count) => text.replacen(&old, &new, count),
        None => text.replace(&old, &new),
    }))
}

pub(super) fn split(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let text = arguments.need_subject_text()?;
    let separator = arguments.text(1, "sep")?;
    let limit = arguments.int(2, "maxsplit")?.and_then(|limit| usize::try_from(limit).ok());
    let parts = split_text(&text, separator.as_deref(), limit)?;
    Ok(list(parts.into_iter().map(Dynamic::from).collect()))
}

pub(super) fn format(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let pattern = arguments.subject_text()?;
    let named = arguments.named();
    let values = if named.is_empty() {
        Dynamic::from(Tuple::from(arguments.rest(1)?))
    } else {
        dict(named.into_iter().map(|(name, value)| (Dynamic::from(name), value)))
    };
    formatted(&pattern, &values).map(Dynamic::from)
}

pub(super) fn indent(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let text = arguments.need_subject_text()?;
    let width = arguments.take(1, "width")?;
    let (first, blank) = (arguments.flag(2, "first", false)?, arguments.flag(3, "blank", false)?);
    let blanks = match &width {
        Some(width) if width.as_str().is_some() => width.to_string(),
        Some(width) => " ".repeat(narrow(width.as_usize().unwrap_or(4))?),
        None => " ".repeat(4),
    };
    Ok(Dynamic::from(indented(&text, &blanks, first, blank)))
}

fn indented(text: &str, blanks: &str, first: bool, blank: bool) -> String {
    let ended = format!("{text}\n");
    let lines = lines(&ended, false);
    let mut result = String::with_capacity(text.len() + lines.len() * blanks.len());
    for (index, line) in lines.iter().enumerate() {
        if index > 0 {
            result.push('\n');
        }
        let wanted = if index == 0 { first } else { blank || !line.is_empty() };
        result.push_str(if wanted { blanks } else { "" });
        result.push_str(line);
    }
    result
}

pub(super) fn truncate(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let text = arguments.need_subject_text()?;
    let length = arguments.int(1, "length")?.and_then(|length| usize::try_from(length).ok()).unwrap_or(255);
    let kill_words = arguments.flag(2, "killwords", false)?;
    let end = arguments.text(3, "end")?.unwrap_or_else(|| "...".to_owned());
    let leeway = arguments.int(4, "leeway")?.and_then(|leeway| usize::try_from(leeway).ok()).unwrap_or(5);
    if text.chars().count() <= length.saturating_add(leeway) {
        return Ok(Dynamic::from(text));
    }
    let room = length
        .checked_sub(end.chars().count())
        .ok_or_else(|| arguments.refusal("needs a length above that of `end`"))?;
    let mut kept: String = text.chars().take(room).collect();
    if let Some(space) = kept.rfind(' ').filter(|_| !kill_words) {
        kept.truncate(space);
    }
    Ok(Dynamic::from(kept + &end))
}

pub(super) fn center(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let text = arguments.subject_text()?;
    let width = narrow(arguments.int(1, "width")?.and_then(|width| usize::try_from(width).ok()).unwrap_or(80))?;
    let fill = width.saturating_sub(text.chars().count());
    // Python puts the odd blank on the left when the width is odd too.
    let left = fill / 2 + (fill & width & 1);
    Ok(Dynamic::from(format!("{}{text}{}", " ".repeat(left), " ".repeat(fill - left))))
}

pub(super) fn wordcount(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let text = arguments.subject_text()?;
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    Ok(Dynamic::from(words.count()))
}

pub(super) fn wordwrap(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let text = arguments.need_subject_text()?;
    let width = arguments.int(1, "width")?.and_then(|width| usize::try_from(width).ok()).unwrap_or(79).max(1);
    let break_long = arguments.flag(2, "break_long_words", true)?;
    let end = arguments.text(3, "wrapstring")?.unwrap_or_else(|| "\n".to_owned());
    let at_hyphens = arguments.flag(4, "break_on_hyphens", true)?;
    let wrap = Wrap { width, break_long, at_hyphens };
    let wrapped: Vec<String> = lines(&text, false).into_iter().map(|line| wrap.lines(line).join(&end)).collect();
    Ok(Dynamic::from(wrapped.join(&end)))
}
