//! `dppctl logs`: what the units of the pipeline write into the journals of their hosts, as one stream.

use std::collections::BTreeMap;

use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use serde_json::{Value as Json, json};

use crate::cli::deploy::{playbook, stage};
use crate::cli::invocation::Invocation;
use crate::cli::layout::Layout;
use crate::cli::options::{ConnectionArgs, Global, HowArgs, PrivilegeArgs};
use crate::cli::{Stop, candidates, reach};
use crate::engine::Errand;
use crate::event::{clock, iso};
use crate::exit::Exit;
use crate::pipeline::{LogLine, Stage, log_lines, one_stream};
use crate::secret::Masker;
use crate::template::Templates;
use crate::ui::{Ui, line_json};

/// How long a host waits for what is written next, in seconds, before it answers with nothing.
const WAITS: u32 = 2;

/// Options of `logs`.
#[derive(Debug, Args)]
pub(super) struct LogsArgs {
    /// Only this stage: rabbitmq, relay, kafka, connect, elasticsearch, kibana or webapp
    #[arg(value_name = "STAGE", value_parser = stage, add = ArgValueCompleter::new(candidates::stages))]
    stage: Option<Stage>,
    /// How many lines, the newest last
    #[arg(short = 'n', long, value_name = "N", default_value_t = 200)]
    lines: usize,
    /// Go on with what is written next, until Ctrl-C
    #[arg(short = 'F', long)]
    follow: bool,
    #[command(flatten)]
    privilege: PrivilegeArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

pub(super) fn logs(global: &Global, args: &LogsArgs, ui: Ui) -> Result<Exit, Stop> {
    let mut invocation = Invocation::read(global, Some(&args.connection), Some(&args.privilege))?;
    let playbook = playbook(&invocation.project.root, None)?;
    let mut layout = Layout::read(&mut invocation, playbook, global.limit.as_deref(), &HowArgs::default(), ui)?;
    if let Some(stage) = args.stage {
        layout.first(stage)?;
        layout.hosts.retain(|known, _| *known == stage);
    }
    let mut stream =
        Stream { units: units(&layout), cursors: BTreeMap::new(), templates: invocation.templates.clone(), ui };
    let exit = stream.first(&mut layout, args.lines);
    while args.follow && stream.next(&mut layout) {}
    Ok(exit)
}

/// The units of each host, as arguments of journalctl.
fn units(layout: &Layout) -> BTreeMap<String, Vec<&'static str>> {
    let mut units: BTreeMap<String, Vec<&'static str>> = BTreeMap::new();
    for (stage, hosts) in &layout.hosts {
        for host in hosts {
            units.entry(host.clone()).or_default().extend(stage.units());
        }
    }
    units
}

/// What was shown so far.
struct Stream {
    units: BTreeMap<String, Vec<&'static str>>,
    cursors: BTreeMap<String, String>,
    templates: Templates,
    ui: Ui,
}

impl Stream {
    /// Shows the newest lines; a host that does not answer is told of.
    fn first(&mut self, layout: &mut Layout, most: usize) -> Exit {
        let errands: Vec<Errand> =
            self.units.iter().map(|(host, units)| ask(host, &format!("journalctl {} -n {most}", of(units)))).collect();
        let answers = layout.errands.run(&errands, &mut |_, _, _| {});
        let mut lines = Vec::new();
        for (host, answer) in self.units.keys().zip(&answers) {
            match answer {
                Ok(outcome) => lines.extend(log_lines(host, printed(&outcome.result))),
                Err(failure) => reach::tell(&self.ui, host, failure),
            }
        }
        self.remember(&lines);
        self.show(&one_stream(lines, most));
        reach::exit(answers.iter().filter_map(|answer| answer.as_ref().err()))
    }

    /// Shows what was written meanwhile; false when nobody reads any more. A host that is away is asked again.
    fn next(&mut self, layout: &mut Layout) -> bool {
        let since = |host: &String| match self.cursors.get(host) {
            Some(cursor) => format!("--after-cursor '{cursor}'"),
            None => "-n 0".to_owned(),
        };
        let line = |host, units| format!("timeout {WAITS} journalctl -f {} {} || true", since(host), of(units));
        let errands: Vec<Errand> = self.units.iter().map(|(host, units)| ask(host, &line(host, units))).collect();
        let answers = layout.errands.run(&errands, &mut |_, _, _| {});
        let answered = self.units.keys().zip(&answers).filter_map(|(host, answer)| Some((host, answer.as_ref().ok()?)));
        let lines: Vec<LogLine> =
            answered.flat_map(|(host, outcome)| log_lines(host, printed(&outcome.result))).collect();
        self.remember(&lines);
        self.show(&one_stream(lines, usize::MAX))
    }

    fn remember(&mut self, lines: &[LogLine]) {
        for line in lines.iter().filter(|line| !line.cursor.is_empty()) {
            self.cursors.insert(line.host.clone(), line.cursor.clone());
        }
    }

    fn show(&self, lines: &[LogLine]) -> bool {
        let mut masker = Masker::default();
        self.templates.secrets().iter().for_each(|secret| masker.learn(secret));
        lines.iter().all(|line| {
            let mut text = self.line(line);
            masker.hide_in(&mut text);
            self.ui.answer_line(&text)
        })
    }

    fn line(&self, line: &LogLine) -> String {
        let LogLine { at, host, unit, text, priority, .. } = line;
        if self.ui.output.is_json() {
            let entry = json!({"t": iso(at / 1000), "host": host, "unit": unit, "priority": priority, "text": text});
            return line_json("dppctl.log/1", Exit::Ok, &entry);
        }
        let text = match priority {
            0..=3 => self.ui.paint(text, "31"),
            4 => self.ui.paint(text, "33"),
            _ => text.clone(),
        };
        format!("{} {host} {unit}  {text}", clock(at / 1000))
    }
}

fn ask(host: &str, command: &str) -> Errand {
    Errand::new(host, "shell", json!({"cmd": command}))
}

fn of(units: &[&str]) -> String {
    let units: Vec<String> = units.iter().map(|unit| format!("-u {unit}")).collect();
    format!("-o json --no-pager --quiet {}", units.join(" "))
}

fn printed(result: &dpp_protocol::ResultMap) -> &str {
    result.get("stdout").and_then(Json::as_str).unwrap_or_default()
}
