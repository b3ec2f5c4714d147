//! `user`: a user is on the host with these properties, or is not.

use std::fs;
use std::path::Path;

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;
use serde_json::Value;

use crate::arguments::{Flag, HostPath, Names, Whole, Words};
use crate::system::account::{self, Passwd};
use crate::system::group::Call;
use crate::{Host, Module, Survey};

/// Parameters of `user`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    #[serde(alias = "user")]
    name: String,
    #[serde(default)]
    state: State,
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
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    #[default]
    Present,
    Absent,
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

impl Module for User {
    const NAME: &'static str = "user";
    type Step = Call;

    fn survey(&self, _host: &Host) -> Result<Survey<Call>, Failure> {
        let found = account::users().into_iter().find(|user| user.name == self.name);
        let mut survey = Survey::steps(self.calls(found.as_ref()));
        survey.result = self.facts(found.as_ref());
        survey.result.extend(self.wishes(found.is_some()));
        Ok(survey)
    }

    fn apply(&self, call: &Call, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        if call.program == "chpasswd" {
            let line = format!("{}:{}\n", self.name, self.password.as_deref().unwrap_or_default());
            return call.run(host, Some(line)).map(drop);
        }
        self.expect_groups()?;
        let finished = call.run(host, None).map_err(|failure| failure.value("name", self.name.as_str()))?;
        for (name, text) in [("stdout", finished.stdout), ("stderr", finished.stderr)] {
            if !text.is_empty() {
                result.insert(format!("{name}_lines"), text.lines().collect::<Vec<_>>().into());
                result.insert(name.into(), text.into());
            }
        }
        Ok(())
    }

    fn conclude(&self, _host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        result.extend(self.facts(account::user(&self.name).as_ref()));
        Ok(())
    }
}

impl User {
    fn calls(&self, found: Option<&Passwd>) -> Vec<Call> {
        let what = format!("user {}", self.name);
        match (self.state, found) {
            (State::Absent, None) => Vec::new(),
            (State::Absent, Some(_)) => {
                let flags = [(self.force.0, "-f"), (self.remove.0, "-r")];
                vec![call(Change::new(Verb::Delete, what), "userdel", flagged(&flags, Vec::new()), &self.name)]
            }
            (State::Present, None) => {
                let mut calls = vec![call(Change::new(Verb::Create, &what), "useradd", self.all_options(), &self.name)];
                calls.extend(self.password.is_some().then(|| Self::password_call(&what)));
                calls.extend(self.lock_call(&what, false));
                calls
            }
            (State::Present, Some(found)) => self.corrections(&what, found),
        }
    }

    fn corrections(&self, what: &str, found: &Passwd) -> Vec<Call> {
        let (options, words) = self.differences(found);
        let mut calls = Vec::new();
        if !options.is_empty() {
            calls.push(call(Change::new(Verb::Change, what).detail(words.join(", ")), "usermod", options, &self.name));
        }
        let stored = shadow_of(&self.name).unwrap_or_default();
        let wanted = self.password.as_deref().filter(|_| self.update_password == UpdatePassword::Always);
        if wanted.is_some_and(|wanted| wanted != stored && format!("!{wanted}") != stored) {
            calls.push(Self::password_call(what));
        }
        calls.extend(self.lock_call(what, stored.starts_with('!')));
        if self.create_home.0 && !self.home.as_deref().unwrap_or(Path::new(&found.home)).exists() {
            calls.push(call(
                Change::new(Verb::Create, format!("home of {}", self.name)),
                "mkhomedir_helper",
                Vec::new(),
                &self.name,
            ));
        }
        calls
    }

    fn password_call(what: &str) -> Call {
        Call {
            change: Change::new(Verb::Change, what).detail("password"),
            program: "chpasswd",
            arguments: vec!["-e".into()],
        }
    }

    fn lock_call(&self, what: &str, locked: bool) -> Option<Call> {
        let lock = self.password_lock.filter(|lock| lock.0 != locked)?;
        let (flag, word) = if lock.0 { ("-L", "locked") } else { ("-U", "unlocked") };
        Some(call(Change::new(Verb::Change, what).detail(word), "usermod", vec![flag.into()], &self.name))
    }

