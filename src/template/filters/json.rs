//! JSON: written, read, and asked with `JMESPath`.

use minijinja::{Error, Value as Dynamic};
use serde_json::Value as Json;

use crate::template::arguments::Arguments;
use crate::template::dynamic::{from_dynamic, to_dynamic};
use crate::template::frame::Frame;
use crate::template::json::{Style, written};
use crate::template::objects::items;
use crate::template::python;
use crate::value::Value;

/// What `json.dumps` takes besides the value.
fn style(arguments: &mut Arguments<'_, '_, '_>, indent: Option<usize>, sort_keys: bool) -> Result<Style, Error> {
    let indent = match arguments.take(1, "indent")? {
        Some(indent) if indent.is_none() => None,
        Some(indent) => Some(indent.as_str().map_or_else(|| " ".repeat(indent.as_usize().unwrap_or(0)), str::to_owned)),
        None => indent.map(|indent| " ".repeat(indent)),
    };
    let sort_keys = arguments.flag(2, "sort_keys", sort_keys)?;
    let ascii = arguments.flag(usize::MAX, "ensure_ascii", true)?;
    for ignored in ["vault_to_text", "preprocess_unsafe", "skipkeys", "check_circular", "allow_nan"] {
        arguments.take(usize::MAX, ignored)?;
    }
    let usual = (if indent.is_some() { "," } else { ", " }.to_owned(), ": ".to_owned());
    let separators = match arguments.take(usize::MAX, "separators")? {
        Some(pair) if !pair.is_none() => match items(&pair)?.as_slice() {
            [item, key] => (python::text(item), python::text(key)),
            _ => return Err(arguments.refusal("needs two `separators`")),
        },
        _ => usual,
    };
    Ok(Style { indent, sort_keys, ascii, separators })
}

pub(super) fn to_json(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let subject = arguments.subject()?;
    let style = style(arguments, None, false)?;
    written(&subject, &style).map(Dynamic::from_safe_string)
}

pub(super) fn to_nice_json(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let subject = arguments.subject()?;
    let style = style(arguments, Some(4), true)?;
    let style = Style { separators: (",".to_owned(), ": ".to_owned()), ..style };
    written(&subject, &style).map(Dynamic::from_safe_string)
}

/// Jinja2's own: sorted keys, and what HTML would read is escaped.
pub(super) fn tojson(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let subject = arguments.subject()?;
    let style = style(arguments, None, true)?;
    let text = written(&subject, &style)?;
    let text = text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026").replace('\'', "\\u0027");
    Ok(Dynamic::from(text))
}

pub(super) fn from_json(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let text = arguments.need_subject_text()?;
    let json: Json =
        serde_json::from_str(&text).map_err(|error| arguments.refusal(&format!("cannot read this JSON: {error}")))?;
    to_dynamic(&Value::from(&json), &Frame::current()?)
}

/// Keys of mappings that a query makes come sorted.
pub(super) fn json_query(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let subject = arguments.subject()?;
    let query = arguments.need_text(1, "expr")?;
    let frame = Frame::current()?;
    let data = Json::from(&from_dynamic(&subject, &frame)?);
    let expression = jmespath::compile(&with_quotes(&query))
        .map_err(|error| arguments.refusal(&format!("cannot read the query: {}", error.reason)))?;
    let answer = expression
        .search(&data)
        .map_err(|error| arguments.refusal(&format!("cannot answer the query: {}", error.reason)))?;
    let json = serde_json::to_value(&answer).map_err(|error| arguments.refusal(&error.to_string()))?;
    to_dynamic(&Value::from(&whole(json)), &frame)
}

/// A literal that is no JSON is a text, as for Python's `jmespath`: `` [?name==`es1`] ``.
fn with_quotes(query: &str) -> String {
    let mut quoted = String::new();
    let mut rest = query;
    while let Some((before, after)) = rest.split_once('`') {
        quoted.push_str(before);
        let end = after.match_indices('`').map(|(at, _)| at).find(|at| !after[..*at].ends_with('\\'));
        let Some(end) = end else { return quoted + "`" + after };
        let literal = &after[..end];
        let is_json = serde_json::from_str::<Json>(&literal.replace("\\`", "`")).is_ok();
        let text = if is_json { literal.to_owned() } else { format!("\"{}\"", literal.trim_start()) };
        quoted.push_str(&format!("`{text}`"));
        rest = &after[end + 1..];
    }
    quoted + rest
}

/// `JMESPath`'s numbers have fractions; those that need none lose theirs.
fn whole(json: Json) -> Json {
    match json {
        Json::Number(number) => match number.as_f64() {
            Some(float) if !number.is_i64() && float.fract() == 0.0 && float.abs() < 9e15 =>
            {
                #[expect(clippy::cast_possible_truncation, reason = "it is whole and within range")]
                Json::from(float as i64)
            }
            _ => Json::Number(number),
        },
        Json::Array(items) => items.into_iter().map(whole).collect(),
        Json::Object(entries) => Json::Object(entries.into_iter().map(|(key, value)| (key, whole(value))).collect()),
        other => other,
    }
}
