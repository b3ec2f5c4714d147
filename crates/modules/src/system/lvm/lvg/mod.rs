//! `lvg`: a volume group is there with its devices, active or not; or is not there.
//!
//! The size of the extents of a group that is there does not change.

use std::path::Path;

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;

use crate::arguments::{Flag, Names, Words};
use crate::system::lvm::report::{LvmStep, bytes, device, is_there, knows, options, report};
use crate::{Host, Module, Survey};

const AUTOACTIVATION: &str = "--setautoactivation";

/// Parameters of `lvg`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lvg {
    vg: Words,
    #[serde(default)]
    state: State,
    #[serde(default)]
    pvs: Names,
    #[serde(default = "four")]
    pesize: Words,
    #[serde(default)]
    pv_options: Words,
    #[serde(default)]
    vg_options: Words,
    #[serde(default)]
    pvresize: Flag,
    #[serde(default)]
    force: Flag,
    #[serde(default)]
    reset_vg_uuid: Flag,
    #[serde(default)]
    reset_pv_uuid: Flag,
    #[serde(default = "yes")]
    remove_extra_pvs: Flag,
}

fn four() -> Words {
    Words("4".into())
}

fn yes() -> Flag {
    Flag(true)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Absent,
    Active,
    Inactive,
    #[default]
    Present,
}

impl Module for Lvg {
    const NAME: &'static str = "lvg";
    type Step = LvmStep;

    fn survey(&self, host: &Host) -> Result<Survey<LvmStep>, Failure> {
        if self.reset_pv_uuid.0 && self.pvs.0.is_empty() {
            return Err(Failure::new("`pvs` is needed with reset_pv_uuid=true").code("DPP0104"));
        }
        let is_wanted = self.state != State::Absent;
        let devices: Vec<String> = self.pvs.0.iter().map(|path| device(path)).collect();
        let is_still_to_come = !is_there(host) || devices.iter().any(|path| !Path::new(path).exists());
        if is_wanted && is_still_to_come {
            return Ok(Survey::steps(self.creation(&devices, host)?).unpredicted());
        }
        let groups = report("vgs", "vg_name,pv_count,lv_count", &[], host)?.unwrap_or_default();
        let group = groups.iter().find(|group| group.first() == Some(&self.vg.0));
        let steps = match (group, is_wanted) {
            (None, false) => Vec::new(),
            (Some(group), false) => vec![self.removal(group)?],
            (None, true) => {
                self.members(&devices, host)?;
                self.creation(&devices, host)?
            }
            (Some(_), true) => self.corrections(&devices, host)?,
        };
        Ok(Survey::steps(steps))
    }

    fn apply(&self, step: &LvmStep, host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        if let Some(missing) = self.pvs.0.iter().find(|path| !Path::new(path).exists()) {
            return Err(Failure::new(format!("there is no device {missing}"))
                .help("`lsblk` on the host lists those that are there")
                .value("msg", format!("Device {missing} not found.")));
        }
        step.run(host)
    }
}

impl Lvg {
    fn step(&self, verb: Verb, detail: impl Into<String>, program: &'static str, words: &[&str]) -> LvmStep {
        let change = Change::new(verb, format!("volume group {}", self.vg.0)).detail(detail);
        LvmStep::new(change, program, words.iter().map(|word| (*word).to_owned()).collect())
    }

    fn removal(&self, group: &[String]) -> Result<LvmStep, Failure> {
        let volumes = group.get(2).map_or("0", String::as_str);
        if volumes != "0" && !self.force.0 {
            return Err(Failure::new(format!("the volume group {} has {volumes} logical volumes", self.vg.0))
                .help("`force: true` removes it with them, and loses what is on them")
                .value("msg", format!("Refuse to remove non-empty volume group {} without force=true", self.vg.0)));
        }
        Ok(self.step(Verb::Delete, "", "vgremove", &["--force", &self.vg.0]))
    }

    /// The devices of the group; one of the task's that is in another group is refused.
    fn members(&self, devices: &[String], host: &Host) -> Result<Vec<String>, Failure> {
        let rows = report("pvs", "pv_name,vg_name", &[], host)?.unwrap_or_default();
        let mut members = Vec::new();
        for row in &rows {
            let [path, group, ..] = row.as_slice() else { continue };
            let path = device(path);
            if *group == self.vg.0 {
                members.push(path);
            } else if !group.is_empty() && devices.contains(&path) {
                return Err(Failure::new(format!("{path} is in the volume group {group} already"))
                    .help(format!("`lvg: {{vg: {group}, pvs: …}}` without it takes it out, if nothing lies on it"))
                    .value("msg", format!("Device {path} is already in {group} volume group.")));
            }
        }
        Ok(members)
    }

