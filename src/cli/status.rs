//! `dppctl status`: what each stage of the pipeline does right now.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use dpp_protocol::{Answer, Failure};
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::cli::Stop;
use crate::cli::deploy::playbook;
use crate::cli::invocation::Invocation;
use crate::cli::layout::Layout;
use crate::cli::options::{ConnectionArgs, Global, HowArgs, PrivilegeArgs};
use crate::cli::verify::time;
use crate::engine::Errand;
use crate::event::{clock, minute_of, now};
use crate::exit::Exit;
use crate::pipeline::{
    COUNTED, Flow, HostLook, Seen, Stage, StageHealth, State, Wiring, flows, judge_together, lag, stage_health, table,
};
use crate::ui::{Ui, answer_json, line_json};

/// How long counters are watched, to tell messages a second.
const SAMPLE: Duration = Duration::from_secs(1);

/// The schema of its documents.
const SCHEMA: &str = "dppctl.status/1";

/// Options of `status`.
#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// Only this stage
    #[arg(long, value_name = "STAGE", value_parser = super::deploy::stage)]
    stage: Option<Stage>,
    /// Look again and again until Ctrl-C: every 2s, or as often as is said
    #[arg(long, value_name = "TIME", num_args = 0..=1, require_equals = true, default_missing_value = "2s", value_parser = time)]
    watch: Option<Duration>,
    #[command(flatten)]
    privilege: PrivilegeArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

pub(super) fn status(global: &Global, args: &StatusArgs, ui: Ui) -> Result<Exit, Stop> {
    let mut invocation = Invocation::read(global, Some(&args.connection), Some(&args.privilege))?;
    let playbook = playbook(&invocation.project.root, None)?;
    let mut layout = Layout::read(&mut invocation, playbook, global.limit.as_deref(), &HowArgs::default(), ui)?;
    if layout.hosts.contains_key(&Stage::Rabbitmq) {
        layout.wiring.password()?;
    }
    if let Some(stage) = args.stage {
        layout.first(stage)?;
        layout.hosts.retain(|known, _| *known == stage);
    }
    if let Some(every) = args.watch {
        return Ok(watch(&mut layout, every, ui));
    }
    let found = look(&mut layout);
    if ui.output.is_json() {
        answer_json(&ui, SCHEMA, found.exit(), &found.document());
    } else {
        ui.answer(&found.screen());
    }
    Ok(found.exit())
}

/// Looks until nobody reads any more, over connections that stay. What each look takes is part of its time.
fn watch(layout: &mut Layout, every: Duration, ui: Ui) -> Exit {
    loop {
        let begun = Instant::now();
        let found = look(layout);
        let text = if ui.output.is_json() {
            line_json(SCHEMA, found.exit(), &found.document())
        } else {
            format!("{}  every {}s, Ctrl-C ends\n\n{}", clock(now()), every.as_secs(), found.screen())
        };
        if !ui.answer_instead(&text) {
            return found.exit();
        }
        thread::sleep(every.saturating_sub(begun.elapsed()));
    }
}

/// What was found.
pub(super) struct Found {
    stages: Vec<StageHealth>,
    owed: Vec<Owed>,
    drifted: Vec<Drifted>,
    lost: Vec<String>,
}

/// Something that is not as our last step left it.
#[derive(Serialize)]
struct Drifted {
    host: String,
    what: String,
    since: String,
}

/// A restart that an earlier run still owes a host.
struct Owed {
    host: String,
    handler: String,
    reason: String,
}

impl Found {
    fn exit(&self) -> Exit {
        let well = self.stages.iter().all(|stage| stage.state == State::Ok);
        if well { Exit::Ok } else { Exit::Unhealthy }
    }

