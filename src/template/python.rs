//! How Python writes values: `str()` and `repr()`.

use std::fmt::Write as _;

use minijinja::Value as Dynamic;
use minijinja::value::ValueKind;

/// How deep `repr` goes into a value; what is deeper is left out, as Python does with a list that holds itself.
const DEEPEST: usize = 60;

/// The value as `str()` writes it.
pub(super) fn text(value: &Dynamic) -> String {
    match value.as_str() {
        Some(text) => text.to_owned(),
        None => repr(value),
    }
}

/// The name under which JSON has a key of a mapping.
pub(super) fn key(value: &Dynamic) -> String {
    match value.kind() {
        ValueKind::Bool => if value.is_true() { "true" } else { "false" }.to_owned(),
        ValueKind::None => "null".to_owned(),
        _ => text(value),
    }
}

/// The value as `repr()` writes it.
pub(super) fn repr(value: &Dynamic) -> String {
    let mut out = String::new();
    write_repr(value, &mut out, 0);
    out
}

fn write_repr(value: &Dynamic, out: &mut String, depth: usize) {
    if depth > DEEPEST {
        out.push_str("...");
        return;
    }
    match value.kind() {
        ValueKind::String => out.push_str(&quoted(value.as_str().unwrap_or_default())),
        ValueKind::Number if !value.is_integer() => {
            out.push_str(&f64::try_from(value.clone()).map(float).unwrap_or_default());
        }
        ValueKind::Map => write_map(value, out, depth),
        ValueKind::Seq if value.is_tuple() => write_items(value, out, depth, ('(', ')')),
        ValueKind::Seq | ValueKind::Iterable => write_items(value, out, depth, ('[', ']')),
        _ => {
            let _ = write!(out, "{value}");
        }
    }
}

fn write_map(value: &Dynamic, out: &mut String, depth: usize) {
    out.push('{');
    for (index, key) in value.try_iter().into_iter().flatten().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        write_repr(&key, out, depth + 1);
        out.push_str(": ");
        write_repr(&value.get_item(&key).unwrap_or_default(), out, depth + 1);
    }
    out.push('}');
}

fn write_items(value: &Dynamic, out: &mut String, depth: usize, (open, close): (char, char)) {
    out.push(open);
    let mut count = 0;
    for item in value.try_iter().into_iter().flatten() {
        if count > 0 {
            out.push_str(", ");
        }
        write_repr(&item, out, depth + 1);
        count += 1;
    }
    if open == '(' && count == 1 {
        out.push(',');
    }
    out.push(close);
}

/// A text in quotes, with Python's choice of them and its escapes.
pub(super) fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for character in text.chars() {
        match character {
            c if c == quote || c == '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() && u32::from(c) <= 0xff => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}

/// A number with a fraction: the shortest digits that read the same, with an exponent from 1e16 on and below 1e-4.
pub(super) fn float(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return if number < 0.0 { "-inf" } else { "inf" }.to_owned();
    }
    let magnitude = number.abs();
    if magnitude != 0.0 && !(1e-4..1e16).contains(&magnitude) {
        let written = format!("{number:e}");
        let (digits, exponent) = written.split_once('e').unwrap_or((&written, "0"));
        let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
        return format!("{digits}e{sign}{exponent:0>2}");
    }
    let written = format!("{number}");
    if written.contains('.') { written } else { format!("{written}.0") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_look_as_in_python() {
        let written: Vec<_> = [1.0, 0.1, 1e16, 1e22, 1e-5, 123_456.789, -2.5e-10].into_iter().map(float).collect();
        assert_eq!(written, ["1.0", "0.1", "1e+16", "1e+22", "1e-05", "123456.789", "-2.5e-10"]);
    }

    #[test]
    fn texts_choose_their_quotes() {
        assert_eq!(quoted("it's"), "\"it's\"");
        assert_eq!(quoted("a'b\"c\n\u{1}"), "'a\\'b\"c\\n\\x01'");
    }
}
