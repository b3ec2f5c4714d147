//! A cluster at one of its nodes, and its version, on which the form of many requests depends.

use std::fmt::Write;
use std::time::Duration;

use dpp_protocol::Failure;
use serde_json::Value;

use crate::pipeline::http::{Endpoint, Reply};

/// Declares a module's parameters with those that lead to a node beside its own.
macro_rules! with_node {
    ($(#[$attribute:meta])* pub struct $name:ident { $($fields:tt)* }) => {
        $(#[$attribute])*
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($fields)*
            #[serde(default = "super::local")]
            url: String,
            #[serde(default)]
            user: String,
            #[serde(default)]
            password: String,
        }

        impl $name {
            fn node(&self) -> crate::pipeline::http::Endpoint {
                crate::pipeline::elasticsearch::cluster::node(&self.url, &self.user, &self.password)
            }
        }
    };
}

/// `major.minor`; `OpenSearch` counts as the Elasticsearch it was forked from.
pub(in crate::pipeline) type Version = (u64, u64);

const FORKED_FROM: Version = (7, 10);

/// The node at `url`, with a login unless `user` is empty.
pub(in crate::pipeline) fn node(url: &str, user: &str, password: &str) -> Endpoint {
    Endpoint::new("Elasticsearch", url, Duration::from_mins(1))
        .login(user, password)
        .hint("systemctl status elasticsearch; journalctl -u elasticsearch -n 50")
}

/// What `GET /` tells of the version.
pub(in crate::pipeline) fn version(endpoint: &Endpoint) -> Result<Version, Failure> {
    let root = endpoint.get("/")?.success("ask Elasticsearch for its version")?;
    if root["version"]["distribution"] == "opensearch" {
        return Ok(FORKED_FROM);
    }
    parsed(&root).ok_or_else(|| {
        Failure::new("what answers is no Elasticsearch: it tells no version")
            .code("DPP0802")
            .note("answer", root.to_string())
    })
}

fn parsed(root: &Value) -> Option<Version> {
    let mut numbers = root["version"]["number"].as_str()?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// The cluster's health; a cluster without a master answers 503, which is a state and no refusal.
pub(super) fn health(node: &Endpoint) -> Result<Value, Failure> {
    let reply = node.get("/_cluster/health")?;
    if matches!(reply.status, 408 | 503) {
        return Ok(reply.json());
    }
    reply.success("read the cluster's health")
}

/// What the cluster says about the first shard that it cannot place; nothing when there is none.
pub(super) fn explain(node: &Endpoint) -> Option<String> {
    let explained = node.get("/_cluster/allocation/explain").ok().filter(Reply::is_success)?;
    Some(explanation(&explained.json()))
}

/// Which shard is not assigned, and the first reason of each node.
fn explanation(explained: &Value) -> String {
    let text = |key: &str| explained[key].as_str().unwrap_or_default().to_owned();
    let kind = if explained["primary"] == true { "primary" } else { "replica" };
    let mut words =
        format!("{kind} of shard {} of {}: {}", explained["shard"], text("index"), text("allocate_explanation"));
    for decision in explained["node_allocation_decisions"].as_array().into_iter().flatten() {
        let why = decision["deciders"][0]["explanation"].as_str().unwrap_or_default();
        let _ = write!(words, "\n{}: {why}", node_name(decision));
    }
    words
}

/// A node by its name, or by its id when nobody named it.
fn node_name(decision: &Value) -> &str {
    let name = |key: &str| decision[key].as_str().filter(|name| !name.is_empty());
    name("node_name").or_else(|| name("node_id")).unwrap_or("?")
}
