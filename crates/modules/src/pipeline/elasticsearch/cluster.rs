//! A cluster at one of its nodes, and its version, on which the form of many requests depends.

use std::time::Duration;

use dpp_protocol::Failure;
use serde_json::Value;

use crate::pipeline::http::Endpoint;

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
