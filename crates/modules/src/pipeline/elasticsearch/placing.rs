//! Why replicas lie nowhere: because no node may hold them, which no patience mends, or because it is not their turn yet.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use dpp_protocol::Failure;
use serde_json::Value;

use crate::pipeline::http::Endpoint;

const SHARDS: &str = "/_cat/shards?format=json&h=index,shard,prirep,state,node";
const NODES: &str = "/_cat/nodes?format=json&h=name,version,node.role";

/// Letters of `_cat/nodes` for roles that hold shards: data, and its tiers from 7.10 on.
const HOLDS_DATA: &str = "dhwcfs";

/// The shards that lie nowhere, by what stands in their way.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Unplaced {
    /// Primaries: their documents are not there.
    pub(super) primaries: usize,
    /// Replicas for which every node with room for a copy runs an older version than the primary's: how many, by the
    /// versions of these nodes.
    pub(super) too_old: BTreeMap<String, usize>,
    /// The nodes that run those versions.
    pub(super) old_nodes: BTreeSet<String>,
    /// Replicas for which every node has a copy already.
    pub(super) nowhere: usize,
    /// Replicas that some node could take.
    pub(super) waiting: usize,
}

struct Node {
    name: String,
    version: String,
}

impl Unplaced {
    /// Asks a cluster.
    pub(super) fn ask(node: &Endpoint) -> Result<Self, Failure> {
        let table = |path: &str| node.get(path)?.success(&format!("read {path}"));
        Ok(Self::of(&table(SHARDS)?, &table(NODES)?))
    }

    fn of(shards: &Value, nodes: &Value) -> Self {
        let nodes: Vec<Node> = rows(nodes).filter(|row| holds_data(row)).filter_map(Node::read).collect();
        let mut copies: BTreeMap<(&str, &str), Vec<&Value>> = BTreeMap::new();
        for row in rows(shards) {
            copies.entry((text(row, "index"), text(row, "shard"))).or_default().push(row);
        }
        let mut found = Self::default();
        copies.values().for_each(|copies| found.add(copies, &nodes));
        found
    }

    /// Takes the copies of one shard into account.
    fn add(&mut self, copies: &[&Value], nodes: &[Node]) {
        let is_primary = |row: &&&Value| row["prirep"] == "p";
        let lies_nowhere = |row: &&&Value| row["state"] == "UNASSIGNED";
        self.primaries += copies.iter().filter(is_primary).filter(lies_nowhere).count();
        let replicas = copies.iter().filter(|row| !is_primary(row)).filter(lies_nowhere).count();
        // A copy that moves is told as `es1 -> 10.0.0.2 id es2`.
        let holds = |name: &str| copies.iter().any(|row| text(row, "node").split(' ').any(|word| word == name));
        let free: Vec<&Node> = nodes.iter().filter(|node| !holds(&node.name)).collect();
        let primary = copies.iter().find(is_primary).and_then(|row| text(row, "node").split(' ').next());
        let source = nodes.iter().find(|node| Some(node.name.as_str()) == primary);
        let is_new_enough =
            |node: &&&Node| source.is_none_or(|source| number(&node.version) >= number(&source.version));
        if free.is_empty() {
            self.nowhere += replicas;
        } else if free.iter().any(|node| is_new_enough(&node)) {
            self.waiting += replicas;
        } else if replicas > 0 {
            *self.too_old.entry(free[0].version.clone()).or_default() += replicas;
            self.old_nodes.extend(free.iter().map(|node| node.name.clone()));
        }
    }

    /// Whether patience alone mends nothing.
    pub(super) fn is_final(&self) -> bool {
        self.primaries == 0 && self.waiting == 0
    }

