//! JSON as Python's `json.dumps` writes it.

use std::fmt::Write as _;

use minijinja::value::ValueKind;
use minijinja::{Error, Value as Dynamic};

use super::compare::sort_by_key;
use super::dynamic::defined;
use super::error::fault;
use super::methods::entries;
use super::objects::items;
use super::python;

/// How it looks.
pub(super) struct Style {
    /// What each level is indented with; without it, all is on one line.
    pub(super) indent: Option<String>,
    /// Whether keys are sorted.
    pub(super) sort_keys: bool,
    /// Whether only ASCII is written.
    pub(super) ascii: bool,
    /// Between items, and between key and value.
    pub(super) separators: (String, String),
}

impl Style {
    /// What `json.dumps` does when nobody asks for anything else.
    pub(super) fn usual() -> Self {
        Self { indent: None, sort_keys: false, ascii: true, separators: (", ".to_owned(), ": ".to_owned()) }
    }
}

const DEEPEST: usize = 200;

/// A value as JSON.
pub(super) fn written(value: &Dynamic, style: &Style) -> Result<String, Error> {
    let mut writer = Writer { style, out: String::new(), depth: 0 };
    writer.value(value)?;
    Ok(writer.out)
}

struct Writer<'s> {
    style: &'s Style,
    out: String,
    depth: usize,
}

impl Writer<'_> {
    fn value(&mut self, value: &Dynamic) -> Result<(), Error> {
        let value = &defined(value)?;
        match value.kind() {
            ValueKind::None => self.out.push_str("null"),
            ValueKind::Bool => self.out.push_str(if value.is_true() { "true" } else { "false" }),
            ValueKind::Number => self.out.push_str(&number(value)),
            ValueKind::Map => self.map(value)?,
            ValueKind::Seq | ValueKind::Iterable => self.list(value)?,
            _ => quoted(&python::text(value), self.style.ascii, &mut self.out),
        }
        Ok(())
    }

    fn map(&mut self, map: &Dynamic) -> Result<(), Error> {
        let mut entries: Vec<_> = entries(map)?.into_iter().map(|(key, value)| (key_text(&key), value)).collect();
        if self.style.sort_keys {
            let mut keyed: Vec<_> =
                entries.into_iter().map(|(key, value)| (Dynamic::from(key.as_str()), (key, value))).collect();
            sort_by_key(&mut keyed, false)?;
            entries = keyed.into_iter().map(|(_, entry)| entry).collect();
        }
        self.nested(('{', '}'), entries, |writer, (key, value)| {
            quoted(&key, writer.style.ascii, &mut writer.out);
            writer.out.push_str(&writer.style.separators.1);
            writer.value(&value)
        })
    }

    fn list(&mut self, list: &Dynamic) -> Result<(), Error> {
        self.nested(('[', ']'), items(list)?, |writer, item| writer.value(&item))
    }

    fn nested<T>(
        &mut self,
        (open, close): (char, char),
        items: Vec<T>,
        mut one: impl FnMut(&mut Self, T) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(fault("the value holds itself, or is nested too deep"));
        }
        self.out.push(open);
        let is_empty = items.is_empty();
        for (index, item) in items.into_iter().enumerate() {
            if index > 0 {
                self.out.push_str(&self.style.separators.0);
            }
            self.line();
            one(self, item)?;
        }
        self.depth -= 1;
        if !is_empty {
            self.line();
        }
        self.out.push(close);
        Ok(())
    }

    fn line(&mut self) {
        if let Some(indent) = &self.style.indent {
            self.out.push('\n');
            self.out.push_str(&indent.repeat(self.depth));
        }
    }
}

fn number(value: &Dynamic) -> String {
    match python::text(value).as_str() {
        "nan" => "NaN".to_owned(),
        "inf" => "Infinity".to_owned(),
        "-inf" => "-Infinity".to_owned(),
        text => text.to_owned(),
    }
}

fn key_text(key: &Dynamic) -> String {
    match key.kind() {
        ValueKind::None => "null".to_owned(),
        ValueKind::Bool => key.is_true().to_string(),
        _ => python::text(key),
    }
}

fn quoted(text: &str, ascii: bool, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            c if u32::from(c) < 0x20 || (ascii && !c.is_ascii()) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
