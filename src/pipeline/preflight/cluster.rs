//! Whether a cluster of Elasticsearch may be taken down node by node, and in which order.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::Finding;

/// The code of a cluster that is not fit to be upgraded.
const UNFIT: &str = "DPP0902";

/// What was seen of one node.
#[derive(Debug, Clone)]
pub struct NodeSeen<'a> {
    /// Its host.
    pub host: &'a str,
    /// What `elasticsearch_upgrade_facts` says there, or why it says nothing.
    pub facts: Result<&'a Map<String, Value>, &'a str>,
    /// Whether an upgrade was broken off there while the node was down, and is to go on.
    pub is_broken_off: bool,
}

/// What speaks against an upgrade to a version of this major.
pub fn judge_cluster(nodes: &[NodeSeen], major: u64) -> Vec<Finding> {
    let mut findings = silent(nodes);
    let Some(facts) = nodes.iter().find_map(|node| node.facts.ok()) else { return findings };
    let goes_on = nodes.iter().any(|node| node.is_broken_off) || is_held(facts);
    findings.push(health(nodes, facts, goes_on));
    findings.extend(allocation(facts, goes_on));
    findings.extend(quorum(facts, nodes.len()));
    findings.push(disks(facts, nodes.len() > 1));
    findings.push(indices(facts, major));
    findings.extend(plugins(facts));
    findings
}

/// The hosts in the order in which they are upgraded: first the one that an earlier run left down, at the very end the
/// one that is the elected master. An old node may not be able to follow a new one, a new one follows an old one.
pub fn in_order(nodes: &[NodeSeen]) -> Vec<String> {
    let rank = |node: &NodeSeen| match node.facts {
        Err(_) => 0,
        Ok(facts) if is_master(facts) => 2,
        Ok(_) => 1,
    };
    let mut hosts: Vec<&NodeSeen> = nodes.iter().collect();
    hosts.sort_by_key(|node| rank(node));
    hosts.into_iter().map(|node| node.host.to_owned()).collect()
}

fn is_master(facts: &Map<String, Value>) -> bool {
    let name = facts["name"].as_str().unwrap_or_default();
    facts["nodes"][name]["master"] == true
}

/// Whether shards are kept where they are, as an upgrade leaves them that was broken off.
fn is_held(facts: &Map<String, Value>) -> bool {
    facts["allocation"] == "primaries"
}

fn silent(nodes: &[NodeSeen]) -> Vec<Finding> {
    let told = nodes.iter().filter_map(|node| {
        let words = node.facts.err()?;
        Some(if node.is_broken_off {
            Finding::warn("nodes", "down since an upgrade was broken off: this one goes on there").on([node.host])
        } else {
            Finding::fail("nodes", UNFIT, words).on([node.host])
        })
    });
    told.collect()
}

fn health(nodes: &[NodeSeen], facts: &Map<String, Value>, goes_on: bool) -> Finding {
    let health = &facts["health"];
    let number = |key: &str| health[key].as_u64().unwrap_or(0);
    let status = health["status"].as_str().unwrap_or("without a master");
    let (there, all) = (number("number_of_nodes"), nodes.len() as u64);
    let (moving, starting) = (number("relocating_shards"), number("initializing_shards"));
    let waits = facts["unplaced"]["waits"] == true;
    let words = facts["unplaced"]["words"].as_str().unwrap_or_default();
    let told = format!("{status}, {there} of {all} nodes, {moving} moving, {} unassigned", number("unassigned_shards"));
    let told = if words.is_empty() { told } else { format!("{told}: {words}") };
    let others: BTreeSet<&str> = nodes.iter().filter_map(|node| node.facts.ok()?["cluster"].as_str()).collect();
    if others.len() > 1 {
        let help = "a split cluster is mended by hand before anything else";
        return Finding::fail("cluster", UNFIT, "the nodes do not belong to one cluster").help(help);
    }
    let is_settled = there == all && moving + starting == 0 && !waits && matches!(status, "green" | "yellow");
    match (is_settled, goes_on) {
        (true, _) => Finding::ok("cluster", format!("{told}{}", master(nodes))),
        (false, true) => Finding::warn("cluster", told),
        (false, false) => {
            let help = "dppctl status names what is ill; GET _cluster/allocation/explain tells why";
            Finding::fail("cluster", UNFIT, told).help(help)
        }
    }
}

