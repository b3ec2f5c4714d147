//! What machines and timers have to say, and what follows from it.

use std::cmp::Reverse;
use std::time::Instant;

use dpp_protocol::{Answer, Failure};

use crate::engine::batch::{Batch, FoundDebts};
use crate::engine::doing::Doing;
use crate::engine::ending::Ending;
use crate::engine::machine::{Happening, What};
use crate::engine::provisions::Shortage;
use crate::event::{Event, Status};
use crate::source::nearest;

impl Batch<'_> {
    /// Waits for the next thing to happen.
    pub(super) fn wait(&mut self) {
        let happening = match self.timers.peek() {
            Some(Reverse((due, _))) => self.engine.next_happening(Some(due.saturating_duration_since(Instant::now()))),
            None => self.engine.next_happening(None),
        };
        if let Some(happening) = happening {
            self.happened(happening);
        }
        while let Some(Reverse((due, index))) = self.timers.peek().copied() {
            if due > Instant::now() {
                break;
            }
            self.timers.pop();
            if let Some(doing) = &mut self.members[index].doing {
                doing.waiting = false;
            }
        }
    }

    pub(super) fn happened(&mut self, happening: Happening) {
        let Happening { host, what } = happening;
        let index = self.members.iter().position(|member| member.name == host);
        match (what, index) {
            (What::Connected { ms }, _) => self.engine.events.tell(Event::HostConnected { host, ms }),
            (What::Alive { text, count }, _) => {
                // What a command prints is its output.
                let is_hidden = index.and_then(|index| self.doing(index)).is_some_and(Doing::hides_its_output);
                let text = if is_hidden { String::new() } else { text };
                self.engine.events.tell(Event::StepAlive { host, text, count });
            }
            (What::Debts(debts, becoming), Some(index)) => self.debts_found(index, debts, becoming.as_ref()),
            (What::LookedAhead(answers, shortage), Some(index)) => {
                if let Some(shortage) = shortage {
                    self.falls_short(index, shortage);
                    return;
                }
                self.members[index].foresight.keep(answers);
                if let Some(doing) = &mut self.members[index].doing {
                    doing.waiting = false;
                }
            }
            (What::Done { on, answer }, Some(index)) => {
                self.forget_foresight_on(&on);
                self.answered(index, *answer);
            }
            (What::Debts(debts, becoming), None) => {
                self.engine.unclaimed.push(FoundDebts { host, debts, becoming, was_met: false });
            }
            (What::Lost(failure), Some(index)) => self.lost(index, *failure),
            (What::LostElsewhere { on, failure }, Some(index)) => self.lost_elsewhere(index, &on, *failure),
            (What::Struck, _) | (_, None) => {}
        }
    }

    /// A task to come needs a file that cannot be had: the host fails of it now, before anything is changed there.
    fn falls_short(&mut self, index: usize, shortage: Shortage) {
        let member = &mut self.members[index];
        let Some(step) = member.foresight.step(shortage.number) else { return };
        let vars = member.vars.of(&step);
        member.doing = Some(Doing::new(&step, vars, &self.engine.options));
        self.finish(index, Ending::failed(shortage.failure));
    }

    /// Something was done on a machine: what was foreseen for the hosts that are this machine may be wrong now.
    pub(super) fn forget_foresight_on(&mut self, host: &str) {
        for member in &mut self.members {
            if self.engine.same_machine(&member.name, host) {
                member.foresight.forget();
            }
        }
    }

    pub(super) fn answered(&mut self, index: usize, answer: Answer) {
        let check = self.doing(index).is_some_and(|doing| doing.check);
        let mut ending = Ending::answered(answer, check);
        if let Some(doing) = self.doing(index).filter(|doing| doing.waits_for_a_job()) {
            ending.result.extend(doing.job());
        }
        self.item_ended(index, ending);
    }

    /// The host to which a task was delegated is out of reach: the task fails, and the host it is for is as well as ever.
    pub(super) fn lost_elsewhere(&mut self, index: usize, on: &str, failure: Failure) {
        self.forget_foresight_on(on);
        if self.doing(index).is_some_and(Doing::ignores_unreachable) {
            self.lost(index, failure);
            return;
        }
        let mut failure = Failure {
            message: format!("cannot reach {on}, to which the task is delegated: {}", failure.message),
            ..failure
        };
        let hosts = self.engine.vars.hosts();
        if !hosts.contains_key(on) && on != "localhost" {
            let near = nearest(on, hosts.keys().map(String::as_str));
            let meant = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            failure.help = Some(format!("no host of the inventory is called `{on}`{meant}"));
        }
        drop(hosts);
        self.item_ended(index, Ending::failed(failure));
    }

    pub(super) fn lost(&mut self, index: usize, failure: Failure) {
        let member = &mut self.members[index];
        let ignored = member.doing.as_ref().is_some_and(Doing::ignores_unreachable);
        if ignored {
            let mut ending = Ending::failed(failure);
            ending.status = Status::Unreachable;
            ending.result.insert("unreachable".into(), true.into());
            ending.failure = None;
            self.item_ended(index, ending);
            return;
        }
        member.lost = true;
        self.play.leave(&member.name);
        let doing = member.doing.take();
        let here = self.occurrence(index);
        // Were it taken back, it would go on behind this task.
        self.members[index].run.advance();
        let member = &self.members[index];
        let failure = match &doing {
            Some(doing) => failure
                .note("during", format!("{} ({}), after {:.1}s", doing.name.task, doing.name.at, doing.seconds())),
            None => failure,
        };
        self.engine.events.tell(Event::HostLost { host: member.name.clone(), failure });
        if let Some(doing) = doing {
            self.judge(index, &doing, here);
        }
    }
}
