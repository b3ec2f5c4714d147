//! The writer: lists, mappings and scalars with `PyYAML`'s indentation, line width and choice of style.

use minijinja::value::ValueKind;
use minijinja::{Error, Value as Dynamic};

use super::scalar::{Analysis, analyse, is_break};
use super::words;
use crate::template::compare::sort_by_key;
use crate::template::dynamic::defined;
use crate::template::error::fault;
use crate::template::methods::entries;
use crate::template::objects::items;
use crate::template::python;
use crate::template::regex::Patterns;

/// When collections are written on one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::template) enum Flow {
    /// Those that hold scalars only.
    Innermost,
    /// None but empty ones.
    Never,
    /// All.
    Always,
}

/// How it looks.
#[derive(Debug, Clone, Copy)]
pub(in crate::template) struct Style {
    pub(in crate::template) indent: usize,
    pub(in crate::template) width: usize,
    pub(in crate::template) flow: Flow,
    pub(in crate::template) sort_keys: bool,
    pub(in crate::template) explicit_start: bool,
    pub(in crate::template) explicit_end: bool,
}

const DEEPEST: usize = 100;

/// A value as a YAML document.
pub(in crate::template) fn written(value: &Dynamic, style: Style, patterns: &Patterns) -> Result<String, Error> {
    let mut writer = Writer {
        style,
        patterns,
        out: String::new(),
        column: 0,
        indent: None,
        indents: Vec::new(),
        flow_level: 0,
        whitespace: true,
        indention: true,
    };
    if style.explicit_start {
        writer.indicator("---", true, false, false);
    }
    writer.node(value, Context::Root)?;
    if style.explicit_end {
        writer.line_break();
        writer.out.push_str("...");
    }
    if !writer.out.ends_with('\n') {
        writer.line_break();
    }
    Ok(writer.out)
}

/// Where a node stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Context {
    Root,
    Item,
    Key,
    Value,
}

pub(super) struct Writer<'p> {
    pub(super) style: Style,
    patterns: &'p Patterns,
    out: String,
    pub(super) column: usize,
    indent: Option<usize>,
    indents: Vec<Option<usize>>,
    flow_level: usize,
    /// Whether a blank was written last.
    pub(super) whitespace: bool,
    /// Whether only indentation and indicators stand on the line.
    pub(super) indention: bool,
}

/// A scalar with its characters, and whether it is a text that must not be read as anything else.
struct Scalar {
    text: String,
    is_text: bool,
}

