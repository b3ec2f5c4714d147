//! `sysctl`: a kernel setting, in a file for the next start and in the running kernel.

use std::fs;
use std::path::{Path, PathBuf};

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;

use crate::arguments::{Flag, HostPath, Words};
use crate::files::content::{NewContent, Source};
use crate::files::edit::{TextFile, lines};
use crate::files::refused;
use crate::{Host, Module, Step, Survey};

/// Parameters of `sysctl`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sysctl {
    #[serde(alias = "key")]
    name: String,
    #[serde(alias = "val")]
    value: Option<Words>,
    #[serde(default)]
    state: State,
    #[serde(rename = "sysctl_file", default = "file")]
    file: HostPath,
    #[serde(rename = "sysctl_set", default)]
    set: Flag,
    #[serde(default = "yes")]
    reload: Flag,
    #[serde(default)]
    ignoreerrors: Flag,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    #[default]
    Present,
    Absent,
}

/// What is set: the file or the kernel.
#[derive(Debug)]
pub enum Setting {
    /// The file gets a new text.
    File(Box<NewContent>),
    /// The kernel gets a new value.
    Kernel {
        /// Its file under `/proc/sys`.
        path: PathBuf,
        /// What it has now.
        now: String,
        /// What it gets.
        wanted: String,
    },
}

fn file() -> HostPath {
    "/etc/sysctl.conf".into()
}

fn yes() -> Flag {
    Flag(true)
}

impl Step for Setting {
    fn change(&self, diff: bool) -> Change {
        match self {
            Self::File(content) => content.change(diff),
            Self::Kernel { path, now, wanted } => {
                Change::new(Verb::Change, path.to_string_lossy()).detail(format!("{now} -> {wanted}"))
            }
        }
    }
}

impl Module for Sysctl {
    const NAME: &'static str = "sysctl";
    type Step = Setting;

    fn survey(&self, _host: &Host) -> Result<Survey<Setting>, Failure> {
        self.check()?;
        let file = TextFile::read(&self.file)?;
        let new = self.edited(file.text())?;
        let mut steps = Vec::new();
        let new_file = new != file.text() || (file.old.is_none() && self.state == State::Present);
        if new_file {
            steps.push(Setting::File(Box::new(NewContent::new(&*self.file, Source::Bytes(new.into_bytes())))));
        }
        // A file that is right says nothing of the kernel, which somebody may have told otherwise since.
        if self.state == State::Present && (self.set.0 || self.reload.0) {
            steps.extend(self.kernel_step()?);
        }
        Ok(Survey::steps(steps))
    }

    fn apply(&self, step: &Setting, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        match step {
            Setting::File(content) => content.apply(host, result),
            Setting::Kernel { path, wanted, .. } => match fs::write(path, wanted) {
                Err(_) if self.ignoreerrors.0 => Ok(()),
                written => written.map_err(|error| refused(&format!("write `{wanted}` to"), path, &error)),
            },
        }
    }
}

impl Sysctl {
    fn check(&self) -> Result<(), Failure> {
        let blank = |text: &str| text.trim().is_empty();
        let wrong = match &self.value {
            _ if blank(&self.name) => "name cannot be blank",
            Some(value) if self.state == State::Present && blank(&value.0) => "value cannot be blank",
            _ => return Ok(()),
        };
        Err(Failure::new(wrong).code("DPP0104"))
    }

    fn value(&self) -> Result<String, Failure> {
        let value = self.value.as_ref().map(|value| match value.0.to_lowercase().as_str() {
            "y" | "yes" | "on" | "true" | "t" => "1".to_owned(),
            "n" | "no" | "off" | "false" | "f" => "0".to_owned(),
            _ => words(&value.0),
        });
        value.ok_or_else(|| Failure::new("`value` is needed with state=present").code("DPP0104"))
    }

