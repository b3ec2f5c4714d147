//! YAML: written and read.

use std::sync::Arc;

use minijinja::{Error, Value as Dynamic};

use crate::source::{Problem, Source};
use crate::template::arguments::Arguments;
use crate::template::dynamic::to_dynamic;
use crate::template::frame::Frame;
use crate::template::objects::list;
use crate::template::yaml::{Flow, Style, written};
use crate::value::{Text, Value};
use crate::yaml::Node;

pub(super) fn to_yaml(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let flow = match arguments.take(usize::MAX, "default_flow_style")? {
        Some(flow) if flow.is_none() => Flow::Innermost,
        Some(flow) if flow.is_true() => Flow::Always,
        Some(_) => Flow::Never,
        None => Flow::Innermost,
    };
    dumped(arguments, flow, 2)
}

pub(super) fn to_nice_yaml(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    dumped(arguments, Flow::Never, 4)
}

fn dumped(arguments: &mut Arguments<'_, '_, '_>, flow: Flow, indent: usize) -> Result<Dynamic, Error> {
    let subject = arguments.subject()?;
    let position = if indent == 4 { 1 } else { usize::MAX };
    let size = |number: Option<i64>| number.and_then(|number| usize::try_from(number).ok());
    let indent = size(arguments.int(position, "indent")?).unwrap_or(indent);
    let width = size(arguments.int(usize::MAX, "width")?);
    // PyYAML falls back to its own values where these make no sense.
    let indent = if (2..10).contains(&indent) { indent } else { 2 };
    let width = width.filter(|width| *width > indent * 2).unwrap_or(80);
    let style = Style {
        indent,
        width,
        flow,
        sort_keys: arguments.flag(usize::MAX, "sort_keys", true)?,
        explicit_start: arguments.flag(usize::MAX, "explicit_start", false)?,
        explicit_end: arguments.flag(usize::MAX, "explicit_end", false)?,
    };
    for ignored in ["allow_unicode", "default_style", "canonical", "encoding", "line_break"] {
        arguments.take(usize::MAX, ignored)?;
    }
    let frame = Frame::current()?;
    written(&subject, style, frame.engines().patterns()).map(Dynamic::from_safe_string)
}

/// The documents of a text that a filter was given: data, whatever it looks like.
fn documents(arguments: &Arguments<'_, '_, '_>, text: &str) -> Result<Vec<Value>, Error> {
    let source: Arc<Source> = Source::new("the filter's input", text);
    let refused = |problems: Vec<Problem>| {
        let first = problems.first().map_or_else(|| "unreadable".to_owned(), |problem| problem.message.clone());
        arguments.refusal(&format!("cannot read this YAML: {first}"))
    };
    let nodes = crate::yaml::parse(&source).map_err(refused)?;
    Ok(nodes.iter().map(Node::to_value).map(data).collect())
}

fn data(value: Value) -> Value {
    match value {
        Value::Text(text) => Value::Text(Text::plain(text.as_str())),
        Value::List(items) => Value::list(items.iter().cloned().map(data)),
        Value::Map(entries) => Value::map(entries.iter().map(|(key, value)| (key.clone(), data(value.clone())))),
        other => other,
    }
}

pub(super) fn from_yaml(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let subject = arguments.subject()?;
    let Some(text) = subject.as_str() else { return Ok(subject) };
    let first = documents(arguments, text)?.into_iter().next().unwrap_or_default();
    to_dynamic(&first, &Frame::current()?)
}

pub(super) fn from_yaml_all(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let subject = arguments.subject()?;
    let Some(text) = subject.as_str() else { return Ok(subject) };
    let frame = Frame::current()?;
    let all =
        documents(arguments, text)?.iter().map(|value| to_dynamic(value, &frame)).collect::<Result<Vec<_>, _>>()?;
    Ok(list(all))
}
