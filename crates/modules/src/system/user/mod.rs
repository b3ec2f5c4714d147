//! `user`: a user is on the host with these properties, or is not.

mod corrections;
mod shadow;
mod ssh_key;
#[cfg(test)]
mod tests;
mod wishes;

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;
use serde_json::Value;

use crate::arguments::{Flag, HostPath, Names, Number, Whole, Words};
use crate::presence::Presence;
use crate::system::account::{self, Passwd};
use crate::system::group::Call;
use crate::system::user::shadow::Shadow;
use crate::system::user::ssh_key::SshKey;
use crate::{Host, Module, Step, Survey};

/// Parameters of `user`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    #[serde(alias = "user")]
    name: String,
    #[serde(default)]
    state: Presence,
    uid: Option<Whole>,
    group: Option<Words>,
    groups: Option<Names>,
    #[serde(default)]
    append: Flag,
    comment: Option<Words>,
    home: Option<HostPath>,
    shell: Option<HostPath>,
    password: Option<String>,
    #[serde(default)]
    update_password: UpdatePassword,
    password_lock: Option<Flag>,
    #[serde(default = "yes", alias = "createhome")]
    create_home: Flag,
    #[serde(default)]
    move_home: Flag,
    skeleton: Option<String>,
    #[serde(default)]
    system: Flag,
    #[serde(default)]
    non_unique: Flag,
    #[serde(default)]
    force: Flag,
    #[serde(default)]
    remove: Flag,
    umask: Option<Words>,
    uid_min: Option<Whole>,
    uid_max: Option<Whole>,
    expires: Option<Number>,
    password_expire_min: Option<Whole>,
    password_expire_max: Option<Whole>,
    password_expire_warn: Option<Whole>,
    password_expire_account_disable: Option<Whole>,
    #[serde(default)]
    generate_ssh_key: Flag,
    ssh_key_bits: Option<Whole>,
    #[serde(default = "rsa")]
    ssh_key_type: String,
    ssh_key_file: Option<HostPath>,
    ssh_key_comment: Option<String>,
    ssh_key_passphrase: Option<String>,
    local: Option<Value>,
    seuser: Option<Value>,
    login_class: Option<Value>,
    hidden: Option<Value>,
    profile: Option<Value>,
    authorization: Option<Value>,
    role: Option<Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum UpdatePassword {
    #[default]
    Always,
    OnCreate,
}

fn yes() -> Flag {
    Flag(true)
}

fn rsa() -> String {
    "rsa".into()
}

/// A step to the wanted user.
#[derive(Debug)]
pub enum UserStep {
    /// A call of the shadow suite.
    Call(Call),
    /// The user's ssh key is made.
    Key(Change),
}

impl Step for UserStep {
    fn change(&self, _diff: bool) -> Change {
        match self {
            Self::Call(call) => call.change.clone(),
            Self::Key(change) => change.clone(),
        }
    }
}

impl Module for User {
    const NAME: &'static str = "user";
    type Step = UserStep;

    fn survey(&self, _host: &Host) -> Result<Survey<UserStep>, Failure> {
        let found = account::users().into_iter().find(|user| user.name == self.name);
        let mut steps: Vec<UserStep> = self.calls(found.as_ref()).into_iter().map(UserStep::Call).collect();
        steps.extend(self.key_change(found.as_ref()).map(UserStep::Key));
        let mut survey = Survey::steps(steps);
        survey.result = self.facts(found.as_ref());
        survey.result.extend(self.wishes(found.is_some()));
        survey.warnings.extend(self.passed_over());
        Ok(survey)
    }

    fn apply(&self, step: &UserStep, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        match step {
            UserStep::Call(call) => self.call(call, host, result),
            UserStep::Key(_) => self.key().make(&self.known()?, host),
        }
        .map_err(|failure| failure.value("name", self.name.as_str()))
    }

    fn conclude(&self, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        let found = account::user(&self.name);
        result.extend(self.facts(found.as_ref()));
        match found.filter(|_| self.generate_ssh_key.0 && self.state == Presence::Present) {
            Some(found) => self.key().tell(&found.home, host, result),
            None => Ok(()),
        }
    }
}

