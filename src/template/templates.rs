//! The room's face: texts, values, conditions and files, rendered in a scope.

use std::sync::Arc;

use minijinja::Value as Dynamic;

use super::dynamic::{defined, from_dynamic, to_dynamic};
use super::engine::{Engines, Mode, Unit};
use super::error::TemplateError;
use super::frame::Frame;
use super::header::{self, FileOptions};
use super::json;
use super::lookups;
use super::omit;
use super::python;
use super::scope::Scope;
use super::surroundings::Surroundings;
use crate::source::Source;
use crate::value::{Map, Text, Value};

/// All that renders templates in a run; texts are compiled once. It is shared by all threads.
#[derive(Clone)]
pub struct Templates {
    engines: Arc<Engines>,
}

impl Templates {
    /// Templates that see these surroundings.
    pub fn new(surroundings: Surroundings) -> Self {
        Self { engines: Arc::new(Engines::new(surroundings)) }
    }

    /// Renders a text. Ansible's rules say what comes of it: a number, boolean or nothing when the text only names such
    /// a variable; a list, mapping or boolean when the result looks like one; a text otherwise.
    ///
    /// # Errors
    /// Whatever stops the evaluation.
    pub fn text(&self, text: &Text, scope: &Scope) -> Result<Value, TemplateError> {
        if !text.is_template() {
            if text.is_secret() {
                self.engines.secrets().add(text.as_str());
            }
            return Ok(Value::Text(text.clone()));
        }
        let (frame, _running) = Frame::begin(&self.engines, scope);
        rendered(&frame, text)
    }

    /// Renders a value, however deep, with the keys of its mappings; entries whose value is `omit` are left out.
    ///
    /// # Errors
    /// Whatever stops the evaluation.
    pub fn value(&self, value: &Value, scope: &Scope) -> Result<Value, TemplateError> {
        if !matches!(value, Value::Text(_)) && value.is_rendered() {
            return Ok(value.clone());
        }
        let (frame, _running) = Frame::begin(&self.engines, scope);
        deep(&frame, value)
    }

    /// Whether a condition holds: a bare expression; true is what Python takes for true.
    ///
    /// # Errors
    /// Whatever stops the evaluation; what is not defined does.
    pub fn condition(&self, expression: &Text, scope: &Scope) -> Result<bool, TemplateError> {
        let (frame, _running) = Frame::begin(&self.engines, scope);
        let Some(expression) = Self::untemplated(&frame, expression)? else { return Ok(false) };
        match expression.as_str().trim() {
            "" | "True" | "true" => return Ok(true),
            "False" | "false" => return Ok(false),
            _ => {}
        }
        let unit = self.engines.unit(expression.as_str(), &Mode::Expression);
        let value = frame.capture(&unit).and_then(|value| defined(&value));
        value.map(|value| value.is_true()).map_err(|error| frame.explain(&error, &unit, Some(&expression)))
    }

    /// The value of a bare expression, such as `loop`'s or a `debug`'s `var`.
    ///
    /// # Errors
    /// Whatever stops the evaluation.
    pub fn expression(&self, expression: &Text, scope: &Scope) -> Result<Value, TemplateError> {
        let (frame, _running) = Frame::begin(&self.engines, scope);
        let unit = self.engines.unit(expression.as_str(), &Mode::Expression);
        let value = frame.capture(&unit).and_then(|value| from_dynamic(&value, &frame));
        value.map_err(|error| frame.explain(&error, &unit, Some(expression)))
    }

    /// A rendered value as Ansible writes it into a file: lists and mappings as JSON, anything else as Python's `str`.
    ///
    /// # Errors
    /// A value that is nested too deep.
    pub fn written(&self, value: &Value, scope: &Scope) -> Result<String, TemplateError> {
        let (frame, _running) = Frame::begin(&self.engines, scope);
        let text = to_dynamic(value, &frame).and_then(|dynamic| match value {
            Value::List(_) | Value::Map(_) => json::written(&dynamic, &json::Style::usual()),
            _ => Ok(python::text(&dynamic)),
        });
        text.map_err(|error| frame.explain(&error, &self.engines.unit("", &Mode::Expression), None))
    }

    /// Renders a template file.
    ///
    /// # Errors
    /// Whatever stops the evaluation.
    pub fn file(&self, template: &Arc<Source>, scope: &Scope, options: &FileOptions) -> Result<String, TemplateError> {
        let (body, options) = header::read(template, options)?;
        let scope = &header::scope(scope, &options);
        let (frame, _running) = Frame::begin(&self.engines, scope);
        let unit = self.engines.file_unit(template, body, options.settings());
        frame.characters(&unit).map_err(|error| frame.explain(&error, &unit, None))
    }

