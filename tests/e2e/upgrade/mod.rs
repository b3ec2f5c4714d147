//! `dppctl upgrade` on real products: the documents' own pair of versions, on the documents' layout and on a cluster.
//!
//! What is upgraded cannot go back, so each test deploys hosts of its own.

mod brokers;
mod cluster;
mod pipeline;

use std::process::Child;
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use crate::lab::Lab;
use crate::run::Run;

/// The longest that anything is waited for which happens by itself.
const PATIENCE: Duration = Duration::from_mins(2);

/// Kills a running upgrade, without a chance to tidy up, as soon as a node is down; then waits until its agent is gone, which
/// brings the step to its end that it is at.
fn kill_while_down(lab: &Lab, mut upgrade: Child, node: &str) -> Run {
    let begun = Instant::now();
    while lab.on(node, "systemctl is-active elasticsearch || true").trim() == "active" {
        let ended = upgrade.try_wait().unwrap();
        assert!(ended.is_none() && begun.elapsed() < PATIENCE, "{node} never went down: {}", lab.finish(upgrade));
    }
    upgrade.kill().unwrap();
    while lab.on(node, "ls -l /proc/[0-9]*/exe 2>/dev/null | grep -c /agent- || true").trim() != "0" {
        assert!(begun.elapsed() < PATIENCE, "the agent stays on {node}");
        std::thread::sleep(Duration::from_millis(200));
    }
    lab.finish(upgrade)
}

/// What earlier runs owe a host.
fn owed(lab: &Lab, host: &str) -> Vec<String> {
    let debts = lab.on(host, "cat /var/lib/dppctl/debts.json 2>/dev/null || echo '[]'");
    let debts: Json = serde_json::from_str(&debts).unwrap();
    debts.as_array().unwrap().iter().map(|debt| debt["handler"].as_str().unwrap().to_owned()).collect()
}

/// What a node of Elasticsearch answers.
fn ask(lab: &Lab, host: &str, path: &str) -> Json {
    let answer = lab.on(host, &format!("curl -s --max-time 20 'http://127.0.0.1:9200{path}'"));
    serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{path} on {host}: {error}: {answer}"))
}

/// How many documents of the logs a query finds.
fn found(lab: &Lab, host: &str, query: &str) -> u64 {
    let _ = ask(lab, host, "/logs_data/_refresh");
    ask(lab, host, &format!("/logs_data/_count?q={query}"))["count"].as_u64().unwrap()
}
