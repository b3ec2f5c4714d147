//! Whether a stage is well: what its hosts and its product say, as one line of the status screen.

use dpp_protocol::{Answer, Failure};
use serde::Serialize;
use serde_json::Value;

use crate::pipeline::{Flow, HostLook, Stage, Wiring};

/// How a stage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Does its work.
    Ok,
    /// Works, but not as it should.
    Degraded,
    /// Does not do its work.
    Failed,
    /// Does not answer.
    Down,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Degraded => "DEGRADED",
            Self::Failed => "FAILED",
            Self::Down => "DOWN",
        }
    }
}

/// One line of the status screen.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StageHealth {
    /// The stage.
    pub stage: &'static str,
    /// Its hosts that do their work.
    pub up: usize,
    /// Its hosts.
    pub hosts: usize,
    /// The versions that run there.
    pub version: String,
    /// How it is.
    pub state: State,
    /// Messages that go in each second.
    pub in_per_second: Option<f64>,
    /// Messages that come out each second.
    pub out_per_second: Option<f64>,
    /// Messages that wait for it.
    pub backlog: Option<u64>,
    /// What is worth a word.
    pub detail: String,
    /// What is wrong, host by host.
    pub troubles: Vec<String>,
    /// Whether nobody takes messages from its queue, by a count that is some seconds old.
    #[serde(skip)]
    unread: bool,
}

/// What was learnt of one host of a stage.
#[derive(Debug)]
pub struct Seen<'a> {
    /// Its name.
    pub host: &'a str,
    /// Units and packages, if it could be asked.
    pub look: Option<&'a HostLook>,
    /// What the product says.
    pub answer: &'a Answer,
}

/// The health of a stage; `None` for one that need not be there and is not.
pub fn stage_health(stage: Stage, seen: &[Seen], wiring: &Wiring) -> Option<StageHealth> {
    let installed = |one: &&Seen| one.look.is_some_and(|look| look.unit(stage).is_some());
    if stage == Stage::Webapp && !seen.iter().any(|one| installed(&one)) {
        return None;
    }
    let mut health = StageHealth {
        stage: stage.name(),
        up: 0,
        hosts: seen.len(),
        version: versions(stage, seen),
        state: State::Ok,
        in_per_second: None,
        out_per_second: None,
        backlog: None,
        detail: String::new(),
        troubles: Vec::new(),
        unread: false,
    };
    for one in seen {
        match down(stage, one) {
            None => health.up += 1,
            Some(trouble) => health.troubles.push(format!("{}: {trouble}", one.host)),
        }
    }
    // What one host knows of the whole cluster, the first that answers knows.
    if let Some(facts) = seen.iter().find_map(|one| one.answer.as_ref().ok()) {
        let facts = Value::Object(facts.result.clone());
        match stage {
            Stage::Rabbitmq => rabbitmq(&mut health, &facts, wiring),
            Stage::Relay => relay(&mut health, &facts),
            Stage::Kafka => kafka(&mut health, &facts, wiring),
            Stage::Connect => connect(&mut health, &facts, wiring),
            Stage::Elasticsearch => elasticsearch(&mut health, &facts, wiring),
            Stage::Kibana => health.detail = format!("data view {}", wiring.data_view),
            Stage::Webapp => {}
        }
    }
    if health.up == 0 {
        health.worsen(State::Down);
    } else if health.up < health.hosts {
        health.worsen(State::Degraded);
    }
    Some(health)
}

/// Judges what takes several stages to tell: a relay that is ready reads the queue, whatever RabbitMQ's old count says.
pub fn judge_together(stages: &mut [StageHealth], wiring: &Wiring) {
    let is_read = stages.iter().any(|health| health.stage == Stage::Relay.name() && health.state == State::Ok);
    for health in stages.iter_mut().filter(|health| health.unread && !is_read) {
        let words = format!("nobody takes messages from queue {}: is the relay running?", wiring.queue);
        health.trouble(State::Degraded, words);
    }
}