impl Writer<'_> {
    fn node(&mut self, value: &Dynamic, context: Context) -> Result<(), Error> {
        let value = &defined(value)?;
        if self.indents.len() > DEEPEST {
            return Err(fault("the value holds itself, or is nested too deep"));
        }
        match value.kind() {
            ValueKind::Map => {
                let entries = self.sorted(entries(value)?);
                let is_flow = self.is_flow(entries.iter().flat_map(|(key, value)| [key, value]), entries.is_empty());
                if is_flow { self.flow_map(&entries) } else { self.block_map(&entries) }
            }
            ValueKind::Seq | ValueKind::Iterable => {
                let items = items(value)?;
                let is_flow = self.is_flow(items.iter(), items.is_empty());
                if is_flow { self.flow_list(&items) } else { self.block_list(&items, context) }
            }
            _ => {
                self.scalar(&scalar(value), context);
                Ok(())
            }
        }
    }

    fn sorted(&self, entries: Vec<(Dynamic, Dynamic)>) -> Vec<(Dynamic, Dynamic)> {
        if !self.style.sort_keys {
            return entries;
        }
        let mut keyed: Vec<_> = entries.iter().map(|entry| (entry.0.clone(), entry.clone())).collect();
        // Keys that cannot be ordered stay as they are.
        if sort_by_key(&mut keyed, false).is_err() {
            return entries;
        }
        keyed.into_iter().map(|(_, entry)| entry).collect()
    }

    fn is_flow<'v>(&self, mut members: impl Iterator<Item = &'v Dynamic>, is_empty: bool) -> bool {
        let is_scalar =
            |value: &Dynamic| !matches!(value.kind(), ValueKind::Map | ValueKind::Seq | ValueKind::Iterable);
        let wanted = match self.style.flow {
            Flow::Always => true,
            Flow::Never => false,
            Flow::Innermost => members.all(is_scalar),
        };
        self.flow_level > 0 || is_empty || wanted
    }

    fn flow_list(&mut self, items: &[Dynamic]) -> Result<(), Error> {
        self.enter_flow("[");
        for (index, item) in items.iter().enumerate() {
            self.between(index);
            self.node(item, Context::Item)?;
        }
        self.leave_flow("]");
        Ok(())
    }

    fn flow_map(&mut self, entries: &[(Dynamic, Dynamic)]) -> Result<(), Error> {
        self.enter_flow("{");
        for (index, (key, value)) in entries.iter().enumerate() {
            self.between(index);
            if is_simple(key) {
                self.node(key, Context::Key)?;
                self.indicator(":", false, false, false);
            } else {
                self.indicator("?", true, false, false);
                self.node(key, Context::Value)?;
                if self.column > self.style.width {
                    self.write_indent();
                }
                self.indicator(":", true, false, false);
            }
            self.node(value, Context::Value)?;
        }
        self.leave_flow("}");
        Ok(())
    }

    fn enter_flow(&mut self, open: &str) {
        self.indicator(open, true, true, false);
        self.flow_level += 1;
        self.deeper(true, false);
    }

    fn between(&mut self, index: usize) {
        if index > 0 {
            self.indicator(",", false, false, false);
        }
        if self.column > self.style.width {
            self.write_indent();
        }
    }

    fn leave_flow(&mut self, close: &str) {
        self.shallower();
        self.flow_level -= 1;
        self.indicator(close, false, false, false);
    }

    fn block_list(&mut self, items: &[Dynamic], context: Context) -> Result<(), Error> {
        let is_level = matches!(context, Context::Value | Context::Key) && !self.indention;
        self.deeper(false, is_level);
        for item in items {
            self.write_indent();
            self.indicator("-", true, false, true);
            self.node(item, Context::Item)?;
        }
        self.shallower();
        Ok(())
    }

    fn block_map(&mut self, entries: &[(Dynamic, Dynamic)]) -> Result<(), Error> {
        self.deeper(false, false);
        for (key, value) in entries {
            self.write_indent();
            if is_simple(key) {
                self.node(key, Context::Key)?;
                self.indicator(":", false, false, false);
            } else {
                self.indicator("?", true, false, true);
                self.node(key, Context::Value)?;
                self.write_indent();
                self.indicator(":", true, false, true);
            }
            self.node(value, Context::Value)?;
        }
        self.shallower();
        Ok(())
    }

    fn deeper(&mut self, is_flow: bool, is_level: bool) {
        self.indents.push(self.indent);
        self.indent = match self.indent {
            None => Some(if is_flow { self.style.indent } else { 0 }),
            Some(indent) if is_level => Some(indent),
            Some(indent) => Some(indent + self.style.indent),
        };
    }

    fn shallower(&mut self) {
        self.indent = self.indents.pop().flatten();
    }

    fn scalar(&mut self, scalar: &Scalar, context: Context) {
        self.deeper(true, false);
        let analysis = analyse(&scalar.text);
        let split = context != Context::Key;
        if self.may_be_plain(scalar, analysis, context) {
            self.plain(&scalar.text, split);
        } else if analysis.single_quoted && (split || !analysis.is_multiline) {
            self.single_quoted(&scalar.text, split);
        } else {
            self.double_quoted(&scalar.text, split);
        }
        self.shallower();
    }

    fn may_be_plain(&self, scalar: &Scalar, analysis: Analysis, context: Context) -> bool {
        if scalar.is_text && words::is_other(&scalar.text, self.patterns) {
            return false;
        }
        let is_bad_key = context == Context::Key && (scalar.text.is_empty() || analysis.is_multiline);
        !is_bad_key && if self.flow_level > 0 { analysis.flow_plain } else { analysis.block_plain }
    }

    pub(super) fn indicator(&mut self, sign: &str, needs_blank: bool, whitespace: bool, indention: bool) {
        if needs_blank && !self.whitespace {
            self.push(" ");
        }
        self.push(sign);
        self.whitespace = whitespace;
        self.indention = self.indention && indention;
    }

    pub(super) fn push(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += text.chars().count();
    }

    pub(super) fn write_indent(&mut self) {
        let indent = self.indent.unwrap_or(0);
        if !self.indention || self.column > indent || (self.column == indent && !self.whitespace) {
            self.line_break();
        }
        if self.column < indent {
            self.whitespace = true;
            self.push(&" ".repeat(indent - self.column));
        }
    }

    pub(super) fn line_break(&mut self) {
        self.out.push('\n');
        self.whitespace = true;
        self.indention = true;
        self.column = 0;
    }
}

/// Whether a key fits on the line of its value.
fn is_simple(key: &Dynamic) -> bool {
    match key.kind() {
        ValueKind::Map | ValueKind::Seq | ValueKind::Iterable => key.len() == Some(0),
        _ => {
            let scalar = scalar(key);
            let length = scalar.text.chars().count();
            length <= 128 && !scalar.text.chars().any(is_break)
        }
    }
}

fn scalar(value: &Dynamic) -> Scalar {
    let text = match value.kind() {
        ValueKind::None => "null".to_owned(),
        ValueKind::Bool => value.is_true().to_string(),
        ValueKind::Number if value.is_integer() => value.to_string(),
        ValueKind::Number => float(&python::text(value)),
        _ => return Scalar { text: python::text(value), is_text: true },
    };
    Scalar { text, is_text: false }
}

fn float(text: &str) -> String {
    match text {
        "nan" => ".nan".to_owned(),
        "inf" => ".inf".to_owned(),
        "-inf" => "-.inf".to_owned(),
        text if !text.contains('.') => text.replacen('e', ".0e", 1),
        text => text.to_owned(),
    }
}
