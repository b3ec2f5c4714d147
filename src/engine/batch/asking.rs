//! `--step`: the operator is asked before each task, once for all its hosts.

use std::collections::HashMap;
use std::sync::Arc;

use crate::engine::batch::Batch;
use crate::engine::batch::occurrence::Occurrence;
use crate::event::Event;
use crate::plan::TaskStep;

/// What was answered so far.
#[derive(Debug, Default)]
pub(super) struct Answers(HashMap<Occurrence, bool>);

impl Batch<'_> {
    /// Whether the operator does not want the task that a host is at; asks unless that was answered for another host.
    ///
    /// The lock, which no playbook names, is not asked for: its play has no name.
    pub(super) fn is_declined(&mut self, index: usize, step: &Arc<TaskStep>) -> bool {
        let is_own = self.play.play.name.is_empty();
        if !self.engine.options.asks_before_tasks || is_own || step.task.short_action() == "meta" {
            return false;
        }
        let Some(here) = self.occurrence(index) else { return false };
        if let Some(wanted) = self.answers.0.get(&here) {
            return !wanted;
        }
        let wanted = self.ask_for(step);
        self.answers.0.insert(here, wanted);
        !wanted
    }

    fn ask_for(&mut self, step: &TaskStep) -> bool {
        let text = format!("{}: do it? [y]es, [N]o, [c]ontinue without questions", step.title());
        self.engine.events.tell(Event::Pausing { text, asks: true });
        let answer = self.engine.operator.answer(true);
        self.engine.events.tell(Event::Answered);
        match answer.trim().to_ascii_lowercase().as_str() {
            "y" | "yes" => true,
            "c" | "continue" => {
                self.engine.options.asks_before_tasks = false;
                true
            }
            _ => false,
        }
    }
}
