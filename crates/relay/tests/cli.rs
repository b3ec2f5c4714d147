//! The binary from outside, without brokers: its words, its exit codes, and how it waits.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A folder that goes when the test does.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("dpp-relay-{test}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn relay() -> Command {
    Command::new(env!("CARGO_BIN_EXE_dpp-relay"))
}

fn config(kafka_port: u16, http_port: u16) -> String {
    format!(
        "source: {{rabbitmq: {{user: u, password: p, queue: logs, host: 127.0.0.1, port: 1}}}}\n\
         sink: {{kafka: {{bootstrap_servers: '127.0.0.1:{kafka_port}', topic: t}}}}\n\
         http: {{listen: '127.0.0.1:{http_port}'}}\n"
    )
}

fn check(folder: &Folder, text: &str) -> Output {
    relay().args(["check-config", "--config"]).arg(folder.file("config.yml", text)).output().unwrap()
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn get(port: u16, page: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    write!(stream, "GET {page} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

fn eventually<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(20) {
        if let Some(found) = attempt() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{what} did not come within 20 s");
}

#[test]
fn a_valid_configuration_is_said_to_be_one() {
    let output = check(&Folder::new("valid"), &config(9092, 9640));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("is valid: queue logs of 127.0.0.1:1/ -> topic t of 127.0.0.1:9092"), "{said}");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_wrong_configuration_is_shown_with_its_line() {
    let output = check(&Folder::new("wrong"), "source:\n  rabbitmq:\n    user: u\n    passwort: geheim\n");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("config.yml:4:5") && said.contains("unknown field `passwort`"), "{said}");
    assert_eq!(output.status.code(), Some(78));
}

#[test]
fn a_missing_configuration_is_named() {
    let output = relay().args(["run", "--config", "/nonexistent/config.yml"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("cannot read the configuration /nonexistent/config.yml"), "{said}");
    assert_eq!(output.status.code(), Some(78));
}

#[test]
fn a_port_in_use_is_told_before_anything_else() {
    let folder = Folder::new("port");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let path = folder.file("config.yml", &config(9092, port));
    let output = relay().args(["run", "--config"]).arg(path).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(&format!("cannot listen on 127.0.0.1:{port}")), "{said}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn without_kafka_it_waits_says_why_and_stops_at_once() {
    let folder = Folder::new("waits");
    let (kafka, http) = (free_port(), free_port());
    let socket = UnixDatagram::bind(folder.0.join("notify")).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let path = folder.file("config.yml", &config(kafka, http));
    let mut child = relay()
        .args(["run", "--config"])
        .arg(path)
        .env("NOTIFY_SOCKET", folder.0.join("notify"))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();

    let reason = format!("cannot find topic `t` at Kafka 127.0.0.1:{kafka}: 127.0.0.1:{kafka}/bootstrap: Connect to");
    let answer = eventually("the reason", || get(http, "/ready").filter(|answer| answer.contains(&reason)));
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(get(http, "/live").unwrap().starts_with("HTTP/1.1 200"));
    assert!(get(http, "/metrics").unwrap().contains("dpp_relay_ready 0"));
    assert!(get(http, "/status").unwrap().contains(r#""phase":"waiting_for_kafka""#));

    Command::new("kill").arg(child.id().to_string()).status().unwrap();
    let start = Instant::now();
    assert!(child.wait().unwrap().success());
    assert!(start.elapsed() < Duration::from_secs(8), "it took {:?} to stop", start.elapsed());
    let told = all_of(&socket);
    assert!(told.contains("STATUS=waiting for Kafka"), "{told}");
    assert!(!told.contains("READY=1"), "{told}");
}

fn all_of(socket: &UnixDatagram) -> String {
    socket.set_nonblocking(true).unwrap();
    let (mut all, mut buffer) = (String::new(), [0; 4_096]);
    while let Ok(length) = socket.recv(&mut buffer) {
        all += &String::from_utf8_lossy(&buffer[..length]);
        all.push('\n');
    }
    all
}

/// A relay without brokers, which is killed when the test ends.
struct Running {
    child: Child,
    config: PathBuf,
    http: u16,
}

impl Running {
    fn start(folder: &Folder, kafka: u16) -> Self {
        let http = free_port();
        let path = folder.file("config.yml", &config(kafka, http));
        let child = relay().args(["run", "--config"]).arg(&path).stderr(Stdio::null()).spawn().unwrap();
        let running = Self { child, config: path, http };
        running.says("/ready", &format!("127.0.0.1:{kafka}/bootstrap"));
        running
    }

    fn says(&self, page: &str, words: &str) -> String {
        eventually(words, || get(self.http, page).filter(|answer| answer.contains(words)))
    }

    fn hang_up(&self) {
        Command::new("kill").args(["-HUP", &self.child.id().to_string()]).status().unwrap();
    }

    fn ends(mut self) {
        assert!(self.child.wait().unwrap().success());
    }

    fn status(&self, more: &[&str]) -> Output {
        relay().arg("status").args(more).arg("--config").arg(&self.config).output().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn another_configuration_is_followed_and_a_wrong_one_is_not() {
    let folder = Folder::new("reload");
    let running = Running::start(&folder, free_port());
    fs::write(&running.config, "source:\n  rabbitmq:\n    user: u\n    passwort: geheim\n").unwrap();
    running.hang_up();
    let answer = running.says("/status", "unknown field `passwort`");
    assert!(answer.contains("config.yml:4:5") && answer.contains("waiting_for_kafka"), "{answer}");
    let other = free_port();
    fs::write(&running.config, config(other, running.http)).unwrap();
    running.hang_up();
    running.says("/ready", &format!("127.0.0.1:{other}/bootstrap"));
    running.says("/status", r#""config_trouble":null"#);
}

#[test]
fn queues_come_and_go_with_the_configuration() {
    let folder = Folder::new("queues");
    let kafka = free_port();
    let running = Running::start(&folder, kafka);
    let several = |queues: &[&str]| {
        let queue =
            |name: &&str| format!("  - rabbitmq: {{user: u, password: p, queue: {name}, host: 127.0.0.1, port: 1}}\n");
        let sources: String = queues.iter().map(queue).collect();
        config(kafka, running.http).replacen(config(0, 0).lines().next().unwrap(), &format!("sources:\n{sources}"), 1)
    };
    for queues in [["logs", "audit"].as_slice(), &["audit", "mails", "logs"], &["mails"]] {
        fs::write(&running.config, several(queues)).unwrap();
        running.hang_up();
        let has = |page: &str, name: &str| page.contains(&format!("dpp_relay_source_ready{{source=\"queue {name} of"));
        let names = ["logs", "audit", "mails"];
        let fits = |page: &String| names.iter().all(|name| has(page, name) == queues.contains(name));
        eventually("the queues", || get(running.http, "/metrics").filter(fits));
        let said = String::from_utf8(running.status(&[]).stdout).unwrap();
        let named = |name: &&&str| said.contains(&format!("queue {name} of 127.0.0.1:1/: received 0"));
        assert!(queues.len() == 1 || queues.iter().all(|name| named(&name)), "{said}");
    }
    Command::new("kill").arg(running.child.id().to_string()).status().unwrap();
    running.ends();
}

/// Somebody with a certificate for 127.0.0.1 who speaks TLS and nothing else; he is gone when the test ends.
struct Server(Child);

impl Server {
    fn start(folder: &Folder, port: u16) -> Self {
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
        for authority in ["ca", "other"] {
            openssl(
                folder,
                &format!("req -x509 {key} -keyout {authority}.key -out {authority}.pem -subj /CN={authority}"),
            );
        }
        openssl(
            folder,
            &format!("req {key} -keyout own.key -out own.csr -subj /CN=own -addext subjectAltName=IP:127.0.0.1"),
        );
        openssl(
            folder,
            "x509 -req -in own.csr -out own.pem -CA ca.pem -CAkey ca.key -CAcreateserial -copy_extensions copy",
        );
        let arguments = format!("s_server -accept 127.0.0.1:{port} -cert own.pem -key own.key -www -quiet");
        let mut server = Command::new("openssl");
        server.args(arguments.split(' ')).current_dir(&folder.0).stdin(Stdio::null()).stderr(Stdio::null());
        Self(server.spawn().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn openssl(folder: &Folder, arguments: &str) {
    let output = Command::new("openssl").args(arguments.split(' ')).current_dir(&folder.0).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_certificate_that_is_replaced_is_read_anew_by_the_client_that_was_refused() {
    let folder = Folder::new("rotated");
    let (kafka, http) = (free_port(), free_port());
    let _server = Server::start(&folder, kafka);
    let trusted = folder.0.join("trusted.pem");
    fs::copy(folder.0.join("other.pem"), &trusted).unwrap();
    let tls = format!("topic: t, tls: {{ca_file: {}}}", trusted.display());
    let path = folder.file("config.yml", &config(kafka, http).replace("topic: t", &tls));
    let child = relay().args(["run", "--config"]).arg(&path).stderr(Stdio::null()).spawn().unwrap();
    let running = Running { child, config: path, http };
    running.says("/ready", "nobody who is trusted here");
    fs::rename(folder.0.join("ca.pem"), &trusted).unwrap();
    let is_trusted = |answer: &String| answer.contains("cannot find topic `t`") && !answer.contains("trusted");
    let said = eventually("another reason", || get(http, "/ready").filter(is_trusted));
    assert!(!said.contains("certificate"), "{said}");
}

#[test]
fn the_status_of_a_relay_is_told_in_words_and_as_it_is() {
    let folder = Folder::new("status");
    let running = Running::start(&folder, free_port());
    let output = running.status(&[]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.starts_with("waiting for Kafka: cannot find topic `t`"), "{said}");
    assert!(said.contains("received 0 = confirmed 0 + dead 0 + dropped 0 + handed back 0 + in flight 0"), "{said}");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(running.status(&["--json"]).stdout).unwrap();
    assert!(said.starts_with(r#"{"schema":"dpp-relay/status/1""#), "{said}");
}

#[test]
fn a_relay_that_does_not_run_has_no_status() {
    let folder = Folder::new("silent");
    let path = folder.file("config.yml", &config(1, free_port()));
    let output = relay().args(["status", "--config"]).arg(path).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("/status: Connection refused") && said.contains("systemctl status dpp-relay"), "{said}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn everything_that_is_not_there_is_told_at_once() {
    let folder = Folder::new("live");
    let kafka = free_port();
    let letters = "dead_letter: {file: /nonexistent/letters.jsonl}\n";
    let path = folder.file("config.yml", &(config(kafka, 9640) + letters));
    let output = relay().args(["check-config", "--live", "--config"]).arg(path).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    for words in [
        "queue logs of 127.0.0.1:1/: FAILED: connect to RabbitMQ 127.0.0.1:1",
        &format!("topic t of 127.0.0.1:{kafka}: FAILED: cannot find topic `t`"),
        "/nonexistent/letters.jsonl: FAILED: its folder /nonexistent cannot be used",
    ] {
        assert!(said.contains(words), "{words} is not in\n{said}");
    }
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn the_shipped_example_makes_names_of_numbers() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/debian/examples/users");
    let run = |tests: &str| {
        relay().current_dir(example).args(["test", "--config", "config.yml"]).arg(tests).output().unwrap()
    };
    let output = run("tests.yml");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("ok      a user's name stands beside the number"), "{said}");
    assert!(said.ends_with("3 of 3 tests hold\n"), "{said}");
    assert_eq!(output.status.code(), Some(0));

    let folder = Folder::new("test");
    let wrong = folder.file("tests.yml", "- {name: wrong, message: {body: '{}'}, expect: {dropped: true}}\n");
    let output = run(wrong.to_str().unwrap());
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("FAILED  wrong\n        expected {\"dropped\":true}")
            && said.contains(r#"got      {"value":{"@timestamp""#),
        "{said}"
    );
    assert!(said.ends_with("0 of 1 tests hold\n"), "{said}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_table_that_is_not_there_is_told_when_the_configuration_is_checked() {
    let rules = "mapping: {rules: [{lookup: {field: a, table: /nonexistent/users.csv, into: b}}]}\n";
    let output = check(&Folder::new("table"), &(config(9092, 9640) + rules));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("cannot read the table /nonexistent/users.csv: No such file"), "{said}");
    assert_eq!(output.status.code(), Some(78));
}
