//! One evaluation in progress: the root in which minijinja looks names up, the values rendered so far, and what was
//! found missing on the way.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use minijinja::value::Object;
use minijinja::{Error, Value as Dynamic};

use super::dynamic::to_dynamic;
use super::engine::{Engines, Mode, Unit};
use super::error::{TemplateError, carried, cause, fault};
use super::functions;
use super::literal;
use super::scope::{Lookup, Scope};
use crate::value::{Text, Value};

/// How many variables may stand in each other's values.
const DEEPEST: usize = 40;

/// The state of one evaluation.
pub(super) struct Frame {
    engines: Arc<Engines>,
    scope: Scope,
    progress: Mutex<Progress>,
}

#[derive(Default)]
struct Progress {
    /// Variables rendered in this evaluation.
    values: HashMap<String, Dynamic>,
    /// Variables whose values are being rendered, outermost first.
    rendering: Vec<String>,
    depth: usize,
    /// What the sole expression of a text gave.
    captured: Option<Dynamic>,
    /// What `string` or `to_json` gave and was printed last.
    kept_as_text: Option<String>,
    /// Why a variable that exists counts as undefined.
    reasons: HashMap<String, String>,
    /// The last path that led nowhere.
    missing: Option<String>,
}

thread_local! {
    /// The evaluations going on in this thread, the innermost last; minijinja's callbacks for includes are given names only.
    static RUNNING: RefCell<Vec<Arc<Frame>>> = const { RefCell::new(Vec::new()) };
}

/// A frame at work; when it is dropped, the frame forgets its values, which hold the frame.
pub(super) struct Running(Arc<Frame>);

impl Drop for Running {
    fn drop(&mut self) {
        RUNNING.with_borrow_mut(Vec::pop);
        self.0.progress().values = HashMap::new();
    }
}

impl Frame {
    /// Begins an evaluation.
    pub(super) fn begin(engines: &Arc<Engines>, scope: &Scope) -> (Arc<Self>, Running) {
        let frame = Arc::new(Self {
            engines: Arc::clone(engines),
            scope: scope.clone(),
            progress: Mutex::new(Progress::default()),
        });
        RUNNING.with_borrow_mut(|running| running.push(Arc::clone(&frame)));
        (Arc::clone(&frame), Running(frame))
    }

    /// Begins an evaluation inside another one, of a template that a lookup names.
    pub(super) fn nested(outer: &Arc<Self>, scope: &Scope) -> Result<(Arc<Self>, Running), Error> {
        if RUNNING.with_borrow(Vec::len) > DEEPEST / 4 {
            return Err(fault("templates look one another up without an end"));
        }
        Ok(Self::begin(&outer.engines, scope))
    }

    /// The innermost evaluation of this thread.
    pub(super) fn current() -> Result<Arc<Self>, Error> {
        RUNNING.with_borrow(|running| running.last().cloned()).ok_or_else(|| fault("no template is being rendered"))
    }

    /// What this evaluation sees.
    pub(super) fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The engines, with their units and surroundings.
    pub(super) fn engines(&self) -> &Arc<Engines> {
        &self.engines
    }

    /// Renders a text of a variable or an argument; Ansible's rules say which type comes of it.
    pub(super) fn render(self: &Arc<Self>, text: &Text) -> Result<Dynamic, Error> {
        if !text.is_template() {
            if text.is_secret() {
                self.engines.secrets().add(text.as_str());
            }
            return Ok(Dynamic::from(text.as_str()));
        }
        let value = self.evaluate(text)?;
        if text.is_secret() {
            self.engines.secrets().add(&super::python::text(&value));
        }
        Ok(value)
    }

    fn evaluate(self: &Arc<Self>, text: &Text) -> Result<Dynamic, Error> {
        let unit = self.engines.unit(text.as_str(), &Mode::Playbook);
        if let Some(value) = unit.bare().and_then(|name| self.bare(name)) {
            return Ok(value);
        }
        self.deeper(|| self.run(&unit)).map_err(|error| carried(self.explain(&error, &unit, Some(text))))
    }

    /// A number, a boolean or nothing keeps its type when the whole text is its name.
    fn bare(&self, name: &str) -> Option<Dynamic> {
        match self.scope.variables().lookup(name) {
            Lookup::Found(Value::Int(number)) => Some(Dynamic::from(number)),
            Lookup::Found(Value::Float(number)) => Some(Dynamic::from(number)),
            Lookup::Found(Value::Bool(yes)) => Some(Dynamic::from(yes)),
            Lookup::Found(Value::Null) => Some(Dynamic::from(())),
            _ => None,
        }
    }

    fn deeper<R>(&self, work: impl FnOnce() -> Result<R, Error>) -> Result<R, Error> {
        let depth = {
            let mut progress = self.progress();
            progress.depth += 1;
            progress.depth
        };
        let result = if depth > DEEPEST { Err(self.too_deep()) } else { work() };
        self.progress().depth -= 1;
        result
    }

    fn too_deep(&self) -> Error {
        let names = self.progress().rendering.clone();
        let last = names.last().map_or("a value", String::as_str);
        fault(format!("`{last}` holds itself, or more than {DEEPEST} templates are nested in its value"))
    }

