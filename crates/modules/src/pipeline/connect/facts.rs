//! `kafka_connect_facts`: the worker's version and plugins, and every connector with its state; for status screens.

use dpp_protocol::Failure;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::connector::{debians_unit, described, local};
use super::difference::{Config, shown};
use super::worker::Worker;
use crate::pipeline::product::{Never, Product};
use crate::{Host, Survey};

/// Parameters of `kafka_connect_facts`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KafkaConnectFacts {
    #[serde(default = "local")]
    url: String,
    #[serde(default = "debians_unit")]
    unit: String,
}

impl Product for KafkaConnectFacts {
    const NAME: &'static str = "kafka_connect_facts";
    type Step = Never;

    only_asks!("version");

    fn look(&self, _host: &Host) -> Result<Survey<Never>, Failure> {
        let worker = Worker::new(&self.url, &self.unit);
        let root = worker.root()?;
        let plugins: Vec<Value> =
            worker.plugins()?.iter().map(|plugin| json!({"class": plugin.class, "version": plugin.version})).collect();
        let mut connectors = Map::new();
        for name in worker.connectors()? {
            connectors.insert(name.clone(), connector(&worker, &name)?);
        }
        Ok(Survey::unchanged()
            .value("version", root["version"].clone())
            .value("plugins", plugins)
            .value("connectors", connectors))
    }
}

fn connector(worker: &Worker, name: &str) -> Result<Value, Failure> {
    let config = worker.config(name)?.unwrap_or_default();
    let config: Config = config.iter().map(|(key, value)| (key.clone(), shown(key, value))).collect();
    let status = worker.status(name)?.map_or(Value::Null, |status| described(&status));
    Ok(json!({"config": config, "status": status}))
}
