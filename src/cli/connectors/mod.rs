//! `dppctl connectors`: what Kafka Connect runs, against what the variables say it should.

mod outcome;

use clap::{Args, Subcommand};
use dpp_protocol::Answer;
use serde_json::{Map, Value as Json, json};

use crate::cli::deploy::playbook;
use crate::cli::invocation::Invocation;
use crate::cli::layout::Layout;
use crate::cli::options::{ConnectionArgs, Global, HowArgs, PrivilegeArgs};
use crate::cli::{Stop, ask, reach};
use crate::engine::Errand;
use crate::exit::Exit;
use crate::pipeline::{Stage, connector_table};
use crate::source::{Problem, nearest};
use crate::ui::{Ui, answer_json};

use outcome::{entry, told};

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
        ConnectorsCommand::Plan(args) => {
            Worker::reach(global, &args.reach, ui)?.configure(args.name.as_deref(), true, "plan")
        }
        ConnectorsCommand::Apply(args) => {
            Worker::reach(global, &args.reach, ui)?.configure(args.name.as_deref(), false, "apply")
        }
        ConnectorsCommand::Validate(args) => Worker::reach(global, &args.reach, ui)?.validate(args.name.as_deref()),
        ConnectorsCommand::Restart(args) => {
            Worker::reach(global, &args.reach, ui)?.restart(args.name.as_deref(), args.failed)
        }
        ConnectorsCommand::Pause(args) => Worker::reach(global, &args.reach, ui)?.order_known(&args.name, &PAUSE),
        ConnectorsCommand::Resume(args) => Worker::reach(global, &args.reach, ui)?.order_known(&args.name, &RESUME),
        ConnectorsCommand::Delete(args) => {
            let mut worker = Worker::reach(global, &args.reach, ui)?;
            worker.must_know(&args.name)?;
            ask::word(&format!("connector {} is removed", args.name), &args.name, args.confirm.as_deref(), ui)?;
            Ok(worker.order(std::slice::from_ref(&args.name), &DELETE))
        }
    }
}

/// What a connector is told, and the command that tells it.
struct Order {
    command: &'static str,
    state: &'static str,
}

const RESTART: Order = Order { command: "restart", state: "restarted" };
const PAUSE: Order = Order { command: "pause", state: "paused" };
const RESUME: Order = Order { command: "resume", state: "running" };
const DELETE: Order = Order { command: "delete", state: "absent" };

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

    fn configure(&mut self, name: Option<&str>, look_only: bool, command: &str) -> Result<Exit, Stop> {
        let (names, errands) = self.wanted(name, look_only)?;
        if look_only {
            // A look alone would take a worker that is down for one that has nothing yet.
            self.known()?;
        }
        Ok(self.run(command, &names, &errands, told))
    }

    /// A look has Connect check what would change; what Connect has already, it has accepted.
    fn validate(&mut self, name: Option<&str>) -> Result<Exit, Stop> {
        let (names, errands) = self.wanted(name, true)?;
        self.known()?;
        let valid = |name: &str, answer: &Answer| match answer {
            Ok(_) => format!("  valid  connector {name}"),
            Err(_) => told(name, answer),
        };
        Ok(self.run("validate", &names, &errands, valid))
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
        }
        Ok(self.order(&names, &RESTART))
    }

    fn order_known(&mut self, name: &String, order: &Order) -> Result<Exit, Stop> {
        self.must_know(name)?;
        Ok(self.order(std::slice::from_ref(name), order))
    }

    fn order(&mut self, names: &[String], order: &Order) -> Exit {
        let errand = |name: &String| self.errand("kafka_connector", json!({"name": name, "state": order.state}));
        let errands: Vec<Errand> = names.iter().map(errand).collect();
        self.run(order.command, names, &errands, told)
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
            Some(Err(failure)) => Err(reach::unanswered(&self.host, failure)),
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

    /// Does the errands, one for each name, and tells what came of them.
    fn run(
        &mut self,
        command: &str,
        names: &[String],
        errands: &[Errand],
        line: impl Fn(&str, &Answer) -> String,
    ) -> Exit {
        let answers = self.layout.errands.run(errands, &mut |_, _, _| {});
        let exit = reach::exit(answers.iter().filter_map(|answer| answer.as_ref().err()));
        let told = names.iter().zip(&answers);
        if self.ui.output.is_json() {
            let connectors: Map<String, Json> = told.map(|(name, answer)| (name.clone(), entry(answer))).collect();
            let document = json!({"host": self.host, "connectors": connectors});
            answer_json(&self.ui, &format!("dppctl.connectors.{command}/1"), exit, &document);
        } else {
            told.for_each(|(name, answer)| self.ui.answer(&line(name, answer)));
        }
        exit
    }
}
