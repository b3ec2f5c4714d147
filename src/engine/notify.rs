//! Handlers: which of them a name or topic wakes, and in which order they run.

use std::sync::Arc;

use dpp_protocol::Failure;

use crate::engine::HostRun;
use crate::plan::{Handler, Step, TaskStep};
use crate::source::nearest;

/// The handlers of a play; roles that are included bring more of them.
#[derive(Debug, Clone)]
pub(super) struct Handlers {
    handlers: Vec<Known>,
}

/// A handler, and the hosts that an include brought it to; none when the play itself has it for all.
#[derive(Debug, Clone)]
struct Known {
    handler: Handler,
    hosts: Option<Vec<String>>,
}

impl Known {
    fn is_for(&self, host: &str) -> bool {
        self.hosts.as_ref().is_none_or(|hosts| hosts.iter().any(|known| known == host))
    }
}

impl Handlers {
    pub(super) fn new(handlers: &[Handler]) -> Self {
        let known = |handler: &Handler| Known { handler: handler.clone(), hosts: None };
        Self { handlers: handlers.iter().map(known).collect() }
    }

    /// Adds those that an include brought to a host; what comes again with other parameters comes last.
    pub(super) fn add(&mut self, host: &str, handlers: Vec<Handler>) {
        for handler in handlers {
            let at = &handler.step.task.place;
            let before = |known: &Known| known.handler.step.task.place == *at && known.is_for(host);
            let last = self.handlers.iter().rposition(before);
            let same = |known: &Known| known.handler.step.is_same_use(&handler.step);
            if last.is_some_and(|last| same(&self.handlers[last])) {
                continue;
            }
            let from = last.map_or(0, |last| last + 1);
            match self.handlers.iter_mut().skip(from).find(|known| same(known)).map(|known| &mut known.hosts) {
                Some(hosts) => hosts.get_or_insert_default().push(host.to_owned()),
                None => self.handlers.push(Known { handler, hosts: Some(vec![host.to_owned()]) }),
            }
        }
    }

    /// Handlers that a name or topic wakes on a host, in their order: one of this name, and of those that listen one of each
    /// name. What was read last goes first, but of one list the first. `called` renders a handler's name.
    pub(super) fn woken_by(&self, name: &str, host: &str, called: &dyn Fn(&Handler) -> String) -> Vec<usize> {
        let mut seen = Vec::new();
        let mut woken = Vec::new();
        let mut is_found = false;
        let known: Vec<(usize, &Handler)> = self.for_host(host).collect();
        let is_same_list = |(_, one): &(usize, &Handler), (_, other): &(usize, &Handler)| one.is_beside(other);
        for &(at, handler) in known.chunk_by(is_same_list).rev().flatten() {
            let own = called(handler);
            let is_named = !is_found && (is_named(handler, handler.name(), name) || is_named(handler, &own, name));
            is_found |= is_named;
            let listens = handler.listen.iter().any(|topic| topic == name) && !seen.contains(&own);
            seen.extend(listens.then_some(own));
            woken.extend((is_named || listens).then_some(at));
        }
        woken.sort_unstable();
        woken
    }

    fn for_host(&self, host: &str) -> impl Iterator<Item = (usize, &Handler)> {
        let known = self.handlers.iter().enumerate().filter(move |(_, known)| known.is_for(host));
        known.map(|(at, known)| (at, &known.handler))
    }

    /// A handler.
    pub(super) fn get(&self, at: usize) -> &Handler {
        &self.handlers[at].handler
    }

    /// All handlers as steps, in the order in which they were written.
    pub(super) fn steps(&self) -> Arc<[Step]> {
        self.handlers.iter().map(|known| Step::Task(Arc::clone(&known.handler.step))).collect()
    }

    /// Which handler a step is.
    pub(super) fn at(&self, step: &Arc<TaskStep>) -> Option<usize> {
        self.handlers.iter().position(|known| Arc::ptr_eq(&known.handler.step, step))
    }

    /// Whether a step is a handler at a flush that nobody notified.
    pub(super) fn are_passed_over(&self, run: &HostRun, step: &Arc<TaskStep>, notified: &[usize]) -> bool {
        run.in_flush() && self.at(step).is_some_and(|at| !notified.contains(&at))
    }

    /// Why a name wakes nobody.
    pub(super) fn unknown(&self, name: &str) -> Failure {
        let known: Vec<&str> = self.handlers.iter().map(|known| known.handler.name()).collect();
        let failure = Failure::new(format!("there is no handler `{name}`")).code("DPP0109");
        match nearest(name, known.iter().copied()) {
            Some(near) => failure.help(format!("did you mean `{near}`?")),
            None => failure.note("handlers", known.join(", ")),
        }
    }
}

/// By its name, or by its role's and its name: `kafka : restart kafka`.
fn is_named(handler: &Handler, called: &str, name: &str) -> bool {
    called == name
        || name.split_once(" : ").is_some_and(|(role, name)| role == handler.step.role_name() && name == called)
}
