//! `elasticsearch_facts`: version, health, nodes, indices and disks; for status screens.

use dpp_protocol::Failure;
use serde_json::{Map, Value, json};

use crate::pipeline::http::Endpoint;
use crate::pipeline::product::{Never, Product};
use crate::{Host, Survey};

/// `documents` counts what a search finds, `indexed` what was taken in since the shards were opened.
const INDICES: &str =
    "/_cat/indices?format=json&bytes=b&h=index,health,status,docs.count,store.size,pri.indexing.index_total";

with_node! {
    /// Parameters of `elasticsearch_facts`.
    pub struct ElasticsearchFacts {
    }
}

impl Product for ElasticsearchFacts {
    const NAME: &'static str = "elasticsearch_facts";
    type Step = Never;

    only_asks!("version");

    fn look(&self, _host: &Host) -> Result<Survey<Never>, Failure> {
        let node = self.node();
        let root = node.get("/")?.success("ask Elasticsearch for its version")?;
        let health = node.get("/_cluster/health")?.success("read the cluster's health")?;
        let nodes = table(&node, "/_cat/nodes?format=json&h=name,ip,version,master,heap.percent")?;
        let nodes = by(
            &nodes,
            "name",
            |node| json!({"ip": node["ip"], "version": node["version"], "master": node["master"] == "*"}),
        );
        let indices = table(&node, INDICES)?;
        let indices = by(&indices, "index", |index| {
            json!({
                "health": index["health"],
                "status": index["status"],
                "documents": number(&index["docs.count"]),
                "bytes": number(&index["store.size"]),
                "indexed": number(&index["pri.indexing.index_total"]),
            })
        });
        let disks = table(&node, "/_cat/allocation?format=json&bytes=b")?;
        let disks = by(
            &disks,
            "node",
            |disk| json!({"percent": number(&disk["disk.percent"]), "free_bytes": number(&disk["disk.avail"])}),
        );
        Ok(Survey::unchanged()
            .value("version", root["version"]["number"].clone())
            .value("cluster", root["cluster_name"].clone())
            .value("health", health)
            .value("nodes", nodes)
            .value("indices", indices)
            .value("disks", disks))
    }
}

fn table(node: &Endpoint, path: &str) -> Result<Value, Failure> {
    node.get(path)?.success(&format!("read {path}"))
}

fn by(table: &Value, key: &str, facts: impl Fn(&Value) -> Value) -> Map<String, Value> {
    let rows = table.as_array().into_iter().flatten();
    rows.filter(|row| row[key] != "UNASSIGNED")
        .filter_map(|row| Some((row[key].as_str()?.to_owned(), facts(row))))
        .collect()
}

/// Tables give numbers as texts, and null for a closed index.
fn number(value: &Value) -> Option<u64> {
    value.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use dpp_protocol::Mode;

    use super::*;
    use crate::pipeline::stub::{Stub, run};

    #[test]
    fn tables_become_facts() {
        let fixtures = [
            ("GET /", include_str!("../../../tests/fixtures/elasticsearch/7.17.29/root.json")),
            ("GET /_cluster/health", include_str!("../../../tests/fixtures/elasticsearch/7.17.29/health.json")),
            ("GET /_cat/nodes?format=json&h=name,ip,version,master,heap.percent", r#"[{"name":"es4","master":"*"}]"#),
            (
                &format!("GET {INDICES}"),
                include_str!("../../../tests/fixtures/elasticsearch/7.17.29/cat-indices-json.json"),
            ),
            (
                "GET /_cat/allocation?format=json&bytes=b",
                include_str!("../../../tests/fixtures/elasticsearch/7.17.29/cat-allocation.json"),
            ),
        ];
        let stub = Stub::new(&fixtures.map(|(ask, body)| (ask, 200, body)));
        let result = run("elasticsearch_facts", &json!({"url": stub.url()}), Mode::Survey).unwrap().result;
        assert_eq!(result["version"], "7.17.29");
        assert_eq!(result["indices"]["logs_data6"]["documents"], 20_001);
        assert_eq!(result["indices"]["facts-typeless"]["documents"], Value::Null);
        assert_eq!(result["disks"], json!({"es4": {"percent": 71, "free_bytes": 77_640_384_512_u64}}));
        assert_eq!(result["nodes"]["es4"]["master"], true);
    }
}