    /// What useradd is told of a new user; a group of the user's own name that is there is taken.
    fn all_options(&self) -> Vec<String> {
        let mut options = self.uid_options(self.uid.map(|uid| uid.0));
        let own = account::group(&self.name).map(|group| group.name).filter(|_| self.group.is_none());
        let group = self.group.as_ref().map(|group| group.0.clone()).or(own);
        let groups = self.groups.as_ref().filter(|groups| !groups.0.is_empty()).map(|groups| groups.0.join(","));
        for (flag, value) in [
            ("-g", group),
            ("-G", groups),
            ("-c", self.comment.as_ref().map(|comment| comment.0.clone())),
            ("-d", self.home.as_ref().map(|home| home.text().to_owned())),
            ("-s", self.shell.as_ref().map(|shell| shell.text().to_owned())),
            ("-k", self.skeleton.clone().filter(|_| self.create_home.0)),
        ] {
            options.extend(value.into_iter().flat_map(|value| [flag.to_owned(), value]));
        }
        let home = if self.create_home.0 { "-m" } else { "-M" };
        flagged(&[(true, home), (self.system.0, "-r")], options)
    }

    fn uid_options(&self, uid: Option<i64>) -> Vec<String> {
        let Some(uid) = uid else { return Vec::new() };
        flagged(&[(self.non_unique.0, "-o")], vec!["-u".into(), uid.to_string()])
    }

    /// Options of usermod for all that differs, and the words for it.
    fn differences(&self, found: &Passwd) -> (Vec<String>, Vec<String>) {
        let mut options = self.uid_options(self.uid.map(|uid| uid.0).filter(|uid| *uid != i64::from(found.uid)));
        let mut words: Vec<String> =
            options.get(1).map(|uid| format!("uid {} -> {uid}", found.uid)).into_iter().collect();
        let mut differs = |flag: &str, name: &str, now: &str, wanted: Option<&str>| {
            let Some(wanted) = wanted.filter(|wanted| *wanted != now) else { return };
            options.extend([flag.to_owned(), wanted.to_owned()]);
            words.push(format!("{name} {now} -> {wanted}"));
        };
        let gid = self.group.as_ref().filter(|group| account::gid_of(&group.0) != Some(found.gid));
        differs("-g", "group", &found.gid.to_string(), gid.map(|group| group.0.as_str()));
        differs("-c", "comment", &found.gecos, self.comment.as_ref().map(|comment| comment.0.as_str()));
        differs("-d", "home", &found.home, self.home.as_ref().map(HostPath::text));
        differs("-s", "shell", &found.shell, self.shell.as_ref().map(HostPath::text));
        if self.move_home.0 && options.contains(&"-d".to_owned()) {
            options.push("-m".into());
        }
        if let Some(groups) = self.further_groups() {
            words.push(format!("groups {groups}"));
            options.extend(["-G".to_owned(), groups]);
            options.extend(Some("-a".to_owned()).filter(|_| self.append.0));
        }
        (options, words)
    }

    /// The groups to be set, when the user is not in them, or, without `append`, is in others too.
    fn further_groups(&self) -> Option<String> {
        let wanted = &self.groups.as_ref()?.0;
        let has: Vec<String> = account::groups()
            .into_iter()
            .filter(|group| group.members.contains(&self.name))
            .map(|group| group.name)
            .collect();
        let lacks = wanted.iter().any(|group| !has.contains(group));
        let too_many = !self.append.0 && has.iter().any(|group| !wanted.contains(group));
        (lacks || too_many).then(|| wanted.join(","))
    }