impl StageHealth {
    /// Says how fast messages go through.
    pub fn flows(&mut self, flow: Flow) {
        (self.in_per_second, self.out_per_second) = (flow.into, flow.out);
    }

    fn worsen(&mut self, state: State) {
        self.state = self.state.max(state);
    }

    fn trouble(&mut self, state: State, trouble: String) {
        self.worsen(state);
        self.troubles.push(trouble);
    }
}

fn versions(stage: Stage, seen: &[Seen]) -> String {
    let said = |one: &Seen| one.answer.as_ref().ok()?.result.get("version")?.as_str().map(str::to_owned);
    let packaged = |one: &Seen| one.look?.version(stage).map(str::to_owned);
    let mut versions: Vec<String> = seen.iter().filter_map(|one| packaged(one).or_else(|| said(one))).collect();
    versions.sort();
    versions.dedup();
    if versions.is_empty() { "-".to_owned() } else { versions.join(", ") }
}

/// Why a host does not do its work; a host that is out of reach and a unit that is not there come before the rest.
fn down(stage: Stage, one: &Seen) -> Option<String> {
    let unit = one.look.and_then(|look| look.unit(stage));
    match (one.look, unit, one.answer) {
        (None, _, Err(failure)) => Some(failure.message.clone()),
        (Some(_), None, Err(failure)) => Some(format!("not installed: {}", failure.message)),
        (_, Some(unit), answer) if !unit.runs() => Some(format!(
            "{} is {} ({}){}",
            unit.name,
            unit.active,
            unit.sub,
            answer.as_ref().err().map(|failure| format!(": {}", failure.message)).unwrap_or_default(),
        )),
        // Logstash in the relay's place has no page of the relay: its unit speaks for it.
        (_, Some(unit), Err(_)) if unit.name == "logstash" => None,
        (_, _, Err(failure)) => Some(with_cause(failure)),
        (_, _, Ok(_)) => None,
    }
}

fn with_cause(failure: &Failure) -> String {
    match failure.notes.first() {
        Some(note) => format!("{} ({} {})", failure.message, note.label, note.text.lines().next().unwrap_or_default()),
        None => failure.message.clone(),
    }
}

fn rabbitmq(health: &mut StageHealth, facts: &Value, wiring: &Wiring) {
    for (node, state) in facts["nodes"].as_object().into_iter().flatten() {
        for (key, word) in [("memory_alarm", "memory"), ("disk_alarm", "disk")] {
            if state[key] == true {
                health.trouble(State::Failed, format!("{node} has too little {word}: senders are blocked"));
            }
        }
    }
    let queue = &facts["queues"][&wiring.queue];
    if queue.is_null() {
        let words = format!("there is no queue {} in {}: what is sent is lost", wiring.queue, wiring.vhost);
        return health.trouble(State::Failed, words);
    }
    health.backlog = queue["messages"].as_u64();
    let consumers = queue["consumers"].as_u64().unwrap_or(0);
    let s = if consumers == 1 { "" } else { "s" };
    health.detail = format!("queue {}, {consumers} consumer{s}", wiring.queue);
    health.unread = consumers == 0;
}

fn relay(health: &mut StageHealth, facts: &Value) {
    let Some(status) = facts["json"].as_object() else { return };
    let ledger = status.get("relay").map(|relay| &relay["ledger"]);
    health.backlog = ledger.and_then(|ledger| ledger["in_flight"].as_u64());
    if let Some(backlog) = health.backlog {
        health.detail = format!("{backlog} unconfirmed");
    }
    if status.get("ready") == Some(&Value::Bool(false)) {
        let why = status.get("hindrance").and_then(Value::as_str).unwrap_or("it does not say why");
        health.trouble(State::Failed, format!("not ready: {why}"));
    }
}

