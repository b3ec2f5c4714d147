//! `logstash_plugin`: a plugin of Logstash is installed, or is not.
//!
//! Logstash's program starts a JVM with Ruby in it for every question, ten seconds long; what is installed by name stands
//! in a file beside it, and is read there first.

use std::fs;
use std::path::Path;

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;

use crate::arguments::{HostPath, Words};
use crate::commands::process::Process;
use crate::presence::Presence;
use crate::{Host, Module, Survey};

/// Parameters of `logstash_plugin`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogstashPlugin {
    name: String,
    #[serde(default)]
    state: Presence,
    #[serde(default = "debians_program")]
    plugin_bin: HostPath,
    proxy_host: Option<Words>,
    proxy_port: Option<Words>,
    version: Option<Words>,
}

fn debians_program() -> HostPath {
    "/usr/share/logstash/bin/logstash-plugin".into()
}

impl Module for LogstashPlugin {
    const NAME: &'static str = "logstash_plugin";
    type Step = Change;

    fn survey(&self, host: &Host) -> Result<Survey<Change>, Failure> {
        let title = format!("plugin {} of Logstash", self.name);
        let (verb, is_open) = match (self.state, self.is_there(host)?) {
            (Presence::Present, Some(false)) => (Some(Verb::Create), false),
            (Presence::Absent, Some(true)) => (Some(Verb::Delete), false),
            // An earlier task may install Logstash itself, which brings plugins along.
            (Presence::Present, None) => (Some(Verb::Create), true),
            _ => (None, false),
        };
        let survey = Survey::steps(verb.map(|verb| Change::new(verb, title)).into_iter().collect());
        let survey = survey.value("name", self.name.as_str()).value("state", self.state.name());
        Ok(if is_open { survey.unpredicted() } else { survey })
    }

    fn apply(&self, _step: &Change, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        let arguments = self.arguments();
        host.life(&format!("logstash-plugin: {}", self.name), None);
        let mut process = Process::new(self.plugin_bin.text(), &arguments, host).untranslated();
        if let (Some(proxy), Some(port)) = (&self.proxy_host, &self.proxy_port) {
            let scheme = if proxy.0.contains("://") { "" } else { "http://" };
            let url = format!("{scheme}{}:{}", proxy.0, port.0);
            process = process.env("http_proxy", &url).env("https_proxy", &url);
        }
        let finished = process.run(host)?;
        result.insert("cmd".into(), format!("{} {}", self.plugin_bin.text(), arguments.join(" ")).into());
        result.insert("stdout".into(), finished.stdout.as_str().into());
        result.insert("stderr".into(), finished.stderr.as_str().into());
        if finished.succeeded() {
            return Ok(());
        }
        let cause = reason(&finished.stdout).or_else(|| reason(&finished.stderr));
        let cause = cause.unwrap_or_else(|| format!("logstash-plugin {}", finished.ending()));
        let failure = Failure::new(format!("cannot {} plugin {}: {cause}", arguments[0], self.name)).code("DPP0805");
        Err(Failure { result: std::mem::take(result), ..finished.describe(failure) })
    }
}

impl LogstashPlugin {
    /// Whether the plugin is installed, by its own name or as a part of another one; nothing where Logstash is not.
    fn is_there(&self, host: &Host) -> Result<Option<bool>, Failure> {
        if !self.plugin_bin.is_file() {
            return Ok(None);
        }
        match self.is_asked_for() {
            Some(true) => return Ok(Some(true)),
            // What is not asked for by name cannot be removed.
            Some(false) if self.state == Presence::Absent => return Ok(Some(false)),
            _ => {}
        }
        host.life("logstash-plugin list", None);
        let arguments = ["list".to_owned(), self.name.clone()];
        let listed = Process::new(self.plugin_bin.text(), &arguments, host).untranslated().run(host)?;
        Ok(Some(listed.succeeded()))
    }

    /// Whether the plugin stands in Logstash's own `Gemfile`, beside the folder of its programs.
    fn is_asked_for(&self) -> Option<bool> {
        let folder = fs::canonicalize(&self.plugin_bin).ok()?;
        let gems = fs::read_to_string(folder.parent().and_then(Path::parent)?.join("Gemfile")).ok()?;
        Some(gems.lines().any(|line| gem_of(line) == Some(self.name.as_str())))
    }

