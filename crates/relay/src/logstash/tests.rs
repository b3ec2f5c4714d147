//! Pipelines as the documents have them; what comes out must be a configuration that the relay takes.

use super::*;
use crate::config::{Config, SinkConfig, SourceConfig};

const DOCUMENTS: &str = r#"
# shipping
input {
  rabbitmq {
    host => "localhost" port => 5672 vhost => "/log" user => "logger" password => "logger_pass"
    queue => "logs" exchange => "logging" exchange_type => "fanout" durable => true passive => true
    metadata_enabled => true codec => json { charset => "UTF-8" }
  }
}
filter {
  date { match => ["[@metadata][rabbitmq_headers][datetime]", "UNIX"] }
  json { source => "message" }
  mutate {
    add_field => { "[host][name]" => "%{[context][host]}" "env" => "prod" }
    rename => { "msg" => "text" }
    remove_field => ["password", "[context][secret]"]
  }
  if [level] == "debug" { drop {} } else if "x" in [tags] { mutate { lowercase => ["a"] } }
  translate { source => "[context][user_id]" target => "user" dictionary_path => "/etc/users.csv" fallback => "unknown" }
  grok { match => { "message" => "%{COMBINEDAPACHELOG} { \"" } }
}
output { kafka { bootstrap_servers => "k1:9092,k2:9092" topic_id => "logs_data" compression_type => "snappy" }
  stdout { codec => rubydebug } }
"#;

fn config(turned: &Turned) -> Config {
    let yaml = turned.to_yaml();
    serde_saphyr::from_str(&yaml).unwrap_or_else(|error| panic!("{error}\n{yaml}"))
}

#[test]
fn the_documents_pipeline_becomes_a_configuration() {
    let turned = turn(DOCUMENTS).unwrap();
    let config = config(&turned);
    let (SourceConfig::Rabbitmq(source), SinkConfig::Kafka(sink)) = (&config.sources[0], &config.sink) else {
        panic!("{config:?}")
    };
    assert_eq!((source.queue.as_str(), source.vhost.as_str(), source.port), ("logs", "/log", 5672));
    assert_eq!((sink.topic.as_str(), sink.bootstrap_servers.to_string().as_str()), ("logs_data", "k1:9092,k2:9092"));
    assert_eq!((config.mapping.date_header.as_str(), config.mapping.rules.len()), ("datetime", 7));
    let yaml = turned.to_yaml();
    assert!(!yaml.contains("logger_pass") && yaml.contains("password_file"), "{yaml}");
    let left = turned.left.join("\n");
    let expected = "rabbitmq: password; write it into /etc/dpp-relay/password, mode 0640, group dpp-relay\n\
         filter if else if \"x\" in [tags] { … }\n\
         filter grok\n\
         another output stdout: a relay has one, let a second one run for it";
    assert_eq!(left, expected);
}

#[test]
fn kafka_to_elasticsearch_is_turned_with_its_index_of_the_day() {
    let turned = turn(
        r#"input { kafka { bootstrap_servers => "k:9092" topics => ["a", "b"] group_id => "ls" auto_offset_reset => "latest" } }
           filter { date { match => ["time", "dd/MMM/yyyy:HH:mm:ss Z"] } if ![user] { drop { } } }
           output { elasticsearch { hosts => ["es1", "https://es2:9200"] index => "logs-%{+YYYY.MM.dd}" document_type => "log" } }"#,
    )
    .unwrap();
    let config = config(&turned);
    let SinkConfig::Elasticsearch(sink) = &config.sink else { panic!("{config:?}") };
    let nodes: Vec<&str> = sink.nodes.iter().map(reqwest::Url::as_str).collect();
    assert_eq!((nodes, sink.index.at(0).as_str()), (vec!["http://es1:9200/", "https://es2:9200/"], "logs-1970.01.01"));
    assert_eq!((config.all_sources().as_str(), turned.left.len()), ("topics a,b of k:9092 as group ls", 0));
    assert!(turned.to_yaml().contains(r#"- {"date":{"field":"time","format":"%d/%b/%Y:%H:%M:%S %z"}}"#));
}

#[test]
fn what_is_no_pipeline_is_told_with_its_line() {
    for (text, words) in [
        ("input {\n  rabbitmq {\n    host = \"a\"\n", "line 3: `>` is expected"),
        ("input { rabbitmq { host => \"a", "line 1: a text without its closing quote"),
        ("input {\n if [a] == 1 ", "line 2: a condition without `{`"),
        ("{", "line 1: a name or a value is expected"),
    ] {
        assert_eq!(turn(text).unwrap_err(), words);
    }
}
