//! What somebody else changed: told apart from what our files ask for, put back by a deployment; and a connector taken back.

use super::{Pipeline, eventually, pipeline};

const SINK: &str = "elasticsearch-sink";
const RUNNING: &str = "RUNNING [RUNNING]";
const SETTINGS: &str = "/etc/dpp-relay/config.yml";

/// Changes one setting of the connector over the worker's own interface.
fn reconfigure(pipeline: &Pipeline, key: &str, value: &str) {
    let mut config = pipeline.connect(&format!("/connectors/{SINK}/config"));
    config[key] = value.into();
    pipeline.on(
        "kafka1",
        &format!(
            "curl -sf -X PUT -H 'Content-Type: application/json' -d '{config}' http://127.0.0.1:8083/connectors/{SINK}/config"
        ),
    );
    eventually("the worker is done with it", || {
        let code = pipeline.on("kafka1", "curl -s -o /dev/null -w %{http_code} http://127.0.0.1:8083/connectors");
        if code == "200" && pipeline.sink() == RUNNING { Ok(()) } else { Err(code) }
    });
}

fn setting(pipeline: &Pipeline, key: &str) -> String {
    pipeline.connect(&format!("/connectors/{SINK}/config"))[key].as_str().unwrap_or_default().to_owned()
}

#[test]
fn what_somebody_else_changed_is_told_until_a_deployment_puts_it_back() {
    let pipeline = pipeline();
    let clean = pipeline.dppctl(["status"]).exits(0);
    assert!(!clean.stdout.contains("Drift"), "{clean}");
    pipeline.on("web1", &format!("echo '# by hand' >>{SETTINGS}"));
    reconfigure(&pipeline, "batch.size", "17");

    let status = pipeline.dppctl(["status"]).exits(0);
    for thing in [format!("Drift: {SETTINGS} on web1, changed"), format!("Drift: connector {SINK} on kafka1, changed")]
    {
        assert!(status.stdout.contains(&thing), "no {thing} in {status}");
    }
    let plan = pipeline.dppctl(["plan", "--detailed-exitcode"]).exits(3);
    for thing in [SETTINGS.to_owned(), format!("connector {SINK}")] {
        assert!(plan.stdout.contains(&format!("! change   {thing}")), "{thing} is not drift: {plan}");
    }
    assert!(plan.stderr.contains("2 of it drift"), "{plan}");

    let deployed = pipeline.dppctl(["deploy", "--yes", "-v"]).exits(0);
    assert!(deployed.stderr.contains(&format!("! {SETTINGS}")), "{deployed}");
    assert_eq!(setting(&pipeline, "batch.size"), "");
    assert_eq!(pipeline.dppctl(["status", "--json"]).exits(0).json()["drifted"], serde_json::json!([]));
}

#[test]
fn a_connectors_configuration_is_taken_back_with_its_run() {
    let pipeline = pipeline();
    let changed =
        pipeline.dppctl(["deploy", "--yes", "-e", r#"{"connector_settings": {"batch.size": "100"}}"#]).exits(0);
    assert_eq!(setting(&pipeline, "batch.size"), "100", "{changed}");
    let back = pipeline.dppctl(["rollback", "--yes", "-v"]).exits(0);
    assert_eq!(setting(&pipeline, "batch.size"), "", "{back}");
    assert!(back.stderr.contains(&format!("connector {SINK}")), "{back}");
    assert_eq!(pipeline.sink(), RUNNING);
    assert_eq!(pipeline.dppctl(["deploy", "--yes"]).exits(0).changes(), 0, "what was taken back is as it was deployed");
}
