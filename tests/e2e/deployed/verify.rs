//! `verify` and `status` of a pipeline that is well: every hop counted, documents of the promised shape.

use std::io::{BufRead, BufReader};

use serde_json::Value as Json;

use super::pipeline;

/// The hops in the order of the flow, and whether messages are counted there.
const HOPS: [(&str, bool); 6] = [
    ("rabbitmq", true),
    ("relay", false),
    ("kafka", true),
    ("connect", false),
    ("elasticsearch", true),
    ("kibana", false),
];

#[test]
fn every_hop_sees_every_message_and_the_marked_ones_are_removed() {
    let pipeline = pipeline();
    let document = pipeline.dppctl(["verify", "--events", "40", "--json"]).exits(0).json();
    let scalars = ["schema", "exit", "events", "passed", "lost", "doubled", "stopped_at", "removed"];
    let found: Vec<String> = scalars.iter().map(|key| format!("{key}={}", document[key])).collect();
    insta::assert_snapshot!(found.join(" "), @r#"schema="dppctl.verify/1" exit=0 events=40 passed=true lost=0 doubled=0 stopped_at=null removed=40"#);
    let hops = document["hops"].as_array().unwrap();
    let named: Vec<&str> = hops.iter().filter_map(|hop| hop["hop"].as_str()).collect();
    assert_eq!(named, HOPS.map(|(name, _)| name));
    for (hop, (name, counts)) in hops.iter().zip(HOPS) {
        let seen = if counts { Json::from(40) } else { Json::Null };
        assert_eq!((&hop["seen"], &hop["of"], &hop["well"]), (&seen, &40.into(), &true.into()), "{name}: {document}");
    }
    let mark = document["mark"].as_str().unwrap();
    assert_eq!(pipeline.found(&format!("dppctl_probe.id:{mark}*")), 0, "test messages stay behind");
}

#[test]
fn messages_that_are_kept_can_be_found() {
    let pipeline = pipeline();
    let document = pipeline.dppctl(["verify", "--events", "3", "--keep", "--json"]).exits(0).json();
    let mark = document["mark"].as_str().unwrap();
    assert_eq!(pipeline.found(&format!("dppctl_probe.id:{mark}*")), 3);
}

#[test]
fn every_stage_is_well_by_its_own_word() {
    let pipeline = pipeline();
    let document = pipeline.dppctl(["status", "--json"]).exits(0).json();
    assert_eq!(document["schema"], "dppctl.status/1");
    assert_eq!(
        (&document["state"], &document["owed"], &document["unreachable"]),
        (&"ok".into(), &Json::Array(vec![]), &Json::Array(vec![]))
    );
    let stages = document["stages"].as_array().unwrap();
    let named: Vec<&str> = stages.iter().filter_map(|stage| stage["stage"].as_str()).collect();
    assert_eq!(named, ["rabbitmq", "relay", "kafka", "connect", "elasticsearch", "kibana", "webapp"]);
    assert!(stages.iter().all(|stage| stage["state"] == "ok"), "{document}");
}

#[test]
fn a_status_that_is_watched_is_looked_at_again_until_nobody_reads() {
    let pipeline = pipeline();
    let mut watching = pipeline.start(["status", "--watch=1s", "--json"]);
    let mut lines = BufReader::new(watching.stdout.take().unwrap()).lines();
    for _ in 0..3 {
        let document: Json = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        assert_eq!((&document["state"], document["stages"].as_array().map(Vec::len)), (&"ok".into(), Some(7)));
    }
    drop(lines);
    let _ = pipeline.finish(watching).exits(0);
}

#[test]
fn what_services_write_is_one_stream_that_goes_on() {
    let pipeline = pipeline();
    let all = pipeline.dppctl(["logs", "-n", "30", "--json"]).exits(0);
    let lines: Vec<Json> = all.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let times: Vec<&str> = lines.iter().map(|line| line["t"].as_str().unwrap()).collect();
    assert!(lines.len() == 30 && times.is_sorted(), "{all}");
    let mut following = pipeline.start(["logs", "relay", "-n", "1", "--follow", "--json"]);
    let mut stream = BufReader::new(following.stdout.take().unwrap()).lines();
    let _ = stream.next().unwrap().unwrap();
    pipeline.on("web1", "systemctl reload dpp-relay");
    let next: Json = serde_json::from_str(&stream.next().unwrap().unwrap()).unwrap();
    assert_eq!((&next["host"], &next["unit"]), (&"web1".into(), &"dpp-relay".into()), "{next}");
    following.kill().unwrap();
    let _ = pipeline.finish(following);
}
