//! Methods of texts.

use minijinja::formatting::{FormatStyle, format};
use minijinja::value::Tuple;
use minijinja::{Error, Value as Dynamic};

use super::{Given, texts};
use crate::template::error::fault;
use crate::template::filters::{LONGEST, narrow};
use crate::template::objects::list;

pub(super) fn call(text: &str, method: &str, given: &Given<'_>) -> Result<Option<Dynamic>, Error> {
    Ok(Some(match method {
        "split" => strings(split(text, given.text(0)?.as_deref(), limit(given, 1)?)?),
        "rsplit" => strings(rsplit(text, given.text(0)?.as_deref(), limit(given, 1)?)?),
        "splitlines" => strings(lines(text, given.at(0)?.is_some_and(|keep| keep.is_true()))),
        "partition" => {
            let separator = given.need_text(0)?;
            partition(text, &separator, text.find(&separator))?
        }
        "rpartition" => rpartition(text, &given.need_text(0)?)?,
        "find" | "rfind" | "index" | "rindex" => position(text, method, given)?,
        "count" => {
            let (_, part) = part(text, given, 1)?;
            let wanted = given.need_text(0)?;
            Dynamic::from(if wanted.is_empty() { part.chars().count() + 1 } else { part.matches(&wanted).count() })
        }
        "ljust" => Dynamic::from(padded(text, given, |fill, _| (0, fill))?),
        "rjust" => Dynamic::from(padded(text, given, |fill, _| (fill, 0))?),
        "center" => Dynamic::from(padded(text, given, |fill, width| {
            // Python puts the odd one on the left when the width is odd too.
            let left = fill / 2 + (fill & width & 1);
            (left, fill - left)
        })?),
        "zfill" => Dynamic::from(zero_filled(text, given.int(0)?.unwrap_or(0))?),
        "removeprefix" => Dynamic::from(text.strip_prefix(&given.need_text(0)?).unwrap_or(text)),
        "removesuffix" => Dynamic::from(text.strip_suffix(&given.need_text(0)?).unwrap_or(text)),
        "swapcase" => Dynamic::from(text.chars().map(swapped).collect::<Vec<_>>().concat()),
        "casefold" => Dynamic::from(text.to_lowercase()),
        "title" => Dynamic::from(titled(text)),
        "capitalize" => Dynamic::from(capitalized(text)),
        "join" => Dynamic::from(texts(&given.need(0)?)?.join(text)),
        "encode" | "decode" => Dynamic::from(text),
        "format" => {
            super::super::printf::refuse_wide_fields(text, given.0)?;
            given.0.iter().try_for_each(crate::template::dynamic::whole)?;
            match super::conversions::converted(text, given.0)? {
                Some((pattern, values)) => Dynamic::from(format(FormatStyle::StrFormat, &pattern, &values)?),
                None => return Ok(None),
            }
        }
        "expandtabs" => Dynamic::from(with_tabs_expanded(text, given.int(0)?.unwrap_or(8))?),
        _ => return Ok(None),
    }))
}

fn limit(given: &Given<'_>, position: usize) -> Result<Option<usize>, Error> {
    Ok(given.int(position)?.and_then(|limit| usize::try_from(limit).ok()))
}

fn strings<T: Into<Dynamic>>(parts: impl IntoIterator<Item = T>) -> Dynamic {
    list(parts.into_iter().map(Into::into).collect())
}

/// `split`, at blanks when no separator is given.
pub(in crate::template) fn split<'t>(
    text: &'t str,
    separator: Option<&str>,
    limit: Option<usize>,
) -> Result<Vec<&'t str>, Error> {
    match (separator, limit) {
        (Some(""), _) => Err(fault("a text cannot be split at an empty separator")),
        (Some(separator), None) => Ok(text.split(separator).collect()),
        (Some(separator), Some(limit)) => Ok(text.splitn(limit + 1, separator).collect()),
        (None, None) => Ok(text.split_whitespace().collect()),
        (None, Some(limit)) => Ok(split_blanks(text, limit)),
    }
}

fn split_blanks(text: &str, limit: usize) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let Some(end) = rest.find(char::is_whitespace).filter(|_| parts.len() < limit) else {
            parts.push(if parts.len() < limit { rest.trim_end() } else { rest });
            break;
        };
        parts.push(&rest[..end]);
        rest = rest[end..].trim_start();
    }
    parts
}

fn rsplit<'t>(text: &'t str, separator: Option<&str>, limit: Option<usize>) -> Result<Vec<&'t str>, Error> {
    let mut parts: Vec<&str> = match (separator, limit) {
        (Some(""), _) => return Err(fault("a text cannot be split at an empty separator")),
        (_, None) => return split(text, separator, None),
        (Some(separator), Some(limit)) => text.rsplitn(limit + 1, separator).collect(),
        (None, Some(limit)) => text.trim().rsplitn(limit + 1, char::is_whitespace).map(str::trim_end).collect(),
    };
    parts.reverse();
    Ok(parts)
}

/// Lines by any of Python's line ends.
pub(in crate::template) fn lines(text: &str, keep_ends: bool) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(end) = rest.find(['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}']) {
        let mark = rest[end..].chars().next().map_or(1, char::len_utf8);
        let next = end + if rest[end..].starts_with("\r\n") { 2 } else { mark };
        lines.push(&rest[..if keep_ends { next } else { end }]);
        rest = &rest[next..];
    }
    if !rest.is_empty() {
        lines.push(rest);
    }
    lines
}

