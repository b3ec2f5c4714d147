//! A failure of one host that is too much for all: `any_errors_fatal`, `max_fail_percentage`. The others end the step they
//! are at, and fail before the next; a rescue around them takes it as it takes a failure of their own.

use std::sync::Arc;

use dpp_protocol::Failure;

use crate::engine::Failed;
use crate::engine::batch::occurrence::Occurrence;
use crate::engine::batch::{Batch, Member};
use crate::engine::doing::Doing;
use crate::event::Event;
use crate::plan::TaskStep;

/// What the other hosts fail of, and at which step it came about.
pub(super) struct Doom {
    at: Option<Occurrence>,
    step: Arc<TaskStep>,
    failure: Failure,
}

impl Batch<'_> {
    /// A host failed or was lost at this task: whether that is too much for the others.
    pub(super) fn judge(&mut self, index: usize, doing: &Doing, at: Option<Occurrence>) {
        let gone = self.members.iter().filter(|member| member.lost || member.run.failed().is_some()).count();
        let reason = if doing.any_errors_fatal {
            format!("{} failed, and any error is fatal for all hosts of this play", self.members[index].name)
        } else if self.exceeds(gone) {
            format!("{gone} of {} hosts failed, which is more than this play allows", self.play.size)
        } else {
            return;
        };
        if !self.dooms.last().is_some_and(|doom| doom.at.is_some() && doom.at == at) {
            self.engine.events.tell(Event::Warning { text: reason.clone() });
            self.dooms.push(Doom { at, step: Arc::clone(&doing.step), failure: Failure::new(reason) });
        }
        self.members[index].heeded = self.dooms.len();
    }

    /// Lets a host fail of what happened to another one, before it begins its next step; true when it did.
    pub(super) fn meets_doom(&mut self, index: usize) -> bool {
        let Some(doom) = self.dooms.get(self.members[index].heeded) else { return false };
        if doom.at.is_some() && doom.at == self.occurrence(index) {
            return false;
        }
        let member = &mut self.members[index];
        member.heeded += 1;
        member.foresight.forget();
        self.play.leave(&member.name);
        member.run.fail(Failed { step: Arc::clone(&doom.step), failure: doom.failure.clone() });
        true
    }

    /// Whether a host came to its end by a doom, perhaps by way of an `always`, and not by a failure of its own.
    pub(super) fn is_stopped(&self, member: &Member) -> bool {
        let end = member.run.failed().or(member.forced.as_ref());
        let is_it = |failed: &Failed| {
            self.dooms.iter().any(|doom| Arc::ptr_eq(&doom.step, &failed.step) && doom.failure == failed.failure)
        };
        end.is_some_and(is_it)
    }

    /// Whether more of the batch failed than `max_fail_percentage` allows.
    fn exceeds(&self, failed: usize) -> bool {
        let most = self.play.play.manner.max_fail_percentage;
        most.is_some_and(|most| failed as f64 * 100.0 / self.play.size as f64 > most)
    }
}