fn master(nodes: &[NodeSeen]) -> String {
    let master = nodes.iter().find(|node| node.facts.is_ok_and(is_master)).filter(|_| nodes.len() > 1);
    master.map(|node| format!("; master {} goes last", node.host)).unwrap_or_default()
}

/// Somebody else's switch would be lost: the upgrade ends with shards allocated.
fn allocation(facts: &Map<String, Value>, goes_on: bool) -> Option<Finding> {
    match facts["allocation"].as_str() {
        None | Some("all" | "") => None,
        Some(_) if goes_on => Some(Finding::warn("allocation", "still off for replicas: it will be put back")),
        Some(other) => Some(
            Finding::fail("allocation", UNFIT, format!("somebody set cluster.routing.allocation.enable to {other}"))
                .help("set it to null, or find out why it is so"),
        ),
    }
}

fn quorum(facts: &Map<String, Value>, all: usize) -> Option<Finding> {
    let nodes = facts["nodes"].as_object().filter(|nodes| nodes.len() == all)?;
    let eligible = nodes.values().filter(|node| node["eligible"] == true).count();
    let words = "two nodes may be elected: while one of them is down, nobody is, and nothing is indexed";
    (eligible == 2).then(|| Finding::warn("quorum", words))
}

/// Above the low watermark no replica is placed: a cluster of several nodes would be waited for in vain.
fn disks(facts: &Map<String, Value>, are_several: bool) -> Finding {
    let disks = facts["disks"].as_object().into_iter().flatten();
    let fullest = disks.filter_map(|(node, percent)| Some((percent.as_u64()?, node))).max();
    let low = facts["watermark"].as_str().unwrap_or("off");
    let Some((percent, node)) = fullest else { return Finding::warn("disk", "no node tells how full its disk is") };
    let told = format!("fullest {percent}% on {node} (low watermark {low})");
    let limit = low.strip_suffix('%').and_then(|limit| limit.parse::<f64>().ok());
    match limit.is_some_and(|limit| percent as f64 >= limit) {
        true if are_several => Finding::fail("disk", UNFIT, told)
            .help("no replica is placed there, and the cluster would not settle: make room first"),
        true => Finding::warn("disk", told),
        false => Finding::ok("disk", told),
    }
}

/// A node opens indices of its own major version and the one before.
fn indices(facts: &Map<String, Value>, major: u64) -> Finding {
    let made = |version: &Value| version.as_str().and_then(|text| text.split('.').next()?.parse::<u64>().ok());
    let created = facts["created"].as_object();
    let old: Vec<String> = created
        .into_iter()
        .flatten()
        .filter(|(_, version)| made(version).is_some_and(|made| made + 1 < major))
        .map(|(index, version)| format!("{index} ({})", version.as_str().unwrap_or("?")))
        .collect();
    let all = created.map_or(0, Map::len);
    if old.is_empty() {
        let s = if all == 1 { "index" } else { "indices" };
        return Finding::ok("indices", format!("{all} {s}, all made by {} or later", major.saturating_sub(1)));
    }
    Finding::fail(
        "indices",
        UNFIT,
        format!("{major} does not open what older than {} made: {}", major - 1, old.join(", ")),
    )
    .help("reindex or delete them while the old version runs: a node that meets one refuses to start")
}

