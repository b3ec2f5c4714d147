//! A second relay writes a topic into an index: each record is one document, whatever stands still or is killed meanwhile,
//! and what Elasticsearch refuses for itself is a dead letter.

use std::thread;
use std::time::Duration;

use super::{Pipeline, eventually, pipeline};

/// Records of each of the two halves, and how many of them no index takes whose field is a number.
const HALF: u64 = 10_000;
const POISON: u64 = 10;
const STANDSTILL: Duration = Duration::from_secs(15);

#[test]
fn each_record_is_one_document_when_elasticsearch_stands_still_and_the_relay_is_killed() {
    let pipeline = pipeline();
    let documents = Documents::begin(&pipeline);
    documents.produce(1, HALF, "&");
    documents.are(HALF);
    pipeline.on("elasticsearch1", "systemctl stop elasticsearch");
    documents.produce(HALF + 1, 2 * HALF, "&");
    thread::sleep(STANDSTILL);
    let why = pipeline.on("web1", "curl -s --max-time 5 http://127.0.0.1:9641/ready");
    assert!(why.contains("Elasticsearch has not confirmed a message for"), "{why}");
    pipeline.on("web1", "systemctl kill --signal=KILL documents");
    pipeline.on("elasticsearch1", "systemctl start elasticsearch");
    thread::sleep(Duration::from_secs(2));
    pipeline.on("web1", "systemctl kill --signal=KILL documents");
    documents.produce(1, POISON, "\"number &\"");
    documents.are(2 * HALF);
    documents.letters_are(POISON);
}

/// Topic, index and relay of this test alone.
struct Documents<'a> {
    pipeline: &'a Pipeline,
}

impl<'a> Documents<'a> {
    fn begin(pipeline: &'a Pipeline) -> Self {
        let (kafka, elasticsearch) = (pipeline.address("kafka1"), pipeline.address("elasticsearch1"));
        let topic = "--topic documents --partitions 3 --replication-factor 1";
        pipeline.on("kafka1", &format!("kafka-topics --zookeeper 127.0.0.1:2181 --create {topic}"));
        let config = format!(
            "source: {{kafka: {{bootstrap_servers: \"{kafka}:9092\", topics: [documents], group: documents}}}}\n\
             sink: {{elasticsearch: {{nodes: [\"http://{elasticsearch}:9200\"], index: documents}}}}\n\
             dead_letter: {{file: /var/tmp/documents.jsonl}}\n\
             http: {{listen: \"127.0.0.1:9641\"}}\n"
        );
        pipeline.on("web1", &format!("cat >/var/tmp/documents.yml <<'END'\n{config}END"));
        let unit = "--quiet --unit=documents --property=Restart=always --property=RestartSec=1";
        pipeline.on("web1", &format!("systemd-run {unit} dpp-relay run --config /var/tmp/documents.yml"));
        Self { pipeline }
    }

    /// Writes records with these numbers; in `number`, `&` stands for one of them.
    fn produce(&self, from: u64, to: u64, number: &str) {
        let records = format!(r#"seq {from} {to} | sed 's/.*/{{"number":{number}}}/'"#);
        let producer = "kafka-console-producer --broker-list 127.0.0.1:9092 --topic documents";
        self.pipeline.on("kafka1", &format!("{records} | {producer} >/dev/null"));
    }

    fn are(&self, wanted: u64) {
        eventually(&format!("{wanted} documents"), || {
            let count = "curl -s --max-time 20 'http://127.0.0.1:9200/documents/_count'";
            let refresh = "curl -s --max-time 20 'http://127.0.0.1:9200/documents/_refresh'";
            let said = self.pipeline.on("elasticsearch1", &format!("{refresh} >/dev/null; {count} || true"));
            if said.contains(&format!("\"count\":{wanted},")) { Ok(()) } else { Err(said) }
        });
    }

    fn letters_are(&self, wanted: u64) {
        eventually(&format!("{wanted} dead letters"), || {
            let said = self.pipeline.on("web1", "grep -c mapper_parsing_exception /var/tmp/documents.jsonl || true");
            if said.trim() == wanted.to_string() { Ok(()) } else { Err(said) }
        });
    }
}

impl Drop for Documents<'_> {
    fn drop(&mut self) {
        if !thread::panicking() {
            self.pipeline.on("web1", "systemctl stop documents; rm -f /var/tmp/documents.*");
            self.pipeline.on("elasticsearch1", "curl -s -X DELETE http://127.0.0.1:9200/documents");
            self.pipeline.on("kafka1", "kafka-topics --zookeeper 127.0.0.1:2181 --delete --topic documents");
        }
    }
}
