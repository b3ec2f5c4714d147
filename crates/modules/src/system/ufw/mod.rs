//! `ufw`: the firewall is on or off, its policies, its log and its rules, by the host's own `ufw`.

mod rule;
mod settings;

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;

use crate::arguments::{Flag, Whole, Words};
use crate::system::tool::{accepted, ask_tool, run_tool, words};
use crate::system::ufw::rule::{changes_rules, position};
use crate::system::ufw::settings::Settings;
use crate::{Host, Module, Step, Survey};

/// Parameters of `ufw`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ufw {
    state: Option<State>,
    #[serde(rename = "default", alias = "policy")]
    policy: Option<Policy>,
    direction: Option<Direction>,
    logging: Option<Words>,
    insert: Option<Whole>,
    #[serde(default)]
    insert_relative_to: Anchor,
    rule: Option<Verdict>,
    #[serde(default)]
    log: Flag,
    #[serde(default = "any", alias = "from", alias = "src")]
    from_ip: String,
    from_port: Option<Words>,
    #[serde(default = "any", alias = "dest", alias = "to")]
    to_ip: String,
    #[serde(alias = "port")]
    to_port: Option<Words>,
    #[serde(alias = "protocol")]
    proto: Option<Protocol>,
    #[serde(alias = "app")]
    name: Option<String>,
    #[serde(default)]
    delete: Flag,
    #[serde(alias = "if")]
    interface: Option<String>,
    #[serde(alias = "if_in")]
    interface_in: Option<String>,
    #[serde(alias = "if_out")]
    interface_out: Option<String>,
    #[serde(default)]
    route: Flag,
    comment: Option<Words>,
}

/// A word that a task chooses out of some, and that ufw takes as it is written.
macro_rules! chosen {
    ($name:ident: $($variant:ident $word:literal),+) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
        enum $name {
            $(#[serde(rename = $word)] $variant),+
        }

        impl $name {
            fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }
        }
    };
}

chosen!(State: Disabled "disabled", Enabled "enabled", Reloaded "reloaded", Reset "reset");
chosen!(Policy: Allow "allow", Deny "deny", Reject "reject");
chosen!(Verdict: Allow "allow", Deny "deny", Limit "limit", Reject "reject");
chosen!(Direction: In "in", Incoming "incoming", Out "out", Outgoing "outgoing", Routed "routed");
chosen!(Protocol: Any "any", Tcp "tcp", Udp "udp", Ipv6 "ipv6", Esp "esp", Ah "ah", Gre "gre", Igmp "igmp", Vrrp "vrrp");

/// From where a rule's number is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Anchor {
    #[default]
    Zero,
    FirstIpv4,
    LastIpv4,
    FirstIpv6,
    LastIpv6,
}

fn any() -> String {
    "any".into()
}

/// One call of `ufw`.
#[derive(Debug)]
pub struct UfwStep {
    change: Change,
    arguments: Vec<String>,
}

impl Step for UfwStep {
    fn change(&self, _diff: bool) -> Change {
        self.change.clone()
    }
}

impl Module for Ufw {
    const NAME: &'static str = "ufw";
    type Step = UfwStep;

    fn survey(&self, host: &Host) -> Result<Survey<UfwStep>, Failure> {
        self.check()?;
        let arguments = words(["status", "verbose"]);
        let Some(status) = ask_tool("ufw", &arguments, host)? else {
            // An earlier task may install it.
            return Ok(commanded(self.all_orders(None)).unpredicted());
        };
        let status = accepted(status, "ufw", &arguments)?.stdout;
        let settings = Settings::read()?;
        let mut steps = Vec::new();
        steps.extend(self.state_order().filter(|_| self.differs(&status)));
        steps.extend(self.policy_order().filter(|_| self.has_other_policy(&settings)));
        if let Some(order) = self.rule_order(self.place(host)?) {
            let dry = [words(["--dry-run"]), order.arguments.clone()].concat();
            let said = ask_tool("ufw", &dry, host)?.map(|said| accepted(said, "ufw", &dry)).transpose()?;
            let said = said.map(|said| said.stdout).unwrap_or_default();
            steps.extend(changes_rules(&said, &settings.rules, self.delete.0).then_some(order));
        }
        steps.extend(self.logging_order().filter(|_| self.has_other_log(&settings)));
        Ok(commanded(steps).value("msg", status.trim_end()))
    }

