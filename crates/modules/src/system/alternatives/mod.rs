//! `alternatives`: which of several programs a generic name stands for, through dpkg's `update-alternatives`.

mod group;

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;
use serde_json::json;

use crate::arguments::{HostPath, Whole};
use crate::system::alternatives::group::{Alternative, Group, Subcommand};
use crate::system::tool::{run_tool, words};
use crate::{Host, Module, Step, Survey};

const PROGRAM: &str = "update-alternatives";

/// What Ansible gives an alternative that says nothing of it.
const PRIORITY: i64 = 50;

/// Parameters of `alternatives`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alternatives {
    name: String,
    path: Option<HostPath>,
    /// What Red Hat's `alternatives` has beside paths; dpkg's has none.
    family: Option<String>,
    link: Option<HostPath>,
    priority: Option<Whole>,
    #[serde(default)]
    state: State,
    #[serde(alias = "slaves")]
    subcommands: Option<Vec<WantedSubcommand>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WantedSubcommand {
    name: String,
    path: HostPath,
    link: HostPath,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Present,
    Absent,
    #[default]
    Selected,
    Auto,
}

/// One call of `update-alternatives`.
#[derive(Debug)]
pub struct AlternativeStep {
    change: Change,
    arguments: Vec<String>,
    /// What must be there by then, which an earlier task may still make.
    needs: Option<HostPath>,
    message: String,
}

impl Step for AlternativeStep {
    fn change(&self, _diff: bool) -> Change {
        self.change.clone()
    }
}

impl Module for Alternatives {
    const NAME: &'static str = "alternatives";
    type Step = AlternativeStep;

    fn survey(&self, host: &Host) -> Result<Survey<AlternativeStep>, Failure> {
        if self.path.is_none() && self.family.is_none() {
            return Err(Failure::new("`alternatives` needs `path` or `family`").code("DPP0104"));
        }
        let group = Group::read(&self.name, host)?;
        let steps = self.steps(&group)?;
        let messages: Vec<&str> = steps.iter().map(|step| step.message.as_str()).collect();
        let message = messages.join(" ");
        let is_open = steps.iter().any(|step| step.needs.as_ref().is_some_and(|path| !path.exists()));
        let survey = Survey::steps(steps).value("msg", message);
        Ok(if is_open { survey.unpredicted() } else { survey })
    }

    fn apply(&self, step: &AlternativeStep, host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        if let Some(path) = step.needs.as_ref().filter(|path| !path.exists()) {
            return Err(Failure::new(format!(
                "cannot install an alternative for {}: no {}",
                self.name,
                path.display()
            )));
        }
        run_tool(PROGRAM, &step.arguments, host)
    }
}

impl Alternatives {
    fn steps(&self, group: &Group) -> Result<Vec<AlternativeStep>, Failure> {
        let path = self.path.as_ref().map(HostPath::text);
        let known = path.and_then(|path| group.alternative(path));
        if self.state == State::Absent {
            return Ok(path.filter(|_| known.is_some()).map(|path| self.removal(path)).into_iter().collect());
        }
        let mut steps = Vec::new();
        if let Some(path) = &self.path
            && self.differs(known)
        {
            steps.push(self.installation(path, group, known)?);
        }
        if self.state == State::Selected && (path.is_none() || group.value.as_deref() != path) {
            steps.push(self.selection(path, group)?);
        }
        if self.state == State::Auto && group.is_manual {
            steps.push(self.step(Verb::Change, "auto", words(["--auto", &self.name]), "Set alternative to auto"));
        }
        Ok(steps)
    }

    fn differs(&self, known: Option<&Alternative>) -> bool {
        let Some(known) = known else { return true };
        let wanted = self.wanted_subcommands();
        self.priority.is_some_and(|priority| priority.0 != known.priority)
            || wanted.is_some_and(|wanted| {
                wanted.len() != known.subcommands.len() || wanted.iter().any(|one| !known.subcommands.contains(one))
            })
    }

    fn wanted_subcommands(&self) -> Option<Vec<Subcommand>> {
        let subcommand = |wanted: &WantedSubcommand| Subcommand {
            name: wanted.name.clone(),
            link: wanted.link.text().to_owned(),
            path: wanted.path.text().to_owned(),
        };
        Some(self.subcommands.as_ref()?.iter().map(subcommand).collect())
    }

    fn installation(
        &self,
        path: &HostPath,
        group: &Group,
        known: Option<&Alternative>,
    ) -> Result<AlternativeStep, Failure> {
        if self.family.is_some() {
            return Err(self.no_families());
        }
        let link = self.link.as_ref().map(HostPath::text).or(group.link.as_deref());
        let link = link.ok_or_else(|| {
            Failure::new(format!("cannot install an alternative for {}: `link` is missing", self.name))
                .help("nothing is known by this name yet: say where its link lies, `link: /usr/bin/…`")
        })?;
        let priority = self.priority.map(|priority| priority.0).or(known.map(|known| known.priority));
        let priority = priority.unwrap_or(PRIORITY);
        let mut arguments = words(["--install", link, &self.name, path.text(), &priority.to_string()]);
        let subcommands = self.wanted_subcommands().or_else(|| Some(known?.subcommands.clone())).unwrap_or_default();
        for one in &subcommands {
            arguments.extend(words(["--slave", &one.link, &one.name, &one.path]));
        }
        let verb = if known.is_some() { Verb::Change } else { Verb::Create };
        let step = self.step(verb, path.text(), arguments, &format!("Install alternative '{}'", path.text()));
        let after = json!({"path": path.text(), "link": link, "priority": priority, "subcommands": subcommands});
        let before = known.map(|known| {
            json!({"path": path.text(), "link": group.link, "priority": known.priority, "subcommands": known.subcommands})
        });
        let text = |value: serde_json::Value| format!("{value:#}\n");
        let change = step.change.detail(format!("priority {priority}")).texts(before.map(text), Some(text(after)));
        Ok(AlternativeStep { change, needs: Some(path.clone()), ..step })
    }

