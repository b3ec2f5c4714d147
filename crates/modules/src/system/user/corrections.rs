//! What is to be typed so that a user becomes, or is made, as it is wanted.

use std::path::Path;

use dpp_protocol::{Change, Verb};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::shadow::Shadow;
use super::{UpdatePassword, User, call, flagged};
use crate::arguments::HostPath;
use crate::system::account::{self, Passwd};
use crate::system::group::Call;

impl User {
    pub(super) fn corrections(&self, what: &str, found: &Passwd) -> Vec<Call> {
        let shadow = Shadow::of(&self.name);
        let (options, words) = self.differences(found, &shadow);
        let mut calls = Vec::new();
        if !options.is_empty() {
            calls.push(call(Change::new(Verb::Change, what).detail(words.join(", ")), "usermod", options, &self.name));
        }
        let stored = &shadow.hash;
        let wanted = self.password.as_deref().filter(|_| self.update_password == UpdatePassword::Always);
        if wanted.is_some_and(|wanted| wanted != stored && format!("!{wanted}") != *stored) {
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
        calls.extend(self.aging_call(what, &shadow));
        calls
    }

    /// How long a password lives, where that is not as wanted.
    pub(super) fn aging_call(&self, what: &str, shadow: &Shadow) -> Option<Call> {
        let wishes = [
            ("-m", self.password_expire_min, shadow.min),
            ("-M", self.password_expire_max, shadow.max),
            ("-W", self.password_expire_warn, shadow.warn),
        ];
        let differs = wishes.iter().filter_map(|(flag, wanted, now)| {
            let wanted = wanted.filter(|wanted| Some(wanted.0) != *now)?;
            Some([(*flag).to_owned(), wanted.0.to_string()])
        });
        let options: Vec<String> = differs.flatten().collect();
        let change = Change::new(Verb::Change, what).detail("age of the password");
        (!options.is_empty()).then(|| call(change, "chage", options, &self.name))
    }

    /// The day on which the account ends, as useradd takes it; before 1970 is never.
    fn last_day(&self) -> Option<String> {
        let seconds = self.expires?.0;
        let moment = Timestamp::from_second(seconds as i64).ok().filter(|_| seconds >= 0.0);
        Some(moment.map(|moment| moment.to_zoned(TimeZone::UTC).date().to_string()).unwrap_or_default())
    }

    /// Options of usermod for the account's end and for what follows an expired password.
    fn end_options(&self, shadow: &Shadow) -> Vec<String> {
        let day =
            self.expires.map(|wanted| if wanted.0 < 0.0 { None } else { Some((wanted.0 / 86400.0).floor() as i64) });
        let expires = self.last_day().filter(|_| day != Some(shadow.expires));
        let inactive =
            self.password_expire_account_disable.map(|days| days.0).filter(|days| Some(*days) != shadow.inactive);
        let expires = expires.into_iter().flat_map(|day| ["-e".to_owned(), day]);
        expires.chain(inactive.into_iter().flat_map(|days| ["-f".to_owned(), days.to_string()])).collect()
    }

    pub(super) fn password_call(what: &str) -> Call {
        Call {
            change: Change::new(Verb::Change, what).detail("password"),
            program: "chpasswd",
            arguments: vec!["-e".into()],
        }
    }

    pub(super) fn lock_call(&self, what: &str, locked: bool) -> Option<Call> {
        let lock = self.password_lock.filter(|lock| lock.0 != locked)?;
        let (flag, word) = if lock.0 { ("-L", "locked") } else { ("-U", "unlocked") };
        Some(call(Change::new(Verb::Change, what).detail(word), "usermod", vec![flag.into()], &self.name))
    }

    /// What useradd is told of a new user. As with Ansible, a group of the user's own name that is there already is not made
    /// again, nor is it the user's: the group of all users is.
    pub(super) fn all_options(&self) -> Vec<String> {
        let mut options = self.uid_options(self.uid.map(|uid| uid.0));
        let is_taken = self.group.is_none() && account::group(&self.name).is_some();
        let group = self.group.as_ref().map(|group| group.0.clone());
        let groups = self.groups.as_ref().filter(|groups| !groups.0.is_empty()).map(|groups| groups.0.join(","));
        for (flag, value) in [
            ("-g", group),
            ("-G", groups),
            ("-c", self.comment.as_ref().map(|comment| comment.0.clone())),
            ("-d", self.home.as_ref().map(|home| home.text().to_owned())),
            ("-s", self.shell.as_ref().map(|shell| shell.text().to_owned())),
            ("-e", self.last_day()),
            ("-f", self.password_expire_account_disable.map(|days| days.0.to_string())),
            ("-k", self.skeleton.clone().filter(|_| self.create_home.0)),
            ("-K", self.umask.as_ref().filter(|_| self.create_home.0).map(|umask| format!("UMASK={}", umask.0))),
            ("-K", self.uid_min.map(|uid| format!("UID_MIN={}", uid.0))),
            ("-K", self.uid_max.map(|uid| format!("UID_MAX={}", uid.0))),
        ] {
            options.extend(value.into_iter().flat_map(|value| [flag.to_owned(), value]));
        }
        let home = if self.create_home.0 { "-m" } else { "-M" };
        flagged(&[(true, home), (self.system.0, "-r"), (is_taken, "-N")], options)
    }

    fn uid_options(&self, uid: Option<i64>) -> Vec<String> {
        let Some(uid) = uid else { return Vec::new() };
        flagged(&[(self.non_unique.0, "-o")], vec!["-u".into(), uid.to_string()])
    }

    /// Options of usermod for all that differs, and the words for it.
    fn differences(&self, found: &Passwd, shadow: &Shadow) -> (Vec<String>, Vec<String>) {
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
        let end = self.end_options(shadow);
        words.extend(Some("end of the account".to_owned()).filter(|_| !end.is_empty()));
        options.extend(end);
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
}
