//! `rabbitmq_vhost_limits`: how many connections and queues a vhost may have; -1 is no limit.

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde_json::{Value, json};

use super::State;
use super::access::Access;
use super::api::path;
use super::user_limits::limits;
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
        #[serde(default)]
        node: Option<String>,
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

    fn look(&self, host: &Host) -> Result<Survey<Change>, Failure> {
        Ok(Survey::steps(self.changes(&self.found(&self.access(host)?)?)))
    }

    fn make(&self, step: &Change, host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        let access = self.access(host)?;
        let is_done = matches!(access, Access::Ctl(_)) && self.changes(&self.found(&access)?).is_empty();
        let api = match access {
            Access::Api(api) => api,
            // It takes all limits in one call, and refuses to clear what the step before has cleared.
            Access::Ctl(_) if is_done => return Ok(()),
            Access::Ctl(ctl) if self.state == State::Absent => {
                return ctl.run(&["clear_vhost_limits", "-p", &self.vhost], None).map(drop);
            }
            Access::Ctl(ctl) => {
                let all = Value::from_iter(self.wanted()).to_string();
                return ctl.run(&["set_vhost_limits", "-p", &self.vhost, &all], None).map(drop);
            }
        };
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
    fn access<'a>(&'a self, host: &'a Host<'a>) -> Result<Access<'a>, Failure> {
        Access::open(&self.login(), self.node.as_deref(), host)
    }

    fn changes(&self, found: &Value) -> Vec<Change> {
        let change = |(limit, wanted): (&str, i64)| {
            let now = found.get(limit).and_then(Value::as_i64).unwrap_or(-1);
            let change = Change::new(Verb::Change, format!("{limit} of vhost {}", self.vhost));
            (now.max(-1) != wanted).then(|| change.detail(format!("{now} -> {wanted}")))
        };
        self.wanted().into_iter().filter_map(change).collect()
    }

    fn found(&self, access: &Access) -> Result<Value, Failure> {
        match access {
            Access::Api(api) => {
                let found = api.find(&path("vhost-limits", &[&self.vhost]), "limits of vhosts")?;
                Ok(found.unwrap_or_default()[0]["value"].clone())
            }
            Access::Ctl(ctl) => {
                let listed = ctl.run(&["list_vhost_limits", "-p", &self.vhost], None)?;
                Ok(limits(&listed).unwrap_or_default())
            }
        }
    }

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
            ("GET /api/whoami", 200, "{}"),
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
