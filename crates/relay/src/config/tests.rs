//! What the file may say, and how it is told when it says something else.

use std::time::Duration;

use super::read::parse;
use super::{
    Compression, Config, ElasticsearchConfig, Format, KafkaSinkConfig, Key, Login, Mechanism, Place, RabbitmqConfig,
    RabbitmqLogin, SinkConfig, SourceConfig,
};

const MINIMAL: &str = "\
source:
  rabbitmq:
    user: logger
    password: hunter2
    queue: logs
sink:
  kafka:
    bootstrap_servers: localhost:9092
    topic: logs_data
";

const TO_ELASTICSEARCH: &str = "\
source:
  kafka:
    bootstrap_servers: localhost:9092
    topics: [logs_data]
    group: dpp-relay
sink:
  elasticsearch:
    nodes: [http://localhost:9200]
    index: logs_data
";

fn good(text: &str) -> Config {
    parse(text, "config.yml").unwrap_or_else(|excerpt| panic!("{excerpt}"))
}

fn bad(text: &str) -> String {
    parse(text, "config.yml").expect_err("this configuration must be refused")
}

fn rabbitmq(config: &Config) -> &RabbitmqConfig {
    let SourceConfig::Rabbitmq(rabbitmq) = &config.sources[0] else { panic!("{config:?}") };
    rabbitmq
}

fn kafka(config: &Config) -> &KafkaSinkConfig {
    let SinkConfig::Kafka(kafka) = &config.sink else { panic!("{config:?}") };
    kafka
}

fn elasticsearch(config: &Config) -> &ElasticsearchConfig {
    let SinkConfig::Elasticsearch(elasticsearch) = &config.sink else { panic!("{config:?}") };
    elasticsearch
}

#[test]
fn the_minimum_gets_safe_defaults() {
    let config = good(MINIMAL);
    let (source, sink) = (rabbitmq(&config), kafka(&config));
    assert_eq!((source.host.as_str(), source.port, source.vhost.as_str()), ("localhost", 5672, "/"));
    assert_eq!(config.sources[0].hand_back_after(), Some(Duration::from_mins(15)));
    assert_eq!((sink.compression, &sink.key), (Compression::None, &Key::None));
    assert_eq!(config.mapping.format, Format::Keep);
    assert_eq!(config.http.listen.to_string(), "127.0.0.1:9640");
    assert_eq!(config.limits.memory, 32 << 20);
}

#[test]
fn the_packaged_example_is_valid() {
    let config = good(include_str!("../../debian/config.yml"));
    assert_eq!(rabbitmq(&config).vhost, "/log");
}

#[test]
fn quantities_are_read_as_people_write_them() {
    let text = MINIMAL.replace("    queue:", "    heartbeat: 1m 30s\n    consumer_timeout: 40s\n    queue:");
    let text =
        format!("{text}    key: {{header: user}}\n    max_record_bytes: 1MiB\nlimits: {{memory: 8MB, drain: 500ms}}\n");
    let config = good(&text);
    assert_eq!(rabbitmq(&config).heartbeat, Duration::from_secs(90));
    assert_eq!(config.sources[0].hand_back_after(), Some(Duration::from_secs(20)));
    assert_eq!(kafka(&config).key, Key::Header("user".into()));
    assert_eq!((kafka(&config).max_record_bytes, config.limits.memory), (1 << 20, 8_000_000));
    assert_eq!(config.limits.drain, Duration::from_millis(500));
}

#[test]
fn every_codec_that_is_built_in_may_be_chosen() {
    assert_eq!(super::codecs(), ["gzip", "snappy", "lz4"], "what the sample says");
    for codec in super::codecs() {
        let config = good(&format!("{MINIMAL}    compression: {codec}\n    key: {{field: user.id}}\n"));
        assert_eq!(kafka(&config).compression.to_string(), codec);
    }
}

#[test]
fn an_unknown_key_is_shown_with_line_and_caret() {
    let excerpt = bad(&MINIMAL.replace("topic:", "topik:"));
    assert!(excerpt.contains("topik"), "{excerpt}");
    assert!(excerpt.contains("config.yml:9:5") && excerpt.contains('^'), "{excerpt}");
}

#[test]
fn impossible_values_are_refused() {
    for (from, to, word) in [
        ("localhost:9092", "localhost", "host:port"),
        ("localhost:9092", "localhost:0", "host:port"),
        ("    queue:", "    prefetch: 0\n    queue:", "zero"),
        ("    queue:", "    heartbeat: -5s\n    queue:", "negative"),
        ("    queue:", "    heartbeat: soon\n    queue:", "soon"),
        ("topic: logs_data", "topic: a/b", "249"),
        ("queue: logs", "queue: ''", "255"),
        ("    queue:", "    exchange: ''\n    queue:", "255"),
        ("    queue:", "    declare: maybe\n    queue:", "maybe"),
        ("    queue:", "    password_file: /x\n    queue:", "exactly one"),
        ("    password: hunter2\n", "", "exactly one"),
        (
            "    topic:",
            "    compression: zstd\n    topic:",
            "zstd is not built into this dpp-relay, which has none, gzip",
        ),
        ("    topic:", "    compression: brotli\n    topic:", "unknown variant `brotli`"),
        ("    topic:", "    key: {field: a..b}\n    topic:", "is no field"),
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
    let password = Place::File(file.clone()).read();
    std::fs::remove_file(&file).unwrap();
    assert_eq!(password.unwrap().reveal(), "s3cret ");
    assert!(Place::File(file).read().unwrap_err().to_string().contains("cannot read the password"));
}

#[test]
fn kafka_to_elasticsearch_needs_little_more_than_names() {
    let config = good(TO_ELASTICSEARCH);
    let sink = elasticsearch(&config);
    assert_eq!(config.sources[0].hand_back_after(), None, "Kafka takes nothing back from a member that is there");
    assert_eq!((sink.nodes[0].as_str(), sink.batch_documents, sink.requests), ("http://localhost:9200/", 2_000, 2));
    assert_eq!((sink.login.clone(), sink.index.at(0)), (Login::None, "logs_data".to_owned()));
    let words = format!("{} -> {}", config.all_sources(), config.sink);
    assert_eq!(
        words,
        "topic logs_data of localhost:9092 as group dpp-relay -> index logs_data of http://localhost:9200"
    );
}

#[test]
fn impossible_values_of_elasticsearch_are_refused_with_their_line() {
    for (from, to, word) in [
        ("nodes: [http://localhost:9200]", "nodes: []", "at least one node"),
        ("http://localhost:9200", "localhost:9200", "is no URL"),
        ("http://localhost:9200", "http://elastic:secret@localhost:9200", "no user"),
        ("index: logs_data", "index: Logs", "lower case"),
        ("index: logs_data", "index: logs-%B", "%B"),
        ("index: logs_data", "index: logs\n    requests: 0", "zero"),
        ("index: logs_data", "index: logs\n    user: elastic", "either user"),
        ("index: logs_data", "index: logs\n    api_key: a\n    api_key_file: b", "either user"),
        ("topics: [logs_data]", "topics: []", "at least one topic"),
        ("topics: [logs_data]", "topics: [a/b]", "249"),
        ("group: dpp-relay", "group: ''", "has a name"),
        ("  elasticsearch:", "  elastic:", "unknown variant `elastic`, expected"),
    ] {
        let excerpt = bad(&TO_ELASTICSEARCH.replace(from, to));
        assert!(excerpt.contains(word) && excerpt.contains("config.yml:"), "{to}: {excerpt}");
    }
}

#[test]
fn rabbitmq_is_spoken_to_over_tls_at_its_own_port() {
    let config = good(&MINIMAL.replace("    queue:", "    tls: {ca_file: /ca.pem}\n    queue:"));
    assert_eq!((rabbitmq(&config).port, rabbitmq(&config).tls.as_ref().unwrap().files().len()), (5671, 1));
    let own = "    mechanism: EXTERNAL\n    tls: {cert_file: /a, key_credential: k}\n    port: 5000\n    queue:";
    let text = MINIMAL.replace("    queue:", own).replace("    user: logger\n    password: hunter2\n", "");
    let config = good(&text);
    assert_eq!((rabbitmq(&config).port, &rabbitmq(&config).login), (5000, &RabbitmqLogin::Certificate));
}

#[test]
fn kafka_is_spoken_to_over_tls_and_with_a_password_of_a_file() {
    let access = "    tls: {}\n    sasl: {mechanism: SCRAM-SHA-512, user: relay, password_file: /p}\n    topic:";
    let config = good(&MINIMAL.replace("    topic:", access));
    let sasl = kafka(&config).sasl.as_ref().unwrap();
    assert_eq!((sasl.mechanism, sasl.user.as_str()), (Mechanism::ScramSha512, "relay"));
    assert_eq!((&sasl.password, kafka(&config).access().files()), (&Place::File("/p".into()), vec!["/p".into()]));
}

#[test]
fn impossible_ways_to_log_in_are_refused_with_their_line() {
    let to = |key: &str, value: &str| MINIMAL.replace(&format!("    {key}:"), &format!("    {value}\n    {key}:"));
    for (text, word) in [
        (to("queue", "tls: true"), "config.yml:5"),
        (to("queue", "tls: {ca: /a}"), "unknown field `ca`"),
        (to("queue", "tls: {cert_file: /a}"), "both cert_file and one of key_file"),
        (to("queue", "tls: {key_file: /a}"), "both cert_file and one of key_file"),
        (to("queue", "tls: {cert_file: /a, key_file: /b, key_credential: c}"), "both cert_file and one of key_file"),
        (to("queue", "mechanism: external"), "unknown variant `external`"),
        (to("queue", "mechanism: EXTERNAL"), "takes no user and no password"),
        (MINIMAL.replace("user: logger", "mechanism: EXTERNAL"), "takes no user and no password"),
        (MINIMAL.replace("    user: logger\n    password: hunter2", "    mechanism: EXTERNAL"), "needs tls.cert_file"),
        (MINIMAL.replace("    user: logger\n", ""), "needs a user"),
        (to("topic", "sasl: {mechanism: GSSAPI, user: a, password_file: /p}"), "unknown variant `GSSAPI`, expected"),
        (to("topic", "sasl: {mechanism: PLAIN, user: a}"), "exactly one of password_file and password_credential"),
        (to("topic", "sasl: {mechanism: PLAIN, password_file: /p}"), "missing field `user`"),
        (to("topic", "sasl: {mechanism: PLAIN, user: a, password: hunter3}"), "unknown field `password`"),
        (TO_ELASTICSEARCH.replace("index:", "tls: {}\n    index:"), "nodes that begin with https://"),
        (TO_ELASTICSEARCH.replace("index:", "ca_file: /ca.pem\n    index:"), "unknown field `ca_file`"),
    ] {
        let excerpt = bad(&text);
        assert!(excerpt.contains(word) && excerpt.contains("config.yml:"), "{text}: {excerpt}");
        assert!(!excerpt.contains("hunter"), "{excerpt}");
    }
}

#[test]
fn rules_that_make_no_sense_are_refused_with_their_line() {
    for (rule, word) in [
        ("renam: {from: a, to: b}", "unknown variant `renam`"),
        ("rename: {from: a}", "missing field `to`"),
        ("rename: {from: a..b, to: c}", "is no field"),
        ("drop_if: {field: a}", "exactly one of equals"),
        ("drop_if: {field: a, equals: 1, exists: true}", "exactly one of equals"),
        ("date: {field: a, format: rfc}", "is none of unix"),
        ("parse_json: {field: a, to: b}", "unknown field `to`"),
    ] {
        let excerpt = bad(&format!("{MINIMAL}mapping:\n  rules:\n    - {rule}\n"));
        assert!(excerpt.contains(word) && excerpt.contains("config.yml:1"), "{rule}: {excerpt}");
    }
}

#[test]
fn several_queues_are_read_side_by_side() {
    let queue = |vhost: &str, queue: &str| {
        format!("  - rabbitmq: {{user: logger, password: hunter2, vhost: {vhost}, queue: {queue}}}\n")
    };
    let (_, sink) = MINIMAL.split_once("sink:").unwrap();
    let text = |sources: &str| format!("sources:\n{sources}sink:{sink}");
    let config = good(&text(&format!("{}{}", queue("/log", "logs"), queue("/audit", "logs"))));
    assert_eq!(config.all_sources(), "queue logs of localhost:5672/log, queue logs of localhost:5672/audit");
    for (wrong, word) in [
        (text("  []\n"), "at least one source"),
        (text(&format!("{0}{0}", queue("/", "logs"))), "queue logs of localhost:5672/ is there twice"),
        (text(&queue("/", "''")), "config.yml:2:"),
        (format!("source: logs\nsink:{sink}"), "a source, rabbitmq or kafka, or a list of sources"),
    ] {
        let excerpt = bad(&wrong);
        assert!(excerpt.contains(word) && excerpt.contains("config.yml:"), "{wrong}: {excerpt}");
    }
    assert!(bad(&format!("{MINIMAL}sources:\n{}", queue("/", "a"))).contains("duplicate field `source`"));
    assert!(bad(&format!("sink:{sink}")).contains("missing field `source`"));
}

#[test]
fn what_would_lose_its_identity_is_refused() {
    let (source, _) = MINIMAL.split_once("sink:").unwrap();
    let (_, sink) = TO_ELASTICSEARCH.split_once("sink:").unwrap();
    assert!(bad(&format!("{source}sink:{sink}")).contains("sink.elasticsearch needs source.kafka"));
}
