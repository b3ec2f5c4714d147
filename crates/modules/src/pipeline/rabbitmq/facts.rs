//! `rabbitmq_facts`: version, alarms and the queues of a vhost with what waits in them; for status screens.

use dpp_protocol::Failure;
use serde_json::{Map, Value, json};

use super::api::{Api, path};
use crate::pipeline::product::{Never, Product};
use crate::{Host, Survey};

with_login! {
    /// Parameters of `rabbitmq_facts`.
    pub struct RabbitmqFacts {
        #[serde(default = "super::root_vhost")]
        vhost: String,
    }
}

impl Product for RabbitmqFacts {
    const NAME: &'static str = "rabbitmq_facts";
    type Step = Never;

    only_asks!("version");

    fn look(&self, _host: &Host) -> Result<Survey<Never>, Failure> {
        let api = Api::new(&self.login())?;
        let overview = api.find("/api/overview", "the overview")?.unwrap_or_default();
        let nodes = api.find("/api/nodes", "nodes")?.unwrap_or_default();
        let queues =
            api.find(&path("queues", &[&self.vhost]), &format!("queues of {}", self.vhost))?.unwrap_or_default();
        let nodes: Map<String, Value> = entries(
            &nodes,
            |node| json!({"running": node["running"], "memory_alarm": node["mem_alarm"], "disk_alarm": node["disk_free_alarm"]}),
        );
        let queues: Map<String, Value> = entries(&queues, |queue| {
            json!({
                "messages": queue["messages"],
                "ready": queue["messages_ready"],
                "unacknowledged": queue["messages_unacknowledged"],
                "consumers": queue["consumers"],
                "in_rate": queue.pointer("/message_stats/publish_details/rate"),
                "out_rate": queue.pointer("/message_stats/ack_details/rate"),
            })
        });
        Ok(Survey::unchanged()
            .value("version", overview["rabbitmq_version"].clone())
            .value("erlang_version", overview["erlang_version"].clone())
            .value("nodes", nodes)
            .value("queues", queues))
    }
}

fn entries(list: &Value, facts: impl Fn(&Value) -> Value) -> Map<String, Value> {
    let named = list.as_array().into_iter().flatten();
    named.filter_map(|entry| Some((entry["name"].as_str()?.to_owned(), facts(entry)))).collect()
}
