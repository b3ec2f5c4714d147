//! `npm`: a package of Node.js is installed in a folder or for all, or is not.

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;
use serde_json::Value;

use crate::arguments::{Flag, HostPath, Words};
use crate::commands::process::{Finished, Process};
use crate::system::tool::{accepted, installed};
use crate::{Host, Module, Step, Survey};

/// Parameters of `npm`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Npm {
    name: Option<String>,
    path: Option<HostPath>,
    version: Option<Words>,
    #[serde(default, rename = "global")]
    is_global: Flag,
    executable: Option<String>,
    #[serde(default)]
    ignore_scripts: Flag,
    #[serde(default)]
    unsafe_perm: Flag,
    #[serde(default)]
    ci: Flag,
    #[serde(default)]
    production: Flag,
    registry: Option<String>,
    #[serde(default)]
    state: State,
    #[serde(default)]
    no_optional: Flag,
    #[serde(default)]
    no_bin_links: Flag,
    #[serde(default)]
    force: Flag,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    #[default]
    Present,
    Absent,
    Latest,
}

/// One order to npm.
#[derive(Debug)]
pub struct NpmStep {
    order: &'static str,
    change: Change,
}

impl Step for NpmStep {
    fn change(&self, _diff: bool) -> Change {
        self.change.clone()
    }
}

/// What `npm list` says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Listed {
    /// Names, and names with versions.
    installed: Vec<String>,
    is_lacking: bool,
}

impl Module for Npm {
    const NAME: &'static str = "npm";
    type Step = NpmStep;

    fn survey(&self, host: &Host) -> Result<Survey<NpmStep>, Failure> {
        self.check()?;
        if self.ci.0 {
            return Ok(Survey::steps(vec![self.step("ci", Verb::Create)]));
        }
        if self.program(host).is_none() {
            // An earlier task may install npm.
            let order = if self.state == State::Absent { None } else { Some(self.step("install", Verb::Create)) };
            return Ok(Survey::steps(order.into_iter().collect()).unpredicted());
        }
        let listed = self.listed(host)?;
        let mut steps = Vec::new();
        if self.state == State::Absent {
            let is_there = self.name.as_ref().is_some_and(|name| listed.installed.contains(name));
            steps.extend(is_there.then(|| self.step("uninstall", Verb::Delete)));
            return Ok(Survey::steps(steps));
        }
        steps.extend(listed.is_lacking.then(|| self.step("install", Verb::Create)));
        if self.state == State::Latest && !self.call("outdated", host)?.stdout.trim().is_empty() {
            steps.push(self.step("update", Verb::Change));
        }
        Ok(Survey::steps(steps))
    }

    fn apply(&self, step: &NpmStep, host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        self.program(host).ok_or_else(|| self.lacking())?;
        if let Some(path) = &self.path {
            std::fs::create_dir_all(path).map_err(|error| crate::files::refused("make the folder", path, &error))?;
        }
        host.life(&format!("npm {}", step.order), None);
        let finished = self.call(step.order, host)?;
        accepted(finished, "npm", &self.arguments(step.order)).map(drop)
    }
}

impl Npm {
    fn check(&self) -> Result<(), Failure> {
        let wrong = match self {
            Self { state: State::Absent, name: None, .. } => "`name` is needed with state=absent",
            Self { is_global: Flag(false), path: None, .. } => "`path` is needed, unless with `global: true`",
            _ => return Ok(()),
        };
        Err(Failure::new(wrong).code("DPP0104"))
    }

    fn listed(&self, host: &Host) -> Result<Listed, Failure> {
        if self.path.as_ref().is_some_and(|path| !path.is_dir()) {
            return Ok(Listed { is_lacking: true, ..Listed::default() });
        }
        let answer = self.call("list", host)?;
        let text = if answer.stdout.trim().is_empty() { "{}" } else { &answer.stdout };
        let data: Value = serde_json::from_str(text)
            .map_err(|error| answer.describe(Failure::new(format!("cannot read what `npm list` says: {error}"))))?;
        Ok(read(&data, self.with_version().as_deref()))
    }

    /// The package as npm names it: with the version that is wanted.
    fn with_version(&self) -> Option<String> {
        let name = self.name.as_ref()?;
        let version = self.version.as_ref().filter(|version| !version.0.is_empty() && self.state != State::Absent);
        Some(version.map_or_else(|| name.clone(), |version| format!("{name}@{}", version.0)))
    }

    fn arguments(&self, order: &str) -> Vec<String> {
        let (is_list, is_install) = (order == "list", matches!(order, "install" | "update" | "ci"));
        let mut arguments = vec![order.to_owned()];
        let flags = [
            ("--json", is_list),
            ("--long", is_list),
            ("--global", self.is_global.0),
            ("--production", self.production.0 && is_install),
            ("--ignore-scripts", self.ignore_scripts.0),
            ("--unsafe-perm", self.unsafe_perm.0),
        ];
        arguments.extend(flags.iter().filter(|(_, wanted)| *wanted).map(|(flag, _)| (*flag).to_owned()));
        arguments.extend(self.with_version().filter(|_| !is_list && order != "ci"));
        arguments.extend(self.registry.iter().flat_map(|url| ["--registry".to_owned(), url.clone()]));
        let flags =
            [("--no-optional", self.no_optional.0), ("--no-bin-links", self.no_bin_links.0), ("--force", self.force.0)];
        arguments.extend(flags.iter().filter(|(_, wanted)| *wanted).map(|(flag, _)| (*flag).to_owned()));
        arguments
    }

