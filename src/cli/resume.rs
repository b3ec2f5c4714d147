//! `deploy --resume`: which hosts a deployment that did not come to its end had left.

use crate::cli::Stop;
use crate::cli::runs::find;
use crate::project::Project;
use crate::report::PastRun;
use crate::source::Problem;

/// Which deployment is gone on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// The last one.
    Last,
    /// The run of this number.
    Run(u64),
}

impl Which {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(number) => Ok(Self::Run(number)),
            Err(_) if text == "last" => Ok(Self::Last),
            Err(_) => Err("the number of a run is wanted, or `last`".to_owned()),
        }
    }
}

/// The hosts of this run, or of the last deployment, on which it failed, which it lost, or to which it did not come; all of one
/// that was killed.
///
/// # Errors
/// Where there is no such run, and where it had left nothing.
pub(super) fn hosts(project: &Project, which: Which) -> Result<Vec<String>, Stop> {
    let run = match which {
        Which::Run(number) => find(project, Some(number))?,
        Which::Last => last_deployment(project)?,
    };
    let left = if run.is_over { unfinished(&run) } else { run.hosts().to_vec() };
    if left.is_empty() {
        let words = format!("run {} came to its end on every host", run.number);
        return Err(Problem::error("DPP1107", words).help("leave --resume out to deploy once more").into());
    }
    Ok(left)
}

fn last_deployment(project: &Project) -> Result<PastRun, Stop> {
    let mut runs = PastRun::newest_first(&project.root);
    let is_one = |run: &PastRun| run.command() == "deploy" && run.ticket().is_some();
    runs.find(is_one).ok_or_else(|| {
        let problem = Problem::error("DPP1107", "no deployment of this project was begun yet");
        problem.help("leave --resume out; --project names another folder").into()
    })
}

fn unfinished(run: &PastRun) -> Vec<String> {
    let report = &run.report;
    let names =
        report.failed_names().into_iter().chain(report.lost_names()).chain(report.left.iter().map(String::as_str));
    let mut names: Vec<String> = names.map(str::to_owned).collect();
    names.sort();
    names.dedup();
    names
}