    fn arguments(&self) -> Vec<String> {
        let order = if self.state == Presence::Present { "install" } else { "remove" };
        let version = self.version.as_ref().filter(|_| self.state == Presence::Present);
        let version = version.into_iter().flat_map(|version| ["--version".to_owned(), version.0.clone()]);
        std::iter::once(order.to_owned()).chain(version).chain([self.name.clone()]).collect()
    }
}

/// The name in a line `gem "logstash-input-beats", "6.0.0"`.
fn gem_of(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("gem ")?.trim_start();
    let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    rest[1..].split(quote).next()
}

/// What stands behind `reason: ` in an output, or behind `ERROR: `.
fn reason(output: &str) -> Option<String> {
    let (_, reason) = output.split_once("reason: ").or_else(|| output.split_once("ERROR: "))?;
    Some(reason.trim().lines().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use serde_json::{Value, json};

    use super::*;
    use crate::testing::Ground;

    const GEMS: &str = "source \"https://rubygems.org\"\ngem \"logstash-core\", :path => \"./logstash-core\"\n\
                        gem 'logstash-input-beats', '6.0.0'\n";

    /// A Logstash whose program edits its Gemfile, and knows one plugin more as a part of another.
    fn stage(ground: &Ground) -> Value {
        ground.write("Gemfile", GEMS);
        let script = format!(
            "#!/bin/sh\ncd {}\necho \"$@ $http_proxy\" >>said\neval name=\\${{$#}}\ncase $1 in\n\
             list) [ $name = logstash-input-kafka ];;\n\
             install) case $name in *bad*) echo 'Plugin bad, reason: no such gem'; exit 1;; esac\n\
             echo \"gem \\\"$name\\\"\" >>Gemfile;;\nremove) sed -i \"/$name/d\" Gemfile;;\nesac\n",
            ground.at("")
        );
        let program = ground.write("bin/logstash-plugin", script);
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        json!({"plugin_bin": program})
    }

    #[test]
    fn what_the_gemfile_names_is_there_and_no_jvm_is_started_to_learn_it() {
        let ground = Ground::new();
        let mut params = stage(&ground);
        params["name"] = "logstash-input-beats".into();
        assert!(!ground.apply("logstash_plugin", &params).unwrap().changed);
        params["name"] = "logstash-filter-x".into();
        params["state"] = "absent".into();
        assert!(!ground.apply("logstash_plugin", &params).unwrap().changed);
        assert!(!ground.path("said").exists());
        params["name"] = "logstash-input-beats".into();
        ground.apply("logstash_plugin", &params).unwrap();
        assert!(!ground.read("Gemfile").contains("beats"));
    }

    #[test]
    fn another_one_is_asked_for_and_installed_once() {
        let ground = Ground::new();
        let mut params = stage(&ground);
        params["name"] = "logstash-input-kafka".into();
        assert!(!ground.apply("logstash_plugin", &params).unwrap().changed, "it comes with another plugin");
        params["name"] = "logstash-filter-x".into();
        params["version"] = "3.2".into();
        params["proxy_host"] = "proxy".into();
        params["proxy_port"] = 3128.into();
        let outcome = ground.apply("logstash_plugin", &params).unwrap();
        assert!(outcome.result["cmd"].as_str().unwrap().ends_with("install --version 3.2 logstash-filter-x"));
        assert!(ground.read("said").ends_with("install --version 3.2 logstash-filter-x http://proxy:3128\n"));
        assert!(!ground.apply("logstash_plugin", &params).unwrap().changed);
    }

    #[test]
    fn a_failure_has_the_programs_reason_and_a_missing_program_is_awaited() {
        let ground = Ground::new();
        let mut params = stage(&ground);
        params["name"] = "logstash-bad".into();
        let failure = ground.apply("logstash_plugin", &params).unwrap_err();
        assert_eq!(
            (failure.message.as_str(), failure.code.as_str()),
            ("cannot install plugin logstash-bad: no such gem", "DPP0805")
        );
        assert!(ground.survey("logstash_plugin", &json!({"name": "x", "plugin_bin": "/no/such"})).unwrap().unpredicted);
    }
}
