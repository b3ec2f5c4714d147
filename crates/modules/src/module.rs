//! The face every module shows, and the one path by which a survey and a real run both go.

use dpp_protocol::{Failure, Mode, Outcome, ResultMap, Task};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::expansion;
use crate::fields::fields_of;
use crate::host::Host;
use crate::journal::{Former, Taking, mark_drift};
use crate::labels;
use crate::survey::{Step, Survey};

/// Something a host can be brought to. One file per module, one line in [`MODULES`](crate::MODULES).
///
/// The struct that implements it *is* the parameters: its serde names and aliases are what a task may write, and
/// `#[serde(deny_unknown_fields)]` belongs on it.
pub trait Module: DeserializeOwned {
    /// The short name, as in a task: `lineinfile`.
    const NAME: &'static str;

    /// One thing to be done, with all that [`apply`](Module::apply) needs to do it.
    type Step: Step;

    /// Returns what would have to change, and touches nothing.
    fn survey(&self, host: &Host) -> Result<Survey<Self::Step>, Failure>;

    /// Makes one change that the survey found; may add to what `register` sees.
    ///
    /// A step that had to be taken to learn that it changes nothing (a wait, a question) sets `changed` to false there.
    fn apply(&self, step: &Self::Step, host: &Host, result: &mut ResultMap) -> Result<(), Failure>;

    /// Values for `register` once all steps are done, where they can only be read then.
    fn conclude(&self, _host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        Ok(())
    }
}

/// A module in the table: its name, its parameters' names, and how it is run.
pub struct Entry {
    /// The short name.
    pub name: &'static str,
    /// Names that its parameters may have, aliases included.
    pub params: fn() -> Vec<&'static str>,
    /// Says why parameters cannot be taken, without a host.
    pub check: fn(&Value) -> Result<(), Failure>,
    /// Runs one task of it; a survey and a real run share this path, so that they cannot drift apart.
    pub run: fn(&Task, &Host) -> Result<Outcome, Failure>,
}

impl Entry {
    /// Makes the line in the table.
    pub const fn of<M: Module>() -> Self {
        Self {
            name: M::NAME,
            params: || labels::params(fields_of::<M>()),
            check: |params| parse::<M>(params).map(drop),
            run: run::<M>,
        }
    }
}

fn run<M: Module>(task: &Task, host: &Host) -> Result<Outcome, Failure> {
    let module: M = expansion::within(host.environment(), || parse::<M>(&task.params))?;
    let survey = module.survey(host)?;
    let mut outcome = survey.foreseen(task.diff);
    outcome.warnings.extend(labels::passed_over(fields_of::<M>(), &task.params));
    mark_drift(&survey.steps, &mut outcome.changes, host);
    if task.mode == Mode::Survey || outcome.skipped.is_some() {
        return Ok(outcome);
    }
    let owes = if survey.steps.is_empty() { Vec::new() } else { host.keep_debts(&task.owes)? };
    let mut is_lasting = false;
    for (done, step) in survey.steps.iter().enumerate() {
        let taking = Taking::begin(M::NAME, step.former()?, host)?;
        if !taking.is_written {
            outcome.warnings.push(unwritten(host));
        }
        is_lasting |= taking.is_unknown;
        if let Err(mut failure) = module.apply(step, host, &mut outcome.result) {
            if done == 0 && outcome.result.contains_key(UNTOUCHED) {
                host.withdraw_debts(&owes)?;
            }
            failure.changes = outcome.changes[..done].to_vec();
            return Err(failure);
        }
        taking.end()?;
    }
    module.conclude(host, &mut outcome.result)?;
    if let Some(Value::Bool(false)) = outcome.result.remove("changed") {
        outcome.changed = false;
        outcome.changes.clear();
    }
    outcome.unpredicted = false;
    take_what_was_learned(&mut outcome);
    if is_lasting && outcome.changed {
        host.journal(M::NAME, vec![Former::Unknown])?;
    }
    host.settle_debts(&task.settles)?;
    Ok(outcome)
}

fn unwritten(host: &Host) -> String {
    format!("what this replaces is not written down, and cannot be taken back: no folder {}", host.state().display())
}

/// Set by a step that fails before it has changed anything, so that nothing is owed for it.
pub(crate) const UNTOUCHED: &str = "_untouched";

/// Lifts `_changed` and `_warnings` out of the result: what only the work itself could tell.
fn take_what_was_learned(outcome: &mut Outcome) {
    if let Some(Value::Bool(changed)) = outcome.result.shift_remove("_changed") {
        outcome.changed = changed;
    }
    if let Some(Value::Array(warnings)) = outcome.result.shift_remove("_warnings") {
        outcome.warnings.extend(warnings.iter().filter_map(Value::as_str).map(str::to_owned));
    }
}

fn parse<M: Module>(params: &Value) -> Result<M, Failure> {
    serde_json::from_value(labels::without(fields_of::<M>(), params))
        .map_err(|error| Failure::new(format!("wrong parameters for `{}`: {error}", M::NAME)).code("DPP0104"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use dpp_protocol::{Debt, Mode, Task};
    use serde_json::json;

    use crate::Host;

    /// What is owed after a file was written, or was not, since this command must accept it.
    fn owed_after(validate: &str) -> Vec<Debt> {
        let (state, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let host = Host::new(state.path(), BTreeMap::new(), &|_, _| ());
        let params = json!({"path": folder.path().join("f"), "line": "a", "create": true, "validate": validate});
        let task = Task {
            id: 1,
            module: "lineinfile".into(),
            params,
            mode: Mode::Apply,
            diff: false,
            environment: BTreeMap::new(),
            owes: vec![Debt { handler: "restart it".into(), reason: "the line".into() }],
            settles: Vec::new(),
            run: String::new(),
            bound: None,
        };
        let done = (crate::find("lineinfile").unwrap().run)(&task, &host);
        assert_eq!(done.is_ok(), folder.path().join("f").exists(), "{done:?}");
        host.debts().unwrap()
    }

    #[test]
    fn content_that_is_refused_changes_nothing_and_owes_nothing() {
        assert_eq!(owed_after("test -e %s").len(), 1);
        assert_eq!(owed_after("test ! -e %s"), []);
    }
}
