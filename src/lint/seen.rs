//! All tasks that were looked through, each once: what a project is made of, and which of it can be run.

use std::collections::BTreeMap;

use crate::plan::Catalogue;
use crate::playbook::Task;
use crate::source::Place;

/// What a project is made of.
#[derive(Debug, Default)]
pub struct Seen {
    /// Plays.
    pub plays: usize,
    /// Tasks by the file and the byte at which they stand.
    tasks: BTreeMap<(String, usize), Use>,
}

/// One task, as a use of its action.
#[derive(Debug)]
struct Use {
    action: String,
    place: Place,
    is_known: bool,
}

impl Seen {
    /// Takes a task into account; one that several plays use is one.
    pub(super) fn task(&mut self, task: &Task, catalogue: &Catalogue) {
        let at = (task.place.source().name().to_owned(), task.place.range().start);
        self.tasks.entry(at).or_insert_with(|| Use {
            action: task.action.clone(),
            place: task.action_place.clone(),
            is_known: catalogue.knows(task.short_action()),
        });
    }

    /// How many tasks there are.
    pub fn tasks(&self) -> usize {
        self.tasks.len()
    }

    /// Actions that can be run or cannot, each with the places at which it is used.
    pub fn actions(&self, known: bool) -> BTreeMap<&str, Vec<&Place>> {
        let mut actions: BTreeMap<&str, Vec<&Place>> = BTreeMap::new();
        for used in self.tasks.values().filter(|used| used.is_known == known) {
            actions.entry(&used.action).or_default().push(&used.place);
        }
        actions
    }
}
