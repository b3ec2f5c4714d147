//! `verify --outage` and `verify --watch`: a stage is stopped on purpose and nothing is lost; messages follow one another.

use std::io::{BufRead, BufReader};

use super::pipeline;

#[test]
fn a_stage_that_is_stopped_for_a_drill_loses_nothing_and_runs_again() {
    let pipeline = pipeline();
    let unasked = pipeline.dppctl(["verify", "--outage", "kafka=10s"]).exits(9);
    assert!(unasked.stderr.contains("--confirm kafka answers it"), "{unasked}");
    assert!(pipeline.runs("kafka1", "confluent-kafka"));

    let drill = pipeline.dppctl(["verify", "--outage", "kafka=10s", "--confirm", "kafka"]).exits(0);
    let proof = drill.stderr.lines().find(|line| line.starts_with("Canary: ")).unwrap_or_default();
    assert!(proof.contains("lost 0") && proof.contains("doubled 0"), "{drill}");
    let worst = proof.split("worst ").nth(1).and_then(|rest| rest.split(' ').next()?.parse::<f64>().ok());
    assert!(worst.is_some_and(|seconds| seconds > 5.0), "nothing waited for Kafka: {drill}");
    let status = pipeline.dppctl(["status"]).exits(0);
    assert!(!status.stdout.contains("Owed") && !status.stdout.contains("Drift"), "{status}");
}

#[test]
fn a_drill_of_what_is_down_already_is_none() {
    let pipeline = pipeline();
    pipeline.on("web1", "systemctl stop dpp-relay");
    let refused = pipeline.dppctl(["verify", "--outage", "relay=5s", "--confirm", "relay"]).exits(6);
    assert!(refused.stderr.contains("relay is inactive on web1 already"), "{refused}");
    pipeline.on("web1", "systemctl start dpp-relay");
    let _ = pipeline.dppctl(["verify", "--events", "3"]).exits(0);
}

#[test]
fn messages_are_sent_again_and_again_until_nobody_reads() {
    let pipeline = pipeline();
    let mut watching = pipeline.start(["verify", "--watch=1s", "--events", "3", "-q"]);
    let mut lines = BufReader::new(watching.stdout.take().unwrap()).lines();
    for _ in 0..2 {
        let line = lines.next().unwrap().unwrap();
        assert!(line.contains("PASS  nothing lost, nothing doubled"), "{line}");
    }
    drop(lines);
    let _ = pipeline.finish(watching).exits(0);
}
