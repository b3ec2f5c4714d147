//! Brings the hosts of one batch through a play: who may move, what is waited for, what came of it.
//!
//! All decisions are made here, in one thread; machines only do what they are told.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use dpp_protocol::{Answer, Debt, Failure};

use crate::engine::control::{Control, Meta};
use crate::engine::doing::{Doing, Verdict};
use crate::engine::ending::Ending;
use crate::engine::foresight::{Foresight, worth_a_look};
use crate::engine::machine::{Happening, Job, What, Work};
use crate::engine::notify::Handlers;
use crate::engine::prepare::{Prepared, Preparer, Ready, Unready};
use crate::engine::run::Engine;
use crate::engine::{Failed, HostRun, Next, PlayVars, Position, TaskVars};
use crate::event::{Event, Status};
use crate::plan::{PlayPlan, Step, Strategy, TaskStep};
use crate::value::Map;

/// One host in this play.
pub(super) struct Member {
    pub(super) name: String,
    pub(super) run: HostRun,
    pub(super) vars: TaskVars,
    pub(super) doing: Option<Doing>,
    pub(super) foresight: Foresight,
    pub(super) notified: Vec<usize>,
    lost: bool,
}

/// How a batch ended.
#[derive(Debug, Default)]
pub(super) struct BatchEnd {
    /// Hosts that failed.
    pub(super) failed: Vec<String>,
    /// Hosts that are out of reach.
    pub(super) lost: Vec<String>,
}

/// The hosts of a batch on their way.
pub(super) struct Batch<'a> {
    pub(super) engine: &'a mut Engine,
    pub(super) play: Arc<PlayVars>,
    pub(super) handlers: Handlers,
    pub(super) members: Vec<Member>,
    timers: BinaryHeap<Reverse<(Instant, usize)>>,
    once: HashMap<*const TaskStep, Ending>,
    ended: bool,
}

impl<'a> Batch<'a> {
    /// Hosts before their first step.
    pub(super) fn new(engine: &'a mut Engine, play: &Arc<PlayVars>, hosts: &[String], steps: &Arc<[Step]>) -> Self {
        let members = hosts.iter().map(|name| member(engine, play, name, steps)).collect();
        let handlers = Handlers::new(&play.play.handlers);
        let play = Arc::clone(play);
        Self { engine, play, handlers, members, timers: BinaryHeap::new(), once: HashMap::new(), ended: false }
    }

    /// Goes on until every host is at its end.
    pub(super) fn go(mut self) -> BatchEnd {
        loop {
            while self.sweep() {}
            if self.members.iter().all(|member| member.doing.is_none() && self.at_end(member)) {
                break;
            }
            self.wait();
        }
        self.end()
    }

    /// Lets every host that may move do so; true when one did.
    fn sweep(&mut self) -> bool {
        let mut moved = false;
        for index in 0..self.members.len() {
            while self.may_move(index) && self.step(index) {
                moved = true;
            }
        }
        moved
    }

    fn at_end(&self, member: &Member) -> bool {
        member.lost || self.ended || self.engine.cancelled() || matches!(member.run.next(), Next::End | Next::Failed)
    }

    fn may_move(&self, index: usize) -> bool {
        let member = &self.members[index];
        if let Some(doing) = &member.doing {
            return !doing.waiting;
        }
        if self.at_end(member) || self.busy() >= self.engine.options.forks {
            return false;
        }
        self.play.play.strategy == Strategy::Free || member.run.position() <= self.front()
    }

    fn busy(&self) -> usize {
        self.members.iter().filter(|member| member.doing.is_some()).count()
    }

    /// The step that the last of the hosts is at.
    fn front(&self) -> Option<Position> {
        self.members.iter().filter(|member| !self.at_end(member)).filter_map(|member| member.run.position()).min()
    }

    /// Does the next thing on a host; false when it has to wait.
    fn step(&mut self, index: usize) -> bool {
        if self.members[index].doing.is_some() {
            self.proceed(index);
            return true;
        }
        match self.members[index].run.next() {
            Next::Task(step) => self.begin(index, &step),
            Next::Flush => {
                self.flush(index);
                true
            }
            Next::End | Next::Failed => false,
        }
    }

    fn flush(&mut self, index: usize) {
        let member = &mut self.members[index];
        let steps = self.handlers.take(&mut member.notified);
        member.run.flush(steps);
    }

