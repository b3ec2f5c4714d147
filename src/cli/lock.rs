//! Hosts are one run's alone: what `deploy` and `upgrade` take before their first task, and `dppctl lock` shows and releases.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use clap_complete::engine::ArgValueCompleter;
use dpp_protocol::Answer;
use serde_json::{Map as JsonMap, Value as Json, json};

use crate::cli::conduct::catalogue;
use crate::cli::invocation::Invocation;
use crate::cli::options::{ConnectionArgs, Global, PrivilegeArgs};
use crate::cli::ticket::who;
use crate::cli::verify::time;
use crate::cli::{Stop, ask, candidates, reach};
use crate::engine::Errand;
use crate::exit::Exit;
use crate::files::{FileKind, Files};
use crate::plan::{Plan, PlanRequest, PlayPlan, Selection, build};
use crate::ui::{Table, Ui, answer_json};
use crate::value::Map;

/// The module that has the lock on a host.
const MODULE: &str = "dppctl_lock";

/// Options of commands that want hosts for themselves.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Run")]
pub(super) struct LockArgs {
    /// How long another run on the same hosts is waited for: 60s, 15m
    #[arg(long, value_name = "TIME", value_parser = time)]
    lock_wait: Option<Duration>,
}

/// `dppctl lock`.
#[derive(Debug, Subcommand)]
pub(super) enum LockCommand {
    /// Show which hosts are a run's at present, and whose
    Status(LockedArgs),
    /// End a run that is lost, on the hosts that it has
    Release(ReleaseArgs),
}

/// Which hosts.
#[derive(Debug, Args)]
pub(super) struct LockedArgs {
    /// Hosts and groups; all when none is named
    #[arg(value_name = "HOSTS", add = ArgValueCompleter::new(candidates::hosts))]
    pattern: Option<String>,
    #[command(flatten)]
    privilege: PrivilegeArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Options of `lock release`.
#[derive(Debug, Args)]
pub(super) struct ReleaseArgs {
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    locked: LockedArgs,
}

/// Puts a play before all others that locks every host of the plan, or breaks the run off when one is another run's.
pub(super) fn put_first(
    plan: &mut Plan,
    args: &LockArgs,
    (command, ticket): (&str, &str),
    invocation: &Invocation,
) -> Result<(), Stop> {
    let mut hosts: Vec<String> = plan.plays.iter().flat_map(|play| play.hosts.iter().cloned()).collect();
    hosts.sort();
    hosts.dedup();
    let play = play(hosts, args.lock_wait, (command, ticket), invocation)?;
    plan.plays.insert(0, play);
    Ok(())
}

/// Who waits takes one host after the other, in the same order as everybody, so that no two wait for each other. Who does not
/// asks all at once; of two that meet, the younger yields.
fn play(
    hosts: Vec<String>,
    wait: Option<Duration>,
    (command, ticket): (&str, &str),
    invocation: &Invocation,
) -> Result<PlayPlan, Stop> {
    let mut how = json!({"ticket": ticket, "by": who(), "command": command});
    if let Some(wait) = wait {
        how["wait"] = wait.as_secs().into();
    }
    let mut written = json!({
        "name": "Lock", "hosts": "all", "become": true, "gather_facts": false, "max_fail_percentage": 0,
        "tasks": [{"name": "These hosts are this run's alone", MODULE: how}],
    });
    if wait.is_some() {
        written["serial"] = 1.into();
    }
    let mut plan = build(&PlanRequest {
        files: &Written(json!([written]).to_string()),
        playbooks: &[PathBuf::from("(lock)")],
        roles: &[],
        catalogue: &catalogue(),
        selection: &Selection::default(),
        templates: &invocation.templates,
        seed: 0,
        follows_includes: false,
        extra: &Map::new(),
        select: &|_| Ok(hosts.clone()),
        render: &super::conduct::render(invocation),
    })?;
    let mut play = plan.plays.remove(0);
    // It is no part of what was written: nothing is told of it unless it fails.
    play.name.clear();
    Ok(play)
}

/// JSON is YAML.
struct Written(String);

impl Files for Written {
    fn read(&self, _path: &Path) -> std::io::Result<Vec<u8>> {
        Ok(self.0.clone().into_bytes())
    }

