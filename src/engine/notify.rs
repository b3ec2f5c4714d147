//! Handlers: which of them a name or topic wakes, and in which order they run.

use std::sync::Arc;

use dpp_protocol::{Debt, Failure};

use crate::engine::HostRun;
use crate::plan::{Handler, Step, TaskStep};
use crate::source::nearest;

/// The handlers of a play; roles that are included bring more of them.
#[derive(Debug, Clone)]
pub(super) struct Handlers {
    handlers: Vec<Handler>,
}

impl Handlers {
    pub(super) fn new(handlers: &[Handler]) -> Self {
        Self { handlers: handlers.to_vec() }
    }

    /// Adds those of an included role that are not there yet.
    pub(super) fn add(&mut self, handlers: Vec<Handler>) {
        for handler in handlers {
            if !self.handlers.iter().any(|known| known.step.task.place == handler.step.task.place) {
                self.handlers.push(handler);
            }
        }
    }

    /// Handlers that a name or topic wakes: all that listen, and of those with this name the one that was read last.
    /// `called` renders a handler's name, where it is a template.
    pub(super) fn woken_by(&self, name: &str, called: &dyn Fn(&Handler) -> Option<String>) -> Vec<usize> {
        let is_meant = |handler: &Handler| {
            is_named(handler, handler.name(), name)
                || called(handler).is_some_and(|called| is_named(handler, &called, name))
        };
        let named = self.handlers.iter().rposition(is_meant);
        let listening = |at: &usize| self.handlers[*at].listen.iter().any(|topic| topic == name);
        (0..self.handlers.len()).filter(|at| Some(*at) == named || listening(at)).collect()
    }

    /// A handler's name.
    pub(super) fn name(&self, at: usize) -> String {
        self.handlers[at].name().to_owned()
    }

    /// All handlers as steps, in the order in which they were written.
    pub(super) fn steps(&self) -> Arc<[Step]> {
        self.handlers.iter().map(|handler| Step::Task(Arc::clone(&handler.step))).collect()
    }

    /// Which handler a step is.
    pub(super) fn at(&self, step: &Arc<TaskStep>) -> Option<usize> {
        self.handlers.iter().position(|handler| Arc::ptr_eq(&handler.step, step))
    }

    /// Whether a step is a handler at a flush that nobody notified.
    pub(super) fn are_passed_over(&self, run: &HostRun, step: &Arc<TaskStep>, notified: &[usize]) -> bool {
        run.in_flush() && self.at(step).is_some_and(|at| !notified.contains(&at))
    }

    /// The debt that is paid when this task is a handler and succeeds.
    pub(super) fn settles(&self, step: Option<&Arc<TaskStep>>) -> Vec<Debt> {
        let own = |handler: &&Handler| step.is_some_and(|step| Arc::ptr_eq(step, &handler.step));
        let debt = |handler: &Handler| Debt { handler: handler.name().to_owned(), reason: String::new() };
        self.handlers.iter().find(own).map(debt).into_iter().collect()
    }

    /// Why a name wakes nobody.
    pub(super) fn unknown(&self, name: &str) -> Failure {
        let known: Vec<&str> = self.handlers.iter().map(Handler::name).collect();
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
