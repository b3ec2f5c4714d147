//! Options for OpenSSH's client in `ansible_ssh_common_args` and its like, as far as they say how a host is reached.

use std::path::PathBuf;

use crate::inventory::words::words;
use crate::project::SshArgs;
use crate::source::Problem;
use crate::transport::Proxy;
use crate::value::{Map, Value};

/// What the options say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SshArguments {
    pub(crate) user: Option<String>,
    pub(crate) port: Option<u16>,
    pub(crate) keys: Vec<PathBuf>,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) known_hosts: Vec<PathBuf>,
    pub(crate) host_key_checking: Option<String>,
    pub(crate) identities_only: bool,
    pub(crate) timeout: Option<u64>,
    /// Options without a meaning here.
    pub(crate) unused: Vec<String>,
}

impl SshArguments {
    /// Reads them from a host's variables; where one is not set, the settings hold.
    pub(crate) fn of(variables: &Map, settings: &SshArgs) -> Result<Self, Problem> {
        let mut arguments = Self::default();
        let all = [
            ("ansible_ssh_args", &settings.ssh),
            ("ansible_ssh_common_args", &settings.common),
            ("ansible_ssh_extra_args", &settings.extra),
        ];
        for (name, setting) in all {
            let Some(line) = variables.get(name).and_then(Value::as_str).or(setting.as_deref()) else { continue };
            let parted = words(line)
                .map_err(|_| Problem::error("DPP0212", format!("a quote is never closed in `{name}`: {line}")))?;
            arguments.read(parted.words.into_iter().map(|word| word.text));
        }
        Ok(arguments)
    }

    fn read(&mut self, words: impl Iterator<Item = String>) {
        let mut words = words;
        while let Some(word) = words.next() {
            // A letter's value may be glued to it.
            let (letter, glued) = word.split_at_checked(2).unwrap_or((&word, ""));
            if !["-o", "-J", "-i", "-p", "-l"].contains(&letter) {
                self.unused.push(word);
                continue;
            }
            let value = if glued.is_empty() { words.next() } else { Some(glued.to_owned()) };
            let Some(value) = value else {
                self.unused.push(word);
                continue;
            };
            match letter {
                "-J" => self.set("proxyjump", &value),
                "-i" => self.set("identityfile", &value),
                "-p" => self.set("port", &value),
                "-l" => self.set("user", &value),
                _ => {
                    let (keyword, value) = value.split_once(['=', ' ']).unwrap_or((&value, ""));
                    self.set(keyword, value.trim());
                }
            }
        }
    }

    /// As in OpenSSH, what is said first holds.
    fn set(&mut self, keyword: &str, value: &str) {
        match keyword.to_ascii_lowercase().as_str() {
            "proxyjump" if value != "none" && self.proxy.is_none() => self.proxy = Some(Proxy::Jump(value.to_owned())),
            "proxycommand" if value != "none" && self.proxy.is_none() => {
                self.proxy = Some(Proxy::Command(value.to_owned()));
            }
            "identityfile" => self.keys.push(value.into()),
            "port" if self.port.is_none() => self.port = value.parse().ok(),
            "user" => self.user = self.user.take().or_else(|| Some(value.to_owned())),
            "userknownhostsfile" if self.known_hosts.is_empty() => {
                self.known_hosts = value.split_whitespace().map(PathBuf::from).collect();
            }
            "stricthostkeychecking" => {
                self.host_key_checking = self.host_key_checking.take().or_else(|| Some(value.to_owned()));
            }
            "identitiesonly" => self.identities_only |= value.eq_ignore_ascii_case("yes"),
            "connecttimeout" if self.timeout.is_none() => self.timeout = value.parse().ok(),
            // One session a host is kept open anyway, which is what these ask for.
            "controlmaster" | "controlpersist" | "controlpath" => {}
            _ => self.unused.push(format!("-o {keyword}={value}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_glued_or_not_and_the_first_holds() {
        let line = "-o ProxyJump=ops@gate:2222 -oStrictHostKeyChecking=no -o 'UserKnownHostsFile /tmp/k' -J other -p 22 -A \
                    -o ControlMaster=auto -o Compression=yes -i ~/.ssh/k";
        let variables = Map::from_iter([("ansible_ssh_common_args".to_owned(), Value::plain(line))]);
        let arguments = SshArguments::of(&variables, &SshArgs::default()).unwrap();
        assert_eq!(arguments.proxy, Some(Proxy::Jump("ops@gate:2222".to_owned())));
        assert_eq!(arguments.host_key_checking.as_deref(), Some("no"));
        assert_eq!(arguments.known_hosts, [PathBuf::from("/tmp/k")]);
        assert_eq!((arguments.port, arguments.keys.len()), (Some(22), 1));
        assert_eq!(arguments.unused, ["-o proxyjump=other", "-A", "-o Compression=yes"]);
    }

    #[test]
    fn settings_hold_where_the_host_says_nothing_under_the_same_name() {
        let settings = SshArgs {
            ssh: Some("-o ConnectTimeout=3 -o Port=2200".to_owned()),
            common: Some("-o ProxyJump=gate".to_owned()),
            extra: None,
        };
        let said = Map::from_iter([("ansible_ssh_args".to_owned(), Value::plain("-o ConnectTimeout=7"))]);
        let arguments = SshArguments::of(&said, &settings).unwrap();
        assert_eq!((arguments.timeout, arguments.port), (Some(7), None), "the variable stands for the whole line");
        assert_eq!(arguments.proxy, Some(Proxy::Jump("gate".to_owned())));
    }
}
