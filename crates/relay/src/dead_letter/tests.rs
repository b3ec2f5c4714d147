//! Letters on their way into file and topic, with librdkafka's mock of a cluster.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::message::{Headers, Message};
use rdkafka::mocking::MockCluster;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use super::{DeadLetters, Letter, Queue, outline};
use crate::board::Board;
use crate::config::DeadLetterConfig;
use crate::envelope::Envelope;
use crate::flow::Report;
use crate::window::{DeliveryId, Window};

const TOPIC: &str = "dead";

fn id() -> DeliveryId {
    Window::<()>::new(1).id(7)
}

fn config(test: &str, servers: &str) -> DeadLetterConfig {
    let file = std::env::temp_dir().join(format!("dpp-relay-letters-{test}-{}", std::process::id()));
    let text = format!("{{file: {}, topic: {{bootstrap_servers: '{servers}', name: {TOPIC}}}}}", file.display());
    serde_saphyr::from_str(&text).unwrap()
}

/// What is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Buries one message and returns where its report will come, its file and the relay's board.
fn bury(config: &DeadLetterConfig) -> (UnboundedReceiver<Report>, PathBuf, Arc<Board>) {
    let (board, (own_reports, reports)) = (Arc::new(Board::new()), unbounded_channel());
    let letters = DeadLetters::start(config, Arc::clone(&board));
    let envelope = Envelope::of([0xff]).with_header("user", lapin::types::AMQPValue::LongInt(7));
    let queue = Some(Queue { vhost: "/log", name: "logs" });
    letters.bury(id(), &Letter { reason: "the body is not valid UTF-8", queue, envelope: &envelope }, &own_reports);
    (reports, config.file.clone(), board)
}

#[tokio::test]
async fn the_topic_has_the_message_itself_and_why_it_is_there() {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic(TOPIC, 1, 1).unwrap();
    let (mut reports, file, _) = bury(&config("topic", &cluster.bootstrap_servers()));
    assert_eq!(timeout(Duration::from_secs(20), reports.recv()).await.unwrap(), Some(Report::Buried(id())));
    let mut settings = ClientConfig::new();
    settings.set("bootstrap.servers", cluster.bootstrap_servers()).set("group.id", "g");
    let consumer: StreamConsumer = settings.set("auto.offset.reset", "earliest").create().unwrap();
    consumer.subscribe(&[TOPIC]).unwrap();
    let message = timeout(Duration::from_secs(20), consumer.recv()).await.unwrap().unwrap();
    let headers = message.headers().unwrap();
    let value = |name: &str| headers.iter().find(|header| header.key == name).and_then(|header| header.value);
    assert_eq!(message.payload(), Some(&[0xff][..]));
    assert_eq!(value("dead_letter.reason"), Some(&b"the body is not valid UTF-8"[..]));
    assert_eq!(value("dead_letter.source"), Some(&b"/log logs"[..]));
    assert_eq!((value("user"), value("amqp.exchange")), (Some(&b"7"[..]), Some(&b"logging"[..])));
    std::fs::remove_file(file).unwrap();
}

#[tokio::test]
async fn a_letter_is_not_at_its_end_before_the_topic_has_it() {
    let log = Log::default();
    let written = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || written.clone()).finish();
    let _told_here = tracing::subscriber::set_default(subscriber);
    let cluster = MockCluster::new(1).unwrap();
    let (mut reports, file, board) = bury(&config("away", &cluster.bootstrap_servers()));
    assert!(timeout(Duration::from_secs(2), reports.recv()).await.is_err(), "there is no such topic yet");
    let trouble = board.overview().dead_letter_trouble.unwrap();
    assert!(trouble.contains("there is no such topic"), "{trouble}");
    assert!(std::fs::read_to_string(&file).unwrap().contains("\"body_base64\":\"/w==\""));
    cluster.create_topic(TOPIC, 1, 1).unwrap();
    assert_eq!(timeout(Duration::from_secs(20), reports.recv()).await.unwrap(), Some(Report::Buried(id())));
    assert_eq!(board.overview().dead_letter_trouble, None);
    std::fs::remove_file(file).unwrap();
    let log = String::from_utf8(std::mem::take(&mut log.0.lock().unwrap())).unwrap();
    let told = |words: &str| log.matches(words).count();
    assert_eq!((told("cannot write dead letters"), told("to their topic again")), (1, 1), "{log}");
}

#[test]
fn the_log_tells_the_error_and_not_the_message() {
    let reason =
        "Elasticsearch refused it: 400 mapper_parsing_exception: failed to parse [n]. Preview of field's value: 'x'";
    assert_eq!(outline(reason), "Elasticsearch refused it: 400 mapper_parsing_exception");
    assert_eq!(outline("the body is not valid UTF-8"), "the body is not valid UTF-8");
}
