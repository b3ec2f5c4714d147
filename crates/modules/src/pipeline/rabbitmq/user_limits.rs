//! `rabbitmq_user_limits`: how many connections and channels a user may have; -1 is no limit.

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;
use serde_json::{Value, json};

use super::State;
use super::ctl::Ctl;
use crate::arguments::Whole;
use crate::pipeline::product::Product;
use crate::{Host, Survey};

/// Parameters of `rabbitmq_user_limits`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RabbitmqUserLimits {
    #[serde(alias = "username", alias = "name")]
    user: String,
    #[serde(default = "none")]
    max_connections: Whole,
    #[serde(default = "none")]
    max_channels: Whole,
    #[serde(default)]
    state: State,
    #[serde(default)]
    node: Option<String>,
}

fn none() -> Whole {
    Whole(-1)
}

impl Product for RabbitmqUserLimits {
    const NAME: &'static str = "rabbitmq_user_limits";
    type Step = Change;

    fn gist(&self) -> Option<Change> {
        Some(Change::new(Verb::Change, format!("limits of user {}", self.user)))
    }

    fn look(&self, host: &Host) -> Result<Survey<Change>, Failure> {
        let ctl = Ctl::installed(self.node.as_deref(), host)?;
        let listed = ctl.run(&["list_user_limits", "--user", &self.user], None)?;
        let found = limits(&listed).ok_or_else(|| {
            Failure::new(format!("unreadable limits of user {}", self.user)).note("rabbitmqctl", listed.trim())
        })?;
        Ok(Survey::steps(self.changes(&found)))
    }

    fn make(&self, step: &Change, host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        let ctl = Ctl::installed(self.node.as_deref(), host)?;
        for (limit, wanted) in self.wanted().into_iter().filter(|(limit, _)| step.what.starts_with(limit)) {
            if wanted < 0 {
                ctl.run(&["clear_user_limits", &self.user, limit], None)?;
            } else {
                ctl.run(&["set_user_limits", &self.user, &json!({ limit: wanted }).to_string()], None)?;
            }
        }
        Ok(())
    }
}

impl RabbitmqUserLimits {
    fn changes(&self, found: &Value) -> Vec<Change> {
        let change = |(limit, wanted): (&str, i64)| {
            let now = found.get(limit).and_then(Value::as_i64).unwrap_or(-1).max(-1);
            let change = Change::new(Verb::Change, format!("{limit} of user {}", self.user));
            (now != wanted).then(|| change.detail(format!("{now} -> {wanted}")))
        };
        self.wanted().into_iter().filter_map(change).collect()
    }

    fn wanted(&self) -> [(&'static str, i64); 2] {
        let wanted = |limit: Whole| if self.state == State::Absent { -1 } else { limit.0.max(-1) };
        [("max-connections", wanted(self.max_connections)), ("max-channels", wanted(self.max_channels))]
    }
}

/// The limits of one user or vhost as rabbitmqctl prints them: a mapping, or text of one in a list.
pub(super) fn limits(listed: &str) -> Option<Value> {
    let start = listed.find(['{', '['])?;
    match serde_json::from_str(&listed[start..]).ok()? {
        Value::Array(users) => match users.first().and_then(|user| user.get("limits")) {
            Some(Value::String(text)) => serde_json::from_str(text).ok(),
            Some(limits) => Some(limits.clone()),
            None => Some(json!({})),
        },
        limits => Some(limits),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::from_value;

    use super::*;

    #[test]
    fn only_limits_that_differ_are_set() {
        for (params, listed, wanted) in [
            (json!({"max_connections": 64}), "{}", vec!["max-connections of user u: -1 -> 64"]),
            (json!({"max_connections": 64}), r#"{"max-connections":64}"#, vec![]),
            (json!({}), r#"[{"user":"u","limits":"{\"max-channels\":5}"}]"#, vec!["max-channels of user u: 5 -> -1"]),
            (
                json!({"max_channels": 5, "state": "absent"}),
                r#"{"max-channels":5}"#,
                vec!["max-channels of user u: 5 -> -1"],
            ),
        ] {
            let mut params = params;
            params["name"] = "u".into();
            let task: RabbitmqUserLimits = from_value(params.clone()).unwrap();
            let changes = task.changes(&limits(listed).unwrap());
            let told: Vec<String> =
                changes.iter().map(|change| format!("{}: {}", change.what, change.detail)).collect();
            assert_eq!(told, wanted, "{params} {listed}");
        }
        assert_eq!(limits("Error"), None);
    }
}