    /// Begins a task on a host; false when another host does it for all and is not done yet.
    fn begin(&mut self, index: usize, step: &Arc<TaskStep>) -> bool {
        let vars = self.members[index].vars.of(step);
        let vars = self.with_rescue(index, vars);
        let doing = Doing::new(step, vars, &self.engine.options);
        if doing.run_once && self.play.play.strategy == Strategy::Linear {
            let key = Arc::as_ptr(step);
            if let Some(ending) = self.once.get(&key).cloned() {
                self.members[index].doing = Some(doing);
                self.finish(index, ending);
                return true;
            }
            let first = self.members.iter().position(|member| !self.at_end(member));
            if first != Some(index) {
                return false;
            }
        }
        let name = self.members[index].name.clone();
        self.engine.events.tell(Event::StepStarted { host: name, step: doing.name.clone() });
        self.members[index].doing = Some(doing);
        true
    }

    fn with_rescue(&self, index: usize, vars: TaskVars) -> TaskVars {
        let Some(rescued) = self.members[index].run.rescued() else { return vars };
        let mut front = Map::new();
        let task = Map::from_iter([
            ("name".to_owned(), rescued.step.title().into()),
            ("action".to_owned(), rescued.step.task.action.as_str().into()),
        ]);
        front.insert("ansible_failed_task".into(), task.into());
        front.insert("ansible_failed_result".into(), Ending::failed(rescued.failure.clone()).value());
        vars.with(front)
    }

    /// Goes on with the task a host is at: the next item, or its end.
    fn proceed(&mut self, index: usize) {
        let Some(mut doing) = self.members[index].doing.take() else { return };
        match doing.next() {
            Verdict::Finished(ending) => {
                self.members[index].doing = Some(doing);
                self.finish(index, *ending);
            }
            Verdict::Item(vars) => {
                let prepared = self.preparer().item(&doing.step, &vars);
                self.members[index].doing = Some(doing);
                match prepared {
                    Ok(Prepared::Skip(condition)) => self.item_ended(index, Ending::skipped(&condition)),
                    Ok(Prepared::Done(done)) => self.done_here(index, done),
                    Ok(Prepared::Remote(ready)) => self.perform(index, ready),
                    Ok(Prepared::Control(control)) => self.control(index, control, &vars),
                    Err(Unready::Failed(failure)) => self.item_ended(index, Ending::failed(failure)),
                    Err(Unready::Pending) => {
                        let failure = Failure::new("a variable is only known when an earlier task has run");
                        self.item_ended(index, Ending::failed(failure));
                    }
                }
            }
        }
    }

    pub(super) fn preparer(&self) -> Preparer {
        Preparer { files: Arc::clone(&self.engine.template_files), verbosity: self.engine.options.verbosity }
    }

    fn done_here(&mut self, index: usize, done: crate::actions::Done) {
        let check = self.doing(index).is_some_and(|doing| doing.check);
        {
            let mut known = self.members[index].vars.state.write();
            known.set.extend(done.set);
            known.included.extend(done.included);
        }
        let mut ending = Ending::answered(Ok(done.outcome), check);
        ending.message = done.message;
        ending.result.shift_remove("ansible_facts");
        self.item_ended(index, ending);
    }

    fn doing(&self, index: usize) -> Option<&Doing> {
        self.members[index].doing.as_ref()
    }

    /// Has a machine do it, or takes what was foreseen.
    fn perform(&mut self, index: usize, ready: Ready) {
        let Some(doing) = &self.members[index].doing else { return };
        let (check, looked) = (doing.check, doing.looked);
        if let Some(answer) = self.members[index].foresight.take(&ready) {
            let settled = matches!(&answer, Ok(outcome) if !outcome.changed && !outcome.unpredicted);
            if settled || check {
                self.answered(index, answer);
                return;
            }
        } else if !looked && ready.delegate.is_none() && worth_a_look(&ready.remote, check) {
            let tasks = self.look_ahead(index, &ready);
            self.send(index, &ready, Work::LookAhead(tasks));
            if let Some(doing) = &mut self.members[index].doing {
                doing.looked = true;
            }
            return;
        }
        self.members[index].foresight.forget();
        let work = self.whole_task(index, &ready);
        self.send(index, &ready, work);
    }

