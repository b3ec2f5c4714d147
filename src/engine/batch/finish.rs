//! How items and tasks end on a host: registered, notified, told, gone on from.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Instant;

use dpp_protocol::Failure;

use crate::engine::Failed;
use crate::engine::batch::Batch;
use crate::engine::doing::Doing;
use crate::engine::ending::{Ending, Sets};
use crate::engine::prepare::{Keyword, scope};
use crate::event::{Event, Status};
use crate::plan::Handler;
use crate::value::Value;

impl Batch<'_> {
    /// An item has an end, unless `until` wants it tried again.
    pub(in crate::engine) fn item_ended(&mut self, index: usize, ending: Ending) {
        let Some(doing) = &mut self.members[index].doing else { return };
        doing.waiting = false;
        doing.looked = false;
        self.take_sets(index, &ending.sets);
        let host = self.members[index].name.clone();
        let Some(doing) = &mut self.members[index].doing else { return };
        if let Some(delay) = doing.take(ending, &self.engine.events, &host).or_else(|| doing.pause()) {
            doing.waiting = true;
            self.timers.push(Reverse((Instant::now() + delay, index)));
        }
    }

    /// Takes the variables that an end sets: for this host, or for the one to which facts were delegated.
    pub(super) fn take_sets(&self, index: usize, sets: &Sets) {
        let Some(doing) = self.doing(index).filter(|_| !sets.is_empty()) else { return };
        let delegate = doing.facts_for().and_then(|host| self.engine.vars.hosts().get(&host).cloned());
        let state = delegate.map_or_else(|| Arc::clone(&doing.vars.state), |entry| entry.state);
        let mut known = state.write();
        known.take(sets);
        if matches!(doing.step.task.short_action(), "setup" | "gather_facts") {
            known.changed_since = false;
        }
    }

    /// A task ended on a host: registers, notifies, tells, and goes on or fails.
    pub(super) fn finish(&mut self, index: usize, ending: Ending) {
        let Some(mut doing) = self.members[index].doing.take() else { return };
        let here = self.occurrence(index);
        if let Some(here) = here.clone().filter(|_| doing.run_once) {
            self.once.entry(here).or_insert_with(|| ending.clone());
        }
        if let Some(name) = &doing.step.task.register {
            self.members[index].vars.state.write().set.insert(name.clone(), ending.value());
        }
        if matches!(ending.status, Status::Ok | Status::Changed | Status::Failed) && !doing.is_meta() && !doing.is_echo
        {
            self.members[index].roles.ran(&doing.step);
        }
        let mut ending = ending;
        if ending.status == Status::Changed && !doing.check {
            self.members[index].vars.state.write().changed_since = true;
        }
        if ending.status == Status::Changed
            && let Err(failure) = self.notify(index, &doing)
        {
            ending.fail_after_all(failure);
        }
        let ignored = match ending.status {
            Status::Failed => doing.ignores_errors(),
            Status::Unreachable => doing.ignores_unreachable(),
            _ => false,
        };
        let rescued = ending.status == Status::Failed && self.members[index].run.would_rescue();
        self.tell(index, &doing, &ending, ignored, rescued);
        self.settle(index, &doing, ending.status);
        let includes = std::mem::take(&mut doing.includes);
        let member = &mut self.members[index];
        match ending.failure {
            Some(failure) if !ignored => {
                member.foresight.forget();
                member.run.fail(Failed { step: Arc::clone(&doing.step), failure });
                if self.members[index].run.failed().is_some() {
                    self.play.leave(&self.members[index].name);
                }
                self.judge(index, &doing, here);
            }
            _ if doing.flushes => member.run.flush(self.handlers.steps()),
            _ if doing.ends_role => member.run.end_role(),
            _ if !includes.is_empty() => member.run.include(Arc::clone(&doing.step), includes.into()),
            _ => member.run.advance(),
        }
    }

    pub(super) fn tell(&self, index: usize, doing: &Doing, ending: &Ending, ignored: bool, rescued: bool) {
        // What one host does for all is told once; that all fail of it is told of each.
        let is_quiet = doing.is_echo && ending.status != Status::Failed;
        if is_quiet || (doing.is_meta() && ending.status == Status::Ok) {
            return;
        }
        let host = self.members[index].name.clone();
        for warning in &ending.warnings {
            self.engine.events.tell(Event::Warning { text: format!("{host}: {warning}") });
        }
        let result = doing.shown(ending, ignored, rescued);
        self.engine.events.tell(Event::StepFinished { host, step: doing.name.clone(), result });
    }

    /// Strikes the debts that this end pays, or shows to be none.
    fn settle(&mut self, index: usize, doing: &Doing, status: Status) {
        if doing.check
            || self.members[index].debts.is_empty()
            || !matches!(status, Status::Ok | Status::Changed | Status::Skipped)
        {
            return;
        }
        let mut paid: Vec<String> =
            self.settles(index, Some(&doing.step)).into_iter().map(|debt| debt.handler).collect();
        if status != Status::Changed {
            let notified = &self.members[index].notified;
            let woken = doing.notifies().into_iter().flat_map(|name| self.woken(index, &name));
            paid.extend(woken.filter(|at| !notified.contains(at)).map(|at| self.called(index, self.handlers.get(at))));
        }
        if !paid.is_empty() {
            self.strike(index, &paid);
        }
    }

    /// Handlers that a name wakes on a host, whose variables their names may use.
    pub(super) fn woken(&self, index: usize, name: &str) -> Vec<usize> {
        self.handlers.woken_by(name, &self.members[index].name, &|handler| self.called(index, handler))
    }

    /// A handler's name on a host; as it is written when it cannot be rendered there.
    pub(super) fn called(&self, index: usize, handler: &Handler) -> String {
        let template = handler.step.task.name.as_ref().filter(|name| name.is_template());
        let rendered = template.and_then(|name| {
            let vars = self.members[index].vars.of(&handler.step);
            Keyword { vars: &vars, scope: &scope(&vars) }.text(&Value::Text(name.clone())).ok()
        });
        rendered.unwrap_or_else(|| handler.name().to_owned())
    }

    pub(super) fn notify(&mut self, index: usize, doing: &Doing) -> Result<(), Failure> {
        for name in doing.notifies() {
            let woken = self.woken(index, &name);
            if woken.is_empty() {
                return Err(self.handlers.unknown(&name));
            }
            let notified = &mut self.members[index].notified;
            for at in woken {
                if !notified.contains(&at) {
                    notified.push(at);
                }
            }
        }
        Ok(())
    }
}
