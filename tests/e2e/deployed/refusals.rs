//! What Kafka and Connect refuse, or do not answer: named at its place, nothing broken, repaired by the next deployment.

use super::{Pipeline, eventually, pipeline};
use crate::lab::Lab;
use crate::run::Run;

/// A deployment of Connect with settings of the connector that are wrong.
fn deployed_with(pipeline: &Pipeline, settings: &str) -> Run {
    let settings = format!("{{\"connector_settings\": {settings}}}");
    pipeline.dppctl(["deploy", "--yes", "--only", "connect", "-e", &settings])
}

/// The connector runs as before, and the next deployment finds everything well.
fn is_left_well(pipeline: &Pipeline) {
    assert_eq!(pipeline.sink(), "RUNNING [RUNNING]");
    let _ = pipeline.dppctl(["deploy", "--yes"]).exits(0);
    assert_eq!(pipeline.dppctl(["deploy", "--yes", "--no-verify"]).exits(0).changes(), 0);
}

#[test]
fn a_connector_class_that_no_plugin_has() {
    let pipeline = pipeline();
    let class = r#"{"connector.class": "io.confluent.connect.elasticsearch.ElasticSearchSinkConector"}"#;
    insta::assert_snapshot!(deployed_with(&pipeline, class).exits(2).failure());
    is_left_well(&pipeline);
}

#[test]
fn a_connector_configuration_that_connect_refuses() {
    let pipeline = pipeline();
    let refused = deployed_with(&pipeline, r#"{"tasks.max": "many", "batch.size": "-1"}"#).exits(2);
    insta::assert_snapshot!(refused.failure());
    is_left_well(&pipeline);
}

#[test]
fn a_connect_worker_that_is_down() {
    let pipeline = pipeline();
    pipeline.on("kafka1", "systemctl stop confluent-kafka-connect");
    insta::assert_snapshot!("connectors_of_a_worker_that_is_down", pipeline.dppctl(["connectors", "list"]));
    insta::assert_snapshot!("apply_to_a_worker_that_is_down", pipeline.dppctl(["connectors", "apply"]));
    let _ = pipeline.dppctl(["deploy", "--yes"]).exits(0);
    assert_eq!(pipeline.sink(), "RUNNING [RUNNING]");
}

/// Somebody else's service on a port of ours; gone when dropped, so that a test that fails leaves the port to its owner.
struct Intruder<'a> {
    lab: &'a Lab,
    host: &'static str,
}

impl<'a> Intruder<'a> {
    /// Stops the service that has the port, and takes it.
    fn instead_of(lab: &'a Lab, host: &'static str, service: &str, port: u16) -> Self {
        let listen = "use IO::Socket::INET; \
            $listener = IO::Socket::INET->new(LocalPort => PORT, Listen => 9, ReuseAddr => 1) or die $!; sleep";
        let listen = listen.replace("PORT", &port.to_string());
        lab.on(host, &format!("systemctl stop {service}"));
        lab.on(host, &format!("systemd-run --quiet --unit=intruder perl -e '{listen}'"));
        let intruder = Self { lab, host };
        eventually("the intruder's port", || {
            match lab.on(host, &format!("ss --listening --tcp --no-header sport = {port}")) {
                none if none.is_empty() => Err("nobody".to_owned()),
                _ => Ok(()),
            }
        });
        intruder
    }
}

impl Drop for Intruder<'_> {
    fn drop(&mut self) {
        self.lab.on(self.host, "systemctl stop intruder || true");
    }
}

#[test]
fn kafka_that_cannot_come_up_because_somebody_else_has_its_port() {
    let pipeline = pipeline();
    let intruder = Intruder::instead_of(&pipeline, "kafka1", "confluent-kafka", 9092);
    let failed = pipeline.dppctl(["deploy", "--yes"]).exits(2);
    assert!(failed.stderr.contains("Address already in use"), "{failed}");
    drop(intruder);
    let repaired = pipeline.dppctl(["deploy", "--yes"]).exits(0);
    assert!(pipeline.runs("kafka1", "confluent-kafka"), "{repaired}");
}

#[test]
fn rabbitmq_that_cannot_come_up_because_somebody_else_has_its_port() {
    let pipeline = pipeline();
    let intruder = Intruder::instead_of(&pipeline, "web1", "rabbitmq-server", 5672);
    let failed = pipeline.dppctl(["deploy", "--yes"]).exits(2);
    assert!(failed.stderr.contains("could_not_start_listener,127.0.0.1,5672"), "{failed}");
    drop(intruder);
    let repaired = pipeline.dppctl(["deploy", "--yes", "--resume"]).exits(0);
    assert!(pipeline.runs("web1", "rabbitmq-server"), "{repaired}");
    assert!(repaired.stderr.contains("PASS  nothing lost"), "{repaired}");
    let nothing = pipeline.dppctl(["deploy", "--yes", "--resume"]).exits(65);
    assert!(nothing.stderr.contains("came to its end on every host"), "{nothing}");
}

#[test]
fn versions_that_do_not_go_together_or_cannot_be_reached_touch_nothing_whatever_part_is_asked_for() {
    let pipeline = pipeline();
    let version = || pipeline.on("elasticsearch1", "dpkg-query -W -f '${Version}' elasticsearch");
    let before = version();
    let mixed = r#"{"elasticsearch_version": "7.17.29"}"#;
    let whole = pipeline.dppctl(["deploy", "--yes", "-e", mixed]).exits(2);
    insta::assert_snapshot!(whole.failure());
    let part = pipeline.dppctl(["deploy", "--yes", "--only", "elasticsearch", "-e", mixed]).exits(2);
    let host = pipeline.dppctl(["deploy", "--yes", "-l", "elasticsearch1", "-e", mixed]).exits(2);
    let far = pipeline.dppctl(["deploy", "--yes", "--only", "elasticsearch", "-e", "dpp_stack=newest"]).exits(2);
    assert!(far.stderr.contains("can be reached from 6.8 on"), "{far}");
    for run in [&whole, &part, &host, &far] {
        assert_eq!((run.changes(), version()), (0, before.clone()), "{run}");
    }
    let heap = pipeline.dppctl(["deploy", "--yes", "-e", "kafka_heap=1x"]).exits(2);
    assert!(heap.stderr.contains("kafka_heap is `1x`; write a number and k, m or g, like 512m"), "{heap}");
    let forwarder = pipeline.dppctl(["deploy", "--yes", "-e", "dpp_forwarder=foo"]).exits(2);
    assert!(forwarder.stderr.contains("dpp_forwarder is `foo`; there are relay and logstash"), "{forwarder}");
    assert_eq!((heap.changes(), forwarder.changes()), (0, 0));
}
