//! A task at its place in the play: what hosts have in common that each compiled the same include for itself.

use std::hash::{Hash, Hasher};

use crate::engine::batch::Batch;
use crate::engine::{Next, Position};
use crate::source::Place;

/// One task, as often as it comes up in a play: a loop over an include, or a second flush, is another occurrence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Occurrence {
    position: Position,
    place: Place,
}

impl Hash for Occurrence {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // A place is equal by its whole text, which is far too long to be hashed; positions tell enough apart.
        self.position.hash(state);
    }
}

impl Batch<'_> {
    /// The task that a host is at or comes to next; none at its end and at a flush.
    pub(super) fn occurrence(&self, index: usize) -> Option<Occurrence> {
        let run = &self.members[index].run;
        let Next::Task(step) = run.next() else { return None };
        Some(Occurrence { position: run.position()?, place: step.task.place.clone() })
    }

    /// The first of the hosts that are at this task, which does it for all when it is to be done once.
    ///
    /// No host is behind the one that asks, so that whoever is elsewhere will never come here.
    pub(super) fn first_at(&self, here: &Occurrence) -> Option<usize> {
        let is_here = |at: &usize| !self.at_end(&self.members[*at]) && self.occurrence(*at).as_ref() == Some(here);
        (0..self.members.len()).find(is_here)
    }
}