/// A plugin is made for one version alone: the node would not start.
fn plugins(facts: &Map<String, Value>) -> Vec<Finding> {
    let told = facts["plugins"].as_object().into_iter().flatten().flat_map(|(node, plugins)| {
        let plugins = plugins.as_array().into_iter().flatten();
        plugins.map(move |plugin| {
            let name = plugin["name"].as_str().unwrap_or("?");
            let version = plugin["version"].as_str().unwrap_or("?");
            Finding::fail("plugins", UNFIT, format!("{name} {version} is made for its own version alone"))
                .on([node.as_str()])
                .help(format!(
                    "/usr/share/elasticsearch/bin/elasticsearch-plugin remove {name}; install it again afterwards"
                ))
        })
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Mark;
    use super::*;

    fn facts(name: &str, change: Value) -> Map<String, Value> {
        let mut facts = json!({
            "name": name, "version": "5.6.2", "cluster": "u1", "allocation": "all", "watermark": "85%",
            "health": {"status": "green", "number_of_nodes": 3, "relocating_shards": 0, "initializing_shards": 0,
                "unassigned_shards": 0},
            "unplaced": {"waits": false, "words": ""},
            "nodes": {"es1": {"master": true, "eligible": true}, "es2": {"master": false, "eligible": true},
                "es3": {"master": false, "eligible": true}},
            "disks": {"es1": 61}, "plugins": {}, "created": {"logs_data": "5.6.2"},
        });
        facts.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        facts.as_object().unwrap().clone()
    }

    /// The worst finding of each aspect that is not well, for a change of what all nodes say.
    fn ill(change: Value) -> Vec<(Mark, &'static str)> {
        let all: Vec<Map<String, Value>> = ["es1", "es2", "es3"].map(|name| facts(name, change.clone())).into();
        let nodes: Vec<NodeSeen> = ["es1", "es2", "es3"]
            .into_iter()
            .zip(&all)
            .map(|(host, facts)| NodeSeen { host, facts: Ok(facts), is_broken_off: false })
            .collect();
        let found = judge_cluster(&nodes, 6);
        found.into_iter().filter(|found| found.mark != Mark::Ok).map(|found| (found.mark, found.aspect)).collect()
    }

    #[test]
    fn what_is_in_the_way_is_told_by_its_aspect() {
        let health = |key: &str, value: Value| {
            let mut health = facts("es1", json!({}))["health"].clone();
            health[key] = value;
            json!({"health": health})
        };
        let cases = [
            (json!({}), vec![]),
            (health("status", json!("red")), vec![(Mark::Fail, "cluster")]),
            (health("relocating_shards", json!(2)), vec![(Mark::Fail, "cluster")]),
            (health("number_of_nodes", json!(2)), vec![(Mark::Fail, "cluster")]),
            (json!({"unplaced": {"waits": true, "words": "1 replica to be placed"}}), vec![(Mark::Fail, "cluster")]),
            (json!({"allocation": "none"}), vec![(Mark::Fail, "allocation")]),
            (json!({"allocation": "primaries"}), vec![(Mark::Warn, "allocation")]),
            (json!({"disks": {"es1": 85}}), vec![(Mark::Fail, "disk")]),
            (json!({"disks": {"es1": 95}, "watermark": "10gb"}), vec![]),
            (json!({"disks": {"es1": 95}, "watermark": null}), vec![]),
            (json!({"created": {"old": "2.4.6"}}), vec![(Mark::Fail, "indices")]),
            (json!({"plugins": {"es1": [{"name": "icu", "version": "5.6.2"}]}}), vec![(Mark::Fail, "plugins")]),
            (
                json!({"nodes": {"es1": {"eligible": true}, "es2": {"eligible": true}, "es3": {"eligible": false}}}),
                vec![(Mark::Warn, "quorum")],
            ),
        ];
        for (change, expected) in cases {
            assert_eq!(ill(change.clone()), expected, "{change}");
        }
    }

    #[test]
    fn the_node_that_was_left_down_goes_first_and_the_master_last() {
        let (one, two) = (facts("es1", json!({})), facts("es2", json!({})));
        let seen = |is_broken_off| {
            [("es1", Ok(&one)), ("es2", Ok(&two)), ("es3", Err("cannot reach Elasticsearch"))]
                .map(|(host, facts)| NodeSeen { host, facts, is_broken_off: is_broken_off && facts.is_err() })
        };
        assert_eq!(in_order(&seen(true)), ["es3", "es2", "es1"]);
        assert!(judge_cluster(&seen(true), 6).iter().all(|finding| finding.mark != Mark::Fail));
        assert_eq!(judge_cluster(&seen(false), 6)[0].mark, Mark::Fail);
    }
}