    /// Runs a unit and types what comes of it.
    fn run(self: &Arc<Self>, unit: &Unit) -> Result<Dynamic, Error> {
        if unit.is_sole() {
            let value = literal::typed(&self.capture(unit)?);
            // A text gets back the line end that the template lost.
            let lost = value.as_str().filter(|text| unit.text().ends_with('\n') && !text.ends_with('\n'));
            return Ok(lost.map(|text| Dynamic::from(format!("{text}\n"))).unwrap_or(value));
        }
        self.progress().kept_as_text = None;
        let text = self.characters(unit)?;
        if self.progress().kept_as_text.take().is_some_and(|kept| kept == text) {
            return Ok(Dynamic::from_safe_string(text));
        }
        Ok(literal::read(&text).unwrap_or_else(|| Dynamic::from(text)))
    }

    /// Notes a text that stays one when it is all that is printed, whatever it looks like: what `to_json` gives, in a branch.
    pub(super) fn note_text(&self, text: &str) {
        self.progress().kept_as_text = Some(text.to_owned());
    }

    /// The value of a unit that is one expression.
    pub(super) fn capture(self: &Arc<Self>, unit: &Unit) -> Result<Dynamic, Error> {
        let printed = self.print(unit)?;
        Ok(self.progress().captured.take().unwrap_or_else(|| Dynamic::from(printed)))
    }

    /// The characters that a unit prints, with as many newlines at their end as the template has.
    pub(super) fn characters(self: &Arc<Self>, unit: &Unit) -> Result<String, Error> {
        let mut printed = self.print(unit)?;
        let newlines = |text: &str| text.len() - text.trim_end_matches('\n').len();
        let missing = newlines(unit.text()).saturating_sub(newlines(&printed));
        printed.push_str(&unit.settings().line_end.unwrap_or("\n").repeat(missing));
        Ok(printed)
    }

    fn print(self: &Arc<Self>, unit: &Unit) -> Result<String, Error> {
        let environment = self.engines.environment(unit.settings());
        environment.get_template(unit.name())?.render(Dynamic::from_dyn_object(Arc::clone(self)))
    }

    /// Keeps the value of a sole expression instead of printing it.
    pub(super) fn keep(&self, value: &Dynamic) {
        self.progress().captured = Some(value.clone());
    }

    /// A variable as templates see it; nothing when it is not defined, or its value uses what is not defined.
    pub(super) fn variable(self: &Arc<Self>, name: &str) -> Option<Dynamic> {
        if let Some(value) = self.progress().values.get(name) {
            return Some(value.clone());
        }
        let value = match self.scope.variables().lookup(name) {
            Lookup::Missing => return None,
            Lookup::Pending => Dynamic::from(carried(TemplateError::Pending { name: name.to_owned() })),
            Lookup::Object(value) => value,
            Lookup::Found(value) => match self.named(name, &value) {
                Ok(value) => value,
                Err(error) if Self::forgives(&error) => {
                    self.remember(name, &error);
                    return None;
                }
                Err(error) => return Some(Dynamic::from(error)),
            },
        };
        self.progress().values.insert(name.to_owned(), value.clone());
        Some(value)
    }

    fn named(self: &Arc<Self>, name: &str, value: &Value) -> Result<Dynamic, Error> {
        let rendering = self.progress().rendering.clone();
        if let Some(first) = rendering.iter().position(|outer| outer == name) {
            let circle = rendering[first..].iter().map(String::as_str).chain([name]);
            return Err(fault(format!("the variable holds itself: {}", circle.collect::<Vec<_>>().join(" → "))));
        }
        self.progress().rendering.push(name.to_owned());
        let result = to_dynamic(value, self);
        self.progress().rendering.pop();
        result
    }

    /// Whether an error only says that something is undefined, which is no error until it is used.
    pub(super) fn forgives(error: &Error) -> bool {
        cause::<TemplateError>(error).is_some_and(TemplateError::is_undefined)
    }

    fn remember(&self, name: &str, error: &Error) {
        if let Some(TemplateError::Undefined { name: culprit, because, .. }) = cause::<TemplateError>(error) {
            let reason = because.clone();
            let reason =
                reason.unwrap_or_else(|| format!("the value of `{name}` uses `{culprit}`, which is not defined"));
            self.progress().reasons.insert(name.to_owned(), reason);
        }
    }

    /// Remembers a path that led nowhere, for the error that may come of it.
    pub(super) fn miss(&self, path: &str) {
        self.progress().missing = Some(path.to_owned());
    }

    /// The last path that led nowhere.
    pub(super) fn missing(&self) -> Option<String> {
        self.progress().missing.clone()
    }

    /// Why a variable counts as undefined although it exists.
    pub(super) fn reason(&self, name: &str) -> Option<String> {
        self.progress().reasons.get(name).cloned()
    }

    /// A finished text: data from now on, and a secret if a secret became it.
    pub(super) fn finished(&self, text: &str) -> Text {
        if self.engines.secrets().has(text) { Text::secret(text) } else { Text::plain(text) }
    }

    /// Whether a value holds a secret, so that it must not be handed on unseen.
    pub(super) fn watches(value: &Value) -> bool {
        match value {
            Value::Text(text) => text.is_secret(),
            Value::List(items) => items.iter().any(Self::watches),
            Value::Map(entries) => entries.values().any(Self::watches),
            _ => false,
        }
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Object for Frame {
    fn get_value(self: &Arc<Self>, key: &Dynamic) -> Option<Dynamic> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, name: &str) -> Option<Dynamic> {
        if functions::is_own(name) { None } else { self.variable(name) }
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("frame")
    }
}
