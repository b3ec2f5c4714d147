//! `dppctl connectors`: what Kafka Connect runs, against what the variables say it should.

use std::fmt::Write as _;
use std::io::{self, BufRead, IsTerminal};

use clap::{Args, Subcommand};
use dpp_protocol::{Answer, Outcome, Verb};
use serde_json::{Map, Value as Json, json};

use crate::cli::Stop;
use crate::cli::deploy::playbook;
use crate::cli::invocation::Invocation;
use crate::cli::layout::Layout;
use crate::cli::options::{ConnectionArgs, Global, HowArgs, PrivilegeArgs};
use crate::engine::Errand;
use crate::exit::Exit;
use crate::pipeline::{Stage, connector_table};
use crate::source::{Problem, nearest};
use crate::ui::{Ui, answer_json};

/// What is to be done with connectors.
#[derive(Debug, Subcommand)]
pub(super) enum ConnectorsCommand {
    /// Show every connector with its tasks, and why one failed
    List(ListArgs),
    /// Show what apply would change
    Plan(AllArgs),
    /// Make connectors as the variables say, and wait until their tasks run
    Apply(AllArgs),
    /// Let Connect check the configurations that would change; changes nothing
    Validate(AllArgs),
    /// Restart a connector with its tasks
    Restart(RestartArgs),
    /// Let a connector rest
    Pause(OneArgs),
    /// Let a connector go on
    Resume(OneArgs),
    /// Remove a connector; what it has written stays
    Delete(DeleteArgs),
}

/// How the hosts are reached.
#[derive(Debug, Args)]
pub(super) struct ReachArgs {
    #[command(flatten)]
    privilege: PrivilegeArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Options of `connectors list`.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    reach: ReachArgs,
}

/// Options of commands for all connectors that the variables name.
#[derive(Debug, Args)]
pub(super) struct AllArgs {
    /// Only this one
    #[arg(value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    reach: ReachArgs,
}

/// Options of commands for one connector.
#[derive(Debug, Args)]
pub(super) struct OneArgs {
    /// The connector
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    reach: ReachArgs,
}

/// Options of `connectors restart`.
#[derive(Debug, Args)]
pub(super) struct RestartArgs {
    /// The connector; all of them when none is named
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Only what does not run as it should
    #[arg(long)]
    failed: bool,
    #[command(flatten)]
    reach: ReachArgs,
}

/// Options of `connectors delete`.
#[derive(Debug, Args)]
pub(super) struct DeleteArgs {
    /// The connector
    #[arg(value_name = "NAME")]
    name: String,
    /// Its name once more, instead of typing it when asked
    #[arg(long, value_name = "NAME")]
    confirm: Option<String>,
    #[command(flatten)]
    reach: ReachArgs,
}

pub(super) fn connectors(global: &Global, command: &ConnectorsCommand, ui: Ui) -> Result<Exit, Stop> {
    match command {
        ConnectorsCommand::List(args) => Worker::reach(global, &args.reach, ui)?.list(),
        ConnectorsCommand::Plan(args) => Worker::reach(global, &args.reach, ui)?.configure(args.name.as_deref(), true),
        ConnectorsCommand::Apply(args) => {
            Worker::reach(global, &args.reach, ui)?.configure(args.name.as_deref(), false)
        }
        ConnectorsCommand::Validate(args) => Worker::reach(global, &args.reach, ui)?.validate(args.name.as_deref()),
        ConnectorsCommand::Restart(args) => {
            Worker::reach(global, &args.reach, ui)?.restart(args.name.as_deref(), args.failed)
        }
        ConnectorsCommand::Pause(args) => Worker::reach(global, &args.reach, ui)?.order_known(&args.name, "paused"),
        ConnectorsCommand::Resume(args) => Worker::reach(global, &args.reach, ui)?.order_known(&args.name, "running"),
        ConnectorsCommand::Delete(args) => {
            let mut worker = Worker::reach(global, &args.reach, ui)?;
            worker.must_know(&args.name)?;
            confirm_delete(&args.name, args.confirm.as_deref(), ui)?;
            Ok(worker.order(std::slice::from_ref(&args.name), "absent"))
        }
    }
}

/// The worker that is spoken to.
struct Worker {
    layout: Layout,
    host: String,
    ui: Ui,
}

impl Worker {
    fn reach(global: &Global, args: &ReachArgs, ui: Ui) -> Result<Self, Stop> {
        let mut invocation = Invocation::read(global, Some(&args.connection), Some(&args.privilege))?;
        let playbook = playbook(&invocation.project.root, None)?;
        let layout = Layout::read(&mut invocation, playbook, global.limit.as_deref(), &HowArgs::default(), ui)?;
        let host = layout.first(Stage::Connect)?.to_owned();
        Ok(Self { layout, host, ui })
    }