fn partition(text: &str, separator: &str, found: Option<usize>) -> Result<Dynamic, Error> {
    if separator.is_empty() {
        return Err(fault("a text cannot be split at an empty separator"));
    }
    Ok(match found {
        Some(at) => Dynamic::from(Tuple::from(
            [&text[..at], separator, &text[at + separator.len()..]].map(Dynamic::from).to_vec(),
        )),
        None => Dynamic::from(Tuple::from([text, "", ""].map(Dynamic::from).to_vec())),
    })
}

fn rpartition(text: &str, separator: &str) -> Result<Dynamic, Error> {
    match text.rfind(separator) {
        Some(at) => partition(text, separator, Some(at)),
        None => Ok(Dynamic::from(Tuple::from(["", "", text].map(Dynamic::from).to_vec()))),
    }
}

/// Where a text stands, in characters; -1 or a failure when it does not.
fn position(text: &str, method: &str, given: &Given<'_>) -> Result<Dynamic, Error> {
    let (start, part) = part(text, given, 1)?;
    let wanted = given.need_text(0)?;
    let found = if method.starts_with('r') { part.rfind(&wanted) } else { part.find(&wanted) };
    match found {
        Some(at) => Ok(Dynamic::from(start + part[..at].chars().count())),
        None if method.ends_with("find") => Ok(Dynamic::from(-1)),
        None => Err(fault("the text that `index` looks for is not there")),
    }
}

/// The part of a text between two arguments that count characters, and where it begins.
fn part<'t>(text: &'t str, given: &Given<'_>, from: usize) -> Result<(usize, &'t str), Error> {
    let length = text.chars().count();
    let clamp = |at: i64| match usize::try_from(at) {
        Ok(at) => at.min(length),
        Err(_) => length.saturating_sub(usize::try_from(at.unsigned_abs()).unwrap_or(usize::MAX)),
    };
    let start = given.int(from)?.map_or(0, clamp);
    let end = given.int(from + 1)?.map_or(length, clamp).max(start);
    let offset = |count: usize| text.char_indices().nth(count).map_or(text.len(), |(at, _)| at);
    Ok((start, &text[offset(start)..offset(end)]))
}

fn padded(text: &str, given: &Given<'_>, sides: fn(usize, usize) -> (usize, usize)) -> Result<String, Error> {
    let width = given.int(0)?.and_then(|width| usize::try_from(width).ok()).unwrap_or(0);
    let fill = given.text(1)?.unwrap_or_else(|| " ".to_owned());
    if fill.chars().count() != 1 {
        return Err(fault("the fill must be one character"));
    }
    narrow(width)?;
    let (left, right) = sides(width.saturating_sub(text.chars().count()), width);
    Ok(format!("{}{text}{}", fill.repeat(left), fill.repeat(right)))
}

/// Each tab becomes as many blanks as lead to the next column that is a multiple of `size`.
fn with_tabs_expanded(text: &str, size: i64) -> Result<String, Error> {
    let size = usize::try_from(size).unwrap_or(0);
    if size.saturating_mul(text.matches('\t').count()) > LONGEST {
        return Err(fault(format!("tabs of {size} columns are refused")));
    }
    let (mut expanded, mut column) = (String::with_capacity(text.len()), 0);
    for character in text.chars() {
        match character {
            '\t' => {
                let blanks = if size == 0 { 0 } else { size - column % size };
                expanded.extend(std::iter::repeat_n(' ', blanks));
                column += blanks;
            }
            '\n' | '\r' => {
                expanded.push(character);
                column = 0;
            }
            other => {
                expanded.push(other);
                column += 1;
            }
        }
    }
    Ok(expanded)
}

fn zero_filled(text: &str, width: i64) -> Result<String, Error> {
    let width = narrow(usize::try_from(width).unwrap_or(0))?;
    let missing = width.saturating_sub(text.chars().count());
    let sign = text.len() - text.trim_start_matches(['+', '-']).len();
    Ok(format!("{}{}{}", &text[..sign.min(1)], "0".repeat(missing), &text[sign.min(1)..]))
}

fn swapped(character: char) -> String {
    if character.is_uppercase() { character.to_lowercase().collect() } else { character.to_uppercase().collect() }
}

/// Python's `title`: every letter behind a character that is no letter is big.
fn titled(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut in_word = false;
    for character in text.chars() {
        if in_word {
            result.extend(character.to_lowercase());
        } else {
            result.push_str(&capital(character));
        }
        in_word = character.is_alphabetic();
    }
    result
}

/// Python's `capitalize`.
pub(in crate::template) fn capitalized(text: &str) -> String {
    let Some(first) = text.chars().next() else { return String::new() };
    // How a letter is small may depend on those before it.
    let small = text.to_lowercase();
    let behind = first.to_lowercase().map(char::len_utf8).sum::<usize>();
    capital(first) + small.get(behind..).unwrap_or_default()
}

/// A letter as a word begins with it: of one that becomes several, the first alone is big.
fn capital(character: char) -> String {
    let mut letters = character.to_uppercase();
    let Some(first) = letters.next() else { return String::new() };
    let rest: String = letters.collect();
    if first.is_uppercase() { format!("{first}{}", rest.to_lowercase()) } else { format!("{first}{rest}") }
}
