//! A cluster of three nodes goes node by node, the elected master last; what is switched off for a node comes back on,
//! also when `dppctl` dies meanwhile.

use serde_json::{Value as Json, json};

use crate::deployed::{described_as, require};
use crate::lab::Lab;

use super::{ask, found, kill_while_down, owed};

const NODES: [&str; 3] = ["es1", "es2", "es3"];
const ALLOCATION: &str = "/_cluster/settings?flat_settings=true";

fn versions(lab: &Lab) -> Vec<Json> {
    let nodes = ask(lab, "es1", "/_cat/nodes?format=json&h=version");
    nodes.as_array().unwrap().iter().map(|node| node["version"].clone()).collect()
}

#[test]
fn a_cluster_goes_node_by_node_and_is_whole_again_though_dppctl_dies_in_the_middle() {
    require("upgrade");
    let lab = Lab::boot_local("cluster", &NODES);
    let hosts: String = NODES.iter().map(|node| format!("{node} ansible_host={}\n", lab.address(node))).collect();
    // The disk is that of the machine, and how full it is no matter of the test's.
    let disk = "elasticsearch_settings={'cluster.routing.allocation.disk.threshold_enabled': False}";
    let vars = format!("[elasticsearch_nodes:vars]\nelasticsearch_heap=256m\n{disk}\n");
    described_as(&lab, &format!("[elasticsearch_nodes]\n{hosts}{vars}"));
    let _ = lab.dppctl(["deploy", "--yes", "--only", "elasticsearch"]).exits(0);
    lab.on("es1", "for n in $(seq 300); do echo '{\"index\":{\"_index\":\"logs_data\",\"_type\":\"logs\"}}'; echo \"{\\\"n\\\":$n}\"; done | curl -s -XPOST -H 'content-type: application/x-ndjson' --data-binary @- http://127.0.0.1:9200/_bulk");
    assert_eq!(found(&lab, "es1", "*"), 300);

    let upgrade = ["upgrade", "--version", "6.2.1", "--confirm", "dpp"];
    let master = ask(&lab, "es1", "/_cat/master?format=json")[0]["node"].as_str().unwrap().to_owned();
    let first = NODES.into_iter().find(|node| *node != master).unwrap();
    let killed = kill_while_down(&lab, lab.start(upgrade), first);
    assert!(owed(&lab, first).contains(&"Shards are allocated again".to_owned()), "{killed}");
    let other = NODES.into_iter().find(|node| *node != first).unwrap();
    let held = ask(&lab, other, ALLOCATION);
    assert_eq!(held["persistent"]["cluster.routing.allocation.enable"], "primaries", "{held}");

    let done = lab.dppctl(upgrade).exits(0);
    assert!(done.stderr.contains("goes on there"), "{done}");
    assert_eq!(versions(&lab), [json!("6.2.1"), json!("6.2.1"), json!("6.2.1")], "{done}");
    assert_eq!(ask(&lab, "es1", ALLOCATION)["persistent"], json!({}), "{done}");
    assert_eq!(ask(&lab, "es1", "/_cluster/health")["status"], "green", "{done}");
    assert_eq!(found(&lab, "es1", "*"), 300, "{done}");
    for node in NODES {
        assert_eq!(owed(&lab, node), [""; 0], "{node}: {done}");
    }
}
