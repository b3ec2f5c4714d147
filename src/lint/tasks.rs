//! All tasks of a play, blocks opened, handlers among them.

use std::sync::Arc;

use crate::plan::{PlayPlan, Step, TaskStep};

/// The tasks in the order in which they stand.
pub(super) fn of(play: &PlayPlan) -> Vec<Arc<TaskStep>> {
    let mut tasks = in_steps(&play.steps);
    tasks.extend(play.handlers.iter().map(|handler| Arc::clone(&handler.step)));
    tasks
}

/// The tasks of these steps.
pub(super) fn in_steps(steps: &[Step]) -> Vec<Arc<TaskStep>> {
    let mut tasks = Vec::new();
    gather(steps, &mut tasks);
    tasks
}

fn gather(steps: &[Step], tasks: &mut Vec<Arc<TaskStep>>) {
    for step in steps {
        match step {
            Step::Task(task) => tasks.push(Arc::clone(task)),
            Step::Block(block) => {
                [&block.body, &block.rescue, &block.always].into_iter().for_each(|steps| gather(steps, tasks));
            }
            Step::Flush | Step::RoleEnd(_) => {}
        }
    }
}
