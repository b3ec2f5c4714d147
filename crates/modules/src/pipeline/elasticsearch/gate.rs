//! `elasticsearch_gate`: waits until a cluster has settled, so that its next node may go down, and says why it has not.
//!
//! Green is settled; so is yellow when no node may hold what is missing, as in the middle of a rolling upgrade, where a
//! replica goes to no older node than its primary's, or on a single node that is asked for replicas.

use std::path::PathBuf;
use std::time::Duration;

use dpp_protocol::{Failure, ResultMap};
use serde_json::Value;

use super::cluster::{explain, health};
use super::placing::Unplaced;
use crate::arguments::{HostPath, Number, Whole};
use crate::pipeline::awaited::{Awaited, QUESTION};
use crate::pipeline::http::Endpoint;

/// The code of a gate that stays shut: nothing failed, and nothing may go on.
pub const SHUT: &str = "DPP0901";

with_node! {
    /// Parameters of `elasticsearch_gate`.
    pub struct ElasticsearchGate {
        /// Nodes that have to be there.
        #[serde(default = "one")]
        nodes: Whole,
        /// The unit on this host that it runs in; when it dies, nothing is waited for.
        #[serde(default)]
        unit: Option<String>,
        /// Its log on this host: the journal gets little of it.
        #[serde(default)]
        log: Option<HostPath>,
        #[serde(default = "half_an_hour")]
        timeout: Number,
    }
}

fn one() -> Whole {
    Whole(1)
}

fn half_an_hour() -> Number {
    Number(1800.0)
}

impl Awaited for ElasticsearchGate {
    const NAME: &'static str = "elasticsearch_gate";
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
        let trouble = self.trouble(&node, &health, result)?;
        result.insert("status".into(), health["status"].clone());
        Ok(trouble.into_iter().collect())
    }

    fn explain(&self, late: Failure) -> Failure {
        let late = late.code(SHUT);
        let late = match explain(&self.node().within(QUESTION)) {
            Some(words) => late.note("why", words),
            None => late,
        };
        late.help("mend what the cluster says and run the same command again: it goes on from here")
    }
}

impl ElasticsearchGate {
    /// Why the next node may not go down yet; why yellow is well goes into `explained`.
    fn trouble(&self, node: &Endpoint, health: &Value, result: &mut ResultMap) -> Result<Option<String>, Failure> {
        let Some(status) = health["status"].as_str() else { return Ok(Some("no master is elected".to_owned())) };
        let number = |key: &str| health[key].as_i64().unwrap_or(0);
        let there = number("number_of_nodes");
        if there < self.nodes.0 {
            return Ok(Some(format!("{status}: {there} of {} nodes", self.nodes.0)));
        }
        let (starting, moving) = (number("initializing_shards"), number("relocating_shards"));
        if starting + moving > 0 {
            let of = number("active_shards") + starting + number("unassigned_shards");
            return Ok(Some(format!(
                "{status}: {} of {of} shards there, {starting} starting, {moving} moving",
                number("active_shards")
            )));
        }
        result.remove("explained");
        if status == "green" {
            return Ok(None);
        }
        let unplaced = Unplaced::ask(node)?;
        let words = unplaced.words();
        if !unplaced.is_final() {
            return Ok(Some(format!("{status}: {words}")));
        }
        if !words.is_empty() {
            result.insert("explained".into(), format!("{status}: {words}").into());
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use dpp_protocol::{Mode, Outcome};
    use serde_json::json;

    use super::*;
    use crate::pipeline::stub::{Stub, run};

    const SHARDS: &str = "GET /_cat/shards?format=json&h=index,shard,prirep,state,node";
    const NODES: &str = "GET /_cat/nodes?format=json&h=name,version,node.role";
    const MIXED: &str =
        r#"[{"name":"es1","version":"5.6.2","node.role":"mdi"},{"name":"es3","version":"6.2.1","node.role":"mdi"}]"#;

    fn health(status: &str, nodes: u8, starting: u8) -> String {
        json!({"status": status, "number_of_nodes": nodes, "initializing_shards": starting, "relocating_shards": 0,
            "active_shards": 1, "unassigned_shards": 1})
        .to_string()
    }

    fn gate(stub: &Stub) -> Result<Outcome, Failure> {
        run("elasticsearch_gate", &json!({"url": stub.url(), "nodes": 2, "timeout": 0.3}), Mode::Apply)
    }

    fn shards(primary: &str) -> String {
        json!([{"index": "i", "shard": "0", "prirep": "p", "state": "STARTED", "node": primary},
            {"index": "i", "shard": "0", "prirep": "r", "state": "UNASSIGNED", "node": null}])
        .to_string()
    }

    #[test]
    fn yellow_that_no_patience_mends_is_settled_and_explained() {
        let stub = Stub::new(&[
            ("GET /_cluster/health", 200, &health("yellow", 2, 0)),
            (SHARDS, 200, &shards("es3")),
            (NODES, 200, MIXED),
        ]);
        let outcome = gate(&stub).unwrap();
        let why = "yellow: 1 replica cannot go to a 5.6.2 node; expected until es1 is done";
        assert_eq!(outcome.result["explained"], why);
        assert!(!outcome.changed);
    }

    #[test]
    fn what_moves_or_could_be_placed_or_is_not_there_is_waited_for() {
        let cases = [
            (health("green", 1, 0), "green: 1 of 2 nodes"),
            (health("yellow", 2, 1), "yellow: 1 of 3 shards there, 1 starting, 0 moving"),
            (health("yellow", 2, 0), "yellow: 1 replica to be placed"),
            (json!({"status": null}).to_string(), "no master is elected"),
        ];
        for (health, words) in cases {
            let stub = Stub::new(&[
                ("GET /_cluster/health", 200, &health),
                (SHARDS, 200, &shards("es1")),
                (NODES, 200, MIXED),
            ]);
            let failure = gate(&stub).unwrap_err();
            assert!(failure.message.ends_with(words), "{}", failure.message);
            assert_eq!(failure.code, SHUT);
        }
        assert!(gate(&Stub::new(&[("GET /_cluster/health", 200, &health("green", 2, 0))])).is_ok());
    }
}
