//! `elasticsearch_upgrade_facts`: what has to be known of a cluster before its nodes are taken down one by one.

use dpp_protocol::Failure;
use serde_json::{Map, Value, json};

use super::placing::Unplaced;
use crate::pipeline::http::{Endpoint, segment};
use crate::pipeline::plain::flat;
use crate::pipeline::product::{Never, Product};
use crate::{Host, Survey};

const CREATED: &str = "/_all/_settings/index.version.created*?human=true&expand_wildcards=all";
const SETTINGS: &str = "/_cluster/settings?flat_settings=true&include_defaults=true";
const LOW: &str = "cluster.routing.allocation.disk.watermark.low";
const HEEDED: &str = "cluster.routing.allocation.disk.threshold_enabled";
const ENABLED: &str = "cluster.routing.allocation.enable";

with_node! {
    /// Parameters of `elasticsearch_upgrade_facts`.
    pub struct ElasticsearchUpgradeFacts {
    }
}

impl Product for ElasticsearchUpgradeFacts {
    const NAME: &'static str = "elasticsearch_upgrade_facts";
    type Step = Never;

    only_asks!("version");

    fn look(&self, _host: &Host) -> Result<Survey<Never>, Failure> {
        let node = self.node();
        let root = node.get("/")?.success("ask Elasticsearch for its version")?;
        let health = node.get("/_cluster/health")?.success("read the cluster's health")?;
        let unplaced = Unplaced::ask(&node)?;
        let settings = settings(&ask(&node, SETTINGS)?);
        let is_heeded = settings.get(HEEDED).is_none_or(|heeded| heeded != "false");
        Ok(Survey::unchanged()
            .value("name", root["name"].clone())
            .value("version", root["version"]["number"].clone())
            .value("cluster", root["cluster_uuid"].clone())
            .value("cluster_name", root["cluster_name"].clone())
            .value("snapshot", newest_snapshot(&node)?)
            .value("health", health)
            .value("unplaced", json!({"waits": !unplaced.is_final(), "words": unplaced.words()}))
            .value("nodes", nodes(&node)?)
            .value("plugins", plugins(&ask(&node, "/_cat/plugins?format=json&h=name,component,version")?))
            .value("disks", disks(&ask(&node, "/_cat/allocation?format=json&h=node,disk.percent")?))
            .value("watermark", settings.get(LOW).filter(|_| is_heeded).cloned().unwrap_or_default())
            .value("allocation", settings.get(ENABLED).and_then(Value::as_str).map(str::to_lowercase))
            .value("created", created(&ask(&node, CREATED)?)))
    }
}

fn ask(node: &Endpoint, path: &str) -> Result<Value, Failure> {
    node.get(path)?.success(&format!("read {path}"))
}

/// The snapshot that ended last of those that hold everything. A repository that does not answer has none to offer.
fn newest_snapshot(node: &Endpoint) -> Result<Value, Failure> {
    let repositories = ask(node, "/_snapshot")?;
    let names = repositories.as_object().into_iter().flatten().map(|(name, _)| name);
    let of_repository = |name: &String| {
        let rows = ask(node, &format!("/_cat/snapshots/{}?format=json&h=id,status,end_epoch", segment(name))).ok()?;
        let whole = |row: &Value| {
            let ended: u64 = row["end_epoch"].as_str()?.parse().ok()?;
            (row["status"] == "SUCCESS")
                .then(|| (ended * 1000, json!({"repository": name, "name": row["id"], "ended_ms": ended * 1000})))
        };
        rows.as_array()?.iter().filter_map(whole).max_by_key(|(ended, _)| *ended)
    };
    Ok(names.filter_map(of_repository).max_by_key(|(ended, _)| *ended).map_or(Value::Null, |(_, snapshot)| snapshot))
}

fn nodes(node: &Endpoint) -> Result<Value, Failure> {
    let rows = ask(node, "/_cat/nodes?format=json&h=name,version,master,node.role")?;
    let facts = |row: &Value| {
        let name = row["name"].as_str()?.to_owned();
        let is_eligible = row["node.role"].as_str().is_some_and(|roles| roles.contains('m'));
        Some((name, json!({"version": row["version"], "master": row["master"] == "*", "eligible": is_eligible})))
    };
    Ok(rows.as_array().into_iter().flatten().filter_map(facts).collect::<Map<_, _>>().into())
}

/// Plugins by the node that has them: name and version.
fn plugins(rows: &Value) -> Map<String, Value> {
    let mut plugins = Map::new();
    for row in rows.as_array().into_iter().flatten() {
        let Some(name) = row["name"].as_str() else { continue };
        let here = plugins.entry(name).or_insert_with(|| json!([]));
        if let Some(here) = here.as_array_mut() {
            here.push(json!({"name": row["component"], "version": row["version"]}));
        }
    }
    plugins
}

