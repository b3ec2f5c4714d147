//! `kafka_connector`: a connector with its configuration and state; it is well when every task runs, and stays so.

mod step;

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;
use serde_json::json;

use step::{ConnectorStep, Deed};

use crate::arguments::{Number, Whole};
use crate::pipeline::connect::ConnectorFormer;
use crate::pipeline::connect::difference::{Config, changed_keys, lines};
use crate::pipeline::connect::settle::Settle;
use crate::pipeline::connect::status::{Health, Status};
use crate::pipeline::connect::validation::{Validation, validate};
use crate::pipeline::connect::worker::Worker;
use crate::pipeline::deadline::Deadline;
use crate::pipeline::plain::Texts;
use crate::pipeline::product::Product;
use crate::{Host, Survey};

/// What a connector is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Wanted {
    /// Configured; paused stays paused, failed is restarted.
    #[default]
    Present,
    /// Not there.
    Absent,
    /// Configured and paused.
    Paused,
    /// Configured and not paused.
    Running,
    /// Restarted once, whatever it does now.
    Restarted,
}

/// Parameters of `kafka_connector`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KafkaConnector {
    name: String,
    #[serde(default)]
    config: Texts,
    #[serde(default)]
    state: Wanted,
    #[serde(default = "local")]
    url: String,
    #[serde(default = "two_minutes")]
    timeout: Number,
    #[serde(default = "three")]
    restarts: Whole,
    #[serde(default = "debians_unit")]
    unit: String,
}

pub(in crate::pipeline::connect) fn local() -> String {
    "http://localhost:8083".into()
}

pub(in crate::pipeline::connect) fn debians_unit() -> String {
    "confluent-kafka-connect".into()
}

fn two_minutes() -> Number {
    Number(120.0)
}

fn three() -> Whole {
    Whole(3)
}

impl Product for KafkaConnector {
    const NAME: &'static str = "kafka_connector";
    type Step = ConnectorStep;

    fn gist(&self) -> Option<Change> {
        Some(match self.state {
            Wanted::Absent => Change::new(Verb::Delete, self.what()),
            Wanted::Restarted => Change::new(Verb::Restart, self.what()),
            _ => Change::new(Verb::Create, self.what()),
        })
    }

    fn look(&self, _host: &Host) -> Result<Survey<ConnectorStep>, Failure> {
        let worker = self.worker();
        let found = worker.config(&self.name)?;
        if self.state == Wanted::Absent {
            let Some(found) = found else { return Ok(Survey::unchanged()) };
            let was = self.former(Some(&found), worker.status(&self.name)?.as_ref())?;
            let gone = Deed::Delete(Change::new(Verb::Delete, self.what()));
            return Ok(Survey::steps(vec![ConnectorStep { deed: gone, was }]));
        }
        let configure = self.configure(&worker, found.as_ref())?;
        let unpredicted = matches!(&configure, Some(Deed::Configure { refusal: Some(_), .. }));
        let status = if found.is_some() { worker.status(&self.name)? } else { None };
        let state = self.towards_state(status.as_ref(), configure.is_some());
        let was = self.former(found.as_ref(), status.as_ref())?;
        let deeds = configure.into_iter().chain(state);
        let survey = Survey::steps(deeds.map(|deed| ConnectorStep { deed, was: was.clone() }).collect());
        let survey = if unpredicted { survey.unpredicted() } else { survey };
        Ok(match status {
            Some(status) => survey.value("status", described(&status)),
            None => survey,
        })
    }

    fn make(&self, step: &ConnectorStep, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        let worker = self.worker();
        let limit = Deadline::seconds(self.timeout.0);
        match &step.deed {
            Deed::Configure { refusal: Some(refusal), .. } => return Err(refusal.as_ref().clone()),
            Deed::Configure { .. } => worker.configure(&self.name, &self.wanted(), host, &limit)?,
            Deed::Restart { tasks, connector, .. } => {
                worker.restart(&self.name, tasks, *connector, host, &limit)?;
                if self.state != Wanted::Restarted {
                    result.insert("restarted".into(), true.into());
                }
            }
            Deed::Order { order, .. } => worker.order(&self.name, order, host, &limit)?,
            Deed::Delete(_) => worker.delete(&self.name, host, &limit)?,
        }
        result.remove("status");
        Ok(())
    }

