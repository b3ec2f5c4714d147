//! `dpp-relay status`: what the running relay says of itself on its page, for a person or as it is.

use clap::Args;
use serde_json::Value;

use super::{CliError, ConfigArgs, Done, runtime};
use crate::{config, http};

#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// The page as it is, one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn status(args: &StatusArgs) -> Result<Done, CliError> {
    let config = config::read(&args.config.config)?;
    let page = format!("http://{}/status", http::reachable(config.http.listen));
    let answer = runtime()?.block_on(http::ask(&page));
    let silent = |reason: String| CliError::Silent { page: page.clone(), reason };
    let text = answer.map_err(silent)?;
    let status: Value =
        serde_json::from_str(&text).map_err(|error| silent(format!("not a relay's answer: {error}")))?;
    let told = if args.json { text.trim_end().to_owned() } else { told(&status) };
    Ok(if status["ready"] == true { Done::Checked(told) } else { Done::Partly(told) })
}

fn told(status: &Value) -> String {
    let relay = &status["relay"];
    let doing = status["hindrance"].as_str().unwrap_or("relaying");
    let mut lines = vec![
        doing.to_owned(),
        format!("  {}", sum(&relay["ledger"])),
        format!(
            "  oldest without acknowledgement {:.1} s, {} bytes held, {} connections so far",
            relay["oldest_unacked_seconds"].as_f64().unwrap_or_default(),
            relay["held_bytes"],
            relay["connections"]
        ),
    ];
    if let Some(sources @ [_, _, ..]) = status["sources"].as_array().map(Vec::as_slice) {
        let told = |source: &Value| {
            let name = source["name"].as_str().unwrap_or_default();
            format!("  {name}: {}", sum(&source["is"]["ledger"]))
        };
        lines.extend(sources.iter().map(told));
    }
    if let Some(trouble) = relay["config_trouble"].as_str() {
        lines.push(format!("  the configuration of the file is not followed: {trouble}"));
    }
    lines.join("\n")
}

fn sum(ledger: &Value) -> String {
    let count = |name: &str| ledger[name].as_u64().unwrap_or_default();
    format!(
        "received {} = confirmed {} + dead {} + dropped {} + handed back {} + in flight {}",
        count("received"),
        count("confirmed"),
        count("dead"),
        count("dropped"),
        count("handed_back"),
        count("in_flight")
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::told;

    #[test]
    fn the_ledger_is_told_as_the_sum_it_is() {
        let ledger =
            json!({ "received": 10, "confirmed": 5, "dead": 1, "dropped": 1, "handed_back": 1, "in_flight": 2 });
        let relay = json!({ "ledger": ledger, "oldest_unacked_seconds": 1.25, "held_bytes": 4096, "connections": 1,
            "config_trouble": "line 3" });
        let text = told(&json!({ "ready": false, "hindrance": "waiting for Kafka: no answer", "relay": relay }));
        let expected = "waiting for Kafka: no answer\n  \
             received 10 = confirmed 5 + dead 1 + dropped 1 + handed back 1 + in flight 2\n  \
             oldest without acknowledgement 1.2 s, 4096 bytes held, 1 connections so far\n  \
             the configuration of the file is not followed: line 3";
        assert_eq!(text, expected);
    }

    #[test]
    fn several_queues_are_told_each() {
        let ledger = |received: u64| json!({ "ledger": { "received": received, "confirmed": received } });
        let sources = [json!({ "name": "queue a", "is": ledger(1) }), json!({ "name": "queue b", "is": ledger(2) })];
        let text = told(&json!({ "relay": ledger(3), "sources": sources }));
        let last = "  queue a: received 1 = confirmed 1 + dead 0 + dropped 0 + handed back 0 + in flight 0\n  \
                     queue b: received 2 = confirmed 2 + dead 0 + dropped 0 + handed back 0 + in flight 0";
        assert!(text.ends_with(last), "{text}");
    }
}
