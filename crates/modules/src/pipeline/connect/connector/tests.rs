//! `kafka_connector` against recorded answers of workers.

use dpp_protocol::{Failure, Mode, Outcome, Verb};
use serde_json::{Value, json};

use crate::pipeline::stub::{Stub, run};

const PLUGINS: &str = include_str!("../../../../tests/fixtures/connect/plugins.json");
const RUNNING: &str = include_str!("../../../../tests/fixtures/connect/status-running.json");
const FAILED: &str = include_str!("../../../../tests/fixtures/connect/status-failed.json");
const CONFIG: &str =
    r#"{"connector.class":"ElasticsearchSinkConnector","tasks.max":"1","topics":"logs_data","name":"es"}"#;
const VALIDATE: &str = "PUT /connector-plugins/ElasticsearchSinkConnector/config/validate";

fn connector(stub: &Stub, state: &str, tasks: u64, mode: Mode) -> Result<Outcome, Failure> {
    let config = json!({"connector.class": "ElasticsearchSinkConnector", "tasks.max": tasks, "topics": "logs_data"});
    let mut params = json!({"name": "es", "url": stub.url(), "state": state, "restarts": 1, "unit": "no-such-unit"});
    if state != "absent" {
        params["config"] = config;
    }
    run("kafka_connector", &params, mode)
}

#[test]
fn the_same_configuration_on_a_running_connector_changes_nothing() {
    let stub = Stub::new(&[("GET /connectors/es/config", 200, CONFIG), ("GET /connectors/es/status", 200, RUNNING)]);
    let outcome = connector(&stub, "present", 1, Mode::Apply).unwrap();
    assert!(!outcome.changed);
    assert_eq!(outcome.result["status"]["healthy"], true);
    assert!(stub.changes().is_empty(), "{:?}", stub.changes());
}

#[test]
fn a_difference_is_validated_shown_by_key_and_put() {
    let stub = Stub::new(&[
        ("GET /connectors/es/config", 200, CONFIG),
        ("GET /connectors/es/status", 200, RUNNING),
        ("GET /connector-plugins", 200, PLUGINS),
        (VALIDATE, 200, r#"{"error_count":0,"configs":[]}"#),
        ("PUT /connectors/es/config", 409, r#"{"error_code":409,"message":"rebalance"}"#),
        ("PUT /connectors/es/config", 200, "{}"),
    ]);
    let outcome = connector(&stub, "present", 2, Mode::Apply).unwrap();
    assert_eq!((outcome.changes[0].verb, outcome.changes[0].detail.as_str()), (Verb::Change, "tasks.max"));
    let after = outcome.changes[0].after.clone().unwrap();
    assert!(after.contains("tasks.max = 2\n"), "{after}");
    let puts = stub.changes().iter().filter(|change| change.starts_with("PUT /connectors/es/config")).count();
    assert_eq!(puts, 2, "a rebalance is waited for");
}

#[test]
fn a_missing_class_is_unpredicted_in_a_survey_and_a_failure_in_a_run() {
    let stub = Stub::new(&[("GET /connector-plugins", 200, "[]")]);
    let outcome = connector(&stub, "present", 1, Mode::Survey).unwrap();
    assert!(outcome.changed && outcome.unpredicted);
    assert_eq!(connector(&stub, "present", 1, Mode::Apply).unwrap_err().code, "DPP0805");
}

#[test]
fn a_connector_whose_plugin_was_taken_away_is_told_so_without_the_list_of_all_others() {
    let words = r#"{"error_code":500,"message":"Failed to find any class that implements Connector and which name matches a.Sink, available connectors are: PluginDesc{klass=class b.Source}"}"#;
    let stub = Stub::new(&[("GET /connectors/es/config", 500, words)]);
    let failure = connector(&stub, "present", 1, Mode::Survey).unwrap_err();
    assert_eq!(failure.message, "connector es is there, and the worker has no plugin any more for its class a.Sink");
    assert_eq!(failure.code, "DPP0805");
}

#[test]
fn failed_tasks_are_restarted_and_what_fails_again_is_explained() {
    let stub = Stub::new(&[
        ("GET /connectors/es/config", 200, CONFIG),
        ("GET /connectors/es/status", 200, FAILED),
        ("POST /connectors/es/tasks/0/restart", 204, ""),
    ]);
    let failure = connector(&stub, "present", 1, Mode::Apply).unwrap_err();
    assert_eq!(failure.code, "DPP0808");
    assert!(failure.message.starts_with("connector es failed after 1 restart: JsonParseException: Unrecognized token"));
    assert!(failure.help.unwrap().contains("errors.tolerance=all"));
    assert_eq!(stub.changes(), ["POST /connectors/es/tasks/0/restart"]);
}

#[test]
fn a_worker_that_is_down_makes_the_survey_foresee_and_the_run_fail_with_the_unit() {
    let params = json!({"name": "es", "config": {"a": 1}, "url": "http://127.0.0.1:9", "unit": "my-connect"});
    let outcome = run("kafka_connector", &params, Mode::Survey).unwrap();
    assert!(outcome.unpredicted && outcome.changes[0].verb == Verb::Create);
    let failure = run("kafka_connector", &params, Mode::Apply).unwrap_err();
    assert_eq!(failure.code, "DPP0801");
    assert!(failure.help.unwrap().contains("journalctl -u my-connect"));
}

#[test]
fn an_empty_500_points_at_the_workers_journal() {
    let stub = Stub::new(&[
        ("GET /connector-plugins", 200, PLUGINS),
        (VALIDATE, 200, "{}"),
        ("PUT /connectors/es/config", 500, ""),
    ]);
    let failure = connector(&stub, "present", 1, Mode::Apply).unwrap_err();
    assert_eq!(failure.message, "cannot configure connector es: HTTP 500 without a word");
    assert!(failure.help.unwrap().contains("journalctl -u no-such-unit"));
}

#[test]
fn pausing_and_deleting_are_done_once() {
    let paused = r#"{"name":"es","connector":{"state":"PAUSED","worker_id":"w"},"tasks":[]}"#;
    let stub = Stub::new(&[
        ("GET /connectors/es/config", 200, CONFIG),
        ("GET /connectors/es/status", 200, RUNNING),
        ("GET /connectors/es/status", 200, paused),
        ("PUT /connectors/es/pause", 202, ""),
        ("DELETE /connectors/es", 204, ""),
    ]);
    assert!(connector(&stub, "paused", 1, Mode::Apply).unwrap().changed);
    assert!(!connector(&stub, "paused", 1, Mode::Apply).unwrap().changed);
    assert!(connector(&stub, "absent", 1, Mode::Apply).unwrap().changed);
    assert_eq!(stub.changes(), ["PUT /connectors/es/pause", "DELETE /connectors/es"]);
    let gone = Stub::new(&[]);
    let outcome: Value = json!(connector(&gone, "absent", 1, Mode::Apply).unwrap());
    assert_eq!(outcome["changed"], false);
}
