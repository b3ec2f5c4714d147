//! `elasticsearch_wait`: waits for a status and a number of nodes, and explains what is in the way.

use std::path::PathBuf;
use std::time::Duration;

use dpp_protocol::{Failure, ResultMap};
use serde::Deserialize;
use serde_json::Value;

use super::cluster::{explain, health};
use crate::arguments::{HostPath, Number, Whole};
use crate::pipeline::awaited::{Awaited, QUESTION};
use crate::pipeline::http::Endpoint;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Red,
    /// All that a single node can reach while an index wants replicas.
    #[default]
    Yellow,
    Green,
}

with_node! {
    /// Parameters of `elasticsearch_wait`.
    pub struct ElasticsearchWait {
        #[serde(default)]
        status: Status,
        #[serde(default = "one")]
        nodes: Whole,
        /// A node that has to be among them, with the version that it has to run.
        #[serde(default)]
        node: Option<String>,
        #[serde(default)]
        version: Option<String>,
        /// The unit on this host that it runs in; when it dies, nothing is waited for.
        #[serde(default)]
        unit: Option<String>,
        /// Its log on this host: the journal gets little of it.
        #[serde(default)]
        log: Option<HostPath>,
        #[serde(default = "two_minutes")]
        timeout: Number,
    }
}

fn one() -> Whole {
    Whole(1)
}

fn two_minutes() -> Number {
    Number(120.0)
}

impl Awaited for ElasticsearchWait {
    const NAME: &'static str = "elasticsearch_wait";
    const PRODUCT: &'static str = "Elasticsearch";

    fn patience(&self) -> f64 {
        self.timeout.0
    }

    fn unit(&self) -> Option<&str> {
        self.unit.as_deref()
    }

    fn log(&self) -> Option<PathBuf> {
        self.log.as_deref().map(ToOwned::to_owned)
    }

    fn missing(&self, limit: Duration, result: &mut ResultMap) -> Result<Vec<String>, Failure> {
        let node = self.node().within(limit);
        let health = health(&node)?;
        let trouble = match self.trouble(&health) {
            None => self.absence(&node)?,
            trouble => trouble,
        };
        result.insert("health".into(), health);
        Ok(trouble.into_iter().collect())
    }

    fn explain(&self, late: Failure) -> Failure {
        match explain(&self.node().within(QUESTION)) {
            Some(words) => late.note("why", words),
            None => late.help("journalctl -u elasticsearch -n 50 on the nodes that are missing"),
        }
    }
}

impl ElasticsearchWait {
    /// Why the node that is waited for is not there as it has to be.
    fn absence(&self, endpoint: &Endpoint) -> Result<Option<String>, Failure> {
        let Some(wanted) = &self.node else { return Ok(None) };
        let rows = endpoint.get("/_cat/nodes?format=json&h=name,version")?.success("list the cluster's nodes")?;
        let found = rows.as_array().into_iter().flatten().find(|row| row["name"] == wanted.as_str());
        let Some(found) = found else { return Ok(Some(format!("{wanted} has not joined the cluster"))) };
        let version = found["version"].as_str().unwrap_or("?");
        let is_other = self.version.as_ref().is_some_and(|wanted| wanted != version);
        Ok(is_other.then(|| format!("{wanted} is there with {version}")))
    }

    /// What is still missing.
    fn trouble(&self, health: &Value) -> Option<String> {
        let Ok(status) = Status::deserialize(&health["status"]) else {
            return Some("no master is elected".to_owned());
        };
        let nodes = health["number_of_nodes"].as_i64().unwrap_or(0);
        if nodes < self.nodes.0 {
            return Some(format!("{nodes} of {} nodes", self.nodes.0));
        }
        let number = |key: &str| health[key].as_u64().unwrap_or(0);
        (status < self.status).then(|| {
            format!(
                "{}, {} shards unassigned, {} starting, {} moving",
                health["status"].as_str().unwrap_or("?"),
                number("unassigned_shards"),
                number("initializing_shards"),
                number("relocating_shards")
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use dpp_protocol::{Mode, Outcome};
    use serde_json::json;

    use super::*;
    use crate::pipeline::stub::{Stub, run};

    const YELLOW: &str = include_str!("../../../tests/fixtures/elasticsearch/7.17.29/health.json");
    const EXPLAIN: &str = include_str!("../../../tests/fixtures/elasticsearch/7.17.29/allocation-explain.json");

    fn wait(stub: &Stub, more: &Value) -> Result<Outcome, Failure> {
        let mut params = json!({"url": stub.url(), "timeout": 0.3});
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        run("elasticsearch_wait", &params, Mode::Apply)
    }

    #[test]
    fn yellow_is_enough_unless_green_is_asked_for() {
        let stub =
            Stub::new(&[("GET /_cluster/health", 200, YELLOW), ("GET /_cluster/allocation/explain", 200, EXPLAIN)]);
        let outcome = wait(&stub, &json!({})).unwrap();
        assert!(!outcome.changed && outcome.result["health"]["status"] == "yellow");
        let failure = wait(&stub, &json!({"status": "green"})).unwrap_err();
        assert!(failure.message.ends_with("yellow, 5 shards unassigned, 0 starting, 0 moving"), "{}", failure.message);
        let why = &failure.notes[0].text;
        assert!(why.starts_with("replica of shard 3 of logs_data6: cannot allocate"), "{why}");
        assert!(why.contains("es4: a copy of this shard is already allocated to this node"), "{why}");
    }

    #[test]
    fn missing_nodes_and_a_missing_master_are_named() {
        let stub = Stub::new(&[("GET /_cluster/health", 200, YELLOW)]);
        assert!(wait(&stub, &json!({"nodes": 3})).unwrap_err().message.ends_with("1 of 3 nodes"));
        let error = r#"{"error":{"type":"master_not_discovered_exception","reason":null},"status":503}"#;
        let stub = Stub::new(&[("GET /_cluster/health", 503, error)]);
        assert!(wait(&stub, &json!({})).unwrap_err().message.ends_with("no master is elected"));
    }

    #[test]
    fn a_node_has_to_be_there_with_its_version() {
        let cases = [
            (json!({"node": "es2", "version": "6.2.1"}), None),
            (json!({"node": "es1", "version": "6.2.1"}), Some("es1 is there with 5.6.2")),
            (json!({"node": "es3"}), Some("es3 has not joined the cluster")),
        ];
        for (more, missing) in cases {
            let rows = r#"[{"name":"es1","version":"5.6.2"},{"name":"es2","version":"6.2.1"}]"#;
            let stub = Stub::new(&[
                ("GET /_cluster/health", 200, YELLOW),
                ("GET /_cat/nodes?format=json&h=name,version", 200, rows),
            ]);
            let said = wait(&stub, &more).err().map(|failure| failure.message);
            assert_eq!(said.is_none(), missing.is_none(), "{said:?}");
            assert!(missing.is_none_or(|missing| said.unwrap().ends_with(missing)), "{more}");
        }
    }
}
