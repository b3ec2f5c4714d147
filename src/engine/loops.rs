//! What a task is repeated over: `loop`, `with_…`, `loop_control`.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::Value as Json;

use crate::engine::TaskVars;
use crate::engine::ending::Ending;
use crate::engine::prepare::{Keyword, scope};
use crate::event::Status;
use crate::plan::TaskStep;
use crate::template::{Scope, TemplateError};
use crate::value::{Map, Text, Value};

/// The list is handed to the lookup under this name.
const TERMS: &str = "_dppctl_loop_terms";

/// The items of a task; `None` when it is not repeated.
pub(super) fn items(step: &TaskStep, vars: &TaskVars, scope: &Scope) -> Result<Option<Vec<Value>>, TemplateError> {
    let Some(repeat) = &step.task.repeat else { return Ok(None) };
    let over = vars.run.templates.value(&repeat.over, scope)?;
    match &repeat.lookup {
        None => list(over, &repeat.place.to_string()).map(Some),
        Some(lookup) => looked_up(lookup, over, vars).map(Some),
    }
}

fn list(over: Value, at: &str) -> Result<Vec<Value>, TemplateError> {
    match over {
        Value::List(items) => Ok(items.to_vec()),
        other => {
            let message = format!(
                "`loop` wants a list, it is given a {} ({at}); a mapping becomes one with `dict2items`",
                other.kind()
            );
            Err(TemplateError::Failed { message, at: None })
        }
    }
}

fn looked_up(lookup: &str, over: Value, vars: &TaskVars) -> Result<Vec<Value>, TemplateError> {
    let terms = match over {
        Value::List(items) => items.to_vec(),
        Value::Null => Vec::new(),
        one => vec![one],
    };
    let arguments: Vec<_> = (0..terms.len()).map(|at| format!("{TERMS}[{at}]")).collect();
    let call = format!("query('{lookup}', {})", arguments.join(", "));
    let vars = vars.with(Map::from_iter([(TERMS.to_owned(), Value::from(terms))]));
    match vars.run.templates.expression(&Text::template(call), &scope(&vars))? {
        Value::List(items) => Ok(items.to_vec()),
        one => Ok(vec![one]),
    }
}

/// What `loop_control` says of all items alike.
#[derive(Debug, Clone)]
pub(super) struct Manner {
    /// The name of the item's variable.
    var: String,
    /// The name of its number's.
    index: Option<String>,
    is_extended: bool,
    has_all_items: bool,
    /// How long is waited between two items.
    pub(super) pause: Duration,
}

impl Default for Manner {
    fn default() -> Self {
        let var = "item".to_owned();
        Self { var, index: None, is_extended: false, has_all_items: true, pause: Duration::ZERO }
    }
}

impl Manner {
    /// Rendered before the first item.
    pub(super) fn of(step: &TaskStep, keyword: &Keyword) -> Result<Self, TemplateError> {
        let name = |key: &str| control(step, key).map(|name| keyword.text(name)).transpose();
        let usual = Self::default();
        let pause = keyword.number(control(step, "pause"), 0.0)?;
        Ok(Self {
            var: name("loop_var")?.unwrap_or(usual.var),
            index: name("index_var")?,
            is_extended: keyword.flag(control(step, "extended"), false)?,
            has_all_items: keyword.flag(control(step, "extended_allitems"), true)?,
            pause: Duration::from_secs_f64(pause.clamp(0.0, 1e6)),
        })
    }
}

fn control<'a>(step: &'a TaskStep, name: &str) -> Option<&'a Value> {
    step.task.repeat.as_ref()?.control.get(name)
}

