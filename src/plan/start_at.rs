//! `--start-at-task`: what stands before a task is left out, play by play.

use std::sync::Arc;

use crate::inventory::Matcher;
use crate::plan::{BlockStep, Plan, Step, TaskStep};
use crate::source::{Problem, nearest};

/// Leaves out everything before the first task that is meant: its name, `role : name`, or a pattern with `*`, as in Ansible.
///
/// # Errors
/// Where no task is meant, which Ansible passes over in silence. What is included in the run cannot be meant.
pub fn start_at(plan: &mut Plan, wanted: &str) -> Result<(), Problem> {
    let matcher = Matcher::of(wanted)?;
    let at =
        plan.plays.iter().enumerate().find_map(|(at, play)| cut(&play.steps, &matcher, wanted).map(|rest| (at, rest)));
    let Some((at, rest)) = at else { return Err(unknown(plan, wanted)) };
    plan.plays.drain(..at);
    plan.plays[0].steps = rest.into();
    Ok(())
}

/// The steps from the task on that is meant; none when there is none.
fn cut(steps: &[Step], matcher: &Matcher, wanted: &str) -> Option<Vec<Step>> {
    steps.iter().enumerate().find_map(|(at, step)| {
        let first = match step {
            Step::Task(task) => is_meant(task, matcher, wanted).then(|| step.clone())?,
            Step::Block(block) => Step::Block(Arc::new(cut_block(block, matcher, wanted)?)),
            Step::Flush | Step::RoleEnd(_) => return None,
        };
        Some(std::iter::once(first).chain(steps[at + 1..].iter().cloned()).collect())
    })
}

/// A rescue is not on the way: nobody comes there without a failure.
fn cut_block(block: &BlockStep, matcher: &Matcher, wanted: &str) -> Option<BlockStep> {
    let (body, always) = match cut(&block.body, matcher, wanted) {
        Some(body) => (body.into(), Arc::clone(&block.always)),
        None => (Arc::from([]), cut(&block.always, matcher, wanted)?.into()),
    };
    let (name, rescue, place) = (block.name.clone(), Arc::clone(&block.rescue), block.place.clone());
    Some(BlockStep { name, body, rescue, always, place })
}

fn is_meant(step: &TaskStep, matcher: &Matcher, wanted: &str) -> bool {
    let title = step.title();
    let whole = step.role.as_ref().map(|scope| format!("{} : {title}", scope.role.name));
    [Some(title), whole.as_deref()].into_iter().flatten().any(|name| name == wanted || matcher.is_match(name))
}

fn unknown(plan: &Plan, wanted: &str) -> Problem {
    let mut names = Vec::new();
    plan.plays.iter().for_each(|play| collect(&play.steps, &mut names));
    let problem = Problem::error("DPP0118", format!("no task is called `{wanted}`"));
    match nearest(wanted, names.iter().copied()) {
        Some(near) => problem.did_you_mean(Some(near)),
        None => problem.help("`--list-tasks` shows them; what is included in the run cannot be started at"),
    }
}

fn collect<'a>(steps: &'a [Step], names: &mut Vec<&'a str>) {
    for step in steps {
        match step {
            Step::Task(task) => names.push(task.title()),
            Step::Block(block) => [&block.body, &block.always].into_iter().for_each(|steps| collect(steps, names)),
            Step::Flush | Step::RoleEnd(_) => {}
        }
    }
}