    fn whole_task(&mut self, index: usize, ready: &Ready) -> Work {
        let owes = self.debts_of(index);
        let number = self.engine.number();
        let member = &mut self.members[index];
        let settles = self.handlers.settles(member.doing.as_ref().map(|doing| &doing.step));
        let Some(doing) = &mut member.doing else { return Work::LookAhead(Vec::new()) };
        doing.owed = !owes.is_empty();
        let task = doing.task(number, ready, owes, settles);
        Work::Run { task: Box::new(task), blobs: ready.remote.blobs.clone(), supply: None }
    }

    /// What a change of this task would owe: the handlers it notifies.
    fn debts_of(&self, index: usize) -> Vec<Debt> {
        let Some(doing) = self.doing(index).filter(|doing| !doing.check) else { return Vec::new() };
        let names = doing.notifies();
        let woken = names.iter().flat_map(|name| self.handlers.woken_by(name));
        woken.map(|at| Debt { handler: self.handlers.name(at), reason: doing.name.task.clone() }).collect()
    }

    fn send(&mut self, index: usize, ready: &Ready, work: Work) {
        let name = self.members[index].name.clone();
        let on = ready.delegate.as_ref().unwrap_or(&name);
        match self.engine.machine(on) {
            Ok((machine, user)) => {
                let becoming = ready.becoming.clone().filter(|becoming| becoming.user != user);
                machine.give(Job { host: name, becoming, work });
                if let Some(doing) = &mut self.members[index].doing {
                    doing.waiting = true;
                }
            }
            Err(failure) => self.lost(index, failure),
        }
    }

