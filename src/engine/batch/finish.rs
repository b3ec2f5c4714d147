//! How items and tasks end on a host: registered, notified, told, gone on from.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Instant;

use dpp_protocol::Failure;

use crate::engine::Failed;
use crate::engine::batch::Batch;
use crate::engine::doing::Doing;
use crate::engine::ending::Ending;
use crate::event::{Event, Status};

impl Batch<'_> {
    /// An item has an end, unless `until` wants it tried again.
    pub(super) fn item_ended(&mut self, index: usize, ending: Ending) {
        let Some(doing) = &mut self.members[index].doing else { return };
        doing.waiting = false;
        doing.looked = false;
        if let Some(facts) = ending.facts() {
            let mut known = doing.vars.state.write();
            let of_task = doing.step.task.short_action() == "set_fact";
            let level = if of_task { &mut known.set } else { &mut known.facts };
            level.extend(facts);
        }
        let host = self.members[index].name.clone();
        let Some(doing) = &mut self.members[index].doing else { return };
        if let Some(delay) = doing.take(ending, &self.engine.events, &host) {
            doing.waiting = true;
            self.timers.push(Reverse((Instant::now() + delay, index)));
        }
    }

    /// A task ended on a host: registers, notifies, tells, and goes on or fails.
    pub(super) fn finish(&mut self, index: usize, ending: Ending) {
        let Some(doing) = self.members[index].doing.take() else { return };
        if doing.run_once {
            self.once.entry(Arc::as_ptr(&doing.step)).or_insert_with(|| ending.clone());
        }
        if let Some(name) = &doing.step.task.register {
            self.members[index].vars.state.write().set.insert(name.clone(), ending.value());
        }
        let mut ending = ending;
        if ending.status == Status::Changed
            && let Err(failure) = self.notify(index, &doing)
        {
            ending = Ending::failed(failure);
        }
        let ignored = ending.status == Status::Failed && doing.ignores_errors();
        let rescued = ending.status == Status::Failed && self.members[index].run.would_rescue();
        self.tell(index, &doing, &ending, ignored, rescued);
        self.settle(index, &doing, ending.status);
        let includes = doing.includes;
        let member = &mut self.members[index];
        match ending.failure {
            Some(failure) if !ignored => {
                member.foresight.forget();
                member.run.fail(Failed { step: Arc::clone(&doing.step), failure });
                if doing.any_errors_fatal && !rescued {
                    self.ended = true;
                }
            }
            _ if !includes.is_empty() => member.run.include(includes.into()),
            _ => member.run.advance(),
        }
    }

    pub(super) fn tell(&self, index: usize, doing: &Doing, ending: &Ending, ignored: bool, rescued: bool) {
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
            self.handlers.settles(Some(&doing.step)).into_iter().map(|debt| debt.handler).collect();
        if status != Status::Changed {
            let notified = &self.members[index].notified;
            let woken = doing.notifies().into_iter().flat_map(|name| self.handlers.woken_by(&name));
            paid.extend(woken.filter(|at| !notified.contains(at)).map(|at| self.handlers.name(at)));
        }
        if !paid.is_empty() {
            self.strike(index, &paid);
        }
    }

    pub(super) fn notify(&mut self, index: usize, doing: &Doing) -> Result<(), Failure> {
        for name in doing.notifies() {
            let woken = self.handlers.woken_by(&name);
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
