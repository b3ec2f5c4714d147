//! What a task may say to `apt`, and what of it apt-get is told.

use std::time::Duration;

use dpp_protocol::Failure;
use serde::Deserialize;

use crate::arguments::{Flag, HostPath, Names, Whole, Words};
use crate::packages::apt_get::transaction::{Transaction, default_dpkg_options};
use crate::packages::deb::Deb;

/// Parameters of `apt`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Apt {
    #[serde(default, alias = "package", alias = "pkg")]
    pub(super) name: Names,
    #[serde(default)]
    pub(super) state: State,
    #[serde(default)]
    pub(super) upgrade: Upgrade,
    #[serde(default)]
    pub(super) deb: Option<HostPath>,
    #[serde(default, alias = "update-cache")]
    pub(super) update_cache: Option<Flag>,
    #[serde(default)]
    cache_valid_time: Whole,
    #[serde(default = "five")]
    pub(super) update_cache_retries: Whole,
    #[serde(default = "twelve")]
    update_cache_retry_max_delay: Whole,
    #[serde(default, alias = "default-release")]
    default_release: Option<String>,
    #[serde(default, alias = "install-recommends")]
    pub(super) install_recommends: Option<Flag>,
    #[serde(default)]
    pub(super) only_upgrade: Flag,
    #[serde(default)]
    pub(super) purge: Flag,
    #[serde(default)]
    pub(super) autoremove: Flag,
    #[serde(default)]
    pub(super) autoclean: Flag,
    #[serde(default)]
    pub(super) clean: Flag,
    #[serde(default)]
    fail_on_autoremove: Flag,
    #[serde(default = "default_dpkg_options")]
    dpkg_options: Names,
    #[serde(default, alias = "allow-downgrade", alias = "allow_downgrades", alias = "allow-downgrades")]
    allow_downgrade: Flag,
    #[serde(default, alias = "allow-unauthenticated")]
    allow_unauthenticated: Flag,
    #[serde(default)]
    allow_change_held_packages: Flag,
    #[serde(default)]
    force: Flag,
    #[serde(default)]
    policy_rc_d: Option<Whole>,
    #[serde(default = "sixty")]
    lock_timeout: Whole,
    /// apt-get is what is always used here.
    #[serde(default, rename = "force_apt_get")]
    _force_apt_get: Flag,
    /// What `package` may be told: apt is what there is.
    #[serde(default, rename = "use")]
    _use: Option<String>,
    /// Nothing has to be installed for this module to work.
    #[serde(default, rename = "auto_install_module_deps")]
    _auto_install_module_deps: Flag,
}

fn five() -> Whole {
    Whole(5)
}

fn twelve() -> Whole {
    Whole(12)
}

fn sixty() -> Whole {
    Whole(60)
}

/// What is to be with the named packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum State {
    /// Installed, in any version that will do.
    #[default]
    #[serde(alias = "installed")]
    Present,
    /// Installed, in the version apt prefers now.
    Latest,
    /// Not installed.
    #[serde(alias = "removed")]
    Absent,
    /// What is needed to build them is installed.
    BuildDep,
    /// Installed, and broken dependencies of all packages are corrected.
    Fixed,
}

/// Which of all installed packages are to be upgraded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Upgrade {
    /// None but those named.
    #[default]
    None,
    /// Those that can be without removing another.
    Safe,
    /// All, also when others must be removed for it.
    Full,
}

impl<'de> Deserialize<'de> for Upgrade {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let Words(word) = Words::deserialize(from)?;
        match word.to_ascii_lowercase().as_str() {
            "yes" | "true" | "safe" => Ok(Self::Safe),
            "full" | "dist" => Ok(Self::Full),
            "no" | "false" | "" => Ok(Self::None),
            _ => Err(serde::de::Error::custom(format!("upgrade: `{word}` is none of yes, safe, full, dist, no"))),
        }
    }
}

