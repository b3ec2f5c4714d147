//! `rabbitmq_vhost_limits`: how many connections and queues a vhost may have; -1 is no limit.

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde_json::{Value, json};

use super::State;
use super::api::{Api, path};
use crate::arguments::Whole;
use crate::pipeline::product::Product;
use crate::{Host, Survey};

with_login! {
    /// Parameters of `rabbitmq_vhost_limits`.
    pub struct RabbitmqVhostLimits {
        #[serde(default = "super::root_vhost")]
        vhost: String,
        #[serde(default = "none")]
        max_connections: Whole,
        #[serde(default = "none")]
        max_queues: Whole,
        #[serde(default)]
        state: State,
    }
}

fn none() -> Whole {
    Whole(-1)
}

impl Product for RabbitmqVhostLimits {
    const NAME: &'static str = "rabbitmq_vhost_limits";
    type Step = Change;

    fn gist(&self) -> Option<Change> {
        Some(Change::new(Verb::Change, format!("limits of vhost {}", self.vhost)))
    }

    fn look(&self, _host: &Host) -> Result<Survey<Change>, Failure> {
        let found = Api::new(&self.login()).find(&path("vhost-limits", &[&self.vhost]), "limits of vhosts")?;
        let found = found.unwrap_or_default()[0]["value"].clone();
        let steps = self.wanted().into_iter().filter_map(|(limit, wanted)| {
            let found = found.get(limit).and_then(Value::as_i64).unwrap_or(-1);
            let change = Change::new(Verb::Change, format!("{limit} of vhost {}", self.vhost));
            (found.max(-1) != wanted).then(|| change.detail(format!("{found} -> {wanted}")))
        });
        Ok(Survey::steps(steps.collect()))
    }

    fn make(&self, step: &Change, _host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        let api = Api::new(&self.login());
        for (limit, wanted) in self.wanted().into_iter().filter(|(limit, _)| step.what.starts_with(limit)) {
            let path = path("vhost-limits", &[&self.vhost, limit]);
            if wanted < 0 {
                api.delete(&path, &step.what)?;
            } else {
                api.put(&path, &json!({"value": wanted}), &step.what)?;
            }
        }
        Ok(())
    }
}

impl RabbitmqVhostLimits {
    fn wanted(&self) -> [(&'static str, i64); 2] {
        let wanted = |limit: Whole| if self.state == State::Absent { -1 } else { limit.0.max(-1) };
        [("max-connections", wanted(self.max_connections)), ("max-queues", wanted(self.max_queues))]
    }
}

#[cfg(test)]
mod tests {
    use dpp_protocol::Mode;

    use super::*;
    use crate::pipeline::stub::{Stub, run};

    #[test]
    fn limits_are_set_and_taken_away_one_by_one() {
        let stub = Stub::new(&[
            ("GET /api/vhost-limits/%2Flog", 200, r#"[{"vhost":"/log","value":{"max-queues":5}}]"#),
            ("PUT /api/vhost-limits/%2Flog/max-connections", 204, ""),
            ("DELETE /api/vhost-limits/%2Flog/max-queues", 204, ""),
        ]);
        let params =
            json!({"vhost": "/log", "max_connections": 9, "login_port": stub.port(), "login_host": "127.0.0.1"});
        let outcome = run("rabbitmq_vhost_limits", &params, Mode::Apply).unwrap();
        assert_eq!(outcome.changes.len(), 2);
        let expected = [
            r#"PUT /api/vhost-limits/%2Flog/max-connections {"value":9}"#,
            "DELETE /api/vhost-limits/%2Flog/max-queues",
        ];
        assert_eq!(stub.changes(), expected);
    }
}
