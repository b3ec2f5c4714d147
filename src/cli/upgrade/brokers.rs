//! Kafka's brokers before they are upgraded: whether all of them are there and in sync, and in which order they go.

use dpp_protocol::Answer;
use serde_json::{Map, Value as Json, json};

use super::preflight::{Look, Move};
use crate::artifacts::Version;
use crate::cli::render::variables;
use crate::engine::Errand;
use crate::pipeline::{Finding, Stage};

/// The handler that an upgrade owes a broker while it keeps it down.
pub(super) const DOWN: &str = "Kafka runs again";
/// From this version of Confluent's on the roles run Kafka without ZooKeeper.
const WITHOUT_ZOOKEEPER: &str = "7.4";

impl Look<'_> {
    /// What the brokers say, and the order in which they go: the leader of their quorum last.
    pub(super) fn brokers(&mut self, moves: &[Move]) -> (Vec<Finding>, Vec<String>) {
        let hosts = self.layout.of(Stage::Kafka).to_vec();
        let Some(target) = self.targets.iter().find(|target| target.stage == Stage::Kafka) else {
            return (Vec::new(), hosts);
        };
        let from = moves.iter().filter(|step| step.product == target.product).flat_map(|step| &step.from);
        if let Some(old) = from.chain([&target.version]).find(|version| runs_with_zookeeper(version)) {
            let words = format!("Kafka of Confluent {old} runs with ZooKeeper");
            let help = "its protocol version is raised in two rounds, and its data are moved to KRaft by a migration of its own: \
                        neither is done here";
            return (vec![Finding::fail("brokers", "DPP0614", words).help(help)], hosts);
        }
        let errands: Vec<Errand> = hosts.iter().flat_map(|host| [facts(host), quorum(host)]).collect();
        let answers = self.layout.errands.run(&errands, &mut |_, _, _| {});
        let is_owed = |host: &String| {
            self.layout.errands.debts().get(host).is_some_and(|debts| debts.iter().any(|debt| debt.handler == DOWN))
        };
        let broken_off: Vec<&String> = hosts.iter().filter(|host| is_owed(host)).collect();
        let found = answers.chunks(2).map(|pair| &pair[0]).find_map(|answer| answer.as_ref().ok());
        let findings = match found {
            Some(found) => judged(&found.result, hosts.len(), &broken_off),
            None => vec![
                Finding::fail("brokers", "DPP0806", "no broker answers".to_owned()).help("dppctl status tells why"),
            ],
        };
        let leader = answers.chunks(2).map(|pair| &pair[1]).find_map(leader);
        let order = self.leader_last(&hosts, leader.as_deref());
        (findings, order)
    }

    fn leader_last(&mut self, hosts: &[String], leader: Option<&str>) -> Vec<String> {
        let number = |host: &String| {
            let found = variables(self.invocation, "kafka", host, &["kafka_node_id"]).ok()?;
            Some(Json::from(&found["kafka_node_id"]).to_string().trim_matches('"').to_owned())
        };
        let (last, mut order): (Vec<String>, Vec<String>) =
            hosts.iter().cloned().partition(|host| leader.is_some() && number(host).as_deref() == leader);
        order.extend(last);
        order
    }
}

fn runs_with_zookeeper(version: &str) -> bool {
    Version::parse(version) < Version::parse(WITHOUT_ZOOKEEPER)
}

fn facts(host: &str) -> Errand {
    Errand::new(host, "kafka_facts", json!({"bootstrap_servers": ["127.0.0.1:9092"]}))
}

/// In KRaft a broker names any other one as controller; only the quorum itself knows who leads it.
fn quorum(host: &str) -> Errand {
    let ask = "kafka-metadata-quorum --bootstrap-server 127.0.0.1:9092 describe --status 2>/dev/null || true";
    Errand::new(host, "shell", json!({"cmd": ask}))
}

fn leader(answer: &Answer) -> Option<String> {
    let printed = answer.as_ref().ok()?.result.get("stdout")?.as_str()?;
    let line = printed.lines().find_map(|line| line.trim().strip_prefix("LeaderId:"))?;
    Some(line.trim().to_owned()).filter(|number| number.parse::<u32>().is_ok())
}