    fn list(&mut self) -> Result<Exit, Stop> {
        let known = self.known()?;
        let all_well = known.values().all(|connector| connector["status"]["healthy"] == true);
        let exit = if all_well { Exit::Ok } else { Exit::Unhealthy };
        if self.ui.output.is_json() {
            let document = json!({"host": self.host, "connectors": known});
            answer_json(&self.ui, "dppctl.connectors/1", exit, &document);
            return Ok(exit);
        }
        self.ui.answer(&connector_table(&known));
        Ok(exit)
    }

    fn configure(&mut self, name: Option<&str>, look_only: bool) -> Result<Exit, Stop> {
        let (names, errands) = self.wanted(name, look_only)?;
        Ok(self.run(&names, &errands))
    }

    /// A look has Connect check what would change; what Connect has already, it has accepted.
    fn validate(&mut self, name: Option<&str>) -> Result<Exit, Stop> {
        let (names, errands) = self.wanted(name, true)?;
        let answers = self.layout.errands.run(&errands, &mut |_, _, _| {});
        for (name, answer) in names.iter().zip(&answers) {
            let valid = || format!("  valid  connector {name}");
            self.ui.answer(&if answer.is_ok() { valid() } else { told(name, answer) });
        }
        Ok(if answers.iter().all(Result::is_ok) { Exit::Ok } else { Exit::Failed })
    }

    /// The connectors that the variables name, and an errand for each.
    fn wanted(&self, name: Option<&str>, look_only: bool) -> Result<(Vec<String>, Vec<Errand>), Stop> {
        let wanted = &self.layout.wiring.connectors;
        let chosen: Vec<(&String, &Json)> =
            wanted.iter().filter(|(known, _)| name.is_none_or(|name| *known == name)).collect();
        if chosen.is_empty() {
            let words = match name {
                Some(name) => format!("the variables have no connector {name}"),
                None => "the variables have no connectors".to_owned(),
            };
            return Err(Problem::error("DPP0203", words)
                .help("set connector_name and connector_config, or `connectors`")
                .into());
        }
        let errands: Vec<Errand> = chosen
            .iter()
            .map(|(name, config)| Errand {
                look_only,
                ..self.errand("kafka_connector", json!({"name": name, "config": config}))
            })
            .collect();
        Ok((chosen.into_iter().map(|(name, _)| name.clone()).collect(), errands))
    }

    fn restart(&mut self, name: Option<&str>, failed: bool) -> Result<Exit, Stop> {
        let known = self.known()?;
        if let Some(name) = name {
            self.must_know(name)?;
        }
        let is_meant = |(known, connector): &(&String, &Json)| {
            name.is_none_or(|name| *known == name) && !(failed && connector["status"]["healthy"] == true)
        };
        let names: Vec<String> = known.iter().filter(is_meant).map(|(name, _)| name.clone()).collect();
        if names.is_empty() {
            self.ui.story("nothing to restart: every task runs");
            return Ok(Exit::Ok);
        }
        Ok(self.order(&names, "restarted"))
    }

    fn order_known(&mut self, name: &String, state: &str) -> Result<Exit, Stop> {
        self.must_know(name)?;
        Ok(self.order(std::slice::from_ref(name), state))
    }

    fn order(&mut self, names: &[String], state: &str) -> Exit {
        let errand = |name: &String| self.errand("kafka_connector", json!({"name": name, "state": state}));
        let errands: Vec<Errand> = names.iter().map(errand).collect();
        self.run(names, &errands)
    }

    fn errand(&self, module: &'static str, mut params: Json) -> Errand {
        params["url"] = self.layout.wiring.connect_url.as_str().into();
        params["unit"] = self.layout.wiring.connect_unit.as_str().into();
        Errand::new(&self.host, module, params)
    }

    /// Every connector that Connect has.
    fn known(&mut self) -> Result<Map<String, Json>, Stop> {
        let asked = [self.errand("kafka_connect_facts", json!({}))];
        match self.layout.errands.run(&asked, &mut |_, _, _| {}).pop() {
            Some(Ok(mut outcome)) => Ok(outcome
                .result
                .get_mut("connectors")
                .and_then(Json::as_object_mut)
                .map(std::mem::take)
                .unwrap_or_default()),
            Some(Err(failure)) => Err(Stop::Unwell(format!("{}: {}", self.host, failure.message), failure.help)),
            None => Err(Stop::Trouble("Connect was never asked".to_owned())),
        }
    }

