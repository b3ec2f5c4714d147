//! `service_facts`: all services and their states as facts, asked of systemd in two calls.

use dpp_protocol::{Change, Failure, ResultMap};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::manager::{Listed, Manager, Scope};
use crate::{Host, Module, Survey};

/// Parameters of `service_facts`: there are none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceFacts {}

impl Module for ServiceFacts {
    const NAME: &'static str = "service_facts";
    type Step = Change;

    fn survey(&self, _host: &Host) -> Result<Survey<Change>, Failure> {
        let mut manager = Manager::connect(Scope::System)?;
        let services = facts(&manager.units()?, &manager.unit_files()?);
        Ok(Survey::unchanged().value("ansible_facts", json!({"services": services})))
    }

    fn apply(&self, _step: &Change, _host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        Ok(())
    }
}

fn facts(units: &[Listed], files: &[(String, String)]) -> Map<String, Value> {
    let mut services = Map::new();
    let is_service = |name: &str| name.ends_with(".service");
    for (name, state) in files.iter().filter(|(name, _)| is_service(name)) {
        // A template is no unit that could be in a state.
        let now = if name.contains("@.") { "unknown" } else { "inactive" };
        services.insert(name.clone(), json!({"name": name, "state": now, "status": state, "source": "systemd"}));
    }
    for unit in units.iter().filter(|unit| is_service(&unit.name)) {
        let file = files.iter().find(|(name, _)| *name == unit.name);
        let status = file.map_or(unit.active.as_str(), |(_, state)| state.as_str());
        let status = if unit.load == "not-found" { "not-found" } else { status };
        let status = if unit.active == "failed" { "failed" } else { status };
        let state = if unit.sub == "running" { "running" } else { "stopped" };
        let fact = json!({"name": unit.name, "state": state, "status": status, "source": "systemd"});
        services.insert(unit.name.clone(), fact);
    }
    services
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_named_as_ansible_names_them() {
        let listed = |name: &str, load: &str, active: &str, sub: &str| Listed {
            name: name.into(),
            load: load.into(),
            active: active.into(),
            sub: sub.into(),
        };
        let units = [
            listed("ssh.service", "loaded", "active", "running"),
            listed("kibana.service", "loaded", "failed", "failed"),
            listed("gone.service", "not-found", "inactive", "dead"),
            listed("getty@tty1.service", "loaded", "active", "running"),
            listed("dbus.socket", "loaded", "active", "listening"),
        ];
        let files = [("ssh.service", "enabled"), ("idle.service", "disabled"), ("getty@.service", "enabled")]
            .map(|(name, state)| (name.to_owned(), state.to_owned()));
        let facts = facts(&units, &files);
        let told = |name: &str| {
            [&facts[name]["state"], &facts[name]["status"]].map(|value| value.as_str().unwrap().to_owned())
        };
        assert_eq!(told("ssh.service"), ["running", "enabled"]);
        assert_eq!(told("kibana.service"), ["stopped", "failed"]);
        assert_eq!(told("gone.service"), ["stopped", "not-found"]);
        assert_eq!(told("idle.service"), ["inactive", "disabled"]);
        assert_eq!(told("getty@.service"), ["unknown", "enabled"]);
        assert_eq!(told("getty@tty1.service"), ["running", "active"], "an instance has no file of its own");
        assert!(!facts.contains_key("dbus.socket"));
    }
}
