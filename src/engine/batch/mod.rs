//! Brings the hosts of one batch through a play: who may move, what is waited for, what came of it.
//!
//! All decisions are made here, in one thread; machines only do what they are told.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use dpp_protocol::Failure;

use crate::engine::doing::{Doing, Verdict};
use crate::engine::ending::{Ending, Sets};
use crate::engine::foresight::Foresight;
use crate::engine::notify::Handlers;
use crate::engine::prepare::{Prepared, Preparer, Unready};
use crate::engine::run::Engine;
use crate::engine::vars_files;
use crate::engine::{Failed, HostRun, Next, PlayVars, Position, TaskVars};
use crate::event::Event;
use crate::plan::{Step, Strategy, TaskStep};
use crate::transport::Become;
use crate::value::Map;

mod asking;
mod control;
mod debts;
mod doom;
mod finish;
mod happen;
mod occurrence;
mod pardon;
mod perform;
mod roles_done;

use asking::Answers;
pub(super) use debts::FoundDebts;
use doom::Doom;
use occurrence::Occurrence;
pub(super) use perform::is_own;
pub(super) use roles_done::RolesDone;

/// One host in this play.
pub(super) struct Member {
    pub(super) name: String,
    pub(super) run: HostRun,
    pub(super) vars: TaskVars,
    pub(super) doing: Option<Doing>,
    pub(super) foresight: Foresight,
    pub(super) notified: Vec<usize>,
    pub(super) roles: RolesDone,
    /// What is written down on the host as owed, and as whom.
    debts: Vec<(String, Option<Become>)>,
    /// What it failed of before its handlers ran all the same: `force_handlers`.
    forced: Option<Failed>,
    lost: bool,
    /// How many dooms it failed of, or brought about.
    heeded: usize,
}

/// How a batch ended.
#[derive(Debug, Default)]
pub(super) struct BatchEnd {
    /// Hosts that failed.
    pub(super) failed: Vec<String>,
    /// Hosts that are out of reach.
    pub(super) lost: Vec<String>,
    /// Hosts that were stopped because another one failed or was lost.
    pub(super) stopped: Vec<String>,
    /// Whether nothing may come after it.
    pub(super) is_broken_off: bool,
    /// Whether a task ended the whole play, and not its batch alone.
    pub(super) ends_play: bool,
    /// Whether it took back what its hosts had failed of before it.
    pub(super) pardons: bool,
}

/// The hosts of a batch on their way.
pub(super) struct Batch<'a> {
    pub(super) engine: &'a mut Engine,
    pub(super) play: Arc<PlayVars>,
    pub(super) handlers: Handlers,
    pub(super) members: Vec<Member>,
    timers: BinaryHeap<Reverse<(Instant, usize)>>,
    /// How what one host did for all ended.
    once: HashMap<Occurrence, Ending>,
    answers: Answers,
    dooms: Vec<Doom>,
    /// Includes of roles, and their items, whose names the play knows.
    named: HashSet<(Occurrence, usize)>,
    pub(super) ends_play: bool,
    pardons: bool,
}

impl<'a> Batch<'a> {
    /// Hosts before their first step.
    pub(super) fn new(engine: &'a mut Engine, play: &Arc<PlayVars>, hosts: &[String], steps: &Arc<[Step]>) -> Self {
        let members: Vec<Member> = hosts.iter().map(|name| member(engine, play, name, steps)).collect();
        let handlers = Handlers::new(&play.play.handlers);
        let play = Arc::clone(play);
        let (timers, once, answers, dooms) = (BinaryHeap::new(), HashMap::new(), Answers::default(), Vec::new());
        let (named, ends_play, pardons) = (HashSet::new(), false, false);
        Self { engine, play, handlers, members, timers, once, answers, dooms, named, ends_play, pardons }
    }

    /// Goes on until every host is at its end.
    pub(super) fn go(mut self) -> BatchEnd {
        self.read_vars_files();
        self.claim_debts();
        loop {
            while self.sweep() {}
            if self.members.iter().all(|member| member.doing.is_none() && self.at_end(member)) {
                break;
            }
            self.wait();
        }
        self.end()
    }

