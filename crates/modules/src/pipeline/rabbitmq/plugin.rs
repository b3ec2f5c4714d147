//! `rabbitmq_plugin`: which plugins are enabled. It reads RabbitMQ's own file and starts nothing to look.

use std::process::{Command, Stdio};
use std::{fs, io};

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;
use serde_json::json;

use crate::arguments::{Flag, Names};
use crate::{Host, Module, Step, Survey};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Wanted {
    #[default]
    Enabled,
    Disabled,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Broker {
    Online,
    Offline,
}

/// Parameters of `rabbitmq_plugin`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RabbitmqPlugin {
    #[serde(alias = "name")]
    names: Names,
    #[serde(default)]
    new_only: Flag,
    #[serde(default)]
    state: Wanted,
    /// Without it, a running node takes the change at once, a stopped one when it starts.
    #[serde(default)]
    broker_state: Option<Broker>,
    #[serde(default)]
    prefix: Option<String>,
    #[serde(default = "debians_file")]
    enabled_plugins_file: String,
}

fn debians_file() -> String {
    "/etc/rabbitmq/enabled_plugins".into()
}

/// Plugins to be enabled or disabled in one call: each boots an Erlang runtime.
#[derive(Debug)]
pub struct PluginStep {
    order: &'static str,
    names: Vec<String>,
}

impl Step for PluginStep {
    fn change(&self, _diff: bool) -> Change {
        let verb = if self.order == "enable" { Verb::Create } else { Verb::Delete };
        Change::new(verb, format!("plugin {}", self.names.join(", "))).detail(format!("{}d", self.order))
    }
}

impl Module for RabbitmqPlugin {
    const NAME: &'static str = "rabbitmq_plugin";
    type Step = PluginStep;

    fn survey(&self, _host: &Host) -> Result<Survey<PluginStep>, Failure> {
        let enabled = self.enabled()?;
        let (enable, disable) = self.differences(&enabled);
        let result = (json!(enable), json!(disable));
        let steps = [("enable", enable), ("disable", disable)];
        let steps = steps.into_iter().filter(|(_, names)| !names.is_empty());
        let steps = steps.map(|(order, names)| PluginStep { order, names }).collect();
        Ok(Survey::steps(steps).value("enabled", result.0).value("disabled", result.1))
    }

    fn apply(&self, step: &PluginStep, host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        let attempt = format!("{} plugin {}", step.order, step.names.join(", "));
        host.life(&format!("rabbitmq-plugins: {attempt}"), None);
        let program = match &self.prefix {
            Some(prefix) => format!("{prefix}/sbin/rabbitmq-plugins"),
            None => "rabbitmq-plugins".to_owned(),
        };
        let mut command = Command::new(&program);
        command.arg(step.order).args(self.broker_state.map(|state| match state {
            Broker::Online => "--online",
            Broker::Offline => "--offline",
        }));
        command.args(&step.names).envs(host.environment()).env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
        let output = command.output().map_err(|error| {
            Failure::new(format!("cannot {attempt}: {program}: {error}"))
                .code("DPP0802")
                .help("is rabbitmq-server installed?")
        })?;
        if output.status.success() {
            return Ok(());
        }
        let words = [output.stderr, output.stdout].concat();
        let words = String::from_utf8_lossy(&words).trim().to_owned();
        let telling = words.lines().find(|line| line.contains("rror")).unwrap_or(words.as_str());
        Err(Failure::new(format!("cannot {attempt}: {telling}"))
            .code("DPP0802")
            .note("rabbitmq-plugins", words.clone()))
    }
}

impl RabbitmqPlugin {
    /// Plugins named in RabbitMQ's file: `[rabbitmq_management,rabbitmq_shovel].`
    fn enabled(&self) -> Result<Vec<String>, Failure> {
        let path = match &self.prefix {
            Some(prefix) => format!("{prefix}/etc/rabbitmq/enabled_plugins"),
            None => self.enabled_plugins_file.clone(),
        };
        match fs::read_to_string(&path) {
            Ok(text) => Ok(named(&text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(Failure::new(format!("cannot read {path}: {error}"))),
        }
    }

    /// What is to be enabled, and what disabled.
    fn differences(&self, enabled: &[String]) -> (Vec<String>, Vec<String>) {
        let wanted = &self.names.0;
        let missing = wanted.iter().filter(|name| !enabled.contains(name)).cloned().collect();
        let others = enabled.iter().filter(|name| !wanted.contains(name)).cloned().collect();
        let there = wanted.iter().filter(|name| enabled.contains(name)).cloned().collect();
        match self.state {
            Wanted::Enabled if self.new_only.0 => (missing, Vec::new()),
            Wanted::Enabled => (missing, others),
            Wanted::Disabled => (Vec::new(), there),
        }
    }
}

fn named(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('%'));
    let list: String = lines.collect();
    let names = list.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use dpp_protocol::Mode;

    use super::*;
    use crate::pipeline::stub::run;

    #[test]
    fn differences_are_read_from_rabbitmqs_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("enabled_plugins");
        fs::write(&file, "%% by hand\n[rabbitmq_management,\n rabbitmq_shovel].\n").unwrap();
        let both = json!(["rabbitmq_management", "rabbitmq_prometheus"]);
        for (params, enabled, disabled) in [
            (json!({"names": both}), json!(["rabbitmq_prometheus"]), json!(["rabbitmq_shovel"])),
            (json!({"names": both, "new_only": "yes"}), json!(["rabbitmq_prometheus"]), json!([])),
            (json!({"names": "rabbitmq_management", "new_only": true}), json!([]), json!([])),
            (json!({"names": both, "state": "disabled"}), json!([]), json!(["rabbitmq_management"])),
        ] {
            let mut params = params;
            params["enabled_plugins_file"] = json!(file);
            let result = run("rabbitmq_plugin", &params, Mode::Survey).unwrap().result;
            assert_eq!((&result["enabled"], &result["disabled"]), (&enabled, &disabled), "{params}");
        }
    }

    #[test]
    fn without_a_file_nothing_is_enabled() {
        let params = json!({"names": "rabbitmq_management", "enabled_plugins_file": "/nonexistent/enabled_plugins"});
        assert!(run("rabbitmq_plugin", &params, Mode::Survey).unwrap().changed);
    }
}