impl User {
    fn call(&self, call: &Call, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        if call.program == "chpasswd" {
            let line = format!("{}:{}\n", self.name, self.password.as_deref().unwrap_or_default());
            return call.run(host, Some(line)).map(drop);
        }
        self.expect_groups()?;
        let finished = call.run(host, None)?;
        for (name, text) in [("stdout", finished.stdout), ("stderr", finished.stderr)] {
            if !text.is_empty() {
                result.insert(format!("{name}_lines"), text.lines().collect::<Vec<_>>().into());
                result.insert(name.into(), text.into());
            }
        }
        Ok(())
    }

    /// The user after it was made, whose key is wished for.
    fn known(&self) -> Result<Passwd, Failure> {
        account::user(&self.name).ok_or_else(|| Failure::new(format!("there is no user {} after all", self.name)))
    }

    fn key(&self) -> SshKey<'_> {
        SshKey {
            kind: &self.ssh_key_type,
            bits: self.ssh_key_bits.map(|bits| bits.0).filter(|bits| *bits > 0),
            file: self.ssh_key_file.as_ref().map(HostPath::text),
            comment: self.ssh_key_comment.as_deref(),
            passphrase: self.ssh_key_passphrase.as_deref(),
            force: self.force.0,
        }
    }

    fn key_change(&self, found: Option<&Passwd>) -> Option<Change> {
        if !self.generate_ssh_key.0 || self.state == Presence::Absent {
            return None;
        }
        let new = format!("/home/{}", self.name);
        let home = self.home.as_ref().map(HostPath::text).or(found.map(|found| found.home.as_str())).unwrap_or(&new);
        self.key().change(home)
    }

    fn calls(&self, found: Option<&Passwd>) -> Vec<Call> {
        let what = format!("user {}", self.name);
        match (self.state, found) {
            (Presence::Absent, None) => Vec::new(),
            (Presence::Absent, Some(_)) => {
                let flags = [(self.force.0, "-f"), (self.remove.0, "-r")];
                vec![call(Change::new(Verb::Delete, what), "userdel", flagged(&flags, Vec::new()), &self.name)]
            }
            (Presence::Present, None) => {
                let mut calls = vec![call(Change::new(Verb::Create, &what), "useradd", self.all_options(), &self.name)];
                calls.extend(self.password.is_some().then(|| Self::password_call(&what)));
                calls.extend(self.lock_call(&what, false));
                calls.extend(self.aging_call(&what, &Shadow::default()));
                calls
            }
            (Presence::Present, Some(found)) => self.corrections(&what, found),
        }
    }

    /// Groups must be there by then.
    fn expect_groups(&self) -> Result<(), Failure> {
        if self.state == Presence::Absent {
            return Ok(());
        }
        let named = self.group.iter().map(|group| &group.0);
        let mut named = named.chain(self.groups.iter().flat_map(|groups| &groups.0)).filter(|name| !name.is_empty());
        let missing = named.find(|name| account::gid_of(name).is_none() && account::group(name).is_none());
        missing.map_or(Ok(()), |name| {
            Err(Failure::new(format!("there is no group `{name}` on this host"))
                .value("msg", format!("Group {name} does not exist"))
                .help("make it first, with the module `group` or the package that brings it"))
        })
    }

    fn facts(&self, found: Option<&Passwd>) -> ResultMap {
        let mut facts = ResultMap::new();
        facts.insert("name".into(), self.name.as_str().into());
        let state = if self.state == Presence::Present { "present" } else { "absent" };
        facts.insert("state".into(), state.into());
        if let Some(groups) = &self.groups {
            facts.insert("groups".into(), groups.0.join(",").into());
        }
        if let Some(found) = found.filter(|_| self.state == Presence::Present) {
            facts.insert("uid".into(), found.uid.into());
            facts.insert("group".into(), found.gid.into());
            facts.insert("comment".into(), found.gecos.as_str().into());
            facts.insert("home".into(), found.home.as_str().into());
            facts.insert("shell".into(), found.shell.as_str().into());
        }
        facts
    }
}

fn call(change: Change, program: &'static str, mut arguments: Vec<String>, name: &str) -> Call {
    arguments.push(name.to_owned());
    Call { change, program, arguments }
}

fn flagged(flags: &[(bool, &str)], mut arguments: Vec<String>) -> Vec<String> {
    arguments.extend(flags.iter().filter(|(wanted, _)| *wanted).map(|(_, flag)| (*flag).to_owned()));
    arguments
}
