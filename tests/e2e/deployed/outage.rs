//! Kafka, then RabbitMQ, stands still for a minute under load, and the relay is killed twice: nothing that RabbitMQ has
//! confirmed is lost. The load and its judge are the relay's own example, which shares no code with the relay.

use std::path::Path;
use std::thread;
use std::time::Duration;

use super::{Pipeline, eventually, pipeline};

const OUTAGE: Duration = Duration::from_mins(1);
/// Messages a second: the load lasts for both outages and half a minute more.
const RATE: u64 = 250;
const COUNT: u64 = RATE * 150;
/// What the relay may have had in hands when it, or a broker, went away: its prefetch and the first few of a connection.
const WINDOW: u64 = 1_008;
/// Two kills and two outages.
const FAULTS: u64 = 4;

#[test]
fn nothing_is_lost_when_kafka_and_rabbitmq_stand_still_for_a_minute_and_the_relay_is_killed() {
    let pipeline = pipeline();
    let load = Load::start(&pipeline);
    eventually(
        "messages in Elasticsearch",
        || if load.in_elasticsearch() > 0 { Ok(()) } else { Err("none".to_owned()) },
    );
    pipeline.on("web1", "systemctl kill --signal=KILL dpp-relay");
    stands_still(&load, "kafka1", "confluent-kafka");
    eventually("the relay at work", || relay_is_ready(&pipeline));
    pipeline.on("web1", "systemctl kill --signal=KILL dpp-relay");
    stands_still(&load, "web1", "rabbitmq-server");
    load.ends();

    let verdict = load.verdict();
    assert!(verdict.contains(&format!("\"confirmed\":{COUNT}")) && verdict.contains("\"lost\":0"), "{verdict}");
    eventually("every message in Elasticsearch", || {
        let found = load.in_elasticsearch();
        if found == COUNT { Ok(()) } else { Err(format!("{found} of {COUNT}")) }
    });
    let _ = pipeline.dppctl(["verify", "--events", "20"]).exits(0);
}

/// Stops a product under load and starts it again.
fn stands_still(load: &Load, host: &str, unit: &str) {
    load.pipeline.on(host, &format!("systemctl stop {unit}"));
    assert_eq!(load.state(), "running", "{unit} stood still when there was no load any more");
    thread::sleep(OUTAGE);
    load.pipeline.on(host, &format!("systemctl start {unit}"));
}

fn relay_is_ready(pipeline: &Pipeline) -> Result<(), String> {
    let said = pipeline.on("web1", "curl -s --max-time 5 http://127.0.0.1:9640/ready || true");
    if said.trim() == "ready" { Ok(()) } else { Err(said) }
}

/// A publisher with confirms on RabbitMQ's own host, as an application would be.
struct Load<'a> {
    pipeline: &'a Pipeline,
    run: String,
}

impl<'a> Load<'a> {
    fn start(pipeline: &'a Pipeline) -> Self {
        let example = Path::new(env!("CARGO_BIN_EXE_dppctl")).with_file_name("examples").join("load");
        assert!(example.is_file(), "{} is missing: `cargo build --workspace --examples` first", example.display());
        pipeline.lay("web1", &example, "/usr/local/bin/load");
        let run = format!("outage{}", std::process::id());
        let amqp = "amqp://logger:logger_pass@127.0.0.1:5672/%2flog";
        let command = format!(
            "/usr/local/bin/load publish --amqp {amqp} --exchange logging --run {run} --ledger /var/tmp/ledger \
             --count {COUNT} --rate {RATE}"
        );
        pipeline.on("web1", &format!("systemd-run --quiet --unit=load --remain-after-exit {command}"));
        Self { pipeline, run }
    }

    /// `running`, then `exited` or `failed`.
    fn state(&self) -> String {
        self.pipeline.on("web1", "systemctl show --value --property=SubState load").trim().to_owned()
    }

    fn ends(&self) {
        let state = eventually("the end of the load", || match self.state() {
            state if state == "running" => Err(state),
            state => Ok(state),
        });
        assert_eq!(state, "exited", "{}", self.pipeline.on("web1", "journalctl --no-pager -u load | tail -20"));
    }

    /// What the judge says, who reads Kafka by itself and fails when a message is missing or damaged.
    fn verdict(&self) -> String {
        let (kafka, run) = (self.pipeline.address("kafka1"), &self.run);
        let bound = WINDOW * FAULTS;
        self.pipeline.on(
            "web1",
            &format!(
                "/usr/local/bin/load verdict --kafka {kafka}:9092 --topic logs_data --run {run} --ledger /var/tmp/ledger \
                 --dead /var/lib/dpp-relay/dead-letters.jsonl --wait 60 --max-duplicates {bound}"
            ),
        )
    }

    /// How many different messages Elasticsearch has.
    fn in_elasticsearch(&self) -> u64 {
        let run = &self.run;
        let _ = self.pipeline.found(&format!("run:{run}"));
        let body = format!(
            r#"{{"size":0,"query":{{"match":{{"run":"{run}"}}}},"aggs":{{"seen":{{"terms":{{"field":"number","size":{COUNT}}}}}}}}}"#
        );
        let url = "http://127.0.0.1:9200/logs_data/_search?filter_path=aggregations.seen.buckets.key";
        let line = format!("curl -s --max-time 60 -H 'Content-Type: application/json' '{url}' -d '{body}'");
        self.pipeline.on("elasticsearch1", &line).matches("\"key\"").count() as u64
    }
}

impl Drop for Load<'_> {
    fn drop(&mut self) {
        if !thread::panicking() {
            self.pipeline.on("web1", "systemctl stop load; rm -f /var/tmp/ledger /usr/local/bin/load");
        }
    }
}
