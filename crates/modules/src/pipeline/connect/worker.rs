//! A Connect worker's REST interface: what is asked of it, with its habits (conflicts while it rebalances) handled.

use std::process::{Command, Stdio};
use std::time::Duration;

use dpp_protocol::Failure;
use serde::Deserialize;
use serde_json::Value;
use ureq::http::Method;

use super::difference::Config;
use super::status::Status;
use crate::Host;
use crate::pipeline::deadline::Deadline;
use crate::pipeline::http::{Endpoint, Reply, segment};

/// A plugin that a worker has loaded.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Plugin {
    pub(super) class: String,
    #[serde(default)]
    pub(super) version: Option<String>,
}

/// A worker.
pub(super) struct Worker {
    endpoint: Endpoint,
    unit: String,
}

impl Worker {
    /// The worker at `url`, run by the systemd unit `unit`.
    pub(super) fn new(url: &str, unit: &str) -> Self {
        // A worker gives up a request of its own after 90 s.
        Self::within(url, unit, Duration::from_secs(100))
    }

    /// The same, for questions that must not last longer than this.
    pub(super) fn within(url: &str, unit: &str, limit: Duration) -> Self {
        let endpoint = Endpoint::new("Kafka Connect", url, limit)
            .hint(format!("systemctl status {unit}; journalctl -u {unit} -n 50"));
        Self { endpoint, unit: unit.to_owned() }
    }

    pub(super) fn root(&self) -> Result<Value, Failure> {
        self.endpoint.get("/")?.success("ask the worker for its version")
    }

    pub(super) fn plugins(&self) -> Result<Vec<Plugin>, Failure> {
        let found = self.endpoint.get("/connector-plugins")?.success("list the worker's plugins")?;
        serde_json::from_value(found).map_err(|error| Failure::new(format!("unreadable list of plugins: {error}")))
    }

    pub(super) fn connectors(&self) -> Result<Vec<String>, Failure> {
        let found = self.endpoint.get("/connectors")?.success("list connectors")?;
        serde_json::from_value(found).map_err(|error| Failure::new(format!("unreadable list of connectors: {error}")))
    }

    /// The connector's configuration, nothing when there is no such connector.
    pub(super) fn config(&self, name: &str) -> Result<Option<Config>, Failure> {
        let found = self.endpoint.get(&format!("{}/config", path(name)))?;
        if let Some(class) = class_that_is_gone(&found.words()) {
            return Err(gone(name, &class));
        }
        let Some(found) = found.found(&format!("read connector {name}"))? else { return Ok(None) };
        serde_json::from_value(found)
            .map(Some)
            .map_err(|error| Failure::new(format!("unreadable configuration of connector {name}: {error}")))
    }

    /// The connector's status; nothing right after its creation, since it comes by way of a topic.
    pub(super) fn status(&self, name: &str) -> Result<Option<Status>, Failure> {
        let reply = self.endpoint.get(&format!("{}/status", path(name)))?;
        if matches!(reply.status, 404 | 409) {
            return Ok(None);
        }
        let found = reply.success(&format!("read the status of connector {name}"))?;
        serde_json::from_value(found)
            .map(Some)
            .map_err(|error| Failure::new(format!("unreadable status of connector {name}: {error}")))
    }

    /// Asks the worker to check a configuration; its reply is read by [`validation`](super::validation).
    pub(super) fn validate(&self, class: &str, config: &Config) -> Result<Reply, Failure> {
        let path = format!("/connector-plugins/{}/config/validate", segment(class));
        self.endpoint.put(&path, &as_json(config))
    }

    /// Creates or replaces a connector.
    pub(super) fn configure(&self, name: &str, config: &Config, host: &Host, limit: &Deadline) -> Result<(), Failure> {
        let path = format!("{}/config", path(name));
        let body = as_json(config);
        let attempt = format!("configure connector {name}");
        self.insist(&attempt, host, limit, || self.endpoint.put(&path, &body))
    }

    pub(super) fn delete(&self, name: &str, host: &Host, limit: &Deadline) -> Result<(), Failure> {
        self.insist(&format!("delete connector {name}"), host, limit, || self.endpoint.delete(&path(name)))
    }

    /// `pause` or `resume`.
    pub(super) fn order(&self, name: &str, order: &str, host: &Host, limit: &Deadline) -> Result<(), Failure> {
        let path = format!("{}/{order}", path(name));
        let attempt = format!("{order} connector {name}");
        self.insist(&attempt, host, limit, || self.endpoint.bare(&Method::PUT, &path))
    }

