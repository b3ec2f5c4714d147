//! What a run owes a host: restarts that were notified and did not happen yet. They are written down there before the
//! change is made that makes them, and struck when the handler did its work.

use std::collections::BTreeMap;
use std::sync::Arc;

use dpp_protocol::{Debt, Mode, Task};

use crate::engine::batch::Batch;
use crate::engine::machine::{Job, Work};
use crate::event::Event;
use crate::plan::TaskStep;
use crate::transport::Become;

/// What a host was found to be owed while a play was on that does not pay it: one that is not about the host, or has no
/// such handler. A later play may.
pub(in crate::engine) struct FoundDebts {
    pub(super) host: String,
    pub(super) debts: Vec<Debt>,
    pub(super) becoming: Option<Become>,
    /// Whether a play was about the host already.
    pub(super) was_met: bool,
}

impl FoundDebts {
    /// Those that no play of the run paid, of hosts that plays were about.
    pub(in crate::engine) fn unpaid(self) -> impl Iterator<Item = (String, Debt)> {
        let host = self.host;
        self.debts.into_iter().filter(move |_| self.was_met).map(move |debt| (host.clone(), debt))
    }
}

impl Batch<'_> {
    /// Takes up what its hosts were found to be owed when tasks of others were delegated to them.
    pub(super) fn claim_debts(&mut self) {
        for found in std::mem::take(&mut self.engine.unclaimed) {
            match self.members.iter().position(|member| member.name == found.host) {
                Some(index) => self.debts_found(index, found.debts, found.becoming.as_ref()),
                None => self.engine.unclaimed.push(found),
            }
        }
    }

    /// What a change of this task would owe: the handlers it notifies.
    pub(super) fn debts_of(&self, index: usize) -> Vec<Debt> {
        let Some(doing) = self.doing(index).filter(|doing| !doing.check) else { return Vec::new() };
        let names = doing.notifies();
        let woken = names.iter().flat_map(|name| self.woken(index, name));
        // The reason is only read, and stays on the host; the handler's name is what the debt is found by again.
        let reason = self.engine.events.mask(&doing.name.task);
        woken.map(|at| self.debt(index, at, &reason)).collect()
    }

    /// What a host is owed by the name that a handler has there.
    pub(super) fn debt(&self, index: usize, at: usize, reason: &str) -> Debt {
        Debt { handler: self.called(index, self.handlers.get(at)), reason: reason.to_owned() }
    }

    /// The debt that is paid when this task is a handler and succeeds.
    pub(super) fn settles(&self, index: usize, step: Option<&Arc<TaskStep>>) -> Vec<Debt> {
        step.and_then(|step| self.handlers.at(step)).map(|at| self.debt(index, at, "")).into_iter().collect()
    }

    /// Remembers what is about to be written down on the host.
    pub(super) fn note_debts(&mut self, index: usize, owes: &[Debt], becoming: Option<&Become>) {
        let debts = &mut self.members[index].debts;
        for debt in owes {
            let noted = (debt.handler.clone(), becoming.cloned());
            if !debts.contains(&noted) {
                debts.push(noted);
            }
        }
    }

    /// Earlier runs owe a host something: what this play has handlers for is as good as notified.
    pub(super) fn debts_found(&mut self, index: usize, debts: Vec<Debt>, becoming: Option<&Become>) {
        for debt in debts {
            let woken = self.woken(index, &debt.handler);
            let will_pay = !woken.is_empty();
            if will_pay {
                self.note_debts(index, std::slice::from_ref(&debt), becoming);
            }
            if !will_pay {
                self.leave_to_others(index, debt, becoming);
                continue;
            }
            let member = &mut self.members[index];
            for at in woken {
                if !member.notified.contains(&at) {
                    member.notified.push(at);
                }
            }
            self.engine.events.tell(Event::DebtFound { host: member.name.clone(), debt, will_pay });
        }
    }

    /// Keeps a debt for the plays to come: the first plays of a run are seldom those that restart something.
    fn leave_to_others(&mut self, index: usize, debt: Debt, becoming: Option<&Become>) {
        let host = self.members[index].name.clone();
        let left = FoundDebts { host, debts: vec![debt], becoming: becoming.cloned(), was_met: true };
        self.engine.unclaimed.push(left);
    }

    /// Strikes what is not owed any more: a handler that did its work here, and what a task turned out not to change.
    pub(super) fn strike(&mut self, index: usize, paid: &[String]) {
        let (struck, left) =
            std::mem::take(&mut self.members[index].debts).into_iter().partition(|(name, _)| paid.contains(name));
        self.members[index].debts = left;
        let struck: Vec<(String, Option<Become>)> = struck;
        let mut by_user: BTreeMap<Option<Become>, Vec<Debt>> = BTreeMap::new();
        for (handler, becoming) in struck {
            by_user.entry(becoming).or_default().push(Debt { handler, reason: String::new() });
        }
        for (becoming, settles) in by_user {
            self.send_strike(index, becoming, settles);
        }
    }

    fn send_strike(&mut self, index: usize, becoming: Option<Become>, settles: Vec<Debt>) {
        let id = self.engine.number();
        let task = Task {
            id,
            module: "settle".into(),
            params: serde_json::json!({}),
            mode: Mode::Apply,
            diff: false,
            environment: BTreeMap::new(),
            owes: Vec::new(),
            settles,
            run: String::new(),
            bound: None,
        };
        let host = self.members[index].name.clone();
        if let Ok((machine, login)) = self.engine.machine(&host, None) {
            let becoming = becoming.filter(|becoming| becoming.user != login);
            machine.give(Job { on: host.clone(), host, becoming, work: Work::Strike(Box::new(task)) });
        }
    }
}
