//! What a worker says about a configuration before it is used: all its errors at once, and plugins of a similar name.

use dpp_protocol::Failure;
use serde_json::Value;

use super::difference::Config;
use super::worker::Worker;

/// What came of a check.
pub(super) enum Validation {
    /// The worker would take the configuration.
    Good,
    /// The class is not among the worker's plugins; a plugin may still be on its way.
    NoClass(Failure),
}

/// Has the worker check a connector's configuration; errors in it are the failure.
pub(super) fn validate(worker: &Worker, name: &str, config: &Config) -> Result<Validation, Failure> {
    let Some(class) = config.get("connector.class") else {
        return Err(invalid(name).note("connector.class", "missing: it says which plugin the connector is made of"));
    };
    let plugins = worker.plugins()?;
    let classes: Vec<&str> = plugins.iter().map(|plugin| plugin.class.as_str()).collect();
    if !classes.iter().any(|known| same_class(known, class)) {
        return Ok(Validation::NoClass(no_class(name, class, &classes)));
    }
    let mut whole = config.clone();
    whole.insert("name".into(), name.into());
    let reply = worker.validate(class, &whole)?;
    if !reply.is_success() {
        return Err(worker.refusal(&reply, &format!("validate connector {name}")));
    }
    match errors(&reply.json()) {
        errors if errors.is_empty() => Ok(Validation::Good),
        errors => Err(errors.into_iter().fold(invalid(name), |failure, (key, error)| failure.note(&key, error))),
    }
}

fn invalid(name: &str) -> Failure {
    Failure::new(format!("connector {name} is not valid, nothing was changed")).code("DPP0804")
}

/// Errors by key, each once.
fn errors(reply: &Value) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for value in reply["configs"].as_array().into_iter().flatten().map(|config| &config["value"]) {
        for error in value["errors"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let entry = (value["name"].as_str().unwrap_or("?").to_owned(), error.to_owned());
            if !found.iter().any(|(_, known)| *known == entry.1) {
                found.push(entry);
            }
        }
    }
    found
}

/// Connect takes a class by its full name, its simple name, or its simple name without `Connector`.
fn same_class(known: &str, wanted: &str) -> bool {
    let simple = known.rsplit('.').next().unwrap_or(known);
    known == wanted || simple == wanted || simple.strip_suffix("Connector") == Some(wanted)
}

fn no_class(name: &str, class: &str, installed: &[&str]) -> Failure {
    let similar = installed
        .iter()
        .map(|known| (similarity(known, class), *known))
        .filter(|(similarity, _)| *similarity > 0.7)
        .max_by(|one, other| one.0.total_cmp(&other.0));
    let failure = Failure::new(format!("cannot configure connector {name}: the worker has no plugin {class}"))
        .code("DPP0805")
        .note("installed", installed.join("\n"));
    match similar {
        Some((_, known)) => failure.help(format!("did you mean {known}?")),
        None => failure.help("install it with kafka_connect_plugin into plugin.path and restart the worker"),
    }
}

fn similarity(known: &str, wanted: &str) -> f64 {
    let simple = |class: &str| class.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    strsim::jaro_winkler(&simple(known), &simple(wanted)).max(strsim::normalized_levenshtein(known, wanted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::stub::Stub;

    const PLUGINS: &str = include_str!("../../../tests/fixtures/connect/plugins.json");
    const INVALID: &str = include_str!("../../../tests/fixtures/connect/validate-errors.json");
    const CLASS: &str = "io.confluent.connect.elasticsearch.ElasticsearchSinkConnector";

    fn config(class: &str) -> Config {
        [("connector.class".to_owned(), class.to_owned())].into()
    }

    #[test]
    fn all_errors_come_at_once_and_each_under_its_key() {
        let validate_it = format!("PUT /connector-plugins/{CLASS}/config/validate");
        let stub = Stub::new(&[("GET /connector-plugins", 200, PLUGINS), (&validate_it, 200, INVALID)]);
        let worker = Worker::new(&stub.url(), "none");
        let Err(failure) = validate(&worker, "sink", &config(CLASS)) else { panic!("invalid") };
        assert_eq!(failure.code, "DPP0804");
        let keys: Vec<&str> = failure.notes.iter().map(|note| note.label.as_str()).collect();
        assert_eq!(keys, ["connection.url", "connection.url", "batch.size", "batch.size"]);
        assert!(stub.changes()[0].ends_with(r#""name":"sink"}"#), "{:?}", stub.changes());
    }

    #[test]
    fn a_class_that_is_not_there_is_compared_with_those_that_are() {
        let stub = Stub::new(&[("GET /connector-plugins", 200, PLUGINS)]);
        let worker = Worker::new(&stub.url(), "none");
        for (class, help) in [
            ("io.confluent.connect.elasticsearch.ElasticSearchSinkConector", format!("did you mean {CLASS}?")),
            ("com.example.Mqtt", "install it with kafka_connect_plugin into plugin.path and restart the worker".into()),
        ] {
            let Ok(Validation::NoClass(failure)) = validate(&worker, "sink", &config(class)) else { panic!("{class}") };
            assert_eq!(failure.help, Some(help));
        }
        assert!(same_class(CLASS, "ElasticsearchSink"));
    }
}