    /// Waits for the next thing to happen.
    fn wait(&mut self) {
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

    fn happened(&mut self, happening: Happening) {
        let Happening { host, what } = happening;
        let index = self.members.iter().position(|member| member.name == host);
        match (what, index) {
            (What::Connected { ms }, _) => self.engine.events.tell(Event::HostConnected { host, ms }),
            (What::Alive { text, count }, _) => self.engine.events.tell(Event::StepAlive { host, text, count }),
            (What::Debts(debts), Some(index)) => self.debts_found(index, debts),
            (What::LookedAhead(answers), Some(index)) => {
                self.members[index].foresight.keep(answers);
                if let Some(doing) = &mut self.members[index].doing {
                    doing.waiting = false;
                }
            }
            (What::Done(answer), Some(index)) => {
                self.forget_foresight_on(&host);
                self.answered(index, *answer);
            }
            (What::Lost(failure), Some(index)) => self.lost(index, *failure),
            (_, None) => {}
        }
    }

    /// Something was done on a machine: what was foreseen for the hosts that are this machine may be wrong now.
    fn forget_foresight_on(&mut self, host: &str) {
        for member in &mut self.members {
            if self.engine.same_machine(&member.name, host) {
                member.foresight.forget();
            }
        }
    }

    fn debts_found(&mut self, index: usize, debts: Vec<Debt>) {
        for debt in debts {
            let woken = self.handlers.woken_by(&debt.handler);
            let will_pay = !woken.is_empty();
            let member = &mut self.members[index];
            for at in woken {
                if !member.notified.contains(&at) {
                    member.notified.push(at);
                }
            }
            self.engine.events.tell(Event::DebtFound { host: member.name.clone(), debt, will_pay });
        }
    }

    fn answered(&mut self, index: usize, answer: Answer) {
        let check = self.doing(index).is_some_and(|doing| doing.check);
        self.item_ended(index, Ending::answered(answer, check));
    }

    /// An item has an end, unless `until` wants it tried again.
    fn item_ended(&mut self, index: usize, ending: Ending) {
        let Some(doing) = &mut self.members[index].doing else { return };
        doing.waiting = false;
        doing.looked = false;
        if let Some(facts) = ending.facts() {
            let mut known = doing.vars.state.write();
            if doing.step.task.short_action() == "set_fact" {
                known.set.extend(facts)
            } else {
                known.facts.extend(facts)
            }
        }
        let host = self.members[index].name.clone();
        let Some(doing) = &mut self.members[index].doing else { return };
        if let Some(delay) = doing.take(ending, &self.engine.events, &host) {
            doing.waiting = true;
            self.timers.push(Reverse((Instant::now() + delay, index)));
        }
    }

    /// A task ended on a host: registers, notifies, tells, and goes on or fails.
    fn finish(&mut self, index: usize, ending: Ending) {
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

    fn tell(&self, index: usize, doing: &Doing, ending: &Ending, ignored: bool, rescued: bool) {
        let host = self.members[index].name.clone();
        for warning in &ending.warnings {
            self.engine.events.tell(Event::Warning { text: format!("{host}: {warning}") });
        }
        let result = doing.shown(ending, ignored, rescued);
        self.engine.events.tell(Event::StepFinished { host, step: doing.name.clone(), result });
    }

    fn notify(&mut self, index: usize, doing: &Doing) -> Result<(), Failure> {
        for name in doing.notifies() {
            let woken = self.handlers.woken_by(&name);
            if woken.is_empty() {
                return Err(self.handlers.unknown(&name));
            }
            let notified = &mut self.members[index].notified;
            woken.into_iter().for_each(|at| {
                if !notified.contains(&at) {
                    notified.push(at);
                }
            });
        }
        Ok(())
    }

    fn lost(&mut self, index: usize, failure: Failure) {
        let member = &mut self.members[index];
        let ignored = member.doing.as_ref().is_some_and(Doing::ignores_unreachable);
        if ignored {
            let mut ending = Ending::failed(failure);
            ending.status = Status::Unreachable;
            ending.failure = None;
            self.item_ended(index, ending);
            return;
        }
        member.doing = None;
        member.lost = true;
        self.engine.events.tell(Event::HostLost { host: member.name.clone(), failure });
    }

    fn control(&mut self, index: usize, control: Control, vars: &TaskVars) {
        let ending = match control {
            Control::Meta(meta) => self.meta(index, meta),
            Control::Pause { seconds } => {
                if let Some(doing) = &mut self.members[index].doing
                    && !doing.paused
                {
                    doing.paused = true;
                    doing.waiting = true;
                    let due = Instant::now() + Duration::from_secs_f64(seconds.clamp(0.0, 1e7));
                    self.timers.push(Reverse((due, index)));
                    return;
                }
                Ok(())
            }
            Control::IncludeTasks { file } => self.include_tasks(index, &file, vars),
            Control::IncludeRole => self.include_role(index, vars),
            Control::AddHost { name, groups, vars } => self.engine.add_host(&name, &groups, &vars),
            Control::GroupBy { key, parents } => {
                let host = self.members[index].name.clone();
                self.engine.group_by(&host, &key, &parents)
            }
        };
        let ending =
            ending.map_or_else(Ending::failed, |()| Ending::answered(Ok(dpp_protocol::Outcome::default()), false));
        self.item_ended(index, ending);
    }

    fn meta(&mut self, index: usize, meta: Meta) -> Result<(), Failure> {
        match meta {
            Meta::FlushHandlers => {
                let steps = self.handlers.take(&mut self.members[index].notified);
                if let Some(doing) = &mut self.members[index].doing {
                    doing.includes.extend(steps.iter().cloned());
                }
            }
            Meta::EndPlay => self.members.iter_mut().for_each(|member| member.run.end()),
            Meta::EndHost => self.members[index].run.end(),
            Meta::ClearFacts => self.members[index].vars.state.write().facts.clear(),
            Meta::Noop | Meta::ClearHostErrors => {}
        }
        Ok(())
    }

    fn end(self) -> BatchEnd {
        let mut end = BatchEnd::default();
        for member in &self.members {
            if member.lost {
                end.lost.push(member.name.clone());
            } else if member.run.failed().is_some() {
                end.failed.push(member.name.clone());
            }
            for at in &member.notified {
                let debt = Debt { handler: self.handlers.name(*at), reason: String::new() };
                self.engine.events.tell(Event::Owed { host: member.name.clone(), debt });
            }
        }
        end
    }
}

fn member(engine: &Engine, play: &Arc<PlayVars>, name: &str, steps: &Arc<[Step]>) -> Member {
    let entry = engine.vars.hosts().get(name).cloned();
    let (state, magic) = entry.map(|entry| (entry.state, entry.magic)).unwrap_or_default();
    let vars = TaskVars {
        run: Arc::clone(&engine.vars),
        play: Arc::clone(play),
        host: name.to_owned(),
        state,
        step: None,
        front: Map::new(),
        magic,
    };
    Member {
        name: name.to_owned(),
        run: HostRun::new(Arc::clone(steps)),
        vars,
        doing: None,
        foresight: Foresight::default(),
        notified: Vec::new(),
        lost: false,
    }
}

/// What all hosts of a play see alike.
pub(super) fn play_vars(plan: Arc<PlayPlan>, magic: Map) -> Arc<PlayVars> {
    Arc::new(PlayVars { play: plan, prompted: Map::new(), magic })
}