fn judged(facts: &Map<String, Json>, hosts: usize, broken_off: &[&String]) -> Vec<Finding> {
    let there = facts.get("brokers").and_then(Json::as_object).map_or(0, Map::len);
    let troubles: Vec<&str> =
        facts.get("troubles").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str).collect();
    if !broken_off.is_empty() {
        let names: Vec<&str> = broken_off.iter().map(|host| host.as_str()).collect();
        return vec![Finding::warn(
            "brokers",
            format!("an upgrade was broken off on {}: it goes on there", names.join(", ")),
        )];
    }
    let mut findings = Vec::new();
    if there < hosts || !troubles.is_empty() {
        let words = std::iter::once(format!("{there} of {hosts} brokers are there"))
            .chain(troubles.iter().map(|words| (*words).to_owned()));
        let words: Vec<String> = words.take(6).collect();
        findings.push(
            Finding::fail("brokers", "DPP0806", words.join("; "))
                .help("dppctl status tells which; nothing is upgraded until all are in sync"),
        );
    } else {
        findings.push(Finding::ok("brokers", format!("{there} of {hosts}, every partition in sync")));
    }
    let single = single_copies(facts);
    if hosts > 1 && !single.is_empty() {
        let words = format!("{} have one copy: they wait while its broker is down", single.join(", "));
        findings.push(Finding::warn("brokers", words));
    }
    findings
}

/// Topics of which a partition has one copy only.
fn single_copies(facts: &Map<String, Json>) -> Vec<&str> {
    let topics = facts.get("topics").and_then(Json::as_object).into_iter().flatten();
    let is_single = |topic: &Json| {
        let partitions = topic["partitions"].as_object().into_iter().flatten();
        partitions
            .into_iter()
            .any(|(_, partition)| partition["replicas"].as_array().is_some_and(|copies| copies.len() == 1))
    };
    topics.filter(|(_, topic)| is_single(topic)).map(|(name, _)| name.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use dpp_protocol::Outcome;

    use super::*;
    use crate::pipeline::Mark;

    fn facts_of(brokers: usize, troubles: &[&str], copies: usize) -> Map<String, Json> {
        let brokers: Map<String, Json> = (1..=brokers).map(|id| (id.to_string(), json!("k:9092"))).collect();
        let replicas: Vec<usize> = (1..=copies).collect();
        let topics = json!({"logs_data": {"partitions": {"0": {"replicas": replicas}}}});
        json!({"brokers": brokers, "troubles": troubles, "topics": topics}).as_object().unwrap().clone()
    }

    fn told(facts: &Map<String, Json>, broken_off: &[&String]) -> Vec<(Mark, String)> {
        judged(facts, 3, broken_off).into_iter().map(|finding| (finding.mark, finding.words)).collect()
    }

    #[test]
    fn brokers_go_when_all_are_there_and_in_sync() {
        let well = (Mark::Ok, "3 of 3, every partition in sync".to_owned());
        assert_eq!(told(&facts_of(3, &[], 3), &[]).as_slice(), std::slice::from_ref(&well));
        let single = (Mark::Warn, "logs_data have one copy: they wait while its broker is down".to_owned());
        assert_eq!(told(&facts_of(3, &[], 1), &[]), [well, single]);
        let behind = told(&facts_of(2, &["logs_data-0: not in sync on broker 3"], 3), &[]);
        assert_eq!(behind, [(Mark::Fail, "2 of 3 brokers are there; logs_data-0: not in sync on broker 3".to_owned())]);
        let k3 = "k3".to_owned();
        assert_eq!(
            told(&facts_of(2, &["x"], 3), &[&k3])[0].0,
            Mark::Warn,
            "it is down because an upgrade keeps it down"
        );
    }

    #[test]
    fn the_leader_is_the_quorums_own_word() {
        let answer = |printed: &str| -> Answer {
            let result = json!({"stdout": printed}).as_object().unwrap().clone();
            Ok(Outcome { result, ..Outcome::default() })
        };
        assert_eq!(leader(&answer("ClusterId:  x\nLeaderId:              2\nLeaderEpoch: 5\n")).as_deref(), Some("2"));
        assert_eq!(leader(&answer("LeaderId: none")), None);
        assert_eq!(leader(&answer("")), None);
    }
}
