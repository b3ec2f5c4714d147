//! Calls of parted: one that looks, and one that does what it is told.

use std::path::Path;

use dpp_protocol::Failure;

use super::Parted;
use super::table::Table;
use super::units::Place;
use crate::Host;
use crate::commands::process::{Finished, Process};
use crate::system::tool::{accepted, ask_tool, installed};

/// Bytes by which a partition may end elsewhere and still end where it is to: alignment, and the copy of a GPT.
const SLACK: f64 = 1_048_576.0;

impl Parted {
    /// Whether an earlier task may still bring the disk, or parted.
    pub(super) fn is_still_to_come(&self, host: &Host) -> bool {
        installed("parted", host).is_none() || !Path::new(&self.device.0).exists()
    }

    /// What the disk has now, in the task's unit.
    pub(super) fn table(&self, host: &Host) -> Result<Table, Failure> {
        self.table_in(self.unit.0, host)
    }

    fn table_in(&self, unit: &str, host: &Host) -> Result<Table, Failure> {
        let words = ["-s", "-m", &self.device.0, "--", "unit", unit, "print"].map(str::to_owned);
        let said = ask_tool("parted", &words, host)?.ok_or_else(lacking)?;
        let is_bare =
            said.stderr.contains("unrecognised disk label") || said.stdout.contains("unrecognised disk label");
        let said = if is_bare { said } else { accepted(said, "parted", &words)? };
        Table::read(&said.stdout, self.unit_preserve_case.0).ok_or_else(|| {
            said.describe(Failure::new(format!("cannot understand what parted says of {}", self.device.0)))
        })
    }

    /// Whether the partition ends elsewhere than it is to.
    pub(super) fn ends_elsewhere(&self, host: &Host) -> Result<bool, Failure> {
        let table = self.table_in("B", host)?;
        let number = |name: &str| table.disk.get(name).and_then(serde_json::Value::as_f64).unwrap_or_default();
        let (disk, sector) = (number("size"), number("logical_block"));
        let byte = |place: Option<Place>| place.and_then(|place| place.byte(disk, sector));
        let now = byte(table.partition(self.number()).map(|partition| partition.end.clone()));
        let wanted = byte(Place::read(&self.part_end.0)).ok_or_else(|| {
            Failure::new(format!("`part_end: {}` is no place up to which a partition is resized", self.part_end.0))
                .code("DPP0104")
                .help("bytes, sectors and percents are: 10GiB, 2048s, 100%")
        })?;
        Ok(now.is_some_and(|now| (now - wanted).abs() > SLACK))
    }

    /// Does what the script says.
    pub(super) fn run(&self, script: &[String], host: &Host) -> Result<(), Failure> {
        let Some(program) = installed("parted", host) else { return Err(lacking()) };
        let mut words = vec!["-s".to_owned()];
        if mends(host)? {
            words.push("-f".to_owned());
        }
        words.push("-m".to_owned());
        if self.align.0 != "undefined" {
            words.extend(["-a".to_owned(), self.align.0.to_owned()]);
        }
        words.extend([self.device.0.clone(), "--".to_owned()]);
        words.extend(script.iter().cloned());
        let said = Process::new(&program.to_string_lossy(), &words, host).untranslated().run(host)?;
        accepted(said, "parted", &words).map(drop)
    }
}

/// Whether this parted mends a GPT without asking, once it is told to.
fn mends(host: &Host) -> Result<bool, Failure> {
    let words = ["--version".to_owned()];
    let said = ask_tool("parted", &words, host)?.map(|said: Finished| said.stdout).unwrap_or_default();
    Ok(version(&said) >= Some((3, 4, 64)))
}

/// The version in `parted (GNU parted) 3.4.64-dfc61`.
fn version(said: &str) -> Option<(u32, u32, u32)> {
    let word = said.lines().next()?.split_whitespace().last()?;
    let mut numbers = word.split(['.', '-']).map(|part| part.parse().unwrap_or(0));
    Some((numbers.next()?, numbers.next()?, numbers.next().unwrap_or(0)))
}

fn lacking() -> Failure {
    Failure::new("there is no `parted` on this host").help("`apt: {name: parted}` before this task brings it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_however_they_are_written() {
        for (said, wanted) in [
            ("parted (GNU parted) 3.5\nCopyright\n", Some((3, 5, 0))),
            ("parted (GNU parted) 3.4.64-dfc61\n", Some((3, 4, 64))),
            ("parted (GNU parted) 3.4\n", Some((3, 4, 0))),
            ("", None),
        ] {
            assert_eq!(version(said), wanted, "{said}");
        }
        assert!(version("parted (GNU parted) 3.5") >= Some((3, 4, 64)) && version("") < Some((3, 4, 64)));
    }
}
