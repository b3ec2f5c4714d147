//! The documents' layout, one node of Elasticsearch: its messages wait in Kafka while it is down, and none is lost.

use crate::deployed::{HOSTS, describe, require};
use crate::lab::Lab;

use super::{ask, found, kill_while_down, owed};

const NODE: &str = "elasticsearch1";
const BACKUP: &str = "/var/lib/elasticsearch/backup";
const UPGRADE: [&str; 4] = ["upgrade", "--version", "6.2.1", "--yes"];

/// What an upgrade that is refused must leave as it is.
fn state(lab: &Lab) -> String {
    let units =
        lab.on(NODE, "systemctl show elasticsearch kibana --property=Id,ActiveState,ExecMainStartTimestamp,NRestarts");
    let packages = lab.on(NODE, "dpkg-query --show elasticsearch kibana");
    units + &packages + &lab.on(NODE, "find /etc/elasticsearch /etc/default /etc/kibana -type f -exec sha256sum {} +")
}

#[test]
fn the_documents_stack_goes_to_6_2_1_and_no_message_is_lost_though_dppctl_dies_in_the_middle() {
    require("upgrade");
    let lab = Lab::boot_local("upgrade", HOSTS);
    describe(&lab);
    let variables = std::fs::read_to_string(lab.path("group_vars/all.yml")).unwrap();
    lab.write("group_vars/all.yml", &format!("{variables}elasticsearch_settings: {{path.repo: {BACKUP}}}\n"));
    let _ = lab.dppctl(["deploy", "--yes", "--no-verify"]).exits(0);
    let kept = lab.dppctl(["verify", "--events", "20", "--keep", "--json"]).exits(0).json();
    let query = format!("dppctl_probe.id:{}*", kept["mark"].as_str().unwrap());

    refusals(&lab);
    snapshot(&lab);

    let killed = kill_while_down(&lab, lab.start(UPGRADE), NODE);
    let debts = owed(&lab, NODE);
    assert!(debts.iter().any(|debt| debt == "Connector goes on with Elasticsearch"), "{debts:?} {killed}");

    let done = lab.dppctl(["upgrade", "--version", "6.2.1", "--yes", "--json"]).exits(0);
    let canary = &done.json()["canary"];
    assert!(canary["sent"].as_u64() > Some(10), "{done}");
    assert_eq!((&canary["lost"], &canary["doubled"]), (&0.into(), &0.into()), "{done}");
    assert_eq!(canary["sent"], canary["stored"], "{done}");
    assert!(done.stderr.contains("goes on there"), "{done}");

    assert_eq!(ask(&lab, NODE, "/")["version"]["number"], "6.2.1", "{done}");
    assert_eq!(found(&lab, NODE, &query), 20, "{done}");
    assert_eq!(owed(&lab, NODE), [""; 0], "{done}");
    let objects = ask(&lab, NODE, "/.kibana/_search?q=type:index-pattern");
    assert_eq!(objects["hits"]["hits"][0]["_id"], "index-pattern:logs_data", "{objects}");
    let verified =
        lab.dppctl(["verify", "--events", "5", "-e", "elasticsearch_version=6.2.1", "-e", "kibana_version=6.2.1"]);
    let _ = verified.exits(0);
    let again = lab.dppctl(UPGRADE).exits(0);
    assert_eq!(again.changes(), 0, "{again}");
}

/// Nothing but a snapshot leads back, so where there is none more than a yes is asked for.
fn snapshot(lab: &Lab) {
    let unguarded = lab.dppctl(UPGRADE).exits(9);
    assert!(unguarded.stderr.contains("--confirm dpp answers it"), "{unguarded}");
    let old = lab.dppctl(["upgrade", "--version", "6.2.1", "--yes", "--snapshot-age", "1h"]).exits(6);
    assert!(old.stderr.contains("DPP0904") && old.stderr.contains("younger than 60 min"), "{old}");
    let repository = format!("{{\"type\": \"fs\", \"settings\": {{\"location\": \"{BACKUP}\"}}}}");
    for (path, body) in
        [("/_snapshot/nightly", repository.as_str()), ("/_snapshot/nightly/s1?wait_for_completion=true", "{}")]
    {
        lab.on(
            NODE,
            &format!("curl -sf -XPUT -H 'content-type: application/json' 'http://127.0.0.1:9200{path}' -d '{body}'"),
        );
    }
    let guarded = lab.dppctl(["upgrade", "--version", "6.2.1", "--check", "--snapshot-age", "1h"]).exits(0);
    assert!(guarded.stderr.contains("nightly/s1, "), "{guarded}");
    let unasked = lab.dppctl(["upgrade", "--version", "6.2.1"]).exits(9);
    assert!(unasked.stderr.contains("--yes answers it"), "{unasked}");
}

/// Everything that is in the way is told at once, and nothing was touched.
fn refusals(lab: &Lab) {
    let before = state(lab);
    let far = lab.dppctl(["upgrade", "--version", "8.19.20", "--yes"]).exits(65);
    for told in ["DPP0614", "DPP0620", "at none of its sources", "Nothing was changed."] {
        assert!(far.stderr.contains(told), "{told}: {far}");
    }
    lab.on(NODE, "curl -s -XPUT -H 'content-type: application/json' http://127.0.0.1:9200/_cluster/settings -d '{\"persistent\":{\"cluster.routing.allocation.enable\":\"none\"}}'");
    let held = lab.dppctl(["upgrade", "--version", "6.2.1", "--yes"]).exits(6);
    assert!(held.stderr.contains("somebody set cluster.routing.allocation.enable to none"), "{held}");
    lab.on(NODE, "curl -s -XPUT -H 'content-type: application/json' http://127.0.0.1:9200/_cluster/settings -d '{\"persistent\":{\"cluster.routing.allocation.enable\":null}}'");
    let _ = lab.dppctl(["upgrade", "--version", "6.2.1", "-l", NODE]).exits(65);
    assert_eq!(state(lab), before);
    assert_eq!(owed(lab, NODE), [""; 0]);
}
