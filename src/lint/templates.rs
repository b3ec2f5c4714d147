//! The templates of a task: its name, conditions, arguments, and the file that `template` renders.

use crate::lint::Lint;
use crate::lint::undefined::Undefined;
use crate::plan::{TaskStep, TemplateFile};
use crate::source::{Place, Problems};
use crate::template::{Checked, TemplateError};

/// Adds what is wrong with the templates of one task; what is undefined is told only where it can be.
pub(super) fn check(
    lint: &Lint,
    step: &TaskStep,
    file: Option<&TemplateFile>,
    undefined: Option<&Undefined>,
    problems: &mut Problems,
) {
    let mut add = |checked: Checked, text: &str, at: Option<&Place>| {
        problems.extend(checked.errors.iter().map(TemplateError::problem));
        let names = checked.variables.iter();
        problems.extend(names.filter_map(|name| undefined?.problem(step, name, text, at)));
    };
    for text in step.conditions() {
        add(lint.templates.check_condition(text), text.as_str(), text.place());
    }
    for text in step.texts() {
        add(lint.templates.check(text), text.as_str(), text.place());
    }
    if let Some(TemplateFile { source, options }) = file {
        let whole = Place::new(source, 0..source.text().len());
        add(lint.templates.check_file(source, options), source.text(), Some(&whole));
    }
}
