//! The templates of a task: its name, conditions, arguments, and the file that `template` renders.

use std::sync::Arc;

use crate::lint::Lint;
use crate::lint::undefined::Undefined;
use crate::plan::{PlayPlan, TaskStep};
use crate::source::{Place, Problems, Source};
use crate::template::{Checked, SearchPath};
use crate::value::{Text, Value};

/// Adds what is wrong with the templates of one task.
pub(super) fn check(lint: &Lint, play: &PlayPlan, step: &TaskStep, undefined: &Undefined, problems: &mut Problems) {
    let task = &step.task;
    let mut add = |checked: Checked, text: &str, at: Option<&Place>| {
        problems.extend(checked.errors.iter().map(crate::template::TemplateError::problem));
        let missing = checked.variables.iter().filter_map(|name| undefined.problem(step, name, text, at));
        problems.extend(missing);
    };
    let conditions = step.keywords.when.iter().chain(&task.until);
    for text in conditions.chain(task.changed_when.iter().flatten()).chain(task.failed_when.iter().flatten()) {
        add(lint.templates.check_condition(text), text.as_str(), text.place());
    }
    let mut texts: Vec<&Text> = task.name.iter().collect();
    task.args.iter().for_each(|(_, value)| gather(value, &mut texts));
    task.repeat.iter().for_each(|repeat| gather(&repeat.over, &mut texts));
    for text in texts {
        add(lint.templates.check(text), text.as_str(), text.place());
    }
    if let Some(source) = template_file(lint, play, step) {
        let whole = Place::new(&source, 0..source.text().len());
        add(lint.templates.check_file(&source), source.text(), Some(&whole));
    }
}

/// All texts of a value, however deep.
fn gather<'a>(value: &'a Value, texts: &mut Vec<&'a Text>) {
    match value {
        Value::Text(text) => texts.push(text),
        Value::List(items) => items.iter().for_each(|item| gather(item, texts)),
        Value::Map(entries) => entries.values().for_each(|value| gather(value, texts)),
        _ => {}
    }
}

/// The file that a `template` task renders, when its name is fixed and it is there.
fn template_file(lint: &Lint, play: &PlayPlan, step: &TaskStep) -> Option<Arc<Source>> {
    let name = step.task.arg("src").and_then(Value::as_str).filter(|name| !name.contains("{{"))?;
    if step.task.short_action() != "template" {
        return None;
    }
    let roles = std::iter::successors(step.role.as_ref(), |role| role.parent.as_ref());
    let mut folders: Vec<_> = roles.map(|role| role.role.folder.clone()).collect();
    folders.extend([step.folder.clone(), play.folder.clone()]);
    let candidates = SearchPath { folders }.candidates("templates", name);
    candidates.iter().find(|path| lint.files.is_file(path)).and_then(|path| lint.files.source(path).ok())
}