    /// Restarts the connector itself and these tasks, one by one: Connect before 3.0 cannot do it in one call.
    pub(super) fn restart(
        &self,
        name: &str,
        tasks: &[u64],
        connector: bool,
        host: &Host,
        limit: &Deadline,
    ) -> Result<(), Failure> {
        let own = connector.then(|| format!("{}/restart", path(name)));
        let tasks = tasks.iter().map(|task| format!("{}/tasks/{task}/restart", path(name)));
        for place in own.into_iter().chain(tasks) {
            let attempt = format!("restart connector {name}");
            self.insist(&attempt, host, limit, || self.endpoint.bare(&Method::POST, &place))?;
        }
        Ok(())
    }

    /// Repeats a request while the worker answers that it rebalances.
    fn insist(
        &self,
        attempt: &str,
        host: &Host,
        limit: &Deadline,
        request: impl Fn() -> Result<Reply, Failure>,
    ) -> Result<(), Failure> {
        let mut pause = Duration::from_secs(1);
        loop {
            let reply = request()?;
            if reply.is_success() {
                return Ok(());
            }
            if reply.status != 409 || !limit.pause(pause) {
                return Err(self.refusal(&reply, attempt));
            }
            host.life(&format!("{attempt}: the workers rebalance"), Some(limit.progress()));
            pause = (pause * 2).min(Duration::from_secs(10));
        }
    }

    /// The worker's refusal; an empty 500 is explained only in the worker's journal.
    pub(super) fn refusal(&self, reply: &Reply, attempt: &str) -> Failure {
        let failure = reply.refusal(attempt);
        if !(reply.status >= 500 && reply.body.trim().is_empty()) {
            return failure;
        }
        let failure = match self.journal() {
            Some(lines) => failure.note("journal", lines),
            None => failure,
        };
        failure.help(format!(
            "an empty answer means an error inside the worker, often clashing jars of a plugin; journalctl -u {} -n 100",
            self.unit
        ))
    }

    /// The telling lines among the last of the worker's journal.
    pub(super) fn journal(&self) -> Option<String> {
        let output = Command::new("journalctl")
            .args(["-u", &self.unit, "-n", "200", "--no-pager", "-o", "cat"])
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .output()
            .ok()?;
        telling(&String::from_utf8_lossy(&output.stdout))
    }
}

/// The last lines that speak of an error, without stack frames.
fn telling(journal: &str) -> Option<String> {
    let marks = ["ERROR", "FATAL", "Exception", "Error:"];
    let lines: Vec<&str> = journal
        .lines()
        .filter(|line| !line.trim_start().starts_with("at ") && marks.iter().any(|mark| line.contains(mark)))
        .collect();
    let last = &lines[lines.len().saturating_sub(5)..];
    (!last.is_empty()).then(|| last.join("\n"))
}

/// The class of a connector whose plugin was taken away under the worker, from its words, which go on for pages.
fn class_that_is_gone(words: &str) -> Option<String> {
    let words = words.strip_prefix("Failed to find any class that implements Connector and which name matches ")?;
    Some(words.split(',').next()?.to_owned())
}

fn gone(name: &str, class: &str) -> Failure {
    Failure::new(format!("connector {name} is there, and the worker has no plugin any more for its class {class}"))
        .code("DPP0805")
        .help(
            "the plugin's files are gone from plugin.path: install it again (`apt-get install --reinstall PACKAGE`, \
             `dpkg -V PACKAGE` lists what is missing), restart the worker and run again",
        )
}

fn path(name: &str) -> String {
    format!("/connectors/{}", segment(name))
}

fn as_json(config: &Config) -> Value {
    config
        .iter()
        .map(|(key, value)| (key.clone(), Value::from(value.clone())))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_journals_errors_are_kept_and_its_frames_are_not() {
        let journal = "INFO all well\nERROR Uncaught exception in REST call\n\tat a.B.c(Error.java:1)\n\
                       Caused by: java.lang.NoSuchMethodError: x\nINFO Exceptional";
        let telling = telling(journal).unwrap();
        assert!(telling.starts_with("ERROR Uncaught") && telling.contains("Caused by"), "{telling}");
        assert!(!telling.contains("\tat"), "{telling}");
        assert_eq!(super::telling("INFO all well"), None);
    }
}
