//! What the command line wants whatever a playbook says: where to begin, in which batches, how many hosts may fail.

use crate::cli::conduct::Conduct;
use crate::cli::options::StrategyArg;
use crate::cli::{Stop, ask};
use crate::plan::{Plan, PlayPlan, Strategy, batches, start_at};
use crate::source::Problem;
use crate::value::Value;

/// Lets a plan be as the command line wants it.
///
/// # Errors
/// Sizes of batches that are none, and a task to begin at that there is not.
pub(super) fn apply(plan: &mut Plan, conduct: &Conduct) -> Result<(), Problem> {
    if let Some(task) = &conduct.selection.start_at_task {
        start_at(plan, task)?;
    }
    plan.plays.iter_mut().try_for_each(|play| over(play, conduct))
}

/// Who wants to be asked must be there.
pub(super) fn require_operator(conduct: &Conduct) -> Result<(), Stop> {
    if !conduct.selection.step || ask::is_possible() {
        return Ok(());
    }
    Err(Stop::Declined("cannot ask before each task: standard input is no terminal; leave --step out".to_owned()))
}

fn over(play: &mut PlayPlan, conduct: &Conduct) -> Result<(), Problem> {
    let how = conduct.how;
    match how.strategy {
        Some(StrategyArg::Linear) => play.strategy = Strategy::Linear,
        Some(StrategyArg::Free) => play.strategy = Strategy::Free,
        None => {}
    }
    if how.max_fail_percentage.is_some() {
        play.manner.max_fail_percentage = how.max_fail_percentage;
    }
    if how.serial.is_empty() {
        return Ok(());
    }
    play.manner.serial = how.serial.iter().map(|size| Value::plain(size.as_str())).collect();
    let sizes = batches(&play.manner.serial, play.hosts.len());
    play.batches = sizes.map_err(|problem| problem.help("write --serial 2, --serial 25% or --serial 1,25%,100%"))?;
    Ok(())
}