    fn apply(&self, step: &UfwStep, host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        run_tool("ufw", &step.arguments, host)
    }

    fn conclude(&self, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        let status = ask_tool("ufw", &words(["status", "verbose"]), host)?;
        result.extend(status.map(|status| ("msg".to_owned(), status.stdout.trim_end().into())));
        Ok(())
    }
}

impl Ufw {
    fn check(&self) -> Result<(), Failure> {
        let given = [self.name.is_some(), self.proto.is_some(), self.logging.is_some()];
        let is_of_policy =
            matches!(self.direction, Some(Direction::Incoming | Direction::Outgoing | Direction::Routed));
        let is_of_rule = matches!(self.direction, Some(Direction::In | Direction::Out));
        let through = self.interface_in.is_some() || self.interface_out.is_some();
        let both = self.interface_in.is_some() && self.interface_out.is_some();
        let has_order = self.state.is_some() || self.policy.is_some() || self.rule.is_some() || self.logging.is_some();
        let is_level = |level: &Words| {
            ["on", "off", "low", "medium", "high", "full", "true", "false"].contains(&level.0.to_lowercase().as_str())
        };
        let wrong = match self {
            _ if !has_order => "`ufw` needs `state`, `default`, `rule` or `logging`",
            _ if given.iter().filter(|given| **given).count() > 1 => "`name`, `proto` and `logging` exclude each other",
            _ if self.direction.is_some() && through => "`direction` excludes `interface_in` and `interface_out`",
            Self { interface: Some(_), direction: None, .. } => "`interface` needs `direction`",
            Self { policy: Some(_), .. } if is_of_rule => "`default` is for incoming, outgoing or routed",
            Self { rule: Some(_), .. } if is_of_policy => "the `direction` of a rule is in or out",
            Self { rule: Some(_), route: Flag(false), .. } if both => {
                "`interface_in` and `interface_out` go together for `route: true` alone"
            }
            Self { logging: Some(level), .. } if !is_level(level) => "`logging` is on, off, low, medium, high or full",
            _ => return Ok(()),
        };
        Err(Failure::new(wrong).code("DPP0104"))
    }

    fn all_orders(&self, place: Option<i64>) -> Vec<UfwStep> {
        let orders = [self.state_order(), self.policy_order(), self.rule_order(place), self.logging_order()];
        orders.into_iter().flatten().collect()
    }

    fn state_order(&self) -> Option<UfwStep> {
        let state = self.state?;
        let (verb, order) = match state {
            State::Enabled => (Verb::Create, "enable"),
            State::Disabled => (Verb::Delete, "disable"),
            State::Reloaded => (Verb::Restart, "reload"),
            State::Reset => (Verb::Delete, "reset"),
        };
        Some(UfwStep { change: Change::new(verb, "firewall").detail(state.word()), arguments: words(["-f", order]) })
    }

    fn differs(&self, status: &str) -> bool {
        let is_active = status.contains("Status: active");
        match self.state {
            Some(State::Enabled) => !is_active,
            Some(State::Disabled) => is_active,
            _ => true,
        }
    }

    fn policy_order(&self) -> Option<UfwStep> {
        let policy = self.policy?.word();
        let direction = self.direction.map(Direction::word);
        let change = Change::new(Verb::Change, format!("firewall's policy for {}", direction.unwrap_or("incoming")));
        let arguments = ["default", policy].into_iter().chain(direction).map(str::to_owned).collect();
        Some(UfwStep { change: change.detail(policy), arguments })
    }

