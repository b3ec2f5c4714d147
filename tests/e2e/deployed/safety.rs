//! What a deployed host shows to others: its listeners, its secrets, and to whom its files belong.

use super::{HOSTS, Pipeline, pipeline};

/// What listens beyond its own host, by host: port and programme. Everything else is for the host alone.
const OPEN: &[(&str, &[&str])] = &[
    ("web1", &["22 sshd", "8080 dpp-webapp"]),
    ("kafka1", &["22 sshd", "9092 java"]),
    ("elasticsearch1", &["22 sshd", "5601 node", "9200 java"]),
];

/// Mode and owner of what the roles write, and of what holds data.
const FILES: &[(&str, &str)] = &[
    ("web1", "640 root:dpp-relay /etc/dpp-relay/config.yml"),
    ("web1", "640 root:dpp-relay /etc/dpp-relay/password"),
    ("web1", "640 root:dpp-webapp /etc/dpp-webapp/amqp-password"),
    ("web1", "640 root:dpp-webapp /etc/dpp-webapp/config.yml"),
    ("web1", "644 root:root /etc/rabbitmq/rabbitmq.conf"),
    ("web1", "755 rabbitmq:rabbitmq /etc/rabbitmq"),
    ("web1", "400 rabbitmq:rabbitmq /var/lib/rabbitmq/.erlang.cookie"),
    ("web1", "700 root:root /var/lib/dppctl"),
    ("kafka1", "640 root:confluent /etc/kafka/server.properties"),
    ("kafka1", "640 root:confluent /etc/kafka/zookeeper.properties"),
    ("kafka1", "640 root:confluent /etc/kafka/connect-distributed.properties"),
    ("kafka1", "640 root:confluent /etc/kafka/connectors/elasticsearch-sink.properties"),
    ("kafka1", "644 root:root /etc/systemd/system/confluent-kafka.service.d/dppctl.conf"),
    ("kafka1", "750 cp-kafka:confluent /var/lib/kafka"),
    ("kafka1", "640 cp-kafka:confluent /var/lib/zookeeper/myid"),
    ("kafka1", "700 root:root /var/lib/dppctl"),
    ("elasticsearch1", "660 root:elasticsearch /etc/elasticsearch/elasticsearch.yml"),
    ("elasticsearch1", "660 root:elasticsearch /etc/elasticsearch/jvm.options"),
    ("elasticsearch1", "640 root:kibana /etc/kibana/kibana.yml"),
    ("elasticsearch1", "700 root:root /var/lib/dppctl"),
];

#[test]
fn only_what_others_need_listens_on_the_network() {
    let pipeline = pipeline();
    for (host, expected) in OPEN {
        let mut open: Vec<String> = pipeline.on(host, "ss -Hltnp").lines().filter_map(open_listener).collect();
        open.sort_by_key(|listener| listener.split(' ').next().and_then(|port| port.parse::<u32>().ok()));
        open.dedup();
        assert_eq!(&open, expected, "{host}");
    }
}

/// `22 sshd` out of a line of `ss`; nothing for a listener on the host's own loopback.
fn open_listener(line: &str) -> Option<String> {
    let (address, port) = line.split_whitespace().nth(3)?.rsplit_once(':')?;
    let own = address.starts_with("127.") || address.starts_with("[::ffff:127.") || address == "[::1]";
    let programme = line.split('"').nth(1).unwrap_or("?");
    (!own).then(|| format!("{port} {programme}"))
}

#[test]
fn no_file_that_others_may_read_holds_the_password() {
    let pipeline = pipeline();
    for host in HOSTS {
        // The pattern does not match itself in this very command.
        let found =
            pipeline.on(host, "grep -rlsI 'logger_[p]ass' /etc /var /root /home /usr/local /opt | sort || true");
        let readable: Vec<&str> = found.lines().filter(|path| others_may_read(&pipeline, host, path)).collect();
        assert!(readable.is_empty(), "{host}: {readable:?}");
        assert_eq!(found.is_empty(), *host != "web1", "{host}: {found}");
    }
    let arguments = pipeline.on("web1", "grep -als 'logger_[p]ass' /proc/[0-9]*/cmdline /proc/[0-9]*/environ || true");
    assert_eq!(arguments, "", "a process shows it to everybody");
}

fn others_may_read(pipeline: &Pipeline, host: &str, path: &str) -> bool {
    let mode = pipeline.on(host, &format!("stat -c %a '{path}'"));
    mode.trim().chars().last().is_none_or(|others| others != '0')
}

#[test]
fn files_belong_to_whom_their_products_give_them() {
    let pipeline = pipeline();
    for (host, expected) in FILES {
        let path = expected.rsplit(' ').next().unwrap_or_default();
        let found = pipeline.on(host, &format!("stat -c '%a %U:%G %n' '{path}'"));
        assert_eq!(found.trim(), *expected, "{host}");
    }
}

#[test]
fn rabbitmq_knows_the_applications_user_and_no_guest() {
    let pipeline = pipeline();
    let users = pipeline.on("web1", "rabbitmqctl -q --formatter csv list_users");
    assert_eq!(users.lines().skip(1).collect::<Vec<_>>(), ["\"logger\",\"[administrator]\""], "{users}");
    let rights = pipeline.on("web1", "rabbitmqctl -q --formatter csv list_permissions -p /");
    assert!(!rights.contains("logger") && !rights.contains("guest"), "{rights}");
}

#[test]
fn an_event_of_long_ago_is_kept_as_long_as_one_of_now() {
    let pipeline = pipeline();
    let described = pipeline.on("kafka1", "kafka-topics --zookeeper 127.0.0.1:2181 --describe --topic logs_data");
    assert!(described.contains("message.timestamp.type=LogAppendTime"), "{described}");
}
