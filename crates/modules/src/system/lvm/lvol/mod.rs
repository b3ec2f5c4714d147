//! `lvol`: a logical volume, a snapshot or a thin pool is there with its size, active or not; or is not there.
//!
//! What is not as Ansible has it: sizes are compared in whole extents, so that one which LVM rounded up is no smaller than
//! wanted; and a volume that is made with `active: false` is not active at once.

mod resizing;

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;

use crate::arguments::{Flag, Names, Words};
use crate::presence::Presence;
use crate::system::lvm::report::{LvmStep, bytes, is_there, options, report};
use crate::system::lvm::size::{Amount, Size, Whole};
use crate::{Host, Module, Survey};

/// Parameters of `lvol`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lvol {
    vg: Words,
    lv: Option<Words>,
    #[serde(default)]
    state: Presence,
    size: Option<Words>,
    opts: Option<Words>,
    #[serde(default = "yes")]
    active: Flag,
    #[serde(default)]
    force: Flag,
    #[serde(default = "yes")]
    shrink: Flag,
    snapshot: Option<Words>,
    #[serde(default)]
    pvs: Names,
    thinpool: Option<Words>,
    #[serde(default)]
    resizefs: Flag,
}

fn yes() -> Flag {
    Flag(true)
}

/// A volume that is there.
#[derive(Debug, Clone, PartialEq)]
struct Volume {
    name: String,
    /// In bytes.
    size: f64,
    is_active: bool,
    is_pool: bool,
    is_thin: bool,
}

/// The group, in bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Group {
    size: f64,
    free: f64,
    extent: f64,
}

impl Module for Lvol {
    const NAME: &'static str = "lvol";
    type Step = LvmStep;

    fn survey(&self, host: &Host) -> Result<Survey<LvmStep>, Failure> {
        let size = self.check()?;
        let is_wanted = self.state == Presence::Present;
        let found = if is_wanted && !is_there(host) { None } else { self.found(host)? };
        let Some((group, volumes)) = found else {
            if is_wanted {
                // An earlier task may install LVM, and make the group.
                return Ok(Survey::steps(self.creation(size.as_ref(), &[])?).unpredicted());
            }
            return Ok(Survey::unchanged().value("stdout", format!("Volume group {} does not exist.", self.vg.0)));
        };
        let base = self.base(&volumes)?;
        let name = self.name();
        let Some(volume) = volumes.iter().find(|volume| volume.name == name.rsplit('/').next().unwrap_or(name)) else {
            let steps = if is_wanted { self.creation(size.as_ref(), &volumes)? } else { Vec::new() };
            let survey = Survey::steps(steps).value("msg", "");
            let is_early = is_wanted && self.stands_on_another() && base.is_none();
            return Ok(if is_early { survey.unpredicted() } else { survey });
        };
        if !is_wanted {
            return Ok(Survey::steps(vec![self.removal(volume)?]));
        }
        let mut steps = match &size {
            Some(size) => self.resizing(size, volume, group, base)?.into_iter().collect(),
            None => Vec::new(),
        };
        if volume.is_active != self.active.0 {
            steps.push(self.activation(&volume.name));
        }
        let unit = size.as_ref().map_or(1_048_576.0, Size::unit);
        let survey = Survey::steps(steps).value("vg", self.vg.0.as_str()).value("lv", volume.name.as_str());
        Ok(survey.value("size", volume.size / unit))
    }

    fn apply(&self, step: &LvmStep, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        if matches!(step.program, "lvextend" | "lvreduce") {
            return self.resized(step, host, result);
        }
        result.shift_remove("changed");
        step.run(host)
    }
}

impl Lvol {
    fn check(&self) -> Result<Option<Size>, Failure> {
        let wrong = |message: &str| Err(Failure::new(message).code("DPP0104"));
        if self.lv.is_none() && self.thinpool.is_none() {
            return wrong("one of `lv` and `thinpool` is needed");
        }
        let size = self.size.as_ref().filter(|size| !size.0.is_empty()).map(|size| Size::read(&size.0)).transpose()?;
        let is_of_origin = matches!(size, Some(Size { amount: Amount::Percent(_, Whole::Origin), .. }));
        if is_of_origin && self.snapshot.is_none() {
            return wrong("a size in %ORIGIN is for snapshots");
        }
        Ok(size)
    }

    fn lv(&self) -> &str {
        self.lv.as_ref().map_or("", |lv| &lv.0)
    }

    /// The name of what is wanted.
    fn name(&self) -> &str {
        let named = [&self.snapshot, &self.lv, &self.thinpool].into_iter().flatten().next();
        named.map_or("", |name| &name.0)
    }

    fn found(&self, host: &Host) -> Result<Option<(Group, Vec<Volume>)>, Failure> {
        let groups = report("vgs", "vg_name,size,free,vg_extent_size", &[&self.vg.0], host)?;
        let Some(row) = groups.as_ref().and_then(|rows| rows.first()) else { return Ok(None) };
        let group = Group { size: bytes(row.get(1)), free: bytes(row.get(2)), extent: bytes(row.get(3)) };
        let rows = report("lvs", "lv_name,size,lv_attr", &["-a", &self.vg.0], host)?.unwrap_or_default();
        Ok(Some((group, rows.iter().filter_map(|row| Volume::of(row)).collect())))
    }

    fn stands_on_another(&self) -> bool {
        self.snapshot.is_some() || (self.thinpool.is_some() && self.lv.is_some())
    }

