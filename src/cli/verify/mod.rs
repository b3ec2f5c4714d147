//! `dppctl verify`: sends marked messages through the pipeline and follows them hop by hop.

mod outage;
mod probe;
mod surroundings;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde_json::{Value as Json, json};

use crate::cli::Stop;
use crate::cli::deploy::playbook;
use crate::cli::invocation::Invocation;
use crate::cli::layout::Layout;
use crate::cli::options::{ConnectionArgs, Global, HowArgs, PrivilegeArgs};
use crate::exit::Exit;
use crate::pipeline::{Stage, Verdict};
use crate::source::Problem;
use crate::ui::{Ui, answer_json};

pub(super) use probe::{FIELD, mark, now_ms, publish};

use probe::Probe;

/// Options of `verify`.
#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// Messages to send
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    events: u32,
    /// How long to wait for the last of them: 60s, 2m
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = time)]
    wait: Duration,
    /// Leave the test messages in Elasticsearch
    #[arg(long)]
    keep: bool,
    /// Again and again until Ctrl-C: every 60s, or as often as is said; a line each time, the table when it fails
    #[arg(long, value_name = "TIME", num_args = 0..=1, require_equals = true, default_missing_value = "60s", value_parser = time, conflicts_with = "outage")]
    watch: Option<Duration>,
    /// A drill: stop a stage for a while, such as kafka=30s, and prove that no message is lost meanwhile
    #[arg(long, value_name = "STAGE=TIME", value_parser = outage::outage, conflicts_with_all = ["events", "wait", "keep"])]
    outage: Option<outage::Outage>,
    /// Answers the question of a drill: the stage's name
    #[arg(long, value_name = "STAGE", requires = "outage")]
    confirm: Option<String>,
    #[command(flatten)]
    privilege: PrivilegeArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// A time on the command line.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..split].parse().map_err(|_| "write a number and a unit: 60s, 2m".to_owned())?;
    match &text[split..] {
        "" | "s" => Ok(Duration::from_secs(number)),
        "m" => Ok(Duration::from_secs(number.saturating_mul(60))),
        "h" => Ok(Duration::from_secs(number.saturating_mul(3600))),
        unit => Err(format!("`{unit}` is no unit here: write 60s, 2m or 3h")),
    }
}

pub(super) fn verify(global: &Global, args: &VerifyArgs, ui: Ui) -> Result<Exit, Stop> {
    if let Some(limit) = &global.limit {
        return Err(unlimited(limit).into());
    }
    let mut invocation = Invocation::read(global, Some(&args.connection), Some(&args.privilege))?;
    let playbook = playbook(&invocation.project.root, None)?;
    let mut layout = Layout::read(&mut invocation, playbook, None, &HowArgs::default(), ui)?;
    require_stages(&layout)?;
    if let Some(outage) = args.outage {
        return outage.drill(&mut invocation, layout, args.confirm.as_deref(), ui);
    }
    let probe = Probe { events: args.events, timeout: args.wait, keep: args.keep };
    if let Some(every) = args.watch {
        return probe.watch(layout, every, ui);
    }
    let (verdict, removed, mark) = probe.go(&mut layout, ui)?;
    let exit = if verdict.passed { Exit::Ok } else { Exit::Unhealthy };
    if ui.output.is_json() {
        answer_json(&ui, "dppctl.verify/1", exit, &document(&verdict, &mark, args.events, removed));
        return Ok(exit);
    }
    ui.answer(&probe.screen(&verdict, removed));
    Ok(exit)
}

/// A message goes through every stage: there is no verifying of some hosts.
fn unlimited(limit: &str) -> Problem {
    Problem::error("DPP0203", format!("verify follows messages through all stages, not through `{limit}` alone"))
        .help(format!("leave -l out; to look at these hosts: dppctl status -l {limit}"))
}

/// Refuses what cannot be followed, before anything is touched.
fn require_stages(layout: &Layout) -> Result<(), Problem> {
    for stage in [Stage::Rabbitmq, Stage::Kafka, Stage::Elasticsearch] {
        layout.first(stage)?;
    }
    layout.wiring.password().map(drop)
}

/// Verifies what was just deployed with this playbook; a playbook that is no pipeline is left alone.
pub(super) fn after_deploy(invocation: &mut Invocation, playbook: &Path, ui: Ui) -> Result<Exit, Stop> {
    let mut layout = Layout::read(invocation, PathBuf::from(playbook), None, &HowArgs::default(), ui)?;
    if [Stage::Rabbitmq, Stage::Kafka, Stage::Elasticsearch].iter().any(|stage| layout.of(*stage).is_empty()) {
        return Ok(Exit::Ok);
    }
    let probe = Probe { events: 20, timeout: Duration::from_mins(1), keep: false };
    let (verdict, removed, _) = probe.go(&mut layout, ui)?;
    // The answer of a deployment is its own: what is proved afterwards belongs to the story.
    ui.story(&probe.screen(&verdict, removed));
    Ok(if verdict.passed { Exit::Ok } else { Exit::Unhealthy })
}

fn document(verdict: &Verdict, mark: &str, events: u32, removed: u64) -> Json {
    json!({
        "mark": mark,
        "events": events,
        "passed": verdict.passed,
        "lost": verdict.lost,
        "doubled": verdict.doubled,
        "stopped_at": verdict.stopped_at,
        "hops": verdict.hops,
        "removed": removed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_numbers_with_a_unit() {
        for (text, seconds) in
            [("60s", Some(60)), ("2m", Some(120)), ("5", Some(5)), ("m", None), ("3h", Some(10_800)), ("3d", None)]
        {
            assert_eq!(time(text).ok().map(|time| time.as_secs()), seconds, "{text}");
        }
    }

    #[test]
    fn a_limit_is_refused_with_the_command_that_takes_one() {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            global: Global,
            #[command(flatten)]
            args: VerifyArgs,
        }
        let line: Line = clap::Parser::parse_from(["verify", "-l", "kafka1"]);
        let Err(Stop::Refused(problems)) = verify(&line.global, &line.args, Ui::plain()) else { panic!("taken") };
        assert!(problems[0].help.as_ref().is_some_and(|help| help.ends_with("dppctl status -l kafka1")));
    }
}
