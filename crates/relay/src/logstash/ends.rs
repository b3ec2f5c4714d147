//! Inputs and outputs: what Logstash's plugins for RabbitMQ, Kafka and Elasticsearch are in the relay's words.

use serde_json::{Map, Value, json};

use super::Turned;
use super::parse::{Plugin, Setting};

/// Settings that say what the relay does anyway, or what has no meaning for it.
const WITHOUT_MEANING: [&str; 14] = [
    "codec",
    "id",
    "ack",
    "metadata_enabled",
    "decorate_events",
    "tags",
    "durable",
    "threads",
    "consumer_threads",
    "acks",
    "retries",
    "manage_template",
    "action",
    "client_id",
];

/// Turns an input into the relay's source.
pub(super) fn source(plugin: &Plugin, turned: &mut Turned) {
    let names: &[(&str, &str)] = match plugin.name.as_str() {
        "rabbitmq" => &[
            ("host", "host"),
            ("port", "port"),
            ("vhost", "vhost"),
            ("user", "user"),
            ("queue", "queue"),
            ("exchange", "exchange"),
            ("exchange_type", "exchange_type"),
            ("prefetch_count", "prefetch"),
        ],
        "kafka" => &[
            ("bootstrap_servers", "bootstrap_servers"),
            ("topics", "topics"),
            ("group_id", "group"),
            ("auto_offset_reset", "start"),
        ],
        other => return turned.leave(format!("input {other}")),
    };
    let mut source = renamed(plugin, names, turned);
    if plugin.name == "rabbitmq" {
        password(plugin, &mut source, turned);
        let passive = plugin.settings.iter().any(|(name, value)| name == "passive" && value.text() == Some("true"));
        source.insert("declare".to_owned(), if passive { "passive" } else { "durable" }.into());
    } else {
        source.entry("group").or_insert_with(|| "logstash".into());
    }
    turned.source = Some(json!({ plugin.name.clone(): source }));
}

/// Turns an output into the relay's sink.
pub(super) fn sink(plugin: &Plugin, turned: &mut Turned) {
    let names: &[(&str, &str)] = match plugin.name.as_str() {
        "kafka" => {
            &[("bootstrap_servers", "bootstrap_servers"), ("topic_id", "topic"), ("compression_type", "compression")]
        }
        "elasticsearch" => &[
            ("hosts", "nodes"),
            ("index", "index"),
            ("user", "user"),
            ("document_type", "type"),
            ("cacert", "ca_file"),
            ("ssl_certificate_authorities", "ca_file"),
        ],
        other => return turned.leave(format!("output {other}")),
    };
    let mut sink = renamed(plugin, names, turned);
    if plugin.name == "elasticsearch" {
        password(plugin, &mut sink, turned);
        elasticsearch(&mut sink);
    }
    turned.sink = Some(json!({ plugin.name.clone(): sink }));
}

fn renamed(plugin: &Plugin, names: &[(&str, &str)], turned: &mut Turned) -> Map<String, Value> {
    let mut settings = Map::new();
    for (name, value) in &plugin.settings {
        let new = names.iter().find(|(old, _)| old == name).map(|(_, new)| (*new).to_owned());
        match new {
            Some(new) => drop(settings.insert(new.clone(), plain(&new, value))),
            None if name == "password" || name == "passive" || WITHOUT_MEANING.contains(&name.as_str()) => {}
            None => turned.leave(format!("{}: {name}", plugin.name)),
        }
    }
    settings
}

/// Lists stay lists where the relay wants one, numbers are numbers.
fn plain(name: &str, value: &Setting) -> Value {
    if ["topics", "nodes"].contains(&name) {
        return value.texts().into();
    }
    let text = value.texts().join(",");
    text.parse::<u32>().map_or(Value::String(text), Value::from)
}

/// A password does not travel through a terminal.
fn password(plugin: &Plugin, settings: &mut Map<String, Value>, turned: &mut Turned) {
    if plugin.settings.iter().any(|(name, _)| name == "password") {
        settings.insert("password_file".to_owned(), "/etc/dpp-relay/password".into());
        turned.leave(format!(
            "{}: password; write it into /etc/dpp-relay/password, mode 0640, group dpp-relay",
            plugin.name
        ));
    }
}

fn elasticsearch(sink: &mut Map<String, Value>) {
    if let Some(Value::Array(nodes)) = sink.get_mut("nodes") {
        for node in nodes {
            if let Some(bare) = node.as_str().filter(|node| !node.contains("://")) {
                let port = if bare.contains(':') { "" } else { ":9200" };
                *node = format!("http://{bare}{port}").into();
            }
        }
    }
    if let Some(file) = sink.remove("ca_file") {
        sink.insert("tls".to_owned(), json!({ "ca_file": file }));
    }
    if let Some(Value::String(index)) = sink.get_mut("index") {
        *index = dated(index);
    }
}

/// `logs-%{+YYYY.MM.dd}` is `logs-%Y.%m.%d`.
fn dated(index: &str) -> String {
    let Some((before, rest)) = index.split_once("%{+") else { return index.to_owned() };
    let Some((pattern, after)) = rest.split_once('}') else { return index.to_owned() };
    let pattern = ["YYYY", "yyyy"].iter().fold(pattern.to_owned(), |pattern, year| pattern.replace(year, "%Y"));
    format!("{before}{}{after}", pattern.replace("MM", "%m").replace("dd", "%d").replace("HH", "%H"))
}
