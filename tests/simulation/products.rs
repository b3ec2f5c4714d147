//! Two modules that the simulation plays, since no service manager and no crontab can be had there: one stands for what runs
//! with what it read when it started, one for what is added to and must not be twice. They go the way of every module: the same
//! look, the same books, the same debts.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use dpp_modules::files::replace::write_atomically;
use dpp_modules::{Entry, Host, Module, Survey};
use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;

use crate::project::SERVICES;
use crate::world::STATE;

/// Their table; it comes before the shipped one.
pub(crate) const PRODUCTS: &[Entry] = &[Entry::of::<Systemd>(), Entry::of::<Cron>()];

/// Where services keep what they run with, beside their host's disk: it goes with the power.
pub(crate) const MEMORY: &str = "memory";

/// A service is started anew, and reads its files.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Systemd {
    name: String,
    /// Always `restarted`.
    #[serde(rename = "state")]
    _state: String,
}

impl Module for Systemd {
    const NAME: &'static str = "systemd";
    type Step = Change;

    fn survey(&self, _host: &Host) -> Result<Survey<Change>, Failure> {
        Ok(Survey::steps(vec![Change::new(Verb::Restart, &self.name)]))
    }

    fn apply(&self, _step: &Change, host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        let disk = disk(host);
        fs::write(disk.with_file_name(MEMORY).join(&self.name), read_by(&self.name, &disk))
            .map_err(|error| Failure::new(format!("{} does not start: {error}", self.name)))
    }
}

/// What a service reads when it starts now.
pub(crate) fn read_by(service: &str, disk: &Path) -> Vec<u8> {
    let files = SERVICES.iter().find(|(name, _)| *name == service).map_or(&[][..], |(_, files)| files);
    files.iter().flat_map(|file| fs::read(disk.join(file)).unwrap_or_default()).collect()
}

/// Where the crontab lies, below a disk.
pub(crate) const CRONTAB: &str = "var/spool/crontab";

/// A line is added to a table that has none like that.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cron {
    #[serde(rename = "name")]
    _name: String,
    job: String,
    /// Whether it takes what it saw first for what is there: a mutant.
    #[serde(default)]
    looks_once: bool,
}

/// What the mutant saw first.
static SEEN: Mutex<BTreeMap<PathBuf, bool>> = Mutex::new(BTreeMap::new());

impl Module for Cron {
    const NAME: &'static str = "cron";
    type Step = Change;

    fn survey(&self, host: &Host) -> Result<Survey<Change>, Failure> {
        let table = disk(host).join(CRONTAB);
        let mut is_there = lines(&table).lines().any(|line| line == self.job);
        if self.looks_once {
            let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
            is_there = *seen.entry(table.clone()).or_insert(is_there);
        }
        let change = || Change::new(Verb::Change, table.to_string_lossy());
        Ok(if is_there { Survey::unchanged() } else { Survey::steps(vec![change()]) })
    }

    fn apply(&self, step: &Change, _host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        let table = Path::new(&step.what);
        write_atomically(table, format!("{}{}\n", lines(table), self.job).as_bytes(), 0o644)
            .map_err(|error| Failure::new(format!("cannot write {}: {error}", step.what)))
    }
}

fn lines(table: &Path) -> String {
    fs::read_to_string(table).unwrap_or_default()
}

/// The disk on which an agent keeps its books.
fn disk(host: &Host) -> PathBuf {
    let depth = Path::new(STATE).components().count();
    host.state().ancestors().nth(depth).unwrap_or(Path::new("/")).to_owned()
}