    fn kind(&self, _path: &Path) -> FileKind {
        FileKind::File
    }
}

/// Ordered by time, and nobody else's.
pub(super) fn lock(global: &Global, command: &LockCommand, ui: Ui) -> Result<Exit, Stop> {
    match command {
        LockCommand::Status(args) => status(global, args, ui),
        LockCommand::Release(args) => release(global, args, ui),
    }
}

fn status(global: &Global, args: &LockedArgs, ui: Ui) -> Result<Exit, Stop> {
    let (hosts, answers) = ask_all(global, args, "told", ui)?;
    let exit = reach::exit(answers.iter().filter_map(|answer| answer.as_ref().err()));
    if ui.output.is_json() {
        let all: JsonMap<String, Json> = hosts.iter().cloned().zip(answers.iter().map(document)).collect();
        answer_json(&ui, "dppctl.lock/1", exit, &json!({"hosts": all}));
        return Ok(exit);
    }
    let mut table = Table::new(&["HOST", "LOCK"]);
    hosts.iter().zip(&answers).for_each(|(host, answer)| table.row([host.clone(), words(answer)]));
    ui.answer(&table.to_text());
    Ok(exit)
}

fn release(global: &Global, args: &ReleaseArgs, ui: Ui) -> Result<Exit, Stop> {
    if !args.yes {
        let question = "End the runs that have these hosts? What they are doing may be left half done.";
        ask::yes(question, "--yes answers it; `dppctl lock status` only looks", ui)?;
    }
    let (hosts, answers) = ask_all(global, &args.locked, "free", ui)?;
    let exit = reach::exit(answers.iter().filter_map(|answer| answer.as_ref().err()));
    if ui.output.is_json() {
        let all: JsonMap<String, Json> = hosts.iter().cloned().zip(answers.iter().map(document)).collect();
        answer_json(&ui, "dppctl.lock.release/1", exit, &json!({"hosts": all}));
        return Ok(exit);
    }
    for (host, answer) in hosts.iter().zip(&answers) {
        match answer {
            Ok(outcome) if outcome.changed => ui.answer(&format!("{host}: released, was {}", words(answer))),
            Ok(_) => ui.answer(&format!("{host}: nobody's")),
            Err(failure) => reach::tell(&ui, host, failure),
        }
    }
    Ok(exit)
}

fn ask_all(global: &Global, args: &LockedArgs, state: &str, ui: Ui) -> Result<(Vec<String>, Vec<Answer>), Stop> {
    let mut invocation = Invocation::read(global, Some(&args.connection), Some(&args.privilege))?;
    let hosts = reach::hosts(&invocation, args.pattern.as_deref(), global.limit.as_deref())?;
    let errands: Vec<Errand> = hosts.iter().map(|host| Errand::new(host, MODULE, json!({"state": state}))).collect();
    let answers = reach::errands(&mut invocation, &hosts, ui)?.run(&errands, &mut |_, _, _| {});
    Ok((hosts, answers))
}

fn document(answer: &Answer) -> Json {
    match answer {
        Ok(outcome) => Json::Object(outcome.result.clone()),
        Err(failure) => json!({"failure": failure}),
    }
}

fn words(answer: &Answer) -> String {
    match answer {
        Ok(outcome) => outcome.result.get("by").and_then(Json::as_str).unwrap_or("nobody's").to_owned(),
        Err(failure) => failure.message.clone(),
    }
}

#[cfg(test)]
mod tests {
    use dpp_protocol::{Failure, Outcome};

    use super::*;

    #[test]
    fn whose_a_host_is_or_why_that_is_not_known() {
        let answer = |by: Json| -> Answer {
            let result = json!({"held": !by.is_null(), "by": by}).as_object().unwrap().clone();
            Ok(Outcome { result, ..Outcome::default() })
        };
        assert_eq!(words(&answer(json!("ci@runner, deploy, for 4s"))), "ci@runner, deploy, for 4s");
        assert_eq!(words(&answer(Json::Null)), "nobody's");
        assert_eq!(words(&Err(Failure::new("no route"))), "no route");
    }
}