    fn screen(&self) -> String {
        let mut text = table(&self.stages);
        for Owed { host, handler, reason } in &self.owed {
            let _ =
                writeln!(text, "\nOwed: {handler} on {host} ({reason}); the next run that has this handler does it");
        }
        for Drifted { host, what, since } in &self.drifted {
            let _ = writeln!(text, "\nDrift: {what} on {host}, changed by somebody else since {}", minute_of(since));
        }
        if !self.drifted.is_empty() {
            text.push_str("dppctl plan tells what the next deploy puts back\n");
        }
        text
    }

    fn document(&self) -> Json {
        let worst = self.stages.iter().map(|stage| stage.state).max().unwrap_or(State::Ok);
        let owed: Vec<Json> = self
            .owed
            .iter()
            .map(|owed| json!({"host": owed.host, "handler": owed.handler, "reason": owed.reason}))
            .collect();
        json!({"state": worst, "stages": self.stages, "owed": owed, "drifted": self.drifted,
            "unreachable": self.lost})
    }
}

/// Asks all hosts of all stages beside each other.
fn look(layout: &mut Layout) -> Found {
    let mut hosts: Vec<String> = layout.hosts.values().flatten().cloned().collect();
    hosts.sort();
    hosts.dedup();
    let mut errands: Vec<Errand> =
        hosts.iter().map(|host| Errand::new(host, "shell", json!({"cmd": HostLook::command()}))).collect();
    let asked: Vec<(Stage, String)> =
        layout.hosts.iter().flat_map(|(stage, hosts)| hosts.iter().map(|host| (*stage, host.clone()))).collect();
    errands.extend(asked.iter().map(|(stage, host)| question(*stage, host, &layout.wiring)));
    let answered = errands.len();
    errands.extend(hosts.iter().map(|host| Errand::new(host, "drift", json!({}))));
    let asked_at = Instant::now();
    let mut answers = layout.errands.run(&errands, &mut |_, _, _| {});
    let drifted = drifted(layout, &hosts, &answers.split_off(answered));
    let facts = answers.split_off(hosts.len());
    let looks: BTreeMap<&str, HostLook> =
        hosts.iter().zip(&answers).filter_map(|(host, answer)| Some((host.as_str(), read(answer)?))).collect();
    let stages = Stage::ALL.into_iter().filter_map(|stage| {
        let seen: Vec<Seen> = asked
            .iter()
            .zip(&facts)
            .filter(|((of, _), _)| *of == stage)
            .map(|((_, host), answer)| Seen { host, look: looks.get(host.as_str()), answer })
            .collect();
        if seen.is_empty() { None } else { stage_health(stage, &seen, &layout.wiring) }
    });
    let mut stages: Vec<StageHealth> = stages.collect();
    judge_together(&mut stages, &layout.wiring);
    let flows = watch_flows(layout, &asked, &facts, asked_at);
    for stage in &mut stages {
        let flow = Stage::parse(stage.stage).and_then(|stage| flows.get(&stage));
        stage.flows(flow.copied().unwrap_or_default());
    }
    let mut behind = asked.iter().zip(&facts).filter(|((stage, _), _)| *stage == Stage::Kafka);
    let behind = behind.find_map(|(_, answer)| lag(answer, layout.wiring.sink()));
    if let Some(connect) = stages.iter_mut().find(|stage| stage.stage == Stage::Connect.name()) {
        connect.backlog = behind;
    }
    let lost = hosts.iter().zip(&answers).filter(|(_, answer)| answer.as_ref().is_err_and(is_lost));
    Found { stages, owed: owed(layout), drifted, lost: lost.map(|(host, _)| host.clone()).collect() }
}