impl Apt {
    /// What Ansible refuses, too.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let given = [
            (self.deb.is_some(), "deb"),
            (!self.name.0.is_empty(), "name"),
            (self.upgrade != Upgrade::None, "upgrade"),
        ];
        let named: Vec<&str> = given.into_iter().filter_map(|(given, name)| given.then_some(name)).collect();
        match named[..] {
            [one, other, ..] => Err(Failure::new(format!("`{one}` and `{other}` exclude each other"))
                .code("DPP0104")
                .help("two tasks do it: one for all packages, one for some")),
            _ => Ok(()),
        }
    }

    /// How long the lists may be used after they were refreshed; none when they are to be refreshed each time.
    pub(super) fn cache_valid(&self) -> Option<Duration> {
        (self.cache_valid_time.0 > 0).then(|| seconds(self.cache_valid_time))
    }

    /// True when the task speaks of refreshing the lists at all.
    pub(super) fn asks_for_refresh(&self) -> bool {
        self.update_cache.map_or(self.cache_valid_time.0 > 0, |flag| flag.0)
    }

    pub(super) fn allows_downgrade(&self) -> bool {
        self.allow_downgrade.0 || self.force.0
    }

    pub(super) fn allows_change_of_held(&self) -> bool {
        self.allow_change_held_packages.0 || self.force.0
    }

    pub(super) fn release(&self) -> &str {
        self.default_release.as_deref().unwrap_or_default()
    }

    pub(super) fn lock_timeout(&self) -> Duration {
        seconds(self.lock_timeout)
    }

    pub(super) fn retry_max_delay(&self) -> Duration {
        seconds(self.update_cache_retry_max_delay)
    }

    /// The module that `deb:` stands for.
    pub(super) fn as_deb(&self, path: &HostPath) -> Result<Deb, Failure> {
        if path.text().contains("://") {
            return Err(Failure::new(format!("cannot install {}: `deb` takes a file on the host", path.text()))
                .code("DPP0104")
                .help("fetch it with `get_url` first, or declare it as an artifact so that it is pushed"));
        }
        let recommends = self.install_recommends.unwrap_or(Flag(true));
        let downgrade = Flag(self.allows_downgrade());
        Ok(Deb::of(path.clone(), downgrade, recommends, self.lock_timeout, self.dpkg_options.clone()))
    }

    /// How apt-get is run for this task.
    pub(super) fn transaction(&self) -> Transaction {
        let flags = [
            (self.allows_downgrade(), "--allow-downgrades"),
            (self.allows_change_of_held(), "--allow-change-held-packages"),
            (self.allow_unauthenticated.0 || self.force.0, "--allow-unauthenticated"),
            (self.force.0, "--allow-remove-essential"),
            (self.only_upgrade.0, "--only-upgrade"),
            (self.purge.0, "--purge"),
            (self.autoremove.0, "--auto-remove"),
            (self.fail_on_autoremove.0, "--no-remove"),
            (self.state == State::Fixed, "--fix-broken"),
        ];
        let mut options: Vec<String> =
            flags.iter().filter(|(wanted, _)| *wanted).map(|(_, option)| (*option).to_owned()).collect();
        if let Some(Flag(wanted)) = self.install_recommends {
            options.push(format!("-oAPT::Install-Recommends={wanted}"));
        }
        if !self.release().is_empty() {
            options.push(format!("--target-release={}", self.release()));
        }
        Transaction {
            dpkg_options: self.dpkg_options.0.clone(),
            options,
            lock_timeout: self.lock_timeout(),
            policy_rc_d: self.policy_rc_d.map(|code| code.0),
        }
    }
}

fn seconds(whole: Whole) -> Duration {
    Duration::from_secs(u64::try_from(whole.0).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn some_packages_and_all_packages_are_two_tasks() {
        let refused = |params| from_value::<Apt>(params).unwrap().check().is_err();
        assert!(refused(json!({"name": "jq", "upgrade": "dist"})) && refused(json!({"name": "jq", "deb": "/x.deb"})));
        assert!(!refused(json!({"name": "jq", "upgrade": "no"})) && !refused(json!({"upgrade": "dist"})));
    }

    #[test]
    fn ansibles_spellings_are_read() {
        let apt: Apt = from_value(json!({"pkg": "jq, nano", "state": "installed", "update-cache": "yes"})).unwrap();
        assert_eq!(apt.name.0, ["jq", "nano"]);
        assert_eq!(apt.state, State::Present);
        assert!(apt.asks_for_refresh());
        let upgrade = |value| from_value::<Apt>(json!({"upgrade": value})).map(|apt| apt.upgrade);
        assert_eq!(upgrade(json!("dist")).unwrap(), Upgrade::Full);
        assert_eq!(upgrade(json!(true)).unwrap(), Upgrade::Safe);
        assert_eq!(upgrade(json!("no")).unwrap(), Upgrade::None);
        assert!(upgrade(json!("all")).unwrap_err().to_string().contains("`all` is none of"));
        assert!(from_value::<Apt>(json!({"nmae": "jq"})).unwrap_err().to_string().contains("unknown field `nmae`"));
    }

    #[test]
    fn a_valid_time_asks_for_a_refresh_unless_it_is_forbidden() {
        assert!(from_value::<Apt>(json!({"cache_valid_time": 3600})).unwrap().asks_for_refresh());
        assert!(
            !from_value::<Apt>(json!({"cache_valid_time": 3600, "update_cache": false})).unwrap().asks_for_refresh()
        );
        assert!(!from_value::<Apt>(json!({"name": "jq"})).unwrap().asks_for_refresh());
    }

    #[test]
    fn apt_get_is_told_what_the_task_allows() {
        let apt: Apt = from_value(json!({
            "name": "jq", "install_recommends": false, "allow_downgrade": true, "default_release": "bookworm-backports"
        }))
        .unwrap();
        assert_eq!(
            apt.transaction().options,
            ["--allow-downgrades", "-oAPT::Install-Recommends=false", "--target-release=bookworm-backports"]
        );
        assert_eq!(apt.transaction().dpkg_options, ["force-confdef", "force-confold"]);
    }
}
