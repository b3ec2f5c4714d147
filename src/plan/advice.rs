//! What an operator should know of a play before it runs: words of it that do nothing where they stand.

use crate::plan::{PlayPlan, Step, Strategy};
use crate::source::{Problem, Problems};

/// Warnings about a play.
pub(super) fn of(play: &PlayPlan) -> Problems {
    let mut problems = Problems::new();
    if play.strategy == Strategy::Free {
        every_host_for_itself(&play.steps, &mut problems);
    }
    problems
}

/// Hosts that do not wait for each other cannot agree on the one that does it.
fn every_host_for_itself(steps: &[Step], problems: &mut Problems) {
    for step in steps {
        match step {
            Step::Task(step) if step.keywords.run_once.is_some() => problems.push(
                Problem::warning("DPP0105", "`run_once` has no effect under strategy `free`: every host runs the task")
                    .at(&step.task.place, "in this task"),
            ),
            Step::Task(_) | Step::Flush => {}
            Step::Block(block) => {
                [&block.body, &block.rescue, &block.always]
                    .into_iter()
                    .for_each(|steps| every_host_for_itself(steps, problems));
            }
        }
    }
}
