//! `unit_status`: how some units are doing, in one request; what `dppctl status` and `verify` ask of a host.

use dpp_protocol::{Change, Failure, ResultMap};
use serde::Deserialize;
use serde_json::{Value, json};

use super::manager::{Manager, Scope};
use super::systemd::full_name;
use super::unit::Unit;
use crate::arguments::Names;
use crate::{Host, Module, Survey};

/// Parameters of `unit_status`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitStatus {
    #[serde(alias = "name")]
    names: Names,
}

impl Module for UnitStatus {
    const NAME: &'static str = "unit_status";
    type Step = Change;

    fn survey(&self, _host: &Host) -> Result<Survey<Change>, Failure> {
        let mut manager = Manager::connect(Scope::System)?;
        let mut status = |name: &String| manager.unit(&full_name(name)).map(|unit| told(name, &unit));
        let units = self.names.0.iter().map(&mut status).collect::<Result<Vec<_>, _>>()?;
        Ok(Survey::unchanged().value("units", units))
    }

    fn apply(&self, _step: &Change, _host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        Ok(())
    }
}

/// `since` is when it took its present state, in seconds since 1970; `memory` is in bytes, 0 where it is not counted.
fn told(name: &str, unit: &Unit) -> Value {
    json!({
        "name": name,
        "id": unit.text("Id"),
        "exists": unit.exists(),
        "up": unit.is_up(),
        "crashed": unit.has_crashed(),
        "load": unit.text("LoadState"),
        "active": unit.text("ActiveState"),
        "sub": unit.text("SubState"),
        "enabled": unit.text("UnitFileState"),
        "result": unit.text("Result"),
        "pid": unit.number("MainPID"),
        "restarts": unit.number("NRestarts"),
        "since": unit.number("StateChangeTimestamp") / 1_000_000,
        "memory": unit.number("MemoryCurrent"),
        "words": unit.words(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::unit::tests::unit;

    #[test]
    fn figures_are_numbers_and_states_are_words() {
        let unit = unit(&[
            ("Id", "kibana.service"),
            ("LoadState", "loaded"),
            ("ActiveState", "active"),
            ("SubState", "running"),
            ("MainPID", "812"),
            ("NRestarts", "2"),
        ]);
        let told = told("kibana", &unit);
        assert_eq!((&told["pid"], &told["restarts"], &told["up"]), (&json!(812), &json!(2), &json!(true)));
        assert_eq!(told["words"], "kibana.service: active (running), 2 restarts");
    }
}
