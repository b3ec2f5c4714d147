//! What the file may say, and how it is told when it says something else.

use std::time::Duration;

use super::read::parse;
use super::source::Password;
use super::{Compression, Config, Format, Key};

const MINIMAL: &str = "\
source:
  user: logger
  password: hunter2
  queue: logs
sink:
  bootstrap_servers: localhost:9092
  topic: logs_data
";

fn good(text: &str) -> Config {
    parse(text, "config.yml").unwrap_or_else(|excerpt| panic!("{excerpt}"))
}

fn bad(text: &str) -> String {
    parse(text, "config.yml").expect_err("this configuration must be refused")
}

#[test]
fn the_minimum_gets_safe_defaults() {
    let config = good(MINIMAL);
    assert_eq!(
        (config.source.host.as_str(), config.source.port, config.source.vhost.as_str()),
        ("localhost", 5672, "/")
    );
    assert_eq!(config.source.hand_back_after(), Duration::from_mins(15));
    assert_eq!((config.sink.compression, config.sink.key), (Compression::None, Key::None));
    assert_eq!(config.mapping.format, Format::Keep);
    assert_eq!(config.http.listen.to_string(), "127.0.0.1:9640");
    assert_eq!(config.limits.memory, 32 << 20);
}

#[test]
fn the_packaged_example_is_valid() {
    let config = good(include_str!("../../debian/config.yml"));
    assert_eq!(config.source.vhost, "/log");
}

#[test]
fn quantities_are_read_as_people_write_them() {
    let text = MINIMAL.replace("  queue:", "  heartbeat: 1m 30s\n  consumer_timeout: 40s\n  queue:");
    let text =
        format!("{text}  key: {{header: user}}\n  max_record_bytes: 1MiB\nlimits: {{memory: 8MB, drain: 500ms}}\n");
    let config = good(&text);
    assert_eq!(config.source.heartbeat, Duration::from_secs(90));
    assert_eq!(config.source.hand_back_after(), Duration::from_secs(20));
    assert_eq!(config.sink.key, Key::Header("user".into()));
    assert_eq!((config.sink.max_record_bytes, config.limits.memory), (1 << 20, 8_000_000));
    assert_eq!(config.limits.drain, Duration::from_millis(500));
}

#[test]
fn an_unknown_key_is_shown_with_line_and_caret() {
    let excerpt = bad(&MINIMAL.replace("topic:", "topik:"));
    assert!(excerpt.contains("topik"), "{excerpt}");
    assert!(excerpt.contains("config.yml:7:3") && excerpt.contains('^'), "{excerpt}");
}

#[test]
fn impossible_values_are_refused() {
    for (from, to, word) in [
        ("localhost:9092", "localhost", "host:port"),
        ("localhost:9092", "localhost:0", "host:port"),
        ("  queue:", "  prefetch: 0\n  queue:", "zero"),
        ("  queue:", "  heartbeat: -5s\n  queue:", "negative"),
        ("  queue:", "  heartbeat: soon\n  queue:", "soon"),
        ("topic: logs_data", "topic: a/b", "249"),
        ("queue: logs", "queue: ''", "255"),
        ("  queue:", "  exchange: ''\n  queue:", "255"),
        ("  queue:", "  declare: maybe\n  queue:", "maybe"),
        ("  queue:", "  password_file: /x\n  queue:", "exactly one"),
        ("  password: hunter2\n", "", "exactly one"),
    ] {
        let excerpt = bad(&MINIMAL.replace(from, to));
        assert!(excerpt.contains(word), "{to}: {excerpt}");
    }
}

#[test]
fn no_complaint_shows_the_password() {
    for text in [MINIMAL.replace("queue: logs", "queue: [1]"), MINIMAL.replace("hunter2", "[hunter2]")] {
        let excerpt = bad(&text);
        assert!(!excerpt.contains("hunter2"), "{excerpt}");
    }
    assert!(!format!("{:?}", good(MINIMAL)).contains("hunter2"));
}

#[test]
fn a_password_file_is_read_without_its_line_end() {
    let file = std::env::temp_dir().join(format!("dpp-relay-password-{}", std::process::id()));
    std::fs::write(&file, "s3cret \r\n").unwrap();
    let password = Password::File(file.clone()).read();
    std::fs::remove_file(&file).unwrap();
    assert_eq!(password.unwrap().reveal(), "s3cret ");
    assert!(Password::File(file).read().unwrap_err().to_string().contains("cannot read the password"));
}
