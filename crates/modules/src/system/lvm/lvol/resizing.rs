//! How a logical volume gets another size.

use dpp_protocol::{Failure, ResultMap, Verb};

use super::{Group, Lvol, Volume};
use crate::Host;
use crate::system::lvm::report::LvmStep;
use crate::system::lvm::size::{Amount, Size, Whole};
use crate::system::tool::accepted;

impl Lvol {
    /// The call that brings the volume to its size, if it has another one.
    pub(super) fn resizing(
        &self,
        size: &Size,
        volume: &Volume,
        group: Group,
        base: Option<&Volume>,
    ) -> Result<Option<LvmStep>, Failure> {
        let wanted = wanted(size, volume, group, base);
        let is_percent = matches!(size.amount, Amount::Percent(..));
        // A percentage of what is there is rounded down, as LVM does it; a little more than that is left alone.
        let slack = if is_percent { group.extent } else { 0.0 };
        if wanted > volume.size {
            if wanted - volume.size > group.free && is_percent {
                return Err(self.full(volume, wanted, group));
            }
            return Ok(Some(self.resize("lvextend", size, volume)));
        }
        let is_less = volume.size > wanted + slack && (self.shrink.0 || size.sign == Some('-'));
        if !is_less {
            return Ok(None);
        }
        let name = &volume.name;
        if wanted < 1.0 {
            return Err(Failure::new(format!("{}/{name} is not shrunk to nothing", self.vg.0))
                .help("`shrink: false` leaves a volume as it is that is larger than wanted; `state: absent` removes it")
                .value("msg", format!("Sorry, no shrinking of {name} to 0 permitted.")));
        }
        if !self.force.0 {
            return Err(Failure::new(format!("{}/{name} is not shrunk without `force: true`", self.vg.0))
                .help("`shrink: false` leaves it as it is; `force: true` cuts it, and what lies beyond is lost")
                .value("msg", format!("Sorry, no shrinking of {name} without force=true.")));
        }
        Ok(Some(self.resize("lvreduce", size, volume)))
    }

    fn resize(&self, program: &'static str, size: &Size, volume: &Volume) -> LvmStep {
        let (path, signed) = (format!("{}/{}", self.vg.0, volume.name), size.signed());
        let mut words = Vec::new();
        if program == "lvreduce" {
            words.push("--force");
        }
        if self.resizefs.0 {
            words.push("--resizefs");
        }
        words.extend([size.option(), &signed, &path]);
        words.extend(self.pvs.0.iter().map(String::as_str));
        self.step(Verb::Change, &volume.name, format!("size {signed}"), program, &words)
    }

    fn full(&self, volume: &Volume, wanted: f64, group: Group) -> Failure {
        let [needed, free] = [wanted - volume.size, group.free].map(|bytes| bytes / 1_048_576.0);
        Failure::new(format!("the volume group {} has {free} MiB left, {} needs {needed}", self.vg.0, volume.name))
            .help("`lvg` with one more device in `pvs` extends it")
    }

    /// Makes the call. That it changes nothing is what LVM says when it rounds otherwise.
    pub(super) fn resized(&self, step: &LvmStep, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        let said = step.tried(host)?;
        let words = format!("{}{}", said.stdout, said.stderr);
        let is_larger = words.contains("not larger than existing size");
        let is_same = is_larger || words.contains("matches existing size");
        if words.contains("Reached maximum COW size") {
            return Err(said.describe(Failure::new(format!("{} cannot be larger: it is a snapshot", self.name()))));
        }
        if !said.succeeded() && is_same {
            result.insert("changed".into(), false.into());
            if is_larger {
                result.insert("msg".into(), "Original size is larger than requested size".into());
                result.insert("err".into(), said.stderr.into());
            }
            return Ok(());
        }
        accepted(said, step.program, &step.arguments).map(drop)
    }
}

/// Bytes that the volume is to have, in whole extents.
fn wanted(size: &Size, volume: &Volume, group: Group, base: Option<&Volume>) -> f64 {
    let (part, rounded): (f64, fn(f64) -> f64) = match size.amount {
        Amount::Bytes(bytes) => (bytes, f64::ceil),
        Amount::Percent(percent, Whole::Free) => (percent * group.free / 100.0, f64::floor),
        Amount::Percent(percent, Whole::Origin) => {
            (percent * base.map_or(0.0, |origin| origin.size) / 100.0, f64::floor)
        }
        Amount::Percent(percent, Whole::Group | Whole::Devices) => (percent * group.size / 100.0, f64::floor),
    };
    let bytes = match size.sign {
        Some('+') => volume.size + part,
        Some('-') => volume.size - part,
        _ => part,
    };
    let extent = group.extent.max(1.0);
    rounded(bytes / extent) * extent
}
