//! The relays that are measured: which programme, and what it is told.

use std::path::PathBuf;
use std::process::Command;
use std::str::FromStr;

use super::floor::PREFETCH;
use super::lap::Runner;
use crate::lab::Error;
use crate::stage::Stage;

/// What Logstash's pipeline of the documents does, and two fields more.
const AS_LOGSTASH: &str = "{format: logstash, date_header: datetime, rules: [{add: {env: production, who: \
                           '%{[context][user_id]}'}}, {rename: {from: level_name, to: severity}}]}";

/// A programme to measure, by a name of its own.
#[derive(Debug, Clone)]
pub struct Candidate {
    pub(super) name: String,
    pub(super) path: PathBuf,
}

impl FromStr for Candidate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, path) = text.split_once('=').ok_or_else(|| format!("`{text}` is not NAME=PATH"))?;
        let path = PathBuf::from(path);
        if path.is_file() {
            return Ok(Self { name: name.to_owned(), path });
        }
        Err(format!("{} is missing", path.display()))
    }
}

/// How it turns messages into records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Not at all.
    Unchanged,
    /// As Logstash would.
    AsLogstash,
}

/// One way through the relay: from a queue or a topic, to a topic or an index.
#[derive(Debug, Clone)]
pub(super) struct Way {
    pub(super) source: String,
    pub(super) sink: String,
    pub(super) turn: Turn,
}

impl Way {
    /// From a queue to a topic; Kafka is reached past the proxy, unless it is to be disturbed.
    pub(super) fn to_kafka(stage: &Stage, queue: &str, topic: &str, turn: Turn, bootstrap: &str) -> Self {
        let rabbitmq = stage.rabbitmq_itself();
        let source = format!(
            "{{rabbitmq: {{host: '{}', port: {}, vhost: /, user: harness, password: harness, queue: '{queue}', declare: none, \
             prefetch: {PREFETCH}}}}}",
            rabbitmq.ip(),
            rabbitmq.port()
        );
        Self { source, sink: format!("{{kafka: {{bootstrap_servers: '{bootstrap}', topic: '{topic}'}}}}"), turn }
    }

    /// From a topic to an index.
    pub(super) fn to_elasticsearch(stage: &Stage, topic: &str, group: &str, url: &str, index: &str) -> Self {
        let kafka = stage.bootstrap();
        let source = format!("{{kafka: {{bootstrap_servers: '{kafka}', topics: ['{topic}'], group: '{group}'}}}}");
        let sink = format!("{{elasticsearch: {{nodes: ['{url}'], index: '{index}'}}}}");
        Self { source, sink, turn: Turn::Unchanged }
    }
}

impl Candidate {
    /// Starts it on a way; its configuration and its log lie in a folder.
    pub(super) fn start(&self, way: &Way, folder: &std::path::Path) -> Result<Runner, Error> {
        let mapping = if way.turn == Turn::AsLogstash { AS_LOGSTASH } else { "{date_header: datetime}" };
        let config = folder.join("config.yml");
        let letters = folder.join("letters.jsonl");
        let text = format!(
            "source: {}\nsink: {}\nmapping: {mapping}\ndead_letter: {{file: '{}'}}\nhttp: {{listen: '127.0.0.1:0'}}\n",
            way.source,
            way.sink,
            letters.display()
        );
        std::fs::write(&config, text)?;
        Runner::start(Command::new(&self.path).arg("run").arg("--config").arg(&config), &folder.join("relay.log"))
    }
}