/// Whether `break_when` holds after an item: no other one comes.
pub(super) fn breaks(step: &TaskStep, vars: &TaskVars) -> Result<bool, TemplateError> {
    let conditions = match control(step, "break_when") {
        None => return Ok(false),
        Some(Value::List(conditions)) => conditions.to_vec(),
        Some(one) => vec![one.clone()],
    };
    let scope = scope(vars);
    for condition in conditions {
        let holds = match &condition {
            Value::Text(text) => vars.run.templates.condition(text, &scope)?,
            other => *other == Value::Bool(true),
        };
        if !holds {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The names that the task notifies with these variables.
pub(super) fn notified(step: &TaskStep, vars: &TaskVars) -> Vec<String> {
    let scope = scope(vars);
    let keyword = Keyword { vars, scope: &scope };
    let names = |text: &Text| keyword.texts(text).unwrap_or_else(|_| vec![text.as_str().to_owned()]);
    step.task.notify.iter().flat_map(names).filter(|name| !name.is_empty()).collect()
}

/// The names that the items notify which changed something, each once. Without a template all items name the same.
pub(super) fn notified_by_items(
    step: &TaskStep,
    vars: &TaskVars,
    items: &[Value],
    ends: &[(Value, Ending)],
    manner: &Manner,
) -> Vec<String> {
    if !step.task.notify.iter().any(Text::is_template) {
        return notified(step, vars);
    }
    let changed = (0..ends.len()).filter(|at| ends[*at].1.status == Status::Changed);
    let names = changed.flat_map(|at| notified(step, &vars.with(front(items, at, manner))));
    let mut seen = HashSet::new();
    names.filter(|name| seen.insert(name.clone())).collect()
}

/// The variables of one item.
pub(super) fn front(items: &[Value], at: usize, manner: &Manner) -> Map {
    let mut front = Map::new();
    let item = items.get(at).cloned().unwrap_or_default();
    front.insert(manner.var.clone(), item);
    front.insert("ansible_loop_var".into(), manner.var.as_str().into());
    let number = |number: usize| Value::Int(i64::try_from(number).unwrap_or(i64::MAX));
    if let Some(name) = &manner.index {
        front.insert(name.clone(), number(at));
        front.insert("ansible_index_var".into(), name.as_str().into());
    }
    if manner.is_extended {
        let mut extended = extended(items, at, &number);
        if !manner.has_all_items {
            extended.shift_remove("allitems");
        }
        front.insert("ansible_loop".into(), extended.into());
    }
    front
}

/// The variables of the item after those that ended: it knows what the last one came to.
pub(super) fn following(step: &TaskStep, items: &[Value], ends: &[(Value, Ending)], manner: &Manner) -> Map {
    let mut front = front(items, ends.len(), manner);
    let before = step.task.register.iter().zip(ends.last());
    front.extend(before.map(|(name, (_, ending))| (name.clone(), ending.value())));
    front
}

fn extended(items: &[Value], at: usize, number: &dyn Fn(usize) -> Value) -> Map {
    let mut entries: Map = Map::from_iter([
        ("allitems".to_owned(), Value::from(items.to_vec())),
        ("index".to_owned(), number(at + 1)),
        ("index0".to_owned(), number(at)),
        ("revindex".to_owned(), number(items.len() - at)),
        ("revindex0".to_owned(), number(items.len() - at - 1)),
        ("first".to_owned(), Value::Bool(at == 0)),
        ("last".to_owned(), Value::Bool(at + 1 == items.len())),
        ("length".to_owned(), number(items.len())),
    ]);
    if let Some(next) = items.get(at + 1) {
        entries.insert("nextitem".into(), next.clone());
    }
    if let Some(before) = at.checked_sub(1).and_then(|at| items.get(at)) {
        entries.insert("previtem".into(), before.clone());
    }
    entries
}

/// The item on one line, as `loop_control.label` wants it.
///
/// # Errors
/// A label that cannot be rendered.
pub(super) fn label(step: &TaskStep, vars: &TaskVars, item: &Value) -> Result<String, TemplateError> {
    if let Some(label) = control(step, "label") {
        let scope = scope(vars);
        return Keyword { vars, scope: &scope }.text(label);
    }
    Ok(match item {
        Value::Text(text) => text.as_str().to_owned(),
        other => {
            let mut line = Json::from(other).to_string();
            if let Some((cut, _)) = line.char_indices().nth(100) {
                line.truncate(cut);
                line.push('…');
            }
            line
        }
    })
}