/// How full the disks are, in percent by node.
fn disks(rows: &Value) -> Map<String, Value> {
    let rows = rows.as_array().into_iter().flatten();
    rows.filter_map(|row| {
        let percent: u64 = row["disk.percent"].as_str()?.parse().ok()?;
        Some((row["node"].as_str()?.to_owned(), percent.into()))
    })
    .collect()
}

/// What is set, else the defaults.
fn settings(answer: &Value) -> Map<String, Value> {
    let levels = ["defaults", "persistent", "transient"].map(|level| answer[level].as_object());
    let pairs = levels.into_iter().flatten().flat_map(flat);
    pairs.filter_map(|(key, value)| Some((key, value?.into()))).collect()
}

/// The version in which each index was made.
fn created(answer: &Value) -> Map<String, Value> {
    let indices = answer.as_object().into_iter().flatten();
    indices.map(|(index, of)| (index.clone(), of["settings"].as_object().and_then(version).into())).collect()
}

fn version(settings: &Map<String, Value>) -> Option<String> {
    let settings = flat(settings);
    let of = |key: &str| settings.iter().find(|(known, _)| known == key).and_then(|(_, value)| value.clone());
    if let Some(version) = of("index.version.created_string") {
        return Some(version);
    }
    // 5060299 is 5.6.2; from 8.11 on the number says the index's format alone, but then the text above is there.
    let number: u64 = of("index.version.created")?.parse().ok()?;
    Some(format!("{}.{}.{}", number / 1_000_000, number / 10_000 % 100, number / 100 % 100))
}

#[cfg(test)]
mod tests {
    use dpp_protocol::Mode;

    use super::*;
    use crate::pipeline::stub::{Stub, run};

    #[test]
    fn a_cluster_tells_what_an_upgrade_has_to_know() {
        let get = |path: &str| format!("GET {path}");
        let settings =
            json!({"persistent": {ENABLED: "PRIMARIES"}, "transient": {}, "defaults": {ENABLED: "all", LOW: "85%"}});
        let old = json!({".kibana": {"settings": {"index": {"version": {"created": "5060299"}}}},
            "logs": {"settings": {"index": {"version": {"created_string": "6.8.23", "created": "6082399"}}}}});
        let script = [
            (get("/"), include_str!("../../../tests/fixtures/elasticsearch/7.17.29/root.json").to_owned()),
            (get("/_cluster/health"), r#"{"status":"green"}"#.to_owned()),
            (get("/_cat/shards?format=json&h=index,shard,prirep,state,node"), "[]".to_owned()),
            (get("/_cat/nodes?format=json&h=name,version,node.role"), "[]".to_owned()),
            (
                get("/_cat/nodes?format=json&h=name,version,master,node.role"),
                r#"[{"name":"es1","version":"5.6.2","master":"*","node.role":"mdi"},{"name":"es2","version":"5.6.2","master":"-","node.role":"di"}]"#.to_owned(),
            ),
            (get("/_cat/plugins?format=json&h=name,component,version"), r#"[{"name":"es1","component":"icu","version":"5.6.2"}]"#.to_owned()),
            (get("/_cat/allocation?format=json&h=node,disk.percent"), r#"[{"node":"es1","disk.percent":"61"},{"node":"UNASSIGNED","disk.percent":null}]"#.to_owned()),
            (get(SETTINGS), settings.to_string()),
            (get(CREATED), old.to_string()),
            (get("/_snapshot"), r#"{"nightly":{"type":"fs"},"gone":{"type":"fs"}}"#.to_owned()),
            (
                get("/_cat/snapshots/nightly?format=json&h=id,status,end_epoch"),
                r#"[{"id":"s1","status":"SUCCESS","end_epoch":"1700000000"},{"id":"s2","status":"SUCCESS","end_epoch":"1700000100"},{"id":"s3","status":"PARTIAL","end_epoch":"1700000200"}]"#.to_owned(),
            ),
        ];
        let script: Vec<(&str, u16, &str)> =
            script.iter().map(|(ask, body)| (ask.as_str(), 200, body.as_str())).collect();
        let stub = Stub::new(&script);
        let facts = run("elasticsearch_upgrade_facts", &json!({"url": stub.url()}), Mode::Apply).unwrap().result;
        assert_eq!(
            (&facts["version"], &facts["allocation"], &facts["watermark"]),
            (&json!("7.17.29"), &json!("primaries"), &json!("85%"))
        );
        assert_eq!(facts["nodes"]["es1"], json!({"version": "5.6.2", "master": true, "eligible": true}));
        assert_eq!(facts["nodes"]["es2"]["eligible"], false);
        assert_eq!(
            facts["snapshot"],
            json!({"repository": "nightly", "name": "s2", "ended_ms": 1_700_000_100_000_u64})
        );
        assert_eq!(facts["plugins"], json!({"es1": [{"name": "icu", "version": "5.6.2"}]}));
        assert_eq!(facts["disks"], json!({"es1": 61}));
        assert_eq!(facts["created"], json!({".kibana": "5.6.2", "logs": "6.8.23"}));
        assert_eq!(facts["unplaced"], json!({"waits": false, "words": ""}));
    }
}
