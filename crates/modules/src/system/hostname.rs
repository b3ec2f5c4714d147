//! `hostname`: the host's name, now and after the next start.

use std::fs;
use std::path::Path;

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::files::attributes::Attributes;
use crate::files::content::{NewContent, Source};
use crate::files::mode::FileMode;
use crate::files::refused;
use crate::system::setup::fully_qualified;
use crate::{Host, Module, Survey};

const FILE: &str = "/etc/hostname";
/// Linux's `HOST_NAME_MAX`.
const LONGEST: usize = 64;

/// Parameters of `hostname`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hostname {
    name: String,
    /// Which of Ansible's strategies; on Debian with systemd they all write the same file.
    #[serde(rename = "use")]
    _strategy: Option<Strategy>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Strategy {
    Alpine,
    Debian,
    Freebsd,
    Generic,
    Macos,
    Macosx,
    Darwin,
    Openbsd,
    Openrc,
    Redhat,
    Sles,
    Solaris,
    Systemd,
}

impl Module for Hostname {
    const NAME: &'static str = "hostname";
    type Step = Change;

    fn survey(&self, _host: &Host) -> Result<Survey<Change>, Failure> {
        self.check()?;
        let running = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let lasting = fs::read_to_string(FILE).unwrap_or_default().trim().to_owned();
        let detail = |now: &str| format!("{now} -> {}", self.name);
        let mut steps = Vec::new();
        if lasting != self.name {
            steps.push(Change::new(Verb::Change, FILE).detail(detail(&lasting)));
        }
        if running != self.name {
            steps.push(Change::new(Verb::Change, "hostname").detail(detail(&running)));
        }
        Ok(Survey::steps(steps).value("name", self.name.as_str()).value("ansible_facts", self.facts(&running)))
    }

    fn apply(&self, step: &Change, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        if step.what == FILE {
            let attributes = Attributes { mode: Some(FileMode::Bits(0o644)), ..Attributes::default() };
            let content = NewContent::new(FILE, Source::Bytes(format!("{}\n", self.name).into()));
            return NewContent { attributes, ..content }.apply(host, result);
        }
        rustix::system::sethostname(self.name.as_bytes()).map_err(|error| {
            refused("set the name of the host in", Path::new("/proc/sys/kernel/hostname"), &error.into())
        })
    }

    fn conclude(&self, _host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        result.insert("ansible_facts".into(), self.facts(&self.name));
        Ok(())
    }
}

impl Hostname {
    /// The facts that change with the name, while the kernel still, or already, has `running`.
    fn facts(&self, running: &str) -> Value {
        let fqdn = fully_qualified(running, &fs::read_to_string("/etc/hosts").unwrap_or_default());
        json!({
            "ansible_hostname": self.name.split('.').next().unwrap_or_default(),
            "ansible_nodename": self.name,
            "ansible_fqdn": fqdn,
            "ansible_domain": fqdn.split_once('.').map_or("", |(_, domain)| domain),
        })
    }

    /// What hostnamectl takes for `--static`: an empty label is one that begins, ends or is parted by too many dots.
    fn check(&self) -> Result<(), Failure> {
        if self.name.len() <= LONGEST && self.name.split('.').all(is_label) {
            return Ok(());
        }
        Err(Failure::new(format!("`{}` cannot be the name of a host", self.name)).code("DPP0104").help(format!(
            "letters, digits and hyphens, parted by dots, at most {LONGEST} in all; no part begins or ends with a hyphen"
        )))
    }
}

fn is_label(label: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    !label.is_empty() && label.bytes().all(fits) && !label.starts_with('-') && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn refusal(name: &str) -> Option<String> {
        let host = Host::new("/nonexistent", BTreeMap::new(), &|_, _| ());
        let module = Hostname { name: name.to_owned(), _strategy: None };
        module.survey(&host).err().map(|failure| failure.code)
    }

    #[test]
    fn what_hostnamectl_refuses_is_refused_before_anything_is_written() {
        let long = "a".repeat(65);
        for wrong in ["bad host", "", "a_b", "-a", "a-", "a..b", ".a", "a.", "a-.b", "a.-b", "ä", "a\nb", &long] {
            assert_eq!(refusal(wrong).as_deref(), Some("DPP0104"), "{wrong:?}");
        }
        for right in ["web1", "A9", "9", "web-1.example.org", "a--b", &long[1..]] {
            assert_eq!(refusal(right), None, "{right:?}");
        }
    }
}