    /// The file with the setting as wanted: the last line that sets it is changed, others go away.
    fn edited(&self, text: &str) -> Result<String, Failure> {
        let mut lines = lines(text);
        let sets = |line: &String| {
            let line = line.trim().trim_start_matches('-');
            !line.starts_with(['#', ';']) && line.split('=').next().is_some_and(|name| same_name(name, &self.name))
        };
        if self.state == State::Absent {
            lines.retain(|line| !sets(line));
            return Ok(lines.concat());
        }
        let wanted = self.value()?;
        let is_right = |line: &String| line.split_once('=').is_some_and(|(_, value)| words(value) == wanted);
        let all: Vec<usize> = (0..lines.len()).filter(|at| sets(&lines[*at])).collect();
        let Some((last, earlier)) = all.split_last() else {
            if let Some(line) = lines.last_mut().filter(|line| !line.ends_with('\n')) {
                line.push('\n');
            }
            lines.push(format!("{}={wanted}\n", self.name));
            return Ok(lines.concat());
        };
        if !is_right(&lines[*last]) {
            lines[*last] = format!("{}={wanted}\n", self.name);
        }
        earlier.iter().rev().for_each(|at| drop(lines.remove(*at)));
        Ok(lines.concat())
    }

    fn kernel_step(&self) -> Result<Option<Setting>, Failure> {
        let path = kernel_path(&self.name);
        let wanted = self.value()?;
        match fs::read_to_string(&path) {
            Ok(now) if words(&now) == wanted => Ok(None),
            Ok(now) => Ok(Some(Setting::Kernel { path, now: words(&now), wanted })),
            Err(_) if self.ignoreerrors.0 => Ok(None),
            Err(error) => Err(refused("read the kernel setting", &path, &error).help(format!(
                "`{}` may need a kernel module, or does not exist; `ignoreerrors: true` lets it pass",
                self.name
            ))),
        }
    }
}

/// `net.ipv4.ip_forward` and `net/ipv4/ip_forward` are one; in the second form dots belong to the name.
fn kernel_path(name: &str) -> PathBuf {
    let separator = name.find(['.', '/']).map_or('.', |at| char::from(name.as_bytes()[at]));
    let path = if separator == '/' {
        name.to_owned()
    } else {
        name.split('.').map(|part| part.replace('/', ".")).collect::<Vec<_>>().join("/")
    };
    Path::new("/proc/sys").join(path)
}

fn same_name(one: &str, other: &str) -> bool {
    kernel_path(one.trim()) == kernel_path(other.trim())
}

/// Values of several numbers are compared without regard to tabs and blanks.
fn words(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::Ground;

    #[test]
    fn the_file_is_edited_by_lines() {
        for (text, params, wanted) in [
            ("", json!({"value": 262_144}), "vm.max_map_count=262144\n"),
            ("", json!({"value": "no"}), "vm.max_map_count=0\n"),
            ("", json!({"value": "On"}), "vm.max_map_count=1\n"),
            (
                "# vm.max_map_count=1\nvm.max_map_count = 65530\nvm.swappiness=1",
                json!({"value": "262144"}),
                "# vm.max_map_count=1\nvm.max_map_count=262144\nvm.swappiness=1",
            ),
            ("vm/max_map_count=1\nvm.max_map_count=2\n", json!({"value": 2}), "vm.max_map_count=2\n"),
            ("a=1\nvm.max_map_count=2\n", json!({"state": "absent"}), "a=1\n"),
        ] {
            let ground = Ground::new();
            let mut params = params.clone();
            params["name"] = "vm.max_map_count".into();
            params["reload"] = false.into();
            params["sysctl_file"] = ground.write("s.conf", text).into();
            ground.converge("sysctl", &params);
            assert_eq!(ground.read("s.conf"), wanted);
        }
    }

    #[test]
    fn a_kernel_that_was_told_otherwise_is_told_again() {
        for (value, reload, changed) in [("Linux", true, false), ("Unix", true, true), ("Unix", false, false)] {
            let ground = Ground::new();
            let file = ground.write("s.conf", format!("kernel.ostype={value}\n"));
            let params = json!({"name": "kernel.ostype", "value": value, "sysctl_file": file, "reload": reload});
            assert_eq!(ground.survey("sysctl", &params).unwrap().changed, changed, "{value} {reload}");
        }
    }

    #[test]
    fn both_ways_to_write_a_name_lead_to_the_same_file() {
        assert_eq!(
            kernel_path("net.ipv4.conf.eth0/100.rp_filter"),
            Path::new("/proc/sys/net/ipv4/conf/eth0.100/rp_filter")
        );
        assert_eq!(kernel_path("net/ipv4/conf/eth0.100/rp_filter"), kernel_path("net.ipv4.conf.eth0/100.rp_filter"));
    }
}
