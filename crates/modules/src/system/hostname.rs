//! `hostname`: the host's name, now and after the next start.

use std::fs;
use std::path::Path;

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;

use crate::files::content::{NewContent, Source};
use crate::files::refused;
use crate::{Host, Module, Survey};

const FILE: &str = "/etc/hostname";

/// Parameters of `hostname`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hostname {
    name: String,
    /// Which of Ansible's strategies; on Debian with systemd they all write the same file.
    #[serde(rename = "use")]
    _strategy: Option<String>,
}

impl Module for Hostname {
    const NAME: &'static str = "hostname";
    type Step = Change;

    fn survey(&self, _host: &Host) -> Result<Survey<Change>, Failure> {
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
        Ok(Survey::steps(steps).value("name", self.name.as_str()))
    }

    fn apply(&self, step: &Change, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        if step.what == FILE {
            return NewContent::new(FILE, Source::Bytes(format!("{}\n", self.name).into())).apply(host, result);
        }
        rustix::system::sethostname(self.name.as_bytes()).map_err(|error| {
            refused("set the name of the host in", Path::new("/proc/sys/kernel/hostname"), &error.into())
        })
    }
}
