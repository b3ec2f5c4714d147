//! The sink against librdkafka's own mock of a Kafka cluster: what is confirmed, refused, and waited for.

use std::borrow::Cow;
use std::time::Duration;

use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{sleep, timeout};

use super::KafkaSink;
use crate::config::KafkaSinkConfig;
use crate::flow::{Report, Verdict};
use crate::mapping::Record;
use crate::sink::Lane;
use crate::voice::Voice;
use crate::window::{DeliveryId, Window};

const TOPIC: &str = "logs_data";

type Cluster = MockCluster<'static, DefaultProducerContext>;

fn cluster() -> Cluster {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic(TOPIC, 1, 1).unwrap();
    cluster
}

fn sink(cluster: &Cluster) -> (KafkaSink, UnboundedReceiver<Report>) {
    let text = format!("{{bootstrap_servers: '{}', topic: {TOPIC}, linger: 100ms}}", cluster.bootstrap_servers());
    let config: KafkaSinkConfig = serde_saphyr::from_str(&text).unwrap();
    let (own_reports, reports) = unbounded_channel();
    (KafkaSink::open(&config, own_reports, Voice::default()).unwrap(), reports)
}

fn id(tag: u64) -> DeliveryId {
    Window::<()>::new(1).id(tag)
}

fn record(value: &[u8]) -> Record<'_> {
    Record { key: None, value: Cow::Borrowed(value), headers: Vec::new(), timestamp: 1_514_764_800_000, id: None }
}

async fn next(reports: &mut UnboundedReceiver<Report>) -> Report {
    timeout(Duration::from_secs(30), reports.recv()).await.expect("a report within 30 s").unwrap()
}

fn is_confirmed(report: &Report, expected: u64) -> bool {
    matches!(report, Report::Confirmed(id) if id.tag == expected)
}

#[tokio::test]
async fn a_record_is_confirmed_with_its_tag() {
    let cluster = cluster();
    let (sink, mut reports) = sink(&cluster);
    sink.probe().await.unwrap();
    sink.send(Lane::Bulk, id(7), &record(b"{}")).unwrap();
    let report = next(&mut reports).await;
    assert!(is_confirmed(&report, 7), "{report:?}");
}

#[tokio::test]
async fn an_absent_topic_is_waited_for_and_not_created() {
    let cluster = MockCluster::new(1).unwrap();
    let (sink, _reports) = sink(&cluster);
    for _ in 0..2 {
        let away = sink.probe().await.unwrap_err().to_string();
        assert!(away.contains("there is no such topic"), "{away}");
    }
    cluster.create_topic(TOPIC, 1, 1).unwrap();
    sink.probe().await.unwrap();
}

#[tokio::test]
async fn what_passes_is_retried_within() {
    let cluster = cluster();
    let (sink, mut reports) = sink(&cluster);
    let errors = [
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
    ];
    cluster.request_errors(RDKafkaApiKey::Produce, &errors);
    sink.send(Lane::Bulk, id(1), &record(b"{}")).unwrap();
    let report = next(&mut reports).await;
    assert!(is_confirmed(&report, 1), "{report:?}");
}

#[tokio::test]
async fn a_broker_that_comes_back_confirms_what_waited() {
    let cluster = cluster();
    let (sink, mut reports) = sink(&cluster);
    sink.probe().await.unwrap();
    cluster.broker_down(1).unwrap();
    sink.send(Lane::Bulk, id(1), &record(b"{}")).unwrap();
    assert!(timeout(Duration::from_secs(3), reports.recv()).await.is_err(), "nobody can have confirmed this");
    cluster.broker_up(1).unwrap();
    let report = next(&mut reports).await;
    assert!(is_confirmed(&report, 1), "{report:?}");
}

#[tokio::test]
async fn another_client_tells_whether_kafka_is_well() {
    let cluster = cluster();
    let (sink, _reports) = sink(&cluster);
    assert_eq!(sink.another_opinion().await, Ok(true));
    cluster.broker_down(1).unwrap();
    assert_eq!(sink.another_opinion().await, Ok(false));
}

#[tokio::test]
async fn a_refused_batch_is_suspect_and_what_is_refused_alone_is_poison() {
    let cluster = cluster();
    let (sink, mut reports) = sink(&cluster);
    let too_large = [RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE];
    cluster.request_errors(RDKafkaApiKey::Produce, &too_large);
    sink.send(Lane::Bulk, id(1), &record(b"{}")).unwrap();
    let report = next(&mut reports).await;
    assert!(matches!(report, Report::Refused { verdict: Verdict::Suspect, .. }), "{report:?}");
    cluster.request_errors(RDKafkaApiKey::Produce, &too_large);
    sink.send(Lane::Alone, id(1), &record(b"{}")).unwrap();
    let report = next(&mut reports).await;
    assert!(matches!(report, Report::Refused { verdict: Verdict::Poison(_), .. }), "{report:?}");
    sink.send(Lane::Bulk, id(2), &record(b"{}")).unwrap();
    let report = next(&mut reports).await;
    assert!(is_confirmed(&report, 2), "{report:?}");
}

#[tokio::test]
async fn a_lost_permission_is_waited_for() {
    let cluster = cluster();
    let (sink, mut reports) = sink(&cluster);
    let errors = [RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED];
    cluster.request_errors(RDKafkaApiKey::Produce, &errors);
    let mut refusals = 0;
    loop {
        sink.send(Lane::Bulk, id(1), &record(b"{}")).unwrap();
        match next(&mut reports).await {
            Report::Refused { verdict: Verdict::Wait(_), .. } => refusals += 1,
            report => break assert!(is_confirmed(&report, 1) && refusals > 0, "{report:?} after {refusals} refusals"),
        }
        assert!(refusals < 60, "the permission is back, and still refused");
        sleep(Duration::from_millis(500)).await;
    }
}

#[tokio::test]
async fn an_oversize_record_is_poison_at_once() {
    let cluster = cluster();
    let (sink, mut reports) = sink(&cluster);
    sink.send(Lane::Bulk, id(3), &record(&vec![b'x'; 2_000_000])).unwrap();
    let report = next(&mut reports).await;
    let Report::Refused { id, verdict: Verdict::Poison(reason) } = report else { panic!("{report:?}") };
    assert_eq!((id.tag, reason.contains("max_record_bytes")), (3, true));
}
