//! The ports of the pipeline: who listens on them, and whether somebody else does where a product of ours is to.

use std::collections::BTreeMap;

use dpp_protocol::ResultMap;
use serde::Serialize;
use serde_json::Value as Json;

use crate::cli::invocation::Invocation;
use crate::pipeline::Stage;

/// Ports, and the stage that each is for.
const PORTS: [(u16, Stage); 10] = [
    (2181, Stage::Kafka),
    (5601, Stage::Kibana),
    (5672, Stage::Rabbitmq),
    (8080, Stage::Webapp),
    (8083, Stage::Connect),
    (9092, Stage::Kafka),
    (9093, Stage::Kafka),
    (9200, Stage::Elasticsearch),
    (9300, Stage::Elasticsearch),
    (15672, Stage::Rabbitmq),
];
/// Units that hold a stage's ports beside its own.
const BESIDE: [(Stage, &str); 3] =
    [(Stage::Kafka, "confluent-zookeeper"), (Stage::Kafka, "zookeeper"), (Stage::Kafka, "confluent-kcontroller")];

/// Who listens on a port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Listener {
    pub(super) name: String,
    pub(super) pid: u64,
    pub(super) unit: String,
}

impl Listener {
    /// Its unit, else its name; a question mark when only root is told.
    pub(super) fn words(&self) -> &str {
        match (self.unit.strip_suffix(".service"), self.name.as_str()) {
            (Some(unit), _) => unit,
            (None, "") => "?",
            (None, name) => name,
        }
    }
}

/// Those who listen on ports of the pipeline.
pub(super) fn listeners(result: &ResultMap) -> BTreeMap<u16, Listener> {
    let facts = result.get("ansible_facts").and_then(|facts| facts["tcp_listen"].as_array());
    let listener = |fact: &Json| {
        let port = u16::try_from(fact["port"].as_u64()?).ok()?;
        let text = |name: &str| fact[name].as_str().unwrap_or_default().to_owned();
        let listener = Listener { name: text("name"), pid: fact["pid"].as_u64()?, unit: text("unit") };
        PORTS.iter().any(|(known, _)| *known == port).then_some((port, listener))
    };
    facts.into_iter().flatten().filter_map(listener).collect()
}

/// Which hosts are to be which stages.
#[derive(Debug, Default)]
pub(super) struct Purposes {
    hosts: BTreeMap<Stage, Vec<String>>,
}

impl Purposes {
    /// From the groups of the inventory that the settings name, or that are usual.
    pub(super) fn of(invocation: &Invocation) -> Self {
        let named = invocation.project.settings.pipeline.value.stages();
        let hosts = Stage::ALL.map(|stage| {
            let groups: Vec<&str> =
                named.iter().filter(|(name, _)| *name == stage.name()).map(|(_, group)| *group).collect();
            let groups = if groups.is_empty() { stage.groups().to_vec() } else { groups };
            let hosts = groups.iter().flat_map(|group| invocation.inventory.hosts_of(group));
            (stage, hosts.map(str::to_owned).collect())
        });
        Self { hosts: hosts.into_iter().collect() }
    }

    /// What is wrong with somebody listening on a port of this host, and what to do.
    pub(super) fn finding(&self, host: &str, port: u16, listener: &Listener) -> Option<(String, String)> {
        let stage = PORTS.iter().find(|(known, _)| *known == port).map(|(_, stage)| *stage)?;
        let is_ours = self.hosts.get(&stage).is_some_and(|hosts| hosts.iter().any(|known| known == host));
        let unit = listener.unit.strip_suffix(".service").unwrap_or_default();
        let expected = stage.units().contains(&unit) || BESIDE.contains(&(stage, unit));
        // Whoever holds it, only root was told: it may be the product itself.
        if !is_ours || expected || listener.name.is_empty() {
            return None;
        }
        let stop = match unit {
            "" => format!("stop it: kill {}", listener.pid),
            unit => format!("stop it: systemctl disable --now {unit}"),
        };
        let unit = if unit.is_empty() { String::new() } else { format!(", {}", listener.unit) };
        let who = format!("{} (pid {}{unit})", listener.name, listener.pid);
        Some((
            format!("port {port} is held by {who}, and {} is to listen there", stage.name()),
            format!("{stop}; or set {} up on another host or port", stage.name()),
        ))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn listener(name: &str, unit: &str) -> Listener {
        Listener { name: name.into(), pid: 812, unit: unit.into() }
    }

    #[test]
    fn ports_of_the_pipeline_are_found_with_their_owners() {
        let facts = json!({"ansible_facts": {"tcp_listen": [
            {"port": 22, "name": "sshd", "pid": 1, "unit": "ssh.service"},
            {"port": 9092, "name": "java", "pid": 7, "unit": "confluent-kafka.service"},
            {"port": 5672, "name": "", "pid": 0, "unit": ""},
        ]}});
        let found = listeners(facts.as_object().unwrap());
        let words: Vec<(u16, &str)> = found.iter().map(|(port, listener)| (*port, listener.words())).collect();
        assert_eq!(words, [(5672, "?"), (9092, "confluent-kafka")]);
    }

    #[test]
    fn a_stranger_on_a_port_that_the_host_needs_is_a_finding() {
        let purposes = Purposes { hosts: BTreeMap::from([(Stage::Kibana, vec!["k1".to_owned()])]) };
        let found = |host: &str, listener: Listener| purposes.finding(host, 5601, &listener);
        let (what, help) = found("k1", listener("nginx", "nginx.service")).unwrap();
        assert_eq!(what, "port 5601 is held by nginx (pid 812, nginx.service), and kibana is to listen there");
        assert!(help.starts_with("stop it: systemctl disable --now nginx;"), "{help}");
        assert!(found("k1", listener("python3", "")).unwrap().1.starts_with("stop it: kill 812;"));
        assert_eq!(found("k1", listener("node", "kibana.service")), None);
        assert_eq!(found("es1", listener("nginx", "nginx.service")), None);
    }
}
