//! `group`: a group is on the host, or is not.

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;

use crate::arguments::{Flag, Whole};
use crate::commands::process::{Finished, Process};
use crate::system::account::{self, GroupLine};
use crate::system::tool::{accepted, program_of};
use crate::{Host, Module, Step, Survey};

/// Parameters of `group`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    name: String,
    #[serde(default)]
    state: State,
    gid: Option<Whole>,
    #[serde(default)]
    system: Flag,
    #[serde(default)]
    non_unique: Flag,
    #[serde(default)]
    force: Flag,
    gid_min: Option<Whole>,
    gid_max: Option<Whole>,
    local: Option<Flag>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    #[default]
    Present,
    Absent,
}

/// A call of one of the shadow suite's programs.
#[derive(Debug)]
pub struct Call {
    pub(super) change: Change,
    pub(super) program: &'static str,
    pub(super) arguments: Vec<String>,
}

impl Call {
    /// Runs it; as in Ansible, `msg` of a failure is what the program said.
    pub(super) fn run(&self, host: &Host, input: Option<String>) -> Result<Finished, Failure> {
        let process = Process::new(&program_of(self.program, host), &self.arguments, host);
        let process = input.into_iter().fold(process, |process, input| process.input(input.into_bytes()));
        let finished = process.run(host)?;
        let said = finished.stderr.clone();
        accepted(finished, self.program, &self.arguments).map_err(|failure| failure.value("msg", said))
    }
}

impl Step for Call {
    fn change(&self, _diff: bool) -> Change {
        self.change.clone()
    }
}

impl Module for Group {
    const NAME: &'static str = "group";
    type Step = Call;

    fn survey(&self, _host: &Host) -> Result<Survey<Call>, Failure> {
        let found = account::groups().into_iter().find(|group| group.name == self.name);
        let mut survey = Survey::steps(self.call(found.as_ref()).into_iter().collect());
        survey.result = self.facts(found.as_ref());
        if self.local == Some(Flag(true)) {
            survey = survey
                .warning("no effect here: `local`, the groups of this host's files are the only ones that change");
        }
        Ok(survey)
    }

    fn apply(&self, call: &Call, host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        call.run(host, None).map(drop).map_err(|failure| failure.value("name", self.name.as_str()))
    }

    fn conclude(&self, _host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        *result = self.facts(account::group(&self.name).as_ref());
        Ok(())
    }
}

impl Group {
    fn call(&self, found: Option<&GroupLine>) -> Option<Call> {
        let what = format!("group {}", self.name);
        let gid = self.gid.map(|gid| gid.0.to_string());
        match (self.state, found) {
            (State::Absent, None) => None,
            (State::Absent, Some(_)) => {
                let force = Some("-f".to_owned()).filter(|_| self.force.0);
                let arguments = force.into_iter().chain([self.name.clone()]).collect();
                Some(Call { change: Change::new(Verb::Delete, what), program: "groupdel", arguments })
            }
            (State::Present, None) => {
                let mut arguments = self.arguments(gid, self.system.0);
                arguments.splice(0..0, self.bounds());
                Some(Call { change: Change::new(Verb::Create, what), program: "groupadd", arguments })
            }
            (State::Present, Some(found)) => {
                let gid = gid.filter(|gid| *gid != found.gid.to_string())?;
                let change = Change::new(Verb::Change, what).detail(format!("gid {} -> {gid}", found.gid));
                Some(Call { change, program: "groupmod", arguments: self.arguments(Some(gid), false) })
            }
        }
    }

    fn bounds(&self) -> Vec<String> {
        let bounds = [("GID_MIN", self.gid_min), ("GID_MAX", self.gid_max)];
        let given =
            bounds.iter().filter_map(|(name, bound)| Some(["-K".to_owned(), format!("{name}={}", (*bound)?.0)]));
        given.flatten().collect()
    }

    fn arguments(&self, gid: Option<String>, system: bool) -> Vec<String> {
        let mut arguments = Vec::new();
        if let Some(gid) = gid {
            arguments.extend(["-g".to_owned(), gid]);
            arguments.extend(Some("-o".to_owned()).filter(|_| self.non_unique.0));
        }
        arguments.extend(Some("-r".to_owned()).filter(|_| system));
        arguments.push(self.name.clone());
        arguments
    }

    fn facts(&self, found: Option<&GroupLine>) -> ResultMap {
        let mut facts = ResultMap::new();
        facts.insert("name".into(), self.name.as_str().into());
        let state = if self.state == State::Present { "present" } else { "absent" };
        facts.insert("state".into(), state.into());
        if let Some(found) = found.filter(|_| self.state == State::Present) {
            facts.insert("system".into(), self.system.0.into());
            facts.insert("gid".into(), found.gid.into());
        }
        facts
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn the_call_is_the_one_an_administrator_would_type() {
        let there = GroupLine { name: "kafka".into(), gid: 990, members: Vec::new() };
        for (params, found, wanted) in [
            (json!({"name": "kafka", "system": true}), None, Some("groupadd -r kafka")),
            (json!({"name": "kafka", "gid": 990}), Some(&there), None),
            (json!({"name": "kafka", "gid": "991"}), Some(&there), Some("groupmod -g 991 kafka")),
            (
                json!({"name": "kafka", "gid_min": 500, "gid_max": 600}),
                None,
                Some("groupadd -K GID_MIN=500 -K GID_MAX=600 kafka"),
            ),
            (json!({"name": "kafka", "state": "absent"}), Some(&there), Some("groupdel kafka")),
            (json!({"name": "kafka", "state": "absent"}), None, None),
        ] {
            let call = from_value::<Group>(params.clone()).unwrap().call(found);
            let line = call.map(|call| format!("{} {}", call.program, call.arguments.join(" ")));
            assert_eq!(line.as_deref(), wanted, "{params}");
        }
    }
}
