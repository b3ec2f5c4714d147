//! A broker stopped under load, with real brokers and an independent judge. Run by hand or by the lab, hence ignored:
//!
//!     DPP_TEST_AMQP=amqp://logger:PASSWORD@HOST:5672/%2flog  DPP_TEST_KAFKA=HOST:9092  DPP_TEST_TOPIC=logs_data
//!     DPP_TEST_STOP='command that stops a broker'  DPP_TEST_START='command that starts it again'
//!     [DPP_TEST_OUTAGE=60]  [DPP_TEST_RATE=500]
//!     cargo test -p dpp-relay --examples --test outage -- --ignored --nocapture
//!
//! Exchange `logging` and queue `logs` are declared when they are not there; the topic must be there.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lapin::uri::AMQPUri;

/// Prefetch of the configuration below, and the first few of a connection.
const WINDOW: u64 = 1_008;

struct Brokers {
    amqp: String,
    kafka: String,
    topic: String,
    stop: String,
    start: String,
    outage: Duration,
    rate: u64,
}

impl Brokers {
    fn from_env() -> Self {
        let number = |name: &str, default: u64| env::var(name).map_or(default, |text| text.parse().unwrap());
        Self {
            amqp: must("DPP_TEST_AMQP"),
            kafka: must("DPP_TEST_KAFKA"),
            topic: must("DPP_TEST_TOPIC"),
            stop: must("DPP_TEST_STOP"),
            start: must("DPP_TEST_START"),
            outage: Duration::from_secs(number("DPP_TEST_OUTAGE", 60)),
            rate: number("DPP_TEST_RATE", 500),
        }
    }

    fn config(&self, dead: &str) -> String {
        let uri: AMQPUri = self.amqp.parse().unwrap();
        let (host, user) = (&uri.authority, &uri.authority.userinfo);
        format!(
            "source: {{host: '{}', port: {}, vhost: '{}', user: '{}', password: '{}', queue: logs, exchange: logging, \
             declare: durable, prefetch: 1000}}\n\
             sink: {{bootstrap_servers: '{}', topic: '{}'}}\n\
             dead_letter: {{file: '{dead}'}}\n\
             http: {{listen: '127.0.0.1:0'}}\n",
            host.host, host.port, uri.vhost, user.username, user.password, self.kafka, self.topic
        )
    }
}

fn must(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} must be set: see the head of this file"))
}

/// The relay under test; it does not outlive the test.
struct Relay(Child);

impl Relay {
    fn start(config: &PathBuf) -> Self {
        Self(Command::new(env!("CARGO_BIN_EXE_dpp-relay")).args(["run", "--config"]).arg(config).spawn().unwrap())
    }

    fn stop(mut self) -> ExitStatus {
        shell(&format!("kill {}", self.0.id()));
        self.0.wait().unwrap()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.0.kill();
    }
}

fn shell(command: &str) {
    let status = Command::new("sh").args(["-c", command]).status().unwrap();
    assert!(status.success(), "`{command}` failed: {status}");
}

/// The example lies beside the tests' folder.
fn load() -> Command {
    let tests = env::current_exe().unwrap();
    Command::new(tests.ancestors().nth(2).unwrap().join("examples/load"))
}

#[test]
#[ignore = "needs real brokers: see the head of this file"]
fn an_outage_under_load_loses_nothing() {
    let brokers = Brokers::from_env();
    let run = format!("outage{}", SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis());
    let folder = env::temp_dir().join(&run);
    fs::create_dir_all(&folder).unwrap();
    let (ledger, dead, config) = (folder.join("ledger"), folder.join("dead.jsonl"), folder.join("config.yml"));
    fs::write(&config, brokers.config(dead.to_str().unwrap())).unwrap();

    let relay = Relay::start(&config);
    sleep(Duration::from_secs(3));
    let count = (brokers.outage.as_secs() + 20) * brokers.rate;
    let mut publisher = load()
        .args(["publish", "--exchange", "logging", "--amqp", &brokers.amqp, "--run", &run])
        .args(["--count", &count.to_string(), "--rate", &brokers.rate.to_string(), "--ledger"])
        .arg(&ledger)
        .spawn()
        .unwrap();
    sleep(Duration::from_secs(10));
    shell(&brokers.stop);
    sleep(brokers.outage);
    shell(&brokers.start);
    assert!(publisher.wait().unwrap().success());

    let verdict = load()
        .args(["verdict", "--kafka", &brokers.kafka, "--topic", &brokers.topic, "--run", &run, "--wait", "60"])
        .args(["--max-duplicates", &WINDOW.to_string(), "--ledger"])
        .arg(&ledger)
        .arg("--dead")
        .arg(&dead)
        .status()
        .unwrap();
    assert!(verdict.success(), "the ledger is {}", ledger.display());
    assert!(relay.stop().success());
    fs::remove_dir_all(&folder).unwrap();
}