    /// The same in words; empty when every shard lies somewhere.
    pub(super) fn words(&self) -> String {
        let mut words = Vec::new();
        if self.primaries > 0 {
            words.push(format!(
                "{} not there: their documents cannot be read",
                counted(self.primaries, "primary", "primaries")
            ));
        }
        if self.waiting > 0 {
            words.push(format!("{} to be placed", replicas(self.waiting)));
        }
        for (version, count) in &self.too_old {
            words.push(format!("{} cannot go to a {version} node", replicas(*count)));
        }
        if !self.old_nodes.is_empty() {
            let names: Vec<&str> = self.old_nodes.iter().map(String::as_str).collect();
            let are = if names.len() == 1 { "is" } else { "are" };
            if let Some(last) = words.last_mut() {
                let _ = write!(last, "; expected until {} {are} done", names.join(", "));
            }
        }
        if self.nowhere > 0 {
            let have = if self.nowhere == 1 { "has" } else { "have" };
            words.push(format!("{} {have} no node left: every one holds a copy already", replicas(self.nowhere)));
        }
        words.join("; ")
    }
}

impl Node {
    fn read(row: &Value) -> Option<Self> {
        Some(Self { name: row["name"].as_str()?.to_owned(), version: row["version"].as_str()?.to_owned() })
    }
}

fn rows(table: &Value) -> impl Iterator<Item = &Value> {
    table.as_array().into_iter().flatten()
}

fn text<'a>(row: &'a Value, key: &str) -> &'a str {
    row[key].as_str().unwrap_or_default()
}

fn holds_data(row: &Value) -> bool {
    text(row, "node.role").chars().any(|role| HOLDS_DATA.contains(role))
}

/// A version as numbers, so that 5.10 comes after 5.6.
fn number(version: &str) -> Vec<u64> {
    version.split(['.', '-']).map_while(|part| part.parse().ok()).collect()
}

fn replicas(count: usize) -> String {
    counted(count, "replica", "replicas")
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn nodes(versions: &[(&str, &str)]) -> Value {
        versions.iter().map(|(name, version)| json!({"name": name, "version": version, "node.role": "mdi"})).collect()
    }

    fn shards(copies: &[(&str, &str, &str)]) -> Value {
        let row = |(shard, prirep, node): &(&str, &str, &str)| {
            let state = if node.is_empty() { "UNASSIGNED" } else { "STARTED" };
            json!({"index": "logs_data", "shard": shard, "prirep": prirep, "state": state, "node": node})
        };
        copies.iter().map(row).collect()
    }

    #[test]
    fn a_replica_goes_to_no_older_node_than_its_primarys() {
        let mixed = nodes(&[("es1", "5.6.2"), ("es2", "5.6.2"), ("es3", "6.2.1")]);
        let found =
            Unplaced::of(&shards(&[("0", "p", "es3"), ("0", "r", ""), ("1", "p", "es1"), ("1", "r", "es2")]), &mixed);
        assert!(found.is_final());
        assert_eq!(found.words(), "1 replica cannot go to a 5.6.2 node; expected until es1, es2 are done");
        let found = Unplaced::of(&shards(&[("0", "p", "es1"), ("0", "r", "")]), &mixed);
        assert_eq!((found.is_final(), found.words().as_str()), (false, "1 replica to be placed"));
    }

    #[test]
    fn where_every_node_has_a_copy_nothing_more_is_waited_for() {
        let one = nodes(&[("es1", "5.6.2")]);
        let found =
            Unplaced::of(&shards(&[("0", "p", "es1"), ("0", "r", ""), ("1", "p", "es1"), ("1", "r", "")]), &one);
        assert!(found.is_final());
        assert_eq!(found.words(), "2 replicas have no node left: every one holds a copy already");
        assert!(Unplaced::of(&shards(&[("0", "p", "es1")]), &one).words().is_empty());
    }

    #[test]
    fn a_primary_that_is_gone_is_never_well() {
        let found = Unplaced::of(&shards(&[("0", "p", ""), ("0", "r", "")]), &nodes(&[("es1", "6.2.1")]));
        assert!(!found.is_final());
        assert!(found.words().starts_with("1 primary not there"), "{}", found.words());
    }

    #[test]
    fn only_nodes_that_hold_data_count_and_versions_are_numbers() {
        let master = json!([{"name": "m1", "version": "6.2.1", "node.role": "mi"}, {"name": "es1", "version": "6.10.0", "node.role": "d"}]);
        let found = Unplaced::of(&shards(&[("0", "p", "es1"), ("0", "r", "")]), &master);
        assert_eq!((found.nowhere, found.waiting), (1, 0));
        assert!(number("6.10.0") > number("6.2.1") && number("7.0.0-rc1") > number("6.8.23"));
    }
}