    fn creation(&self, devices: &[String], host: &Host) -> Result<Vec<LvmStep>, Failure> {
        if devices.is_empty() {
            return Err(Failure::new(format!("`pvs` is needed to make the volume group {}", self.vg.0))
                .code("DPP0104")
                .value("msg", "No physical volumes given."));
        }
        let mut steps = self.preparation(devices)?;
        let given = options(&self.vg_options.0, "vg_options")?;
        let mut words: Vec<&str> = given.iter().map(String::as_str).collect();
        words.extend(["-s", &self.pesize.0]);
        let is_said = given.iter().any(|word| word.starts_with(AUTOACTIVATION));
        if matches!(self.state, State::Active | State::Inactive) && !is_said && knows("vgcreate", AUTOACTIVATION, host)?
        {
            words.extend([AUTOACTIVATION, if self.state == State::Active { "y" } else { "n" }]);
        }
        words.push(&self.vg.0);
        words.extend(devices.iter().map(String::as_str));
        steps.push(self.step(Verb::Create, format!("on {}", devices.join(", ")), "vgcreate", &words));
        Ok(steps)
    }

    /// Devices become physical volumes.
    fn preparation(&self, devices: &[String]) -> Result<Vec<LvmStep>, Failure> {
        let given = options(&self.pv_options.0, "pv_options")?;
        let step = |path: &String| {
            let words = given.iter().cloned().chain(["-f".to_owned(), path.clone()]).collect();
            let change = Change::new(Verb::Create, format!("physical volume {path}"));
            LvmStep::new(change, "pvcreate", words)
        };
        Ok(devices.iter().map(step).collect())
    }

    fn corrections(&self, devices: &[String], host: &Host) -> Result<Vec<LvmStep>, Failure> {
        let members = self.members(devices, host)?;
        let mut steps = match self.state {
            State::Active => self.activation(true, host)?,
            State::Inactive => self.activation(false, host)?,
            State::Present | State::Absent => Vec::new(),
        };
        if self.reset_vg_uuid.0 {
            steps.push(self.step(Verb::Change, "another UUID", "vgchange", &["-u", &self.vg.0]));
        }
        if devices.is_empty() {
            return Ok(steps);
        }
        for path in &members {
            if self.pvresize.0 && is_larger(path, host)? {
                steps.push(self.step(Verb::Change, format!("{path} grown"), "pvresize", &[path]));
            }
            if self.reset_pv_uuid.0 {
                steps.push(self.step(Verb::Change, format!("another UUID for {path}"), "pvchange", &["-u", path]));
            }
        }
        let lacking: Vec<String> = devices.iter().filter(|path| !members.contains(path)).cloned().collect();
        if !lacking.is_empty() {
            steps.extend(self.preparation(&lacking)?);
            let words: Vec<&str> = [self.vg.0.as_str()].into_iter().chain(lacking.iter().map(String::as_str)).collect();
            steps.push(self.step(Verb::Change, format!("extended by {}", lacking.join(", ")), "vgextend", &words));
        }
        let extra: Vec<&str> = members.iter().filter(|path| !devices.contains(path)).map(String::as_str).collect();
        if self.remove_extra_pvs.0 && !extra.is_empty() {
            let words: Vec<&str> = ["--force", &self.vg.0].into_iter().chain(extra.iter().copied()).collect();
            steps.push(self.step(Verb::Change, format!("without {}", extra.join(", ")), "vgreduce", &words));
        }
        Ok(steps)
    }

    /// Its volumes, and whether they come back by themselves.
    fn activation(&self, active: bool, host: &Host) -> Result<Vec<LvmStep>, Failure> {
        let rows = report("vgs", "lv_attr", &[&self.vg.0], host)?.unwrap_or_default();
        let volumes = rows.iter().filter_map(|row| row.first()).filter(|attributes| !attributes.is_empty());
        let differs = volumes.filter(|attributes| (attributes.chars().nth(4) == Some('a')) != active).count();
        let (word, flag) = if active { ("active", "y") } else { ("inactive", "n") };
        let mut steps = Vec::new();
        if self.comes_back(host)?.is_some_and(|comes_back| comes_back != active) {
            let detail = format!("{word} at start");
            steps.push(self.step(Verb::Change, detail, "vgchange", &[AUTOACTIVATION, flag, &self.vg.0]));
        }
        if differs > 0 {
            let detail = format!("{differs} volumes {word}");
            steps.push(self.step(Verb::Change, detail, "vgchange", &["--activate", flag, &self.vg.0]));
        }
        Ok(steps)
    }

    /// Whether it is active after a start of the host; nothing where this LVM does not know. It refuses to be told again.
    fn comes_back(&self, host: &Host) -> Result<Option<bool>, Failure> {
        if !knows("vgchange", AUTOACTIVATION, host)? {
            return Ok(None);
        }
        let rows = report("vgs", "autoactivation", &[&self.vg.0], host)?.unwrap_or_default();
        Ok(Some(rows.iter().flatten().any(|word| word == "enabled")))
    }
}

/// Whether a device has grown by more than an extent since it became a physical volume.
fn is_larger(path: &str, host: &Host) -> Result<bool, Failure> {
    let rows = report("pvs", "dev_size,pv_size,pe_start,vg_extent_size", &[path], host)?.unwrap_or_default();
    let row = rows.first().cloned().unwrap_or_default();
    let [whole, used, start, extent] = [0, 1, 2, 3].map(|at| bytes(row.get(at)));
    Ok(whole - (start + used) > extent)
}

#[cfg(test)]
mod tests;
