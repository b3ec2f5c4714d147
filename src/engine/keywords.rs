//! What the keywords of a task say, as far as they are known before it runs: for the task as a whole, and for each item.

use dpp_protocol::Bound;

use crate::engine::TaskVars;
use crate::engine::control;
use crate::engine::doing::Doing;
use crate::engine::ending::Ending;
use crate::engine::loops::{self, Manner};
use crate::engine::prepare::{Keyword, scope};
use crate::plan::TaskStep;
use crate::template::{Scope, TemplateError};
use crate::value::{Text, Value};

/// Actions that the first host of a batch does for all, as Ansible's do (`BYPASS_HOST_LOOP`).
const ONCE_FOR_ALL: [&str; 2] = ["add_host", "pause"];

impl Doing {
    /// Keywords that hold for the task as a whole, and for its one item where it has no loop.
    pub(super) fn keywords(&mut self) -> Result<(), TemplateError> {
        let scope = scope(&self.vars);
        let keywords = &self.step.keywords;
        let keyword = Keyword { vars: &self.vars, scope: &scope };
        if let Some(name) = &self.step.task.name {
            // A name that cannot be rendered yet is shown as it is written.
            self.name.task = keyword.text(&Value::Text(name.clone())).unwrap_or_else(|_| name.as_str().to_owned());
        }
        let once = ONCE_FOR_ALL.contains(&self.step.task.short_action()) || control::is_for_all(&self.step);
        self.run_once = once || keyword.flag(keywords.run_once.as_ref(), false)?;
        // As in Ansible, what only an item could say is a yes.
        let fatal = keyword.flag(keywords.any_errors_fatal.as_ref(), false);
        self.any_errors_fatal = fatal.or_else(|error| if error.is_undefined() { Ok(true) } else { Err(error) })?;
        self.throttle = keyword.count(keywords.throttle.as_ref())?;
        match loops::items(&self.step, &self.vars, &scope) {
            Ok(items) => self.items = items,
            // A list that is not there does not matter when a condition keeps the task from running.
            Err(error) => match self.condition_that_fails(&scope) {
                Some(condition) => self.trouble = Some(Ending::skipped(&condition)),
                None => return Err(error),
            },
        }
        if self.items.as_ref().is_some_and(|items| !items.is_empty()) {
            self.manner = Manner::of(&self.step, &keyword)?;
        }
        if self.items.is_none() { self.keywords_of_item(&self.vars.clone()) } else { Ok(()) }
    }

    /// Keywords that each item may say for itself. What one of them hides, nobody shows of the others either.
    pub(super) fn keywords_of_item(&mut self, vars: &TaskVars) -> Result<(), TemplateError> {
        let scope = scope(vars);
        let keywords = &self.step.keywords;
        let keyword = Keyword { vars, scope: &scope };
        self.check = keyword.flag(keywords.check_mode.as_ref(), self.asked.check)?;
        self.diff = keyword.flag(keywords.diff.as_ref(), self.asked.diff)?;
        self.no_log |= keyword.flag(keywords.no_log.as_ref(), false)?;
        self.bound = bound(&self.step, &keyword)?;
        Ok(())
    }

    /// The first condition that keeps a task, or an item of it, from running.
    pub(super) fn condition_that_fails(&self, scope: &Scope) -> Option<String> {
        let fails = |condition: &&Text| matches!(self.vars.run.templates.condition(condition, scope), Ok(false));
        self.step.keywords.when.iter().find(fails).map(|condition| condition.as_str().to_owned())
    }
}

/// Seconds between two looks at a task with `async`, when nobody says how many: all that counts is that it is not 0.
const POLL: usize = 15;

/// `async`, `poll` and `timeout` as one bound.
fn bound(step: &TaskStep, keyword: &Keyword) -> Result<Option<Bound>, TemplateError> {
    let limit = keyword.count(step.keywords.timeout.as_ref())?;
    let on_its_own = keyword.count(step.task.asynchronous.as_ref())?;
    let poll = step.task.poll.as_ref().map_or(Ok(Some(POLL)), |poll| keyword.count(Some(poll)))?;
    let detached = on_its_own.is_some() && poll.is_none();
    let seconds = if detached { on_its_own } else { on_its_own.into_iter().chain(limit).min() };
    Ok(seconds.map(|seconds| Bound { seconds: seconds as u64, detached }))
}