/// Asks the stages that keep counters a second time, to see how fast these move.
fn watch_flows(
    layout: &mut Layout,
    asked: &[(Stage, String)],
    facts: &[Answer],
    asked_at: Instant,
) -> BTreeMap<Stage, Flow> {
    let earlier: Vec<(Stage, &Answer)> = asked.iter().map(|(stage, _)| *stage).zip(facts).collect();
    let counted: Vec<&(Stage, String)> = asked
        .iter()
        .zip(facts)
        .filter(|((stage, _), answer)| COUNTED.contains(stage) && answer.is_ok())
        .map(|(asked, _)| asked)
        .collect();
    if counted.is_empty() {
        return BTreeMap::new();
    }
    let again: Vec<Errand> = counted.iter().map(|(stage, host)| question(*stage, host, &layout.wiring)).collect();
    thread::sleep(SAMPLE.saturating_sub(asked_at.elapsed()));
    let apart = asked_at.elapsed();
    let answers = layout.errands.run(&again, &mut |_, _, _| {});
    let later: Vec<(Stage, &Answer)> = counted.iter().map(|(stage, _)| *stage).zip(&answers).collect();
    flows(&earlier, &later, apart, &layout.wiring)
}

fn is_lost(failure: &Failure) -> bool {
    failure.code.starts_with("DPP04") || failure.code.starts_with("DPP05")
}

fn read(answer: &Answer) -> Option<HostLook> {
    Some(HostLook::read(answer.as_ref().ok()?.result.get("stdout")?.as_str()?))
}

/// What several names of one machine have in common is told of the first.
fn drifted(layout: &Layout, hosts: &[String], answers: &[Answer]) -> Vec<Drifted> {
    let mut machines = Vec::new();
    let mut told = Vec::new();
    for (host, answer) in hosts.iter().zip(answers) {
        let machine = layout.errands.machine_of(host);
        let drifted = answer.as_ref().ok().and_then(|answer| answer.result.get("drifted")?.as_array());
        if let Some(drifted) = drifted.filter(|_| !machines.contains(&machine)) {
            machines.push(machine);
            let text = |drifted: &Json, name: &str| drifted[name].as_str().unwrap_or_default().to_owned();
            told.extend(drifted.iter().map(|one| Drifted {
                host: host.clone(),
                what: text(one, "what"),
                since: text(one, "since"),
            }));
        }
    }
    told
}

fn owed(layout: &Layout) -> Vec<Owed> {
    let debts = layout.errands.debts().iter();
    debts
        .flat_map(|(host, debts)| debts.iter().map(move |debt| (host, debt)))
        .map(|(host, debt)| Owed { host: host.clone(), handler: debt.handler.clone(), reason: debt.reason.clone() })
        .collect()
}

/// What a stage's product is asked.
fn question(stage: Stage, host: &str, wiring: &Wiring) -> Errand {
    let ask = |module, params| Errand::new(host, module, params);
    let page =
        |url: String| ask("uri", json!({"url": url, "return_content": true, "status_code": [200, 503], "timeout": 5}));
    match stage {
        Stage::Rabbitmq => ask(
            "rabbitmq_facts",
            json!({"vhost": wiring.vhost, "login_user": wiring.user, "login_password": wiring.password,
                "login_host": "127.0.0.1"}),
        ),
        Stage::Relay => page("http://127.0.0.1:9640/status".to_owned()),
        Stage::Kafka => ask(
            "kafka_facts",
            json!({"bootstrap_servers": wiring.bootstrap, "topics": [wiring.topic],
                "groups": [format!("connect-{}", wiring.sink())]}),
        ),
        Stage::Connect => ask("kafka_connect_facts", json!({"url": wiring.connect_url, "unit": wiring.connect_unit})),
        Stage::Elasticsearch => ask("elasticsearch_facts", elasticsearch(wiring, &wiring.elasticsearch_url)),
        Stage::Kibana => {
            let mut params = elasticsearch(wiring, &wiring.kibana_url);
            params["timeout"] = 3.into();
            ask("kibana_wait", params)
        }
        Stage::Webapp => page(format!("{}/health", wiring.webapp_url)),
    }
}

/// Address and login for the modules of Elasticsearch and Kibana.
pub(super) fn elasticsearch(wiring: &Wiring, url: &str) -> Json {
    match &wiring.elasticsearch_login {
        Some((user, password)) => json!({"url": url, "user": user, "password": password}),
        None => json!({"url": url}),
    }
}
