//! A connector as it was before a run: its configuration, which may hold secrets, is kept beside the journal and not in it.

use std::fmt;
use std::time::Duration;

use dpp_protocol::{Failure, ResultMap};
use serde::{Deserialize, Serialize};

use super::connector::{KafkaConnector, Wanted};
use super::difference::Config;
use super::status::{Health, Status};
use super::wait::KafkaConnectWait;
use super::worker::Worker;
use crate::files::checksum::Algorithm;
use crate::files::keep::{keep_bytes, kept};
use crate::pipeline::deadline::Deadline;
use crate::pipeline::product::UNREACHABLE;
use crate::{Host, Module};

/// The longest that workers agree anew on who runs what, in seconds; until then they answer nothing.
const REBALANCE: f64 = 15.0;

/// A connector, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectorFormer {
    /// Its name.
    pub name: String,
    /// Its worker.
    pub url: String,
    /// The unit of that worker.
    pub unit: String,
    /// SHA-256 of its configuration, under which that is kept; none when there was no such connector.
    pub kept: Option<String>,
    /// Whether it was paused.
    pub paused: bool,
    #[serde(skip)]
    config: Text,
}

/// A configuration that is not written down, not shown, and not compared: its hash is.
#[derive(Clone, Default)]
struct Text(String);

impl PartialEq for Text {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for Text {}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl ConnectorFormer {
    /// What a worker told of it.
    pub(super) fn of(
        (name, url, unit): (&str, &str, &str),
        found: Option<&Config>,
        status: Option<&Status>,
    ) -> Result<Self, Failure> {
        let failure = |error: &dyn fmt::Display| Failure::new(format!("cannot write down connector {name}: {error}"));
        let text = found.map(serde_json::to_string).transpose().map_err(|error| failure(&error))?;
        let hash = text.as_ref().map(|text| Algorithm::Sha256.of(text.as_bytes())).transpose();
        Ok(Self {
            name: name.to_owned(),
            url: url.to_owned(),
            unit: unit.to_owned(),
            kept: hash.map_err(|error| failure(&error))?,
            paused: status.is_some_and(|status| status.health() == Health::Paused),
            config: Text(text.unwrap_or_default()),
        })
    }

    /// How it is once its worker has taken in what was just done to it.
    pub(crate) fn settled(&self) -> Result<Self, Failure> {
        let limit = Deadline::seconds(REBALANCE);
        loop {
            match self.now() {
                Err(failure) if failure.code != UNREACHABLE && limit.pause(Duration::from_millis(300)) => {}
                found => return found,
            }
        }
    }

    /// How it is now.
    pub(crate) fn now(&self) -> Result<Self, Failure> {
        let worker = Worker::new(&self.url, &self.unit);
        let found = worker.config(&self.name)?;
        let status = if found.is_some() { worker.status(&self.name)? } else { None };
        Self::of((&self.name, &self.url, &self.unit), found.as_ref(), status.as_ref())
    }

    /// Keeps the configuration, before another takes its place.
    pub(crate) fn keep(&self, host: &Host) -> Result<(), Failure> {
        let Some(hash) = &self.kept else { return Ok(()) };
        keep_bytes(hash, self.config.0.as_bytes(), host).map_err(|error| {
            Failure::new(format!("cannot keep the configuration of connector {}: {error}", self.name))
                .help(format!("`df {0}; ls -la {0}` on the host tells of a full disk", host.state().display()))
        })
    }

    /// Makes it so again: configured, running or paused, or gone; waits until it is.
    pub(crate) fn put_back(&self, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        let wait = KafkaConnectWait::of(&self.url, &self.unit);
        make(&wait, host, &mut ResultMap::new())?;
        make(&self.wanted(host)?, host, result)
    }

    fn wanted(&self, host: &Host) -> Result<KafkaConnector, Failure> {
        let Some(hash) = &self.kept else {
            return Ok(KafkaConnector::of(&self.name, &self.url, &self.unit, Config::new(), Wanted::Absent));
        };
        let unreadable = |error: &dyn fmt::Display| {
            Failure::new(format!("cannot read how connector {} was configured: {error}", self.name))
                .help("configure it as it was by hand, or deploy the inventory as it was then")
        };
        let text = kept(hash, host).map_err(|error| unreadable(&error))?;
        let config: Config = serde_json::from_slice(&text).map_err(|error| unreadable(&error))?;
        let state = if self.paused { Wanted::Paused } else { Wanted::Running };
        Ok(KafkaConnector::of(&self.name, &self.url, &self.unit, config, state))
    }
}

fn make<M: Module>(module: &M, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
    module.survey(host)?.steps.iter().try_for_each(|step| module.apply(step, host, result))?;
    module.conclude(host, result)
}
