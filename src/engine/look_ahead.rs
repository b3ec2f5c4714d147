//! Surveys sent ahead: the next tasks of a host, as far as they can be made ready before the first of them is answered.
//!
//! A survey touches nothing, so asking too much costs little; what is taken is taken in order (see `foresight`).

use std::sync::Arc;

use crate::actions;
use crate::engine::batch::{Batch, RolesDone, is_own};
use crate::engine::doing::{Doing, Verdict};
use crate::engine::ending::Ending;
use crate::engine::foresight::worth_a_look;
use crate::engine::machine::Ahead;
use crate::engine::prepare::{Prepared, Ready};
use crate::engine::provisions::Need;
use crate::engine::scope::FACTS;
use crate::engine::{HostRun, Next, TaskVars};
use crate::plan::TaskStep;

/// Tasks that are surveyed in one frame.
const FAR: usize = 96;

/// Whether to look further.
enum Onward {
    Yes,
    No,
}

impl Batch<'_> {
    /// The survey of the task a host is at, and of those that come after it.
    pub(super) fn look_ahead(&mut self, index: usize, ready: &Ready) -> Ahead {
        let mut ahead = Ahead::default();
        let mut run = self.members[index].run.clone();
        let is_final = !run.would_rescue();
        let state = Arc::clone(&self.members[index].vars.state);
        self.members[index].foresight.forget();
        if let Some(doing) = self.members[index].doing.take() {
            self.ask(index, &doing, ready, &run, &mut ahead);
            if doing.is_single() {
                set_pending(&self.members[index].vars, &doing.step);
                run.advance();
                let mut roles = self.members[index].roles.clone();
                roles.ran(&doing.step);
                while ahead.tasks.len() < FAR
                    && matches!(self.look_at(index, &mut run, &mut roles, ready, &mut ahead), Onward::Yes)
                {
                }
            }
            self.members[index].doing = Some(doing);
        }
        state.write().pending.clear();
        if !is_final {
            ahead.needs.clear();
        }
        ahead
    }

    /// A file that a task needs must be to be had now, unless the play knows what to do when the task fails.
    fn ask(&mut self, index: usize, doing: &Doing, ready: &Ready, run: &HostRun, ahead: &mut Ahead) {
        let number = self.engine.number();
        self.members[index].foresight.expect(number, &doing.step, ready);
        let survey = doing.survey(number, ready);
        if !doing.check && !doing.ignores_errors() && !run.would_rescue() {
            let need = |supply| Need { survey: survey.clone(), supply };
            ahead.needs.extend(ready.remote.supply.clone().map(need));
        }
        ahead.tasks.push(survey);
    }

    /// Looks at the next task; `No` when it must be waited for.
    fn look_at(
        &mut self,
        index: usize,
        run: &mut HostRun,
        roles: &mut RolesDone,
        first: &Ready,
        ahead: &mut Ahead,
    ) -> Onward {
        let step = match run.next() {
            Next::Task(step) => step,
            Next::RoleEnd(role) => {
                roles.end(&role);
                run.advance();
                return Onward::Yes;
            }
            Next::Flush if self.members[index].notified.is_empty() => {
                run.advance();
                return Onward::Yes;
            }
            _ => return Onward::No,
        };
        let is_done = self.members[index].roles.pass_over(&step) && !run.in_flush();
        if !is_done && roles.pass_over(&step) {
            // Whether its role will have run by then, nobody knows.
            return Onward::No;
        }
        if is_done || self.handlers.are_passed_over(run, &step, &self.members[index].notified) {
            run.advance();
            return Onward::Yes;
        }
        if !is_plain(&step) {
            return Onward::No;
        }
        let vars = self.members[index].vars.of(&step);
        let mut doing = Doing::new(&step, vars, &self.engine.options);
        loop {
            match doing.next() {
                Verdict::Finished(ending) if ending.failure.is_some() => return Onward::No,
                Verdict::Finished(_) => break,
                Verdict::Item(vars) => match self.preparer().item(&step, &vars, &mut None) {
                    Ok(Prepared::Skip(condition)) => doing.suppose(Ending::skipped(&condition)),
                    Ok(Prepared::Done(_)) => doing.suppose(Ending::skipped("")),
                    Ok(Prepared::Remote(ready)) => {
                        let same = ready.becoming == first.becoming && is_own(&ready);
                        if !same || !worth_a_look(&ready.remote, doing.check) || ahead.tasks.len() >= FAR {
                            return Onward::No;
                        }
                        self.ask(index, &doing, &ready, run, ahead);
                        doing.suppose(Ending::skipped(""));
                    }
                    Ok(Prepared::Control(_)) | Err(_) => return Onward::No,
                },
            }
        }
        set_pending(&self.members[index].vars, &step);
        roles.ran(&step);
        run.advance();
        Onward::Yes
    }
}

/// Whether a task does nothing to the way through the play and is done on its own host.
fn is_plain(step: &TaskStep) -> bool {
    let action = step.task.short_action();
    let here_only = actions::find(action).is_some() && action == "include_vars";
    step.keywords.delegate_to.is_none()
        && step.keywords.run_once.is_none()
        && step.task.asynchronous.is_none()
        && step.keywords.throttle.is_none()
        && step.task.until.is_empty()
        && step.task.failed_when.is_none()
        && !here_only
}

/// What the task will set is not known yet.
fn set_pending(vars: &TaskVars, step: &TaskStep) {
    let mut known = vars.state.write();
    known.pending.extend(step.task.register.clone());
    match step.task.short_action() {
        "setup" | "gather_facts" | "package_facts" | "service_facts" => known.pending.push(FACTS.to_owned()),
        "set_fact" => known.pending.extend(step.task.args.iter().map(|(key, _)| key.text.clone())),
        _ => {}
    }
}
