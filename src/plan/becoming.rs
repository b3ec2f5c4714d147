//! Ways to become another user that nobody knows here: told before anything is touched, where the task runs for certain.

use crate::plan::TaskStep;
use crate::source::{Problem, nearest};
use crate::transport::BecomeMethod;
use crate::value::Value;

/// What is wrong with a step's `become_method`. One that a condition may skip fails when it runs, as an unknown module does.
pub(super) fn unknown_method(step: &TaskStep) -> Option<Problem> {
    let Some(Value::Text(method)) = &step.keywords.become_method else { return None };
    let is_known = BecomeMethod::parse(method.as_str()).is_some();
    if is_known || method.as_str().contains("{{") || !step.keywords.when.is_empty() {
        return None;
    }
    let problem = Problem::error("DPP0503", format!("nobody can be become by `{}`", method.as_str()))
        .note("known are sudo and su")
        .did_you_mean(nearest(method.as_str(), ["sudo", "su"]));
    let place = method.place().unwrap_or(&step.task.place);
    Some(problem.at(place, ""))
}