    fn selection(&self, path: Option<&str>, group: &Group) -> Result<AlternativeStep, Failure> {
        let Some(path) = path else { return Err(self.no_families()) };
        let now = group.value.as_deref().unwrap_or("nothing");
        let arguments = words(["--set", &self.name, path]);
        let step = self.step(Verb::Change, "selected", arguments, &format!("Set alternative '{path}'"));
        Ok(AlternativeStep { change: step.change.detail(format!("{now} -> {path}")), ..step })
    }

    fn removal(&self, path: &str) -> AlternativeStep {
        let arguments = words(["--remove", &self.name, path]);
        let step = self.step(Verb::Delete, path, arguments, "");
        AlternativeStep { message: format!("Remove alternative '{path}' from '{}'.", self.name), ..step }
    }

    fn step(&self, verb: Verb, what: &str, arguments: Vec<String>, message: &str) -> AlternativeStep {
        let change = Change::new(verb, format!("alternative {}", self.name)).detail(what);
        AlternativeStep { change, arguments, needs: None, message: format!("{message} for '{}'.", self.name) }
    }

    fn no_families(&self) -> Failure {
        Failure::new(format!("cannot set {} by `family`: dpkg's update-alternatives knows paths alone", self.name))
            .code("DPP0104")
            .help("give the `path` of the program")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, from_value};

    use super::*;

    const JAVA: &str = "Name: java\nLink: /usr/bin/java\nSlaves:\n java.1.gz /usr/share/man/man1/java.1.gz\n\
        Status: manual\nBest: /jvm/17/java\nValue: /jvm/11/java\n\nAlternative: /jvm/11/java\nPriority: 1111\n\
        Slaves:\n java.1.gz /jvm/11/java.1.gz\n\nAlternative: /jvm/17/java\nPriority: 1711\n";

    fn calls(mut params: Value, answer: &str) -> Result<Vec<String>, String> {
        params["name"] = "java".into();
        let steps = from_value::<Alternatives>(params).unwrap().steps(&Group::of(answer));
        let steps = steps.map_err(|failure| failure.message)?;
        Ok(steps.into_iter().map(|step| step.arguments.join(" ")).collect())
    }

    #[test]
    fn only_what_is_not_as_wanted_is_called_for() {
        let slave =
            json!([{"name": "java.1.gz", "link": "/usr/share/man/man1/java.1.gz", "path": "/jvm/11/java.1.gz"}]);
        for (params, wanted) in [
            (json!({"path": "/jvm/11/java"}), vec![]),
            (json!({"path": "/jvm/17/java"}), vec!["--set java /jvm/17/java"]),
            (json!({"path": "/jvm/17/java", "state": "auto"}), vec!["--auto java"]),
            (json!({"path": "/jvm/17/java", "state": "present"}), vec![]),
            (json!({"path": "/jvm/17/java", "state": "absent"}), vec!["--remove java /jvm/17/java"]),
            (json!({"path": "/jvm/21/java", "state": "absent"}), vec![]),
            (json!({"path": "/jvm/11/java", "subcommands": slave, "priority": 1111}), vec![]),
            (
                json!({"path": "/jvm/11/java", "slaves": [], "priority": "7"}),
                vec!["--install /usr/bin/java java /jvm/11/java 7"],
            ),
            (
                json!({"path": "/jvm/11/java", "priority": 7}),
                vec![
                    "--install /usr/bin/java java /jvm/11/java 7 --slave /usr/share/man/man1/java.1.gz java.1.gz /jvm/11/java.1.gz",
                ],
            ),
            (
                json!({"path": "/jvm/21/java"}),
                vec!["--install /usr/bin/java java /jvm/21/java 50", "--set java /jvm/21/java"],
            ),
        ] {
            assert_eq!(calls(params.clone(), JAVA).unwrap(), wanted, "{params}");
        }
    }

    #[test]
    fn a_new_name_needs_a_link_and_families_are_not_dpkgs() {
        let params = json!({"path": "/jvm/11/java", "state": "present", "link": "/usr/bin/java"});
        assert_eq!(calls(params, "").unwrap(), ["--install /usr/bin/java java /jvm/11/java 50"]);
        assert!(calls(json!({"path": "/jvm/11/java"}), "").unwrap_err().contains("`link` is missing"));
        assert!(calls(json!({"family": "java-11"}), JAVA).unwrap_err().contains("knows paths alone"));
    }
}