    fn must_know(&mut self, name: &str) -> Result<(), Stop> {
        let known = self.known()?;
        if known.contains_key(name) {
            return Ok(());
        }
        let problem = Problem::error("DPP0203", format!("Connect has no connector {name}"));
        Err(match nearest(name, known.keys().map(String::as_str)) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem.note(format!("it has {}", known.keys().cloned().collect::<Vec<_>>().join(", "))),
        }
        .into())
    }

    fn run(&mut self, names: &[String], errands: &[Errand]) -> Exit {
        let answers = self.layout.errands.run(errands, &mut |_, _, _| {});
        for (name, answer) in names.iter().zip(&answers) {
            self.ui.answer(&told(name, answer));
        }
        if answers.iter().all(Result::is_ok) { Exit::Ok } else { Exit::Failed }
    }
}

/// What came of a connector, as lines.
fn told(name: &str, answer: &Answer) -> String {
    match answer {
        Ok(outcome) if outcome.changes.is_empty() => format!("  ok  connector {name}{}", running(outcome)),
        Ok(outcome) => {
            let lines = outcome.changes.iter().map(|change| {
                let mark = match change.verb {
                    Verb::Create => '+',
                    Verb::Delete => '-',
                    Verb::Restart => '>',
                    Verb::Change | Verb::Run => '~',
                };
                format!("  {mark}   {}  {}", change.what, change.detail).trim_end().to_owned()
            });
            lines.collect::<Vec<_>>().join("\n") + &running(outcome)
        }
        Err(failure) => {
            let mut text = format!("  FAILED  connector {name}: {}", failure.message);
            for note in &failure.notes {
                let _ = write!(text, "\n     = {:8} {}", note.label, note.text.replace('\n', "\n                "));
            }
            text + &failure.help.as_ref().map(|help| format!("\n     help: {help}")).unwrap_or_default()
        }
    }
}

fn running(outcome: &Outcome) -> String {
    let status = outcome.result.get("status");
    // Tasks go on for a moment after their connector was told to pause.
    if status.is_some_and(|status| status["state"] == "PAUSED") {
        return "  (paused)".to_owned();
    }
    let tasks = status.and_then(|status| status["tasks"].as_array());
    let running = |tasks: &Vec<Json>| tasks.iter().filter(|task| task["state"] == "RUNNING").count();
    tasks.map(|tasks| format!("  ({}/{} tasks run)", running(tasks), tasks.len())).unwrap_or_default()
}

/// A connector is removed only by its name, typed once more.
fn confirm_delete(name: &str, confirmed: Option<&str>, ui: Ui) -> Result<(), Stop> {
    let typed = match confirmed {
        Some(confirmed) => confirmed.to_owned(),
        None if io::stdin().is_terminal() => {
            ui.story(&format!("Type {name} to remove the connector:"));
            let mut line = String::new();
            let read = io::stdin().lock().read_line(&mut line);
            read.map_err(|error| Stop::Trouble(format!("cannot read the answer: {error}")))?;
            line.trim().to_owned()
        }
        None => {
            let words = "cannot ask whether to remove it: standard input is no terminal";
            return Err(Stop::Declined(format!("{words}; --confirm {name} answers it")));
        }
    };
    if typed == name { Ok(()) } else { Err(Stop::Declined("declined; nothing was touched".to_owned())) }
}

#[cfg(test)]
mod tests {
    use dpp_protocol::{Change, Failure};

    use super::*;

    #[test]
    fn what_came_of_a_connector_is_told() {
        let status = json!({"tasks": [{"state": "RUNNING"}, {"state": "FAILED"}]});
        let result = json!({"status": status}).as_object().unwrap().clone();
        let quiet = Outcome { result: result.clone(), ..Outcome::default() };
        let changes = vec![Change::new(Verb::Create, "connector sink").detail("logs_data")];
        let made = Outcome { changed: true, changes, result, ..Outcome::default() };
        let wrong = Failure::new("Connect refuses the configuration").note("tasks.max", "not a number").help("fix it");
        for (answer, expected) in [
            (Ok(quiet), "  ok  connector sink  (1/2 tasks run)"),
            (Ok(made), "  +   connector sink  logs_data  (1/2 tasks run)"),
            (
                Err(wrong),
                "  FAILED  connector sink: Connect refuses the configuration\n     = tasks.max not a number\n     help: fix it",
            ),
        ] {
            assert_eq!(told("sink", &answer), expected);
        }
    }
}