fn kafka(health: &mut StageHealth, facts: &Value, wiring: &Wiring) {
    for trouble in facts["troubles"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        health.trouble(State::Degraded, trouble.to_owned());
    }
    let brokers = match &facts["brokers"] {
        Value::Array(list) => list.len(),
        Value::Object(map) => map.len(),
        _ => 0,
    };
    if brokers < health.hosts {
        health.trouble(State::Degraded, format!("{brokers} of {} brokers are in the cluster", health.hosts));
    }
    let Some(partitions) = facts["topics"][&wiring.topic]["partitions"].as_object() else {
        return health.trouble(State::Failed, format!("there is no topic {}", wiring.topic));
    };
    let count = |key: &str| partitions.values().filter_map(|one| one[key].as_array()).map(Vec::len).sum::<usize>();
    let (replicas, in_sync) = (count("replicas"), count("isr"));
    health.detail = format!("{} {} part., ISR {in_sync}/{replicas}", wiring.topic, partitions.len());
    if in_sync < replicas {
        health.trouble(State::Degraded, format!("{} replicas of {} are behind", replicas - in_sync, wiring.topic));
    }
}

fn connect(health: &mut StageHealth, facts: &Value, wiring: &Wiring) {
    let connectors = &facts["connectors"];
    let sink = wiring.sink();
    if connectors[sink].is_null() {
        let next = "dppctl connectors apply makes it";
        return health.trouble(State::Failed, format!("there is no connector {sink}: {next}"));
    }
    for (name, connector) in connectors.as_object().into_iter().flatten() {
        let status = &connector["status"];
        let tasks = status["tasks"].as_array().map_or(&[][..], Vec::as_slice);
        let running = tasks.iter().filter(|task| task["state"] == "RUNNING").count();
        if name == sink {
            health.detail = format!("{name} {running}/{} tasks", tasks.len());
        }
        if status["healthy"] == true {
            continue;
        }
        if status["state"] == "PAUSED" {
            health.trouble(State::Degraded, format!("{name} is paused: dppctl connectors resume {name}"));
            continue;
        }
        let cause = status["cause"].as_str().unwrap_or("no task runs");
        health.trouble(State::Failed, format!("{name}: {cause}"));
        if let Some(help) = status["help"].as_str() {
            health.troubles.push(format!("  {help}"));
        }
        health.troubles.push("  go on: dppctl connectors restart --failed".to_owned());
    }
}

fn elasticsearch(health: &mut StageHealth, facts: &Value, wiring: &Wiring) {
    let status = facts["health"]["status"].as_str().unwrap_or("unknown");
    let nodes = facts["health"]["number_of_nodes"].as_u64().unwrap_or(0);
    let documents = facts["indices"][&wiring.index]["documents"].as_u64();
    let fullest =
        facts["disks"].as_object().into_iter().flatten().filter_map(|(_, disk)| disk["percent"].as_u64()).max();
    let mut words = vec![status.to_owned()];
    words.extend(documents.map(|count| format!("{count} docs")));
    words.extend(fullest.map(|percent| format!("disk {percent}%")));
    health.detail = words.join(", ");
    match status {
        "green" => {}
        // A single node has nowhere to put replicas: yellow is as good as it gets.
        "yellow" if nodes <= 1 => {}
        "yellow" => health.trouble(State::Degraded, "replicas are missing: the cluster is yellow".to_owned()),
        _ => health.trouble(State::Failed, format!("the cluster is {status}: shards are missing")),
    }
    if (nodes as usize) < health.hosts {
        health.trouble(State::Degraded, format!("{nodes} of {} nodes are in the cluster", health.hosts));
    }
    if let Some(percent) = fullest.filter(|percent| *percent >= 95) {
        health.trouble(State::Failed, format!("a disk is {percent}% full: indices become read-only"));
    }
}

/// How many records the sink's group is behind, as a broker knows it.
pub fn lag(kafka: &Answer, sink: &str) -> Option<u64> {
    kafka.as_ref().ok()?.result.get("groups")?[format!("connect-{sink}").as_str()]["lag"].as_u64()
}

mod screen;
#[cfg(test)]
mod tests;

pub use screen::table;