    /// Those of its own parameters that Ansible tells, which depends on whether the user was there.
    fn wishes(&self, was_there: bool) -> Vec<(String, Value)> {
        let told: &[(&str, bool)] = match (self.state, was_there) {
            (State::Absent, false) => &[],
            (State::Absent, true) => &[("force", self.force.0), ("remove", self.remove.0)],
            (State::Present, false) => &[("system", self.system.0), ("create_home", self.create_home.0)],
            (State::Present, true) => &[("append", self.append.0), ("move_home", self.move_home.0)],
        };
        let password = self.password.as_ref().filter(|_| self.state == State::Present);
        let password = password.map(|_| ("password".to_owned(), "NOT_LOGGING_PASSWORD".into()));
        told.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).chain(password).collect()
    }

    /// Groups must be there by then.
    fn expect_groups(&self) -> Result<(), Failure> {
        if self.state == State::Absent {
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
        let state = if self.state == State::Present { "present" } else { "absent" };
        facts.insert("state".into(), state.into());
        if let Some(groups) = &self.groups {
            facts.insert("groups".into(), groups.0.join(",").into());
        }
        if let Some(found) = found.filter(|_| self.state == State::Present) {
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

/// The stored hash; only root may read it, and others learn nothing.
fn shadow_of(name: &str) -> Option<String> {
    let shadow = fs::read_to_string("/etc/shadow").ok()?;
    let line = shadow.lines().find(|line| line.split(':').next() == Some(name))?;
    line.split(':').nth(1).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    fn lines(params: &serde_json::Value, found: Option<&Passwd>) -> Vec<String> {
        let calls = from_value::<User>(params.clone()).unwrap().calls(found);
        calls.into_iter().map(|call| format!("{} {}", call.program, call.arguments.join(" "))).collect()
    }

    #[test]
    fn a_new_user_is_made_in_one_call_and_its_password_never_seen() {
        let params = json!({"name": "no-such-user", "system": true, "home": "/var/lib/x", "create_home": "no",
            "shell": "/usr/sbin/nologin", "groups": "adm,tty"});
        assert_eq!(lines(&params, None), ["useradd -G adm,tty -d /var/lib/x -s /usr/sbin/nologin -M -r no-such-user"]);
        let secret = json!({"name": "no-such-user", "password": "$6$x"});
        assert_eq!(lines(&secret, None), ["useradd -m no-such-user", "chpasswd -e"]);
    }

    #[test]
    fn what_is_told_of_the_parameters_depends_on_whether_the_user_was_there() {
        let told = |params: serde_json::Value, was_there: bool| {
            let wishes = from_value::<User>(params).unwrap().wishes(was_there);
            wishes.into_iter().map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ")
        };
        for (params, was_there, wanted) in [
            (json!({"name": "x"}), false, "system false, create_home true"),
            (json!({"name": "x", "append": true}), true, "append true, move_home false"),
            (json!({"name": "x", "state": "absent", "remove": true}), true, "force false, remove true"),
            (json!({"name": "x", "state": "absent"}), false, ""),
            (
                json!({"name": "x", "password": "$6$x"}),
                true,
                "append false, move_home false, password \"NOT_LOGGING_PASSWORD\"",
            ),
        ] {
            assert_eq!(told(params.clone(), was_there), wanted, "{params}");
        }
        let lost = from_value::<User>(json!({"name": "x", "groups": "root,nosuch"})).unwrap();
        assert_eq!(lost.expect_groups().unwrap_err().result["msg"], "Group nosuch does not exist");
    }

    #[test]
    fn only_differences_are_corrected() {
        let found = Passwd {
            name: "nobody".into(),
            uid: 65534,
            gid: 65534,
            gecos: "nobody".into(),
            home: "/tmp".into(),
            shell: "/usr/sbin/nologin".into(),
        };
        assert!(
            lines(&json!({"name": "nobody", "shell": "/usr/sbin/nologin", "group": 65534}), Some(&found)).is_empty()
        );
        let params = json!({"name": "nobody", "shell": "/bin/sh", "groups": ["adm"], "append": true});
        assert_eq!(lines(&params, Some(&found)), ["usermod -s /bin/sh -G adm -a nobody"]);
        assert_eq!(
            lines(&json!({"name": "nobody", "state": "absent", "remove": true}), Some(&found)),
            ["userdel -r nobody"]
        );
    }
}