    /// The program and words that go before npm's own, for version managers: `nvm exec npm`.
    fn program(&self, host: &Host) -> Option<(String, Vec<String>)> {
        let line = self.executable.as_deref().unwrap_or("npm");
        let mut words = line.split_whitespace().map(str::to_owned);
        let program = installed(&words.next()?, host)?;
        Some((program.to_string_lossy().into_owned(), words.collect()))
    }

    fn lacking(&self) -> Failure {
        let program = self.executable.as_deref().unwrap_or("npm");
        Failure::new(format!("there is no `{program}` on this host"))
            .help("`apt: {name: npm}` before this task brings npm; `executable` says where another one lies")
    }

    fn call(&self, order: &str, host: &Host) -> Result<Finished, Failure> {
        let (program, words) = self.program(host).ok_or_else(|| self.lacking())?;
        let mut process = Process::new(&program, &[words, self.arguments(order)].concat(), host).untranslated();
        if let Some(path) = self.path.as_ref().filter(|path| path.is_dir()) {
            process.chdir(path);
        }
        process.run(host)
    }

    fn step(&self, order: &'static str, verb: Verb) -> NpmStep {
        let what = self.with_version().unwrap_or_else(|| "packages of package.json".to_owned());
        let place = self.path.as_ref().filter(|_| !self.is_global.0);
        let place = place.map_or_else(|| "for all".to_owned(), |path| format!("in {}", path.display()));
        NpmStep { order, change: Change::new(verb, format!("npm {what}")).detail(place) }
    }
}

/// Reads the dependencies of `npm list --json`.
fn read(data: &Value, wanted: Option<&str>) -> Listed {
    let Some(dependencies) = data.get("dependencies").and_then(Value::as_object) else {
        return Listed { is_lacking: true, ..Listed::default() };
    };
    let mut listed = Listed::default();
    let says = |entry: &Value, word: &str| {
        entry.get(word).is_some_and(|value| !matches!(value, Value::Null | Value::Bool(false)))
    };
    for (name, entry) in dependencies {
        if says(entry, "missing") || says(entry, "invalid") {
            listed.is_lacking = true;
            continue;
        }
        listed.installed.push(name.clone());
        listed.installed.extend(entry["version"].as_str().map(|version| format!("{name}@{version}")));
    }
    listed.is_lacking |= wanted.is_some_and(|wanted| !listed.installed.iter().any(|one| one == wanted));
    listed
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;
    use crate::testing::Ground;

    #[test]
    fn what_is_lacking_is_read_from_npms_list() {
        let data = json!({"dependencies": {"a": {"version": "1.2.0"}, "b": {"version": "2.0.0"}}});
        for (data, wanted, is_lacking) in [
            (&data, Some("a"), false),
            (&data, Some("a@1.2.0"), false),
            (&data, Some("a@1.3.0"), true),
            (&data, Some("c"), true),
            (&data, None, false),
            (&json!({}), None, true),
            (&json!({"dependencies": {"a": {"missing": true}}}), None, true),
            (&json!({"dependencies": {"a": {"version": "1", "invalid": "^2"}}}), None, true),
        ] {
            assert_eq!(read(data, wanted).is_lacking, is_lacking, "{data} {wanted:?}");
        }
    }

    #[test]
    fn a_task_becomes_the_arguments_of_npm() {
        let line = |params: Value, order| from_value::<Npm>(params).unwrap().arguments(order).join(" ");
        let params = json!({"name": "coffee-script", "version": "1.6.1", "global": true, "registry": "http://r",
            "production": true, "force": true});
        assert_eq!(
            line(params.clone(), "install"),
            "install --global --production coffee-script@1.6.1 --registry http://r --force"
        );
        assert_eq!(line(params, "list"), "list --json --long --global --registry http://r --force");
        assert_eq!(line(json!({"path": "/a", "ci": true, "name": "x"}), "ci"), "ci");
    }

    #[test]
    fn a_folder_or_all_must_be_meant_and_npm_may_still_come() {
        let ground = Ground::new();
        assert_eq!(ground.survey("npm", &json!({"name": "a"})).unwrap_err().code, "DPP0104");
        assert_eq!(ground.survey("npm", &json!({"state": "absent", "global": true})).unwrap_err().code, "DPP0104");
        let params = json!({"name": "a", "global": true, "executable": "/no/such/npm"});
        assert!(ground.survey("npm", &params).unwrap().unpredicted);
        assert!(ground.apply("npm", &params).unwrap_err().message.contains("/no/such/npm"), "it takes no other one");
    }
}
