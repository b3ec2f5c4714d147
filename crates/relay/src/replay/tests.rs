//! Letters of a file into librdkafka's mock of a cluster.

use std::fs;

use rdkafka::mocking::MockCluster;

use super::*;
use crate::dead_letter::line_of;
use crate::envelope::Envelope;

fn config(servers: &str) -> Config {
    let text = format!(
        "source: {{kafka: {{bootstrap_servers: '{servers}', topics: [in], group: g}}}}\n\
         sink: {{kafka: {{bootstrap_servers: '{servers}', topic: out, max_record_bytes: 10000}}}}\n"
    );
    serde_saphyr::from_str(&text).unwrap()
}

fn file_with(test: &str, lines: &[&str]) -> PathBuf {
    let path = std::env::temp_dir().join(format!("dpp-relay-replay-{test}-{}", std::process::id()));
    fs::write(&path, lines.concat()).unwrap();
    path
}

#[tokio::test]
async fn what_is_taken_leaves_the_file_and_the_rest_stays() {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic("out", 1, 1).unwrap();
    let good = line_of("refused once", &Envelope::of_kafka("{}"));
    let large = line_of("too large", &Envelope::of_kafka("x".repeat(20_000)));
    let path = file_with("rest", &[&good, "{\"torn\n", &large, &good]);
    let replayed = replay(&config(&cluster.bootstrap_servers()), &path).await.unwrap();
    let rest = fs::read_to_string(&path).unwrap();
    fs::remove_file(&path).unwrap();
    assert_eq!((replayed.taken, replayed.refused.count()), (2, 2));
    assert_eq!(rest, format!("{{\"torn\n{large}"));
    let told = replayed.to_string();
    assert!(told.contains("2 dead letters were taken, 2 stay") && told.contains("max_record_bytes (10000)"), "{told}");
}

#[tokio::test]
async fn without_a_sink_nothing_is_sent_and_nothing_taken_out() {
    let good = line_of("refused once", &Envelope::of_kafka("{}"));
    let path = file_with("away", &[&good]);
    let failed = replay(&config("127.0.0.1:1"), &path).await.unwrap_err();
    let rest = fs::read_to_string(&path).unwrap();
    assert!(failed.to_string().contains("cannot find topic `out`"), "{failed}");
    let found = look(&path).unwrap();
    fs::remove_file(&path).unwrap();
    assert_eq!((rest, found.to_string().as_str()), (good, "\n  1: refused once"));
    assert!(look(&path).unwrap_err().to_string().contains("cannot read the dead letters"));
}
