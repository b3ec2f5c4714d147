//! Handlers that tasks notify and that are not there: a slip of the pen that would otherwise show in the middle of a run.

use crate::plan::{PlayPlan, Step, TaskStep};
use crate::source::{Problem, Problems, nearest};
use crate::value::Text;

/// The unknown ones of a play in which nothing is included in the run, which may bring handlers.
pub(super) fn unknown(play: &PlayPlan) -> Problems {
    let mut tasks = Vec::new();
    gather(&play.steps, &mut tasks);
    tasks.extend(play.handlers.iter().map(|handler| handler.step.as_ref()));
    tasks.iter().flat_map(|step| &step.task.notify).filter_map(|name| unknown_handler(play, name)).collect()
}

/// A handler that is notified and is not there; where a name is only made in the run, nobody can tell.
pub(crate) fn unknown_handler(play: &PlayPlan, name: &Text) -> Option<Problem> {
    let is_open = |text: &str| text.contains("{{");
    let asked = name.as_str().rsplit(" : ").next().unwrap_or_default();
    let mut names = Vec::new();
    for handler in play.handlers.iter() {
        names.push(handler.name());
        names.extend(handler.listen.iter().map(String::as_str));
    }
    if is_open(asked) || names.iter().any(|known| *known == asked || is_open(known)) {
        return None;
    }
    let problem = Problem::error("DPP0109", format!("there is no handler `{asked}`"));
    let problem = problem.did_you_mean(nearest(asked, names.iter().copied()));
    Some(name.place().map_or(problem.clone(), |place| problem.at(place, "wakes nobody")))
}

fn gather<'a>(steps: &'a [Step], tasks: &mut Vec<&'a TaskStep>) {
    for step in steps {
        match step {
            Step::Task(task) => tasks.push(task),
            Step::Block(block) => {
                [&block.body, &block.rescue, &block.always].into_iter().for_each(|steps| gather(steps, tasks));
            }
            Step::Flush | Step::RoleEnd(_) => {}
        }
    }
}
