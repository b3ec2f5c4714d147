//! `service`: the same as `systemd`, with the parameters that older init systems needed.

use dpp_protocol::{Failure, ResultMap};
use serde::Deserialize;

use super::systemd::{Order, State, Systemd};
use crate::arguments::{Flag, Number, Words};
use crate::{Host, Module, Survey};

/// Parameters of `service`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    name: String,
    #[serde(default)]
    state: Option<State>,
    #[serde(default)]
    enabled: Option<Flag>,
    #[serde(default)]
    sleep: Option<Number>,
    #[serde(default)]
    pattern: Option<String>,
    #[serde(default, alias = "args")]
    arguments: Option<Words>,
    #[serde(default)]
    runlevel: Option<Words>,
    /// There is only systemd here.
    #[serde(default, rename = "use")]
    _use: Option<String>,
}

impl Module for Service {
    const NAME: &'static str = "service";
    type Step = Order;

    fn survey(&self, host: &Host) -> Result<Survey<Order>, Failure> {
        let survey = self.systemd().survey(host)?;
        Ok(self.ignored().fold(survey, |survey, name| survey.warning(format!("`{name}` means nothing to systemd"))))
    }

    fn apply(&self, order: &Order, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        self.systemd().apply(order, host, result)
    }
}

impl Service {
    fn systemd(&self) -> Systemd {
        Systemd::of(&self.name, self.state, self.enabled)
    }

    /// Parameters that were given and have no counterpart; Ansible says the same of them on such hosts.
    fn ignored(&self) -> impl Iterator<Item = &'static str> {
        let given = [
            (self.sleep.is_some(), "sleep"),
            (self.pattern.is_some(), "pattern"),
            (self.arguments.is_some(), "arguments"),
            (self.runlevel.as_ref().is_some_and(|level| level.0 != "default"), "runlevel"),
        ];
        given.into_iter().filter_map(|(given, name)| given.then_some(name))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn what_systemd_has_no_use_for_is_named() {
        let service: Service =
            from_value(json!({"name": "x", "sleep": 5, "pattern": "java", "use": "auto", "runlevel": "default"}))
                .unwrap();
        assert_eq!(service.ignored().collect::<Vec<_>>(), ["sleep", "pattern"]);
    }
}
