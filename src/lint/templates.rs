//! The templates of a task: its name, conditions, arguments, and the file that `template` renders.

use crate::lint::Lint;
use crate::lint::undefined::Undefined;
use crate::plan::{TaskStep, TemplateFile};
use crate::source::{Place, Problem, Problems, Severity};
use crate::template::{Checked, TemplateError, Templates};

/// Adds what is wrong with the templates of one task; what is undefined is told only where it can be.
pub(super) fn check(
    lint: &Lint,
    step: &TaskStep,
    file: Option<&TemplateFile>,
    undefined: Option<&Undefined>,
    problems: &mut Problems,
) {
    let mut add = |checked: Checked, text: &str, at: Option<&Place>| {
        problems.extend(checked.errors.iter().map(told));
        problems.extend(lookups(text, at));
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

/// A filter that nobody knows and that is like none that is known fails when it would be used, if it ever is.
pub(super) fn told(error: &TemplateError) -> Problem {
    let problem = error.problem();
    match error {
        TemplateError::Unknown { near: None, .. } => Problem { severity: Severity::Warning, ..problem },
        _ => problem,
    }
}

/// Whether a problem is a filter, a test, a function or a lookup that nobody knows.
pub fn is_unknown_name(problem: &Problem) -> bool {
    problem.code == "DPP0303"
}

/// Lookups that nobody knows.
fn lookups(text: &str, at: Option<&Place>) -> Vec<Problem> {
    const CALLS: &[&str] = &["lookup(", "query(", " q(", "{q("];
    if !CALLS.iter().any(|call| text.contains(call)) {
        return Vec::new();
    }
    let after = CALLS.iter().flat_map(|call| text.match_indices(call).map(|(at, call)| &text[at + call.len()..]));
    let names = after.filter_map(|rest| {
        let rest = rest.trim_start();
        let quote = rest.chars().next().filter(|first| "'\"".contains(*first))?;
        rest[1..].split_once(quote).map(|(name, _)| name)
    });
    let unknown = names.filter(|name| !Templates::knows_lookup(name.rsplit('.').next().unwrap_or(name)));
    let problem = |name: &str| Problem::warning("DPP0303", format!("there is no lookup `{name}`"));
    unknown
        .map(|name| match (at, at.and_then(|at| at.text().find(name))) {
            (Some(place), Some(start)) => problem(name).at(&place.within(start..start + name.len()), ""),
            (Some(place), None) => problem(name).at(place, ""),
            (None, _) => problem(name),
        })
        .collect()
}