    fn finish(&self, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        if self.state == Wanted::Absent {
            return Ok(());
        }
        let restarted = result.get("restarted").is_some();
        if result.get("status").is_some_and(|status| status["healthy"] == true) {
            return Ok(());
        }
        let (worker, limit) = (self.worker(), Deadline::seconds(self.timeout.0));
        let restarts = u32::try_from(self.restarts.0).unwrap_or(0);
        let settle = Settle { worker: &worker, name: &self.name, restarts, host, limit: &limit };
        let stays_paused = self.state == Wanted::Present
            && worker.status(&self.name)?.is_some_and(|status| status.health() == Health::Paused);
        let status =
            if self.state == Wanted::Paused || stays_paused { settle.paused()? } else { settle.run(restarted)? };
        result.insert("status".into(), described(&status));
        Ok(())
    }
}

impl KafkaConnector {
    pub(super) fn of(name: &str, url: &str, unit: &str, config: Config, state: Wanted) -> Self {
        Self {
            name: name.to_owned(),
            config: Texts(config.into_iter().collect()),
            state,
            url: url.to_owned(),
            timeout: two_minutes(),
            restarts: three(),
            unit: unit.to_owned(),
        }
    }

    fn worker(&self) -> Worker {
        Worker::new(&self.url, &self.unit)
    }

    fn former(&self, found: Option<&Config>, status: Option<&Status>) -> Result<ConnectorFormer, Failure> {
        ConnectorFormer::of((&self.name, &self.url, &self.unit), found, status)
    }

    fn what(&self) -> String {
        format!("connector {}", self.name)
    }

    fn wanted(&self) -> Config {
        self.config.0.iter().filter(|(key, _)| key != "name").cloned().collect()
    }

    fn configure(&self, worker: &Worker, found: Option<&Config>) -> Result<Option<Deed>, Failure> {
        let wanted = self.wanted();
        if wanted.is_empty() {
            return match found {
                Some(_) => Ok(None),
                None => Err(Failure::new(format!(
                    "there is no connector {}, and no config was given to make it",
                    self.name
                ))
                .code("DPP0802")
                .note("connectors", worker.connectors()?.join(", "))),
            };
        }
        let empty = Config::new();
        let keys = changed_keys(found.unwrap_or(&empty), &wanted);
        if found.is_some() && keys.is_empty() {
            return Ok(None);
        }
        let refusal = match validate(worker, &self.name, &wanted)? {
            Validation::Good => None,
            Validation::NoClass(failure) => Some(Box::new(failure)),
        };
        let verb = if found.is_some() { Verb::Change } else { Verb::Create };
        let detail = if found.is_some() { keys.join(", ") } else { wanted.get("topics").cloned().unwrap_or_default() };
        let before = found.map(|found| lines(found, &wanted));
        let after = lines(&wanted, found.unwrap_or(&empty));
        let change = Change::new(verb, self.what()).detail(detail);
        Ok(Some(Deed::Configure { change, before, after, refusal }))
    }

    /// What the state asks for beside the configuration; a new configuration restarts the tasks by itself.
    fn towards_state(&self, status: Option<&Status>, configured: bool) -> Option<Deed> {
        let health = status.map(Status::health);
        let paused = health == Some(Health::Paused);
        match (self.state, health) {
            (Wanted::Paused, _) if !paused => Some(self.order(Verb::Change, "pause")),
            (Wanted::Running, _) if paused => Some(self.order(Verb::Change, "resume")),
            (Wanted::Restarted, Some(_)) => {
                let tasks = status.map(|status| status.tasks.iter().map(|task| task.id).collect()).unwrap_or_default();
                let change = Change::new(Verb::Restart, self.what());
                Some(Deed::Restart { change, tasks, connector: true })
            }
            (Wanted::Present | Wanted::Running, Some(Health::Failed { tasks, connector, cause })) if !configured => {
                let change = Change::new(Verb::Restart, self.what()).detail(format!("failed: {}", cause.text));
                Some(Deed::Restart { change, tasks, connector })
            }
            _ => None,
        }
    }

    fn order(&self, verb: Verb, order: &'static str) -> Deed {
        Deed::Order { change: Change::new(verb, self.what()).detail(order), order }
    }
}

/// A status for `register`.
pub(in crate::pipeline::connect) fn described(status: &Status) -> serde_json::Value {
    let (cause, help) = match status.health() {
        Health::Failed { cause, .. } => (Some(cause.text), cause.help),
        _ => (None, None),
    };
    let tasks: Vec<_> =
        status.tasks.iter().map(|task| json!({"id": task.id, "state": task.state, "worker": task.worker_id})).collect();
    json!({
        "state": status.connector.state,
        "healthy": status.health() == Health::Running,
        "tasks": tasks,
        "cause": cause,
        "help": help,
    })
}

#[cfg(test)]
mod tests;