    fn read_vars_files(&mut self) {
        for index in 0..self.members.len() {
            {
                let mut known = self.members[index].vars.state.write();
                known.exposed_vars.clear();
                known.exposed_defaults.clear();
            }
            let read = vars_files::read(self.engine.files.as_ref(), &self.members[index].vars);
            match read {
                Ok(files) => self.members[index].vars.state.write().play_files = files,
                Err(failure) => self.lost(index, failure),
            }
        }
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
        let done = match member.run.next() {
            Next::End => true,
            Next::Failed => !self.forces_handlers(member),
            Next::Task(_) | Next::Flush | Next::RoleEnd(_) => false,
        };
        member.lost || self.engine.cancelled() || done
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
            Next::Task(step) => self.begin_or_pass_over(index, &step),
            Next::RoleEnd(role) => {
                let member = &mut self.members[index];
                member.roles.end(&role);
                member.run.advance();
                true
            }
            Next::Flush => {
                if !self.meets_doom(index) {
                    self.flush(index);
                }
                true
            }
            Next::Failed if self.forces_handlers(&self.members[index]) => {
                let member = &mut self.members[index];
                member.forced = member.run.failed().cloned();
                member.run = HostRun::of_handlers(self.handlers.steps());
                true
            }
            Next::End | Next::Failed => false,
        }
    }

    /// Whether a host that failed is to run the handlers that were notified before.
    fn forces_handlers(&self, member: &Member) -> bool {
        let asked = self.play.play.manner.force_handlers;
        (asked || self.engine.options.force_handlers) && member.forced.is_none() && !member.notified.is_empty()
    }

    /// All handlers are steps of a flush, so that one which another one notifies has its turn, too.
    fn flush(&mut self, index: usize) {
        let member = &mut self.members[index];
        let steps = if member.notified.is_empty() { Vec::new().into() } else { self.handlers.steps() };
        member.run.flush(steps);
    }

    fn begin_or_pass_over(&mut self, index: usize, step: &Arc<TaskStep>) -> bool {
        let member = &mut self.members[index];
        let is_done = member.roles.pass_over(step) && !member.run.in_flush();
        if is_done || self.handlers.are_passed_over(&member.run, step, &member.notified) {
            member.run.advance();
            return true;
        }
        let handler = self.handlers.at(step).filter(|_| member.run.in_flush());
        if self.is_declined(index, step) {
            self.members[index].run.advance();
            return true;
        }
        let moves = self.meets_doom(index) || self.begin(index, step);
        if let Some(handler) = handler.filter(|_| moves) {
            self.members[index].notified.retain(|at| *at != handler);
        }
        moves
    }

    /// Looks at a host again at this time.
    pub(super) fn due(&mut self, at: Instant, index: usize) {
        self.timers.push(Reverse((at, index)));
    }

    /// Begins a task on a host; false when another host does it for all and is not done yet.
    fn begin(&mut self, index: usize, step: &Arc<TaskStep>) -> bool {
        let vars = self.members[index].vars.of(step);
        let vars = self.with_rescue(index, vars);
        let mut doing = Doing::new(step, vars, &self.engine.options);
        if doing.throttle.is_some_and(|most| self.members_at(step) >= most) {
            return false;
        }
        if doing.run_once && self.play.play.strategy == Strategy::Linear {
            let Some(here) = self.occurrence(index) else { return false };
            if let Some(ending) = self.once.get(&here).cloned() {
                doing.is_echo = true;
                self.members[index].doing = Some(doing);
                self.take_sets(index, &ending.sets);
                self.finish(index, ending);
                return true;
            }
            if self.first_at(&here) != Some(index) {
                return false;
            }
        }
        let name = self.members[index].name.clone();
        if !doing.is_meta() {
            self.engine.events.tell(Event::StepStarted { host: name, step: doing.name.clone() });
        }
        self.members[index].doing = Some(doing);
        true
    }

    fn members_at(&self, step: &Arc<TaskStep>) -> usize {
        let is_at_it = |doing: &Doing| doing.step.task.place == step.task.place;
        self.members.iter().filter(|member| member.doing.as_ref().is_some_and(is_at_it)).count()
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
                if is_surely_there(&doing.step) {
                    self.engine.expect(&vars.host);
                }
                let prepared = self.preparer().item(&doing.step, &vars, &mut doing.args);
                self.members[index].doing = Some(doing);
                match prepared {
                    Ok(Prepared::Skip(condition)) => self.item_ended(index, Ending::skipped(&condition)),
                    Ok(Prepared::Done(done)) => self.done_here(index, done),
                    Ok(Prepared::Remote(ready)) => self.perform(index, &ready),
                    Ok(Prepared::Control(control)) => self.control(index, control, &vars),
                    Err(Unready::Failed(failure)) => self.item_ended(index, Ending::failed(failure)),
                    Err(Unready::Unsaid(failure)) => self.finish(index, Ending::failed(failure)),
                    Err(Unready::Pending) => {
                        let failure = Failure::new("a variable is only known when an earlier task has run");
                        self.item_ended(index, Ending::failed(failure));
                    }
                }
            }
        }
    }

    pub(super) fn preparer(&self) -> Preparer {
        Preparer { files: Arc::clone(&self.engine.files), verbosity: self.engine.options.verbosity }
    }

    fn done_here(&mut self, index: usize, done: crate::actions::Done) {
        let check = self.doing(index).is_some_and(|doing| doing.check);
        let mut ending = Ending::answered(Ok(done.outcome), check);
        ending.message = done.message;
        ending.sets = Sets { set: done.set, included: done.included, facts: Map::new() };
        self.item_ended(index, ending);
    }

    fn doing(&self, index: usize) -> Option<&Doing> {
        self.members[index].doing.as_ref()
    }

    fn end(self) -> BatchEnd {
        let is_broken_off = !self.dooms.is_empty();
        let mut end =
            BatchEnd { is_broken_off, ends_play: self.ends_play, pardons: self.pardons, ..BatchEnd::default() };
        for (index, member) in self.members.iter().enumerate() {
            if member.lost {
                end.lost.push(member.name.clone());
            } else if self.is_stopped(member) {
                end.stopped.push(member.name.clone());
            } else if member.run.failed().is_some() || member.forced.is_some() {
                end.failed.push(member.name.clone());
            }
            // A check owes nothing: nothing was changed, and nothing is written down on the host.
            for at in member.notified.iter().filter(|_| !self.engine.options.check) {
                let debt = self.debt(index, *at, "");
                self.engine.events.tell(Event::Owed { host: member.name.clone(), debt });
            }
        }
        end.is_broken_off &= !(end.failed.is_empty() && end.lost.is_empty());
        end
    }
}

/// Whether a task will be done on its own host, whatever its templates say.
fn is_surely_there(step: &TaskStep) -> bool {
    let keywords = &step.keywords;
    let goes_elsewhere =
        keywords.delegate_to.is_some() || keywords.connection.is_some() || keywords.remote_user.is_some();
    keywords.when.is_empty() && !goes_elsewhere && dpp_modules::find(step.task.short_action()).is_some()
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
        roles: RolesDone::default(),
        debts: Vec::new(),
        forced: None,
        lost: false,
        heeded: 0,
    }
}
