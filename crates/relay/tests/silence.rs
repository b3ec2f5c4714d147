//! What a client costs while Kafka is connected and says nothing: by the processor time of librdkafka's own thread, so that
//! nothing else counts. It stands alone, because tests beside each other would have threads of the same name.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::borrow::Cow;
use std::fs;
use std::time::{Duration, Instant};

use dpp_relay::config::SinkConfig;
use dpp_relay::flow::Report;
use dpp_relay::mapping::Record;
use dpp_relay::sink::{Lane, Sink};
use dpp_relay::voice::Voice;
use dpp_relay::window::Window;
use rdkafka::mocking::MockCluster;
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::{sleep, timeout};

const TOPIC: &str = "logs_data";

#[tokio::test]
async fn a_silent_kafka_costs_no_processor_time() {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic(TOPIC, 1, 1).unwrap();
    let text = format!("{{kafka: {{bootstrap_servers: '{}', topic: {TOPIC}}}}}", cluster.bootstrap_servers());
    let config: SinkConfig = serde_saphyr::from_str(&text).unwrap();
    let (own_reports, mut reports) = unbounded_channel();
    let sink = Sink::open(&config, own_reports, Voice::default()).unwrap();
    sink.probe().await.unwrap();
    let send = |tags: std::ops::Range<u64>| {
        for tag in tags {
            let record =
                Record { key: None, value: Cow::Borrowed(b"{}"), headers: Vec::new(), timestamp: 1_000, id: None };
            sink.send(Lane::Bulk, Window::<()>::new(1).id(tag), &record).unwrap();
        }
    };
    send(1..2);
    assert!(matches!(timeout(Duration::from_secs(30), reports.recv()).await, Ok(Some(Report::Confirmed(_)))));

    cluster.broker_round_trip_time(1, Duration::from_secs(8)).unwrap();
    send(2..102);
    sleep(Duration::from_millis(300)).await;
    send(102..202);
    sleep(Duration::from_millis(300)).await;
    let untreated = busy().await;
    sink.bear_silence();
    sleep(Duration::from_millis(300)).await;
    let treated = busy().await;
    assert!(untreated > 0.05, "nothing to cure any more in this librdkafka: {untreated:.3} of a core");
    assert!(treated < 0.05, "{treated:.3} of a core, before that {untreated:.3}");

    cluster.broker_round_trip_time(1, Duration::ZERO).unwrap();
    let confirmed = async {
        for _ in 2..202 {
            assert!(matches!(reports.recv().await, Some(Report::Confirmed(_))));
        }
    };
    timeout(Duration::from_secs(30), confirmed).await.expect("what waited is confirmed when Kafka answers");
}

/// The share of a core that the threads of brokers use.
async fn busy() -> f64 {
    let (before, begun) = (processor_time(), Instant::now());
    sleep(Duration::from_millis(1_500)).await;
    processor_time().saturating_sub(before).as_secs_f64() / begun.elapsed().as_secs_f64()
}

fn processor_time() -> Duration {
    let threads = fs::read_dir("/proc/self/task").unwrap().map(|thread| thread.unwrap().path());
    let of_brokers =
        threads.filter(|thread| fs::read_to_string(thread.join("comm")).unwrap().starts_with("rdk:broker"));
    of_brokers.map(|thread| nanoseconds(&fs::read_to_string(thread.join("schedstat")).unwrap())).sum()
}

fn nanoseconds(schedstat: &str) -> Duration {
    Duration::from_nanos(schedstat.split_whitespace().next().unwrap().parse().unwrap())
}