    /// The volume on which the wanted one stands: the origin of a snapshot, the pool of a thin one.
    fn base<'a>(&self, volumes: &'a [Volume]) -> Result<Option<&'a Volume>, Failure> {
        let named = |name: &str| volumes.iter().find(|volume| volume.name == name);
        let pool = self.thinpool.as_ref().map_or("", |pool| &pool.0);
        if !self.stands_on_another() {
            return Ok(None);
        }
        if self.snapshot.is_none() {
            return Ok(named(pool));
        }
        match named(self.lv()).or_else(|| named(pool)) {
            Some(origin) if origin.is_pool || !pool.is_empty() => Err(Failure::new("a thin pool has no snapshots")
                .code("DPP0104")
                .value("msg", "Snapshots of thin pool LVs are not supported.")),
            origin => Ok(origin),
        }
    }

    fn step(
        &self,
        verb: Verb,
        name: &str,
        detail: impl Into<String>,
        program: &'static str,
        words: &[&str],
    ) -> LvmStep {
        let change = Change::new(verb, format!("logical volume {}/{name}", self.vg.0)).detail(detail);
        LvmStep::new(change, program, words.iter().map(|word| (*word).to_owned()).collect())
    }

    fn creation(&self, size: Option<&Size>, volumes: &[Volume]) -> Result<Vec<LvmStep>, Failure> {
        let is_of_thin = self.snapshot.is_some() && volumes.iter().any(|v| v.name == self.lv() && v.is_thin);
        let options = options(self.opts.as_ref().map_or("", |opts| &opts.0), "opts")?;
        let Some(size) = size else {
            if !is_of_thin {
                return Err(Failure::new(format!("`size` is needed to make {}/{}", self.vg.0, self.name()))
                    .code("DPP0104")
                    .value("msg", "No size given."));
            }
            return Ok(self.made(&["lvcreate", "--yes"], &options, ""));
        };
        let is_percent = matches!(size.amount, Amount::Percent(..));
        if size.sign == Some('-') || (size.sign == Some('+') && !is_percent) {
            let message = format!("`size: {}` is nothing for a volume that is not there yet", size.signed());
            return Err(Failure::new(message).code("DPP0104"));
        }
        if self.thinpool.is_some() && self.lv.is_some() && self.snapshot.is_none() {
            if is_percent {
                return Err(Failure::new("the size of a thin volume is no percentage").code("DPP0104"));
            }
            return Ok(self.made(&["lvcreate", "--yes", "-V", &size.text], &options, &size.text));
        }
        Ok(self.made(&["lvcreate", "--yes", size.option(), &size.text], &options, &size.text))
    }

    /// The call that makes it; a second one has it inactive.
    fn made(&self, begin: &[&str], options: &[String], size: &str) -> Vec<LvmStep> {
        let group = &self.vg.0;
        let on = |name: &str| format!("{group}/{name}");
        let mut words: Vec<String> = begin[1..].iter().map(|word| (*word).to_owned()).collect();
        let more = |words: &mut Vec<String>, more: &[&str]| words.extend(more.iter().map(|word| (*word).to_owned()));
        match (&self.snapshot, &self.thinpool, &self.lv) {
            (Some(snapshot), ..) => more(&mut words, &["-s", "-n", &snapshot.0]),
            (None, _, Some(lv)) => more(&mut words, &["-n", &lv.0]),
            (None, _, None) => {}
        }
        words.extend(options.iter().cloned());
        match (&self.snapshot, &self.thinpool) {
            (Some(_), _) => words.push(on(self.lv())),
            (None, Some(pool)) => more(&mut words, &["-T", &on(&pool.0)]),
            (None, None) => words.push(group.clone()),
        }
        if self.snapshot.is_none() && (self.thinpool.is_none() || self.lv.is_none()) {
            words.extend(self.pvs.0.iter().cloned());
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut steps = vec![self.step(Verb::Create, self.name(), size, "lvcreate", &words)];
        if !self.active.0 {
            steps.push(self.activation(self.name()));
        }
        steps
    }

    fn removal(&self, volume: &Volume) -> Result<LvmStep, Failure> {
        if !self.force.0 {
            let msg = format!("Sorry, no removal of logical volume {} without force=true.", volume.name);
            return Err(Failure::new(format!("{}/{} is not removed without `force: true`", self.vg.0, volume.name))
                .help("`force: true` removes it, and loses what is on it")
                .value("msg", msg));
        }
        let path = format!("{}/{}", self.vg.0, volume.name);
        Ok(self.step(Verb::Delete, &volume.name, "", "lvremove", &["--force", &path]))
    }

    fn activation(&self, name: &str) -> LvmStep {
        let (word, flag) = if self.active.0 { ("active", "-ay") } else { ("inactive", "-an") };
        self.step(Verb::Change, name, word, "lvchange", &[flag, &format!("{}/{name}", self.vg.0)])
    }
}

impl Volume {
    fn of(row: &[String]) -> Option<Self> {
        let [name, size, attributes, ..] = row else { return None };
        let letters: Vec<char> = attributes.chars().collect();
        Some(Self {
            // Hidden ones stand in brackets.
            name: name.replace(['[', ']'], ""),
            size: bytes(Some(size)),
            is_active: letters.get(4) == Some(&'a'),
            is_pool: letters.first() == Some(&'t'),
            is_thin: letters.first() == Some(&'V'),
        })
    }
}

#[cfg(test)]
mod tests;
