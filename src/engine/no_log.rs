//! `no_log`: what is left of a result that may not be seen.

use dpp_protocol::{Failure, Verb};
use serde_json::Value as Json;

use crate::event::StepResult;

/// Words of the operating system, which tell nothing of the task.
const SYSTEMS: &[&str] = &[
    "No space left on device",
    "Read-only file system",
    "Permission denied",
    "Disk quota exceeded",
    "Input/output error",
    "Too many open files",
    "Cannot allocate memory",
];

/// Takes everything out of a result that the task itself made.
pub(super) fn hide(result: &mut StepResult) {
    const HIDDEN: &str = "the output is hidden: `no_log: true` was said for this task";
    result.result = Json::Null;
    result.message = if result.message.is_empty() { String::new() } else { HIDDEN.into() };
    for change in &mut result.changes {
        change.before = None;
        change.after = None;
        change.detail = String::new();
        // A command's words are its arguments.
        if change.verb == Verb::Run {
            change.what = "a command".into();
        }
    }
    // Which variable is not defined, was found out here and tells no value.
    if let Some(failure) = result.failure.as_mut().filter(|failure| failure.code != "DPP0301") {
        let systems = SYSTEMS.iter().find(|words| failure.message.contains(**words));
        let words = systems.map_or_else(|| HIDDEN.to_owned(), |words| format!("{words}; {HIDDEN}"));
        let hidden = Failure::new(words).code(&failure.code);
        *failure = match failure.code.as_str() {
            "" => hidden,
            code => hidden.help(format!("`dppctl lint --explain {code}` tells what {code} means")),
        };
    }
}
