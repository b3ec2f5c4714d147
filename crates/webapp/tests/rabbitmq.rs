//! Publishing to a real RabbitMQ, which the test starts for itself on the loopback and ends again.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use dpp_webapp::{
    broker::{Broker, Delivery},
    config::{Amqp, Login},
    hop::Hop,
    log_entry::{Level, LogEntry, MessageId},
    rabbitmq::RabbitMq,
    secret::Secret,
    tracker::Tracker,
};
use jiff::Timestamp;
use lapin::{
    Connection, ConnectionProperties,
    options::BasicGetOptions,
    types::{AMQPValue, FieldTable},
};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

const SERVER: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";
const START: Duration = Duration::from_mins(2);
const DEFINITIONS: &str = r#"{
  "vhosts": [{"name": "/log"}],
  "users": [{"name": "logger", "password": "logger_pass", "tags": ""}],
  "permissions": [{"user": "logger", "vhost": "/log", "configure": ".*", "write": ".*", "read": ".*"}],
  "exchanges": [{"name": "logging", "vhost": "/log", "type": "fanout", "durable": true, "auto_delete": false,
                 "internal": false, "arguments": {}}],
  "queues": [{"name": "logs", "vhost": "/log", "durable": true, "auto_delete": false, "arguments": {}}],
  "bindings": [{"source": "logging", "vhost": "/log", "destination": "logs", "destination_type": "queue",
                "routing_key": "", "arguments": {}}]
}"#;

/// A RabbitMQ of the test's own: its own folder, ports and name.
struct Server {
    folder: TempDir,
    ports: [u16; 3],
    process: Child,
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let definitions = folder.path().join("definitions.json");
        fs::write(&definitions, DEFINITIONS).unwrap();
        fs::write(folder.path().join("rabbitmq.conf"), format!("load_definitions = {}\n", definitions.display()))
            .unwrap();
        fs::write(folder.path().join("enabled"), "[].\n").unwrap();
        let ports = free_ports();
        let process = spawn(folder.path(), ports);
        Self { folder, ports, process }
    }

    fn stop(&mut self) {
        let pid = fs::read_to_string(self.folder.path().join("pid")).unwrap_or_default();
        let _ = Command::new("kill").arg(pid.trim()).status();
        let _ = self.process.wait();
    }

    fn start_again(&mut self) {
        self.process = spawn(self.folder.path(), self.ports);
    }

    fn section(&self) -> Amqp {
        let yaml = format!("{{port: {}, user: logger, password: logger_pass}}", self.ports[0]);
        serde_saphyr::from_str(&yaml).unwrap()
    }

    async fn channel(&self) -> (Connection, lapin::Channel) {
        let uri = format!("amqp://logger:logger_pass@127.0.0.1:{}/%2Flog", self.ports[0]);
        let connection = Connection::connect(&uri, ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        (connection, channel)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
        let _ =
            Command::new("epmd").args(["-port", &self.ports[2].to_string(), "-kill"]).stdout(Stdio::null()).status();
    }
}

fn spawn(folder: &Path, [amqp, distribution, epmd]: [u16; 3]) -> Child {
    let log = fs::File::create(folder.join("out")).unwrap();
    Command::new(SERVER)
        .env("HOME", folder)
        .env("ERL_EPMD_PORT", epmd.to_string())
        .env("ERL_EPMD_ADDRESS", "127.0.0.1")
        .env("RABBITMQ_NODENAME", format!("webapp{amqp}@localhost"))
        .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
        .env("RABBITMQ_NODE_PORT", amqp.to_string())
        .env("RABBITMQ_DIST_PORT", distribution.to_string())
        .env("RABBITMQ_MNESIA_BASE", folder.join("mnesia"))
        .env("RABBITMQ_LOG_BASE", folder.join("log"))
        .env("RABBITMQ_ENABLED_PLUGINS_FILE", folder.join("enabled"))
        .env("RABBITMQ_CONFIG_FILE", folder.join("rabbitmq.conf"))
        .env("RABBITMQ_PID_FILE", folder.join("pid"))
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .expect("Debian's rabbitmq-server is not installed")
}

fn free_ports() -> [u16; 3] {
    let listeners = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

fn entry() -> LogEntry {
    LogEntry {
        id: MessageId::random(),
        message: "hello".into(),
        level: Level::Info,
        client: "192.168.10.1".parse().unwrap(),
        page: "/app_dev.php/test".into(),
        datetime: Timestamp::now(),
    }
}

async fn until(broker: &RabbitMq, connected: bool) {
    let start = Instant::now();
    while broker.absence().is_none() != connected {
        assert!(start.elapsed() < START, "{:?}", broker.absence());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "starts Debian's rabbitmq-server; run with --ignored where that is installed"]
async fn messages_are_confirmed_returned_or_refused_as_rabbitmq_says() {
    let mut server = Server::start();
    let tracker = Arc::new(Tracker::new(&Hop::ALL));
    let login = Login { user: "logger".into(), password: Secret::new("logger_pass") };
    let stop = CancellationToken::new();
    let broker = RabbitMq::connect(server.section(), login, tracker.clone(), stop.clone());
    until(&broker, true).await;

    let sent = entry();
    assert_eq!(broker.publish(sent.clone()).await, Ok(Delivery::Confirmed));
    let (_connection, channel) = server.channel().await;
    let queued = channel.basic_get("logs".into(), BasicGetOptions { no_ack: true }).await.unwrap().unwrap();
    let properties = &queued.delivery.properties;
    assert_eq!(queued.delivery.data, sent.body());
    assert_eq!(properties.content_type().as_ref().unwrap().as_str(), "application/json");
    assert_eq!(*properties.delivery_mode(), Some(2));
    assert_eq!(properties.message_id().as_ref().unwrap().as_str(), sent.id.to_string());
    let datetime = properties.headers().as_ref().unwrap().inner().get("datetime").cloned();
    assert_eq!(datetime, Some(AMQPValue::LongLongInt(sent.datetime.as_second())));

    server.stop();
    until(&broker, false).await;
    assert!(broker.publish(entry()).await.unwrap_err().why.contains("refused"));
    assert!(tracker.hindrance(Hop::Broker).is_some());
    server.start_again();
    until(&broker, true).await;
    assert_eq!(broker.publish(entry()).await, Ok(Delivery::Confirmed));
    assert_eq!(tracker.hindrance(Hop::Broker), None);

    let (_connection, channel) = server.channel().await;
    channel.queue_unbind("logs".into(), "logging".into(), "".into(), FieldTable::default()).await.unwrap();
    assert_eq!(broker.publish(entry()).await, Ok(Delivery::Unrouted { reply: "NO_ROUTE".into() }));
    stop.cancel();
}
