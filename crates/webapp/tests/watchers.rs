//! The look-outs against something that speaks the products' protocols: librdkafka's own mock of a Kafka cluster, and a
//! server that answers as Elasticsearch does.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{Json, Router, extract::RawQuery, http::StatusCode, routing::get};
use dpp_webapp::{
    config::{Elasticsearch, Kafka},
    elasticsearch,
    hop::{Hop, HopState},
    kafka,
    log_entry::{Level, LogEntry, MessageId},
    tracker::Tracker,
};
use jiff::Timestamp;
use rdkafka::{
    ClientConfig,
    mocking::MockCluster,
    producer::{DefaultProducerContext, FutureProducer, FutureRecord},
    types::RDKafkaRespErr,
};
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

const SOON: Duration = Duration::from_secs(20);

fn entry() -> LogEntry {
    LogEntry {
        id: MessageId::random(),
        message: "hello".into(),
        level: Level::Info,
        client: "127.0.0.1".parse().unwrap(),
        page: "/".into(),
        datetime: Timestamp::now(),
    }
}

fn begin(tracker: &Tracker) -> LogEntry {
    let entry = entry();
    tracker.begin(entry.clone());
    entry
}

async fn place(tracker: &Tracker, id: MessageId, hop: Hop) -> String {
    let start = Instant::now();
    loop {
        if let HopState::Reached { place, .. } = tracker.find(id).unwrap().at(hop) {
            return place.clone();
        }
        assert!(start.elapsed() < SOON, "not seen; hindered by {:?}", tracker.hindrance(hop));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn hindrance(tracker: &Tracker, hop: Hop) -> String {
    let start = Instant::now();
    loop {
        if let Some(why) = tracker.hindrance(hop) {
            return why;
        }
        assert!(start.elapsed() < SOON, "nothing hinders");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A Kafka of one broker, and a producer to it.
struct MockKafka {
    cluster: MockCluster<'static, DefaultProducerContext>,
    producer: FutureProducer,
}

impl MockKafka {
    fn with_topic(partitions: i32) -> Self {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic("logs_data", partitions, 1).unwrap();
        let servers = cluster.bootstrap_servers();
        let producer = ClientConfig::new().set("bootstrap.servers", servers).create().unwrap();
        Self { cluster, producer }
    }

    fn section(&self) -> Kafka {
        Kafka { bootstrap_servers: self.cluster.bootstrap_servers(), topic: "logs_data".into() }
    }

    async fn produce(&self, partition: i32, body: &[u8]) {
        let record = FutureRecord::<(), _>::to("logs_data").payload(body).partition(partition);
        self.producer.send(record, SOON).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_seen_with_its_place_whatever_lies_around_it() {
    let kafka = MockKafka::with_topic(2);
    kafka.produce(1, b"not json").await;
    let tracker = Arc::new(Tracker::new(&Hop::ALL));
    let stop = CancellationToken::new();
    let sent = begin(&tracker);
    kafka::watch(&kafka.section(), tracker.clone(), stop.clone()).unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    kafka.produce(1, &entry().body()).await;
    kafka.produce(1, &sent.body()).await;
    assert_eq!(place(&tracker, sent.id, Hop::Kafka).await, "partition 1, offset 2");
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn kafka_away_is_said_and_overcome() {
    let kafka = MockKafka::with_topic(1);
    kafka.cluster.broker_down(1).unwrap();
    let tracker = Arc::new(Tracker::new(&Hop::ALL));
    let stop = CancellationToken::new();
    let sent = begin(&tracker);
    kafka::watch(&kafka.section(), tracker.clone(), stop.clone()).unwrap();
    assert!(hindrance(&tracker, Hop::Kafka).await.ends_with("cannot be reached"));
    kafka.cluster.broker_up(1).unwrap();
    while tracker.hindrance(Hop::Kafka).is_some() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    kafka.produce(0, &sent.body()).await;
    assert_eq!(place(&tracker, sent.id, Hop::Kafka).await, "partition 0, offset 0");
    stop.cancel();
}

/// Serves `router` and returns the section of the configuration that leads to it.
async fn elasticsearch_like(router: Router) -> Elasticsearch {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/base/", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    Elasticsearch { url, index: "logs_data".into(), user: None, password: None, password_file: None, ca_file: None }
}

#[tokio::test]
async fn a_document_is_found_by_its_id() {
    let tracker = Arc::new(Tracker::new(&Hop::ALL));
    let (sent, missing) = (begin(&tracker), begin(&tracker));
    let id = sent.id.to_string();
    let search = move |RawQuery(query): RawQuery| async move {
        assert!(query.unwrap().contains(&id));
        let hit =
            json!({ "_index": "logs_data", "_id": "logs_data+0+42", "_source": { "context": { "message_id": id } } });
        Json(json!({ "took": 1, "hits": { "total": 1, "hits": [hit] } }))
    };
    let section = elasticsearch_like(Router::new().route("/base/logs_data/_search", get(search))).await;
    let stop = CancellationToken::new();
    elasticsearch::watch(&section, tracker.clone(), stop.clone()).unwrap();
    let place = place(&tracker, sent.id, Hop::Elasticsearch).await;
    assert_eq!(place, "index logs_data, document logs_data+0+42");
    assert_eq!(tracker.waiting_for(Hop::Elasticsearch), [(missing.id, missing.datetime)]);
    stop.cancel();
}

#[tokio::test]
async fn what_elasticsearch_answers_instead_is_said() {
    for (status, said) in [
        (StatusCode::NOT_FOUND, "there is no index logs_data yet"),
        (StatusCode::UNAUTHORIZED, "401 Unauthorized: missing authentication credentials"),
    ] {
        let tracker = Arc::new(Tracker::new(&Hop::ALL));
        begin(&tracker);
        let answer = move || async move { (status, "missing authentication credentials") };
        let section = elasticsearch_like(Router::new().fallback(answer)).await;
        let stop = CancellationToken::new();
        elasticsearch::watch(&section, tracker.clone(), stop.clone()).unwrap();
        let why = hindrance(&tracker, Hop::Elasticsearch).await;
        assert!(why.ends_with(said), "{why}");
        stop.cancel();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_is_not_there_yet_is_said() {
    let kafka = MockKafka::with_topic(1);
    let tracker = Arc::new(Tracker::new(&Hop::ALL));
    let stop = CancellationToken::new();
    let section = Kafka { topic: "elsewhere".into(), ..kafka.section() };
    kafka.cluster.topic_error("elsewhere", RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART).unwrap();
    kafka::watch(&section, tracker.clone(), stop.clone()).unwrap();
    assert_eq!(hindrance(&tracker, Hop::Kafka).await, "there is no topic elsewhere yet");
    stop.cancel();
}
