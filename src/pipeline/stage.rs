//! The stages of the pipeline in the order of the flow, with what each is called in inventories and roles.

/// One stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Where messages enter.
    Rabbitmq,
    /// `dpp-relay` or Logstash, which forwards them.
    Relay,
    /// The brokers.
    Kafka,
    /// The workers of Kafka Connect.
    Connect,
    /// The nodes of Elasticsearch.
    Elasticsearch,
    /// Kibana.
    Kibana,
    /// The test page, which not every pipeline has.
    Webapp,
}

impl Stage {
    /// All, in the order of the flow.
    pub const ALL: [Self; 7] =
        [Self::Rabbitmq, Self::Relay, Self::Kafka, Self::Connect, Self::Elasticsearch, Self::Kibana, Self::Webapp];

    /// Its name on the command line and on the screen.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rabbitmq => "rabbitmq",
            Self::Relay => "relay",
            Self::Kafka => "kafka",
            Self::Connect => "connect",
            Self::Elasticsearch => "elasticsearch",
            Self::Kibana => "kibana",
            Self::Webapp => "webapp",
        }
    }

    /// The stage of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.name() == name)
    }

    /// The groups of hosts when the settings name none; the first that has hosts is meant.
    pub fn groups(self) -> &'static [&'static str] {
        match self {
            Self::Rabbitmq => &["rabbitmq_nodes", "web_nodes"],
            Self::Webapp => &["web_nodes"],
            Self::Relay => &["logstash_nodes"],
            Self::Kafka | Self::Connect => &["kafka_nodes"],
            Self::Elasticsearch => &["elasticsearch_nodes"],
            Self::Kibana => &["kibana_nodes"],
        }
    }

    /// The stage that a role sets up; none for what several need, such as Java.
    pub fn of_role(role: &str) -> Option<Self> {
        let short = role.rsplit('.').next().unwrap_or(role).replace('-', "_");
        match short.trim_start_matches("dpp_") {
            "rabbitmq" => Some(Self::Rabbitmq),
            "relay" | "logstash" => Some(Self::Relay),
            "kafka" | "zookeeper" | "confluent" => Some(Self::Kafka),
            "connect" | "connector" | "kafka_connect" | "kafka_connector" => Some(Self::Connect),
            "elasticsearch" => Some(Self::Elasticsearch),
            "kibana" => Some(Self::Kibana),
            "webapp" => Some(Self::Webapp),
            _ => None,
        }
    }

    /// Units that do its work, whichever of them are installed.
    pub fn units(self) -> &'static [&'static str] {
        match self {
            Self::Rabbitmq => &["rabbitmq-server"],
            Self::Relay => &["dpp-relay", "logstash"],
            Self::Kafka => &["confluent-kafka", "confluent-server", "kafka"],
            Self::Connect => &["confluent-kafka-connect", "kafka-connect"],
            Self::Elasticsearch => &["elasticsearch", "opensearch"],
            Self::Kibana => &["kibana"],
            Self::Webapp => &["dpp-webapp"],
        }
    }

    /// Patterns of the packages that carry its version.
    pub fn packages(self) -> &'static [&'static str] {
        match self {
            Self::Rabbitmq => &["rabbitmq-server"],
            Self::Relay => &["dpp-relay", "logstash"],
            Self::Kafka | Self::Connect => &["confluent-kafka", "confluent-kafka-2.11", "confluent-server"],
            Self::Elasticsearch => &["elasticsearch", "opensearch"],
            Self::Kibana => &["kibana"],
            Self::Webapp => &["dpp-webapp"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_found_by_its_name_and_by_its_roles() {
        assert!(Stage::ALL.into_iter().all(|stage| Stage::parse(stage.name()) == Some(stage)));
        for (role, stage) in [
            ("rabbitmq", Some(Stage::Rabbitmq)),
            ("logstash", Some(Stage::Relay)),
            ("kafka_connect", Some(Stage::Connect)),
            ("mohsensy.confluent", Some(Stage::Kafka)),
            ("dpp-webapp", Some(Stage::Webapp)),
            ("java", None),
        ] {
            assert_eq!(Stage::of_role(role), stage, "{role}");
        }
    }
}