    /// The items that a lookup gives, as `with_NAME:` loops over them; the terms are rendered already.
    ///
    /// # Errors
    /// Whatever stops it.
    pub fn lookup(&self, name: &str, terms: &[Value], scope: &Scope) -> Result<Vec<Value>, TemplateError> {
        let (frame, _running) = Frame::begin(&self.engines, scope);
        let found = terms.iter().map(|term| to_dynamic(term, &frame)).collect::<Result<Vec<_>, _>>();
        let found = found.and_then(|terms| lookups::run(name, terms, Vec::new(), Arc::clone(&frame)));
        let found = found.and_then(|items| items.iter().map(|item| from_dynamic(item, &frame)).collect());
        found.map_err(|error| frame.explain(&error, &self.engines.unit(name, &Mode::Expression), None))
    }

    /// Whether there is a lookup of this name.
    pub fn knows_lookup(name: &str) -> bool {
        let short = name.rsplit('.').next().unwrap_or(name);
        lookups::names().any(|known| known == short)
    }

    /// Whence chance comes in this run.
    pub fn seed(&self) -> u64 {
        self.engines.surroundings().seed
    }

    /// Learns a text that must not be shown.
    pub fn conceal(&self, text: &str) {
        self.engines.secrets().add(text);
    }

    /// Every secret text that passed through a template, for whoever masks output.
    pub fn secrets(&self) -> Vec<String> {
        self.engines.secrets().all()
    }

    /// The engines, for the checks of this room.
    pub(super) fn engines(&self) -> &Arc<Engines> {
        &self.engines
    }

    /// A condition written with marks is rendered first, and what comes of it is the condition.
    fn untemplated(frame: &Arc<Frame>, expression: &Text) -> Result<Option<Text>, TemplateError> {
        if !expression.is_template() {
            return Ok(Some(expression.clone()));
        }
        Ok(match rendered(frame, expression)? {
            Value::Bool(yes) => yes.then(|| Text::plain("True")),
            Value::Text(text) if text.as_str().is_empty() => None,
            Value::Text(text) => Some(match expression.place() {
                Some(place) => text.at(place.clone()),
                None => text,
            }),
            Value::Null => None,
            other => truth(&other).then(|| Text::plain("True")),
        })
    }
}

fn truth(value: &Value) -> bool {
    match value {
        Value::Int(number) => *number != 0,
        Value::Float(number) => *number != 0.0,
        Value::List(items) => !items.is_empty(),
        Value::Map(entries) => !entries.is_empty(),
        _ => true,
    }
}

fn rendered(frame: &Arc<Frame>, text: &Text) -> Result<Value, TemplateError> {
    let value = frame.render(text).and_then(|dynamic| {
        let value = from_dynamic(&dynamic, frame)?;
        // `[inf]` is no literal of Python's, so that it stays the text that it is.
        let is_text = matches!(value, Value::List(_) | Value::Map(_)) && has_infinity(&value);
        Ok(if is_text { Value::plain(python::text(&dynamic)) } else { value })
    });
    value.map(|value| placed(value, text)).map_err(|error| {
        let unit: Arc<Unit> = frame.engines().unit(text.as_str(), &Mode::Playbook);
        frame.explain(&error, &unit, Some(text))
    })
}

fn has_infinity(value: &Value) -> bool {
    match value {
        Value::Float(number) => !number.is_finite(),
        Value::List(items) => items.iter().any(has_infinity),
        Value::Map(entries) => entries.values().any(has_infinity),
        _ => false,
    }
}

/// A rendered text keeps the place it was written at, so that whoever refuses it can point there.
fn placed(value: Value, text: &Text) -> Value {
    match (value, text.place()) {
        (Value::Text(result), Some(place)) => Value::Text(result.at(place.clone())),
        (value, _) => value,
    }
}

fn deep(frame: &Arc<Frame>, value: &Value) -> Result<Value, TemplateError> {
    match value {
        Value::Text(text) => rendered(frame, text),
        Value::List(items) => {
            items.iter().map(|item| deep(frame, item)).collect::<Result<Vec<_>, _>>().map(Value::from)
        }
        Value::Map(entries) => {
            let mut result = Map::with_capacity(entries.len());
            for (key, value) in entries.iter() {
                let value = deep(frame, value)?;
                if !omit::is_omit(&value) {
                    result.insert(rendered_key(frame, key)?, value);
                }
            }
            Ok(result.into())
        }
        _ => Ok(value.clone()),
    }
}

fn rendered_key(frame: &Arc<Frame>, key: &str) -> Result<String, TemplateError> {
    if !key.contains("{{") && !key.contains("{%") {
        return Ok(key.to_owned());
    }
    let value = to_dynamic(&Value::template(key), frame);
    let text = value.map(|value: Dynamic| super::python::text(&value));
    text.map_err(|error| {
        let unit = frame.engines().unit(key, &Mode::Playbook);
        frame.explain(&error, &unit, None)
    })
}
