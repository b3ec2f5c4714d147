//! `docker_container`: a container is there as its parameters have it, runs or not; or is not there.
//!
//! It speaks to the engine in the engine's own language: what is wanted and what is there are then the same kind of JSON, and
//! no variable of an environment is in anyone's arguments. Images come by the `docker` command, as with `docker_image`.
//!
//! Not looked at on a container that is there: `platform`, which an engine does not tell of a container.

mod network;
mod parameters;
mod port;
mod survey;
mod volume;
mod wish;
mod wishes;
mod work;

use std::collections::BTreeSet;

use dpp_protocol::{Change, Failure, ResultMap};
use serde_json::{Value, json};

pub use self::parameters::DockerContainer;
use self::parameters::State;
use crate::docker::client::{Client, is_there};
use crate::docker::engine::Engine;
use crate::labels::no_effect;
use crate::{Host, Module, Step, Survey};

/// One thing that is done.
#[derive(Debug)]
pub struct ContainerStep {
    change: Change,
    work: Work,
}

#[derive(Debug, Clone, PartialEq)]
enum Work {
    /// The image is fetched.
    Pull,
    /// The container goes, and another one comes if its image turns out to be another one.
    Renew,
    Remove,
    Create,
    /// Limits change while it runs.
    Update(Value),
    Connect(usize),
    Disconnect(String),
    Start,
    Restart,
    Stop,
    Pause(bool),
    /// It is waited until it is well.
    Heal,
}

impl Step for ContainerStep {
    fn change(&self, _diff: bool) -> Change {
        self.change.clone()
    }
}

impl Module for DockerContainer {
    const NAME: &'static str = "docker_container";
    type Step = ContainerStep;

    fn survey(&self, host: &Host) -> Result<Survey<ContainerStep>, Failure> {
        self.check()?;
        let wishes = self.wishes()?;
        self.check_rules(&wishes)?;
        if !is_there(host) {
            // An earlier task may install it; without it there is no container.
            let steps = if self.state == State::Absent { Vec::new() } else { self.new_steps(None)? };
            let is_early = !steps.is_empty();
            let survey = self.described(steps, Value::Null);
            return Ok(if is_early { survey.unpredicted() } else { survey });
        }
        let container = self.found()?;
        if self.state == State::Absent {
            let steps = container.iter().map(|_| self.removal()).collect();
            return Ok(self.described(steps, container.unwrap_or_default()));
        }
        let (steps, is_open) = self.steps(container.as_ref(), &wishes, host)?;
        let survey = self.described(steps, container.unwrap_or_default());
        Ok(if is_open { survey.unpredicted() } else { survey })
    }

    fn apply(&self, step: &ContainerStep, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        let has_changed = self.done(&step.work, host, result)?;
        let before = result.get("_changed").and_then(Value::as_bool).unwrap_or_default();
        result.insert("_changed".into(), (before || has_changed).into());
        Ok(())
    }

    fn conclude(&self, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        // A container that ran to its end and was taken away has told what it was already.
        if is_there(host) && !result.contains_key("status") {
            let container = self.found()?.filter(|_| self.state != State::Absent);
            result.insert("container".into(), container.unwrap_or_default());
        }
        Ok(())
    }
}

impl DockerContainer {
    fn client(&self) -> Client {
        let place = self.docker_host.as_ref().filter(|place| !place.0.is_empty());
        let options = place.iter().flat_map(|place| ["--host".to_owned(), place.0.clone()]).collect();
        Client { options, api_version: self.version() }
    }

    fn version(&self) -> Option<String> {
        self.api_version.as_ref().map(|version| version.0.clone()).filter(|version| version != "auto")
    }

    fn engine(&self) -> Result<Engine, Failure> {
        let place = self.docker_host.as_ref().map(|place| place.0.as_str()).filter(|place| !place.is_empty());
        let seconds = self.timeout.map_or(60, |seconds| u64::try_from(seconds.0).unwrap_or(60));
        Engine::new(place, self.version().as_deref(), seconds)
    }

    /// The container as the engine shows it.
    fn found(&self) -> Result<Option<Value>, Failure> {
        self.engine()?.get(&self.path("json"))
    }

    /// The way to something of the container.
    fn path(&self, what: &str) -> String {
        let name = percent_encoding::utf8_percent_encode(&self.name.0, percent_encoding::NON_ALPHANUMERIC);
        format!("/containers/{name}/{what}")
    }

    fn check_rules(&self, wishes: &[wish::Wish]) -> Result<(), Failure> {
        let mut known: BTreeSet<&str> = crate::fields::fields_of::<Self>().iter().copied().collect();
        known.extend(wishes.iter().map(|wish| wish.name).chain(["*"]));
        match self.comparisons.keys().find(|name| !known.contains(name.as_str())) {
            Some(name) => {
                Err(Failure::new(format!("`comparisons` names `{name}`, which is no parameter")).code("DPP0104"))
            }
            None => Ok(()),
        }
    }

    fn described(&self, steps: Vec<ContainerStep>, container: Value) -> Survey<ContainerStep> {
        let container = if container.is_null() { json!({}) } else { container };
        let mut survey = Survey::steps(steps).value("container", container);
        survey.warnings.extend(no_effect(&[
            ("tls_hostname", self.tls_hostname.is_some()),
            ("use_ssh_client", self.use_ssh_client.0),
            ("debug", self.debug.0),
            ("output_logs", self.output_logs.0),
        ]));
        survey
    }
}

#[cfg(test)]
mod tests;
