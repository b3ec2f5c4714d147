//! A stage that stands still: `verify` and `status` name it, the next deployment repairs it, what waited arrives.

use super::{Pipeline, pipeline};

/// Stops a unit, has it found and repaired, and looks for the messages that waited meanwhile.
fn is_named_and_repaired(pipeline: &Pipeline, host: &str, unit: &str, stage: &str) {
    pipeline.on(host, &format!("systemctl stop {unit}"));
    let broken = pipeline.dppctl(["verify", "--events", "5", "--wait", "3s", "--json"]).exits(6).json();
    assert_eq!((&broken["stopped_at"], &broken["lost"]), (&stage.into(), &5.into()), "{broken}");
    let status = pipeline.dppctl(["status", "--json"]).exits(6).json();
    let ill = status["stages"].as_array().unwrap().iter().find(|ill| ill["stage"] == stage).unwrap();
    assert_eq!(ill["state"], "down", "{status}");

    let repaired = pipeline.dppctl(["deploy", "--yes"]).exits(0);
    assert!(pipeline.runs(host, unit), "{repaired}");
    pipeline.finds(&format!("dppctl_probe.id:{}*", broken["mark"].as_str().unwrap()), 5);
    let _ = pipeline.dppctl(["status"]).exits(0);
}

#[test]
fn a_stopped_relay_is_named_and_started_by_the_next_deployment() {
    is_named_and_repaired(&pipeline(), "web1", "dpp-relay", "relay");
}

#[test]
fn a_stopped_connect_is_named_and_started_by_the_next_deployment() {
    is_named_and_repaired(&pipeline(), "kafka1", "confluent-kafka-connect", "connect");
}
