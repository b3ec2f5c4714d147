//! Three brokers of Kafka go from 3.9.2 to 4.3.1 one by one while the relay writes to them; no message is lost, though `dppctl`
//! dies in the middle, and then their features are switched on.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::deployed::{described_as, eventually, require};
use crate::lab::Lab;

use super::owed;

const BROKERS: [&str; 3] = ["kafka1", "kafka2", "kafka3"];
const UPGRADE: [&str; 4] = ["upgrade", "--versions", "kafka=8.3.1", "--yes"];
const RATE: u64 = 200;
const COUNT: u64 = RATE * 210;

fn deployed() -> Lab {
    let lab = Lab::boot_local("brokers", &["web1", "kafka1", "kafka2", "kafka3"]);
    let line = |name: &str| format!("{name} ansible_host={}\n", lab.address(name));
    let brokers: String = BROKERS.iter().map(|name| line(name)).collect();
    let groups = "[pipeline:children]\nweb_nodes\nkafka_nodes\n";
    described_as(
        &lab,
        &format!("[web_nodes]\n{}[logstash_nodes]\nweb1\n[kafka_nodes]\n{brokers}{groups}", line("web1")),
    );
    lab.write("group_vars/pipeline.yml", "dpp_stack: newest\nkafka_version: 7.9.2\nkafka_heap: 192m\n");
    for stage in ["rabbitmq", "kafka"] {
        let _ = lab.dppctl(["deploy", "--yes", "--only", stage]).exits(0);
    }
    tool(&lab, "kafka1", "kafka-topics --create --topic logs_data --partitions 3 --replication-factor 3");
    let _ = lab.dppctl(["deploy", "--yes", "--only", "relay"]).exits(0);
    lab
}

/// What one of Kafka's own tools says on a broker's host.
fn tool(lab: &Lab, host: &str, line: &str) -> String {
    let (tool, rest) = line.split_once(' ').unwrap();
    lab.on(host, &format!("{tool} --bootstrap-server {}:9092 {rest} 2>/dev/null", lab.address(host)))
}

/// A publisher with confirms on RabbitMQ's host.
fn load(lab: &Lab) {
    let example = Path::new(env!("CARGO_BIN_EXE_dppctl")).with_file_name("examples").join("load");
    lab.lay("web1", &example, "/usr/local/bin/load");
    let publish = format!(
        "/usr/local/bin/load publish --amqp amqp://logger:logger_pass@127.0.0.1:5672/%2flog --exchange logging --run brokers \
         --ledger /var/tmp/ledger --count {COUNT} --rate {RATE}"
    );
    lab.on("web1", &format!("systemd-run --quiet --unit=load --remain-after-exit {publish}"));
}

fn load_is(lab: &Lab) -> String {
    lab.on("web1", "systemctl show --value --property=SubState load").trim().to_owned()
}

fn versions(lab: &Lab) -> Vec<String> {
    BROKERS.iter().map(|host| lab.on(host, "dpkg-query -W -f '${Version}' confluent-kafka")).collect()
}

/// Kills a running upgrade as soon as a broker is down; which one that is.
fn killed_while_one_is_down(lab: &Lab) -> &'static str {
    let begun = Instant::now();
    let mut upgrade = lab.start(UPGRADE);
    let down = loop {
        let is_down = |host: &&&str| lab.on(host, "systemctl is-active confluent-kafka || true").trim() != "active";
        if let Some(host) = BROKERS.iter().find(is_down) {
            break *host;
        }
        let ended = upgrade.try_wait().unwrap();
        assert!(ended.is_none() && begun.elapsed() < Duration::from_mins(3), "{}", lab.finish(upgrade));
    };
    upgrade.kill().unwrap();
    let _ = lab.finish(upgrade);
    eventually("the agent to end", || {
        match lab.on(down, "ls -l /proc/[0-9]*/exe 2>/dev/null | grep -c /agent- || true").trim() {
            "0" => Ok(()),
            agents => Err(agents.to_owned()),
        }
    });
    down
}

#[test]
fn brokers_go_one_by_one_and_no_message_is_lost_though_dppctl_dies_in_the_middle() {
    require("upgrade");
    let lab = deployed();
    let far = lab.dppctl(["upgrade", "--versions", "kafka=4.0.2", "--yes"]).exits(65);
    assert!(far.stderr.contains("runs with ZooKeeper") && far.stderr.contains("is older"), "{far}");
    load(&lab);
    let down = killed_while_one_is_down(&lab);
    assert!(owed(&lab, down).contains(&"Kafka runs again".to_owned()), "{down}");

    let done = lab.dppctl(["upgrade", "--versions", "kafka=8.3.1", "--yes", "--no-finalize"]).exits(0);
    assert!(done.stderr.contains("it goes on there"), "{done}");
    assert_eq!(versions(&lab), ["8.3.1-1"; 3], "{done}");
    assert_eq!(load_is(&lab), "running", "the load ended before the upgrade did: {done}");
    let level = |lab: &Lab| {
        let features = tool(lab, "kafka1", "kafka-features describe");
        features.lines().find(|line| line.contains("metadata.version")).unwrap_or_default().to_owned()
    };
    assert!(level(&lab).contains("FinalizedVersionLevel: 3.9"), "{}", level(&lab));

    let finalized = lab.dppctl(UPGRADE).exits(0);
    assert_eq!(finalized.changes(), 1, "the features alone: {finalized}");
    assert!(level(&lab).contains("FinalizedVersionLevel: 4.3"), "{}", level(&lab));
    assert_eq!(lab.dppctl(UPGRADE).exits(0).changes(), 0);

    let state = eventually("the end of the load", || match load_is(&lab) {
        state if state == "running" => Err(state),
        state => Ok(state),
    });
    assert_eq!(state, "exited", "{}", lab.on("web1", "journalctl --no-pager -u load | tail -20"));
    let verdict = lab.on(
        "web1",
        &format!(
            "/usr/local/bin/load verdict --kafka {}:9092 --topic logs_data --run brokers --ledger /var/tmp/ledger \
             --dead /var/lib/dpp-relay/dead-letters.jsonl --wait 60 --max-duplicates 5000",
            lab.address("kafka1")
        ),
    );
    assert!(verdict.contains(&format!("\"confirmed\":{COUNT}")) && verdict.contains("\"lost\":0"), "{verdict}");
    BROKERS.iter().for_each(|host| assert_eq!(owed(&lab, host), [""; 0], "{host}"));
}