    fn has_other_policy(&self, settings: &Settings) -> bool {
        let now = settings.policy(self.direction.map_or("incoming", Direction::word));
        now.as_deref() != self.policy.map(Policy::word)
    }

    fn logging_order(&self) -> Option<UfwStep> {
        let level = self.level()?;
        let change = Change::new(Verb::Change, "firewall's log").detail(level.as_str());
        Some(UfwStep { change, arguments: words(["logging", &level]) })
    }

    /// The level of the log; YAML reads `on` and `off` as truths.
    fn level(&self) -> Option<String> {
        let level = self.logging.as_ref()?.0.to_lowercase();
        Some(match level.as_str() {
            "true" => "on".to_owned(),
            "false" => "off".to_owned(),
            _ => level,
        })
    }

    fn has_other_log(&self, settings: &Settings) -> bool {
        let now = settings.log.as_str();
        self.level().is_some_and(|wanted| if wanted == "on" { now == "off" } else { wanted != now })
    }

    /// The number that a new rule gets.
    fn place(&self, host: &Host) -> Result<Option<i64>, Failure> {
        let Some(insert) = self.insert.filter(|_| self.rule.is_some() && !self.delete.0) else { return Ok(None) };
        if self.insert_relative_to == Anchor::Zero {
            return Ok(Some(insert.0));
        }
        let listed = ask_tool("ufw", &words(["status", "numbered"]), host)?;
        Ok(position(&listed.map(|listed| listed.stdout).unwrap_or_default(), self.insert_relative_to, insert.0))
    }
}

fn commanded(steps: Vec<UfwStep>) -> Survey<UfwStep> {
    let commands: Vec<String> = steps.iter().map(|step| format!("ufw {}", step.arguments.join(" "))).collect();
    Survey::steps(steps).value("commands", commands)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, from_value, json};

    use super::*;

    fn orders(params: Value) -> Result<Vec<String>, String> {
        let task: Ufw = from_value(params).map_err(|error| error.to_string())?;
        task.check().map_err(|failure| failure.message)?;
        Ok(task.all_orders(task.insert.map(|insert| insert.0)).iter().map(|step| step.arguments.join(" ")).collect())
    }

    #[test]
    fn a_task_becomes_orders_to_ufw() {
        for (params, wanted) in [
            (json!({"state": "enabled", "policy": "deny"}), vec!["-f enable", "default deny"]),
            (json!({"default": "allow", "direction": "outgoing"}), vec!["default allow outgoing"]),
            (json!({"logging": true}), vec!["logging on"]),
            (json!({"rule": "allow", "name": "OpenSSH"}), vec!["allow from any to any app OpenSSH"]),
            (json!({"rule": "limit", "port": 22, "proto": "tcp"}), vec!["limit from any to any port 22 proto tcp"]),
            (
                json!({"rule": "deny", "direction": "in", "interface": "eth0", "log": true, "src": "10.0.0.0/8", "from_port": 5,
                    "insert": 1, "comment": "no more"}),
                vec!["insert 1 deny in on eth0 log from 10.0.0.0/8 port 5 to any comment no more"],
            ),
            (
                json!({"rule": "allow", "route": true, "if_in": "a", "if_out": "b", "delete": true, "insert": 3}),
                vec!["route delete allow in on a out on b from any to any"],
            ),
        ] {
            assert_eq!(orders(params.clone()).unwrap(), wanted, "{params}");
        }
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        for wrong in [
            json!({}),
            json!({"rule": "maybe"}),
            json!({"rule": "allow", "interface": "eth0"}),
            json!({"rule": "allow", "direction": "incoming"}),
            json!({"default": "allow", "direction": "in"}),
            json!({"rule": "allow", "name": "a", "proto": "tcp"}),
            json!({"rule": "allow", "if_in": "a", "if_out": "b"}),
            json!({"logging": "loud"}),
        ] {
            assert!(orders(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
