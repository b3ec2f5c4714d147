//! Has machines do what a task is, or takes what was foreseen of it.

use crate::engine::batch::Batch;
use crate::engine::foresight::worth_a_look;
use crate::engine::machine::{Ahead, Job, Work};
use crate::engine::prepare::Ready;

impl Batch<'_> {
    /// Has a machine do it, or takes what was foreseen.
    pub(super) fn perform(&mut self, index: usize, ready: &Ready) {
        let Some(doing) = &self.members[index].doing else { return };
        let (check, looked) = (doing.check, doing.looked);
        let is_job = doing.bound.is_some_and(|bound| bound.detached) && !check;
        if let Some(answer) = self.members[index].foresight.take(ready).filter(|_| !is_job) {
            let settled = matches!(&answer, Ok(outcome) if !outcome.changed && !outcome.unpredicted);
            if settled || check {
                self.answered(index, answer);
                return;
            }
        } else if !looked && is_own(ready) && !is_job && worth_a_look(&ready.remote, check) {
            let ahead = self.look_ahead(index, ready);
            self.send(index, ready, Work::LookAhead(ahead));
            if let Some(doing) = &mut self.members[index].doing {
                doing.looked = true;
            }
            return;
        }
        self.members[index].foresight.forget();
        let work = self.whole_task(index, ready);
        self.send(index, ready, work);
    }

    pub(super) fn whole_task(&mut self, index: usize, ready: &Ready) -> Work {
        // Another host's file is no place for what this one is owed: its plays may not know the handler.
        let is_elsewhere = ready.delegate.as_ref().is_some_and(|on| *on != self.members[index].name);
        let owes = if is_elsewhere { Vec::new() } else { self.debts_of(index) };
        self.note_debts(index, &owes, ready.becoming.as_ref());
        let number = self.engine.number();
        let step = self.doing(index).map(|doing| &doing.step).filter(|_| !is_elsewhere);
        let settles = self.settles(index, step);
        let member = &mut self.members[index];
        if member.doing.as_ref().is_some_and(|doing| !doing.check) {
            member.debts.retain(|(name, by)| by != &ready.becoming || settles.iter().all(|debt| debt.handler != *name));
        }
        let Some(doing) = &mut member.doing else { return Work::LookAhead(Ahead::default()) };
        let supply = ready.remote.supply.clone().filter(|_| !doing.check).map(Box::new);
        let task = doing.task(number, ready, owes, settles);
        let aside = ready.remote.aside.clone();
        Work::Run { task: Box::new(task), blobs: ready.remote.blobs.clone(), supply, aside }
    }

    pub(super) fn send(&mut self, index: usize, ready: &Ready, work: Work) {
        let name = self.members[index].name.clone();
        let on = ready.delegate.as_ref().unwrap_or(&name);
        match self.engine.machine(on, ready.login.as_deref()) {
            Ok((machine, user)) => {
                let becoming = ready.becoming.clone().filter(|becoming| becoming.user != user);
                machine.give(Job { on: on.clone(), host: name, becoming, work });
                if let Some(doing) = &mut self.members[index].doing {
                    doing.waiting = true;
                }
            }
            Err(failure) if *on != name => self.lost_elsewhere(index, on, failure),
            Err(failure) => self.lost(index, failure),
        }
    }
}

/// Whether the host itself does it, over its usual login: only there can be looked ahead.
pub(in crate::engine) fn is_own(ready: &Ready) -> bool {
    ready.delegate.is_none() && ready.login.is_none()
}
