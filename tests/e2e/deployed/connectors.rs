//! `connectors`, every verb of it, with the state looked at over Connect's own REST interface.

use super::{Pipeline, eventually, pipeline};

const SINK: &str = "elasticsearch-sink";
const RUNNING: &str = "RUNNING [RUNNING]";

fn comes_to(pipeline: &Pipeline, wanted: &str) {
    eventually(wanted, || {
        let state = pipeline.sink();
        if state == wanted { Ok(()) } else { Err(state) }
    });
}

#[test]
fn what_is_as_the_variables_say_is_listed_planned_and_valid() {
    let pipeline = pipeline();
    insta::assert_snapshot!("connectors_list", pipeline.dppctl(["connectors", "list"]));
    insta::assert_snapshot!("connectors_plan", pipeline.dppctl(["connectors", "plan"]));
    insta::assert_snapshot!("connectors_validate", pipeline.dppctl(["connectors", "validate"]));
    let document = pipeline.dppctl(["connectors", "list", "--json"]).exits(0).json();
    assert_eq!(document["schema"], "dppctl.connectors/1");
    assert_eq!(document["connectors"][SINK]["status"]["healthy"], true, "{document}");
    for (verb, schema) in [("plan", "dppctl.connectors.plan/1"), ("validate", "dppctl.connectors.validate/1")] {
        let document = pipeline.dppctl(["connectors", verb, "--json"]).exits(0).json();
        assert_eq!((&document["schema"], &document["connectors"][SINK]["changed"]), (&schema.into(), &false.into()));
    }
    insta::assert_snapshot!("connectors_unknown", pipeline.dppctl(["connectors", "pause", "elasticsaerch-sink"]));
}

#[test]
fn a_connector_rests_goes_on_and_is_restarted() {
    let pipeline = pipeline();
    let paused = pipeline.dppctl(["connectors", "pause", SINK]).exits(0);
    assert!(pipeline.sink().starts_with("PAUSED"), "{paused}");
    let held = pipeline.dppctl(["verify", "--events", "3", "--wait", "3s", "--json"]).exits(6).json();
    assert_eq!(held["stopped_at"], "connect", "{held}");

    let _ = pipeline.dppctl(["connectors", "resume", SINK]).exits(0);
    comes_to(&pipeline, RUNNING);
    pipeline.finds(&format!("dppctl_probe.id:{}*", held["mark"].as_str().unwrap()), 3);
    let restarted = pipeline.dppctl(["connectors", "restart", SINK]).exits(0);
    comes_to(&pipeline, RUNNING);
    assert!(restarted.stdout.contains(SINK), "{restarted}");
    let none = pipeline.dppctl(["connectors", "restart", "--failed"]).exits(0);
    assert!(none.stderr.contains("nothing to restart"), "{none}");
}

#[test]
fn a_connector_is_removed_by_its_name_alone_and_made_again() {
    let pipeline = pipeline();
    insta::assert_snapshot!("connectors_delete_unconfirmed", pipeline.dppctl(["connectors", "delete", SINK]));
    let _ = pipeline.dppctl(["connectors", "delete", SINK, "--confirm", "another"]).exits(9);
    assert_eq!(pipeline.sink(), RUNNING, "what was not confirmed was removed");
    let _ = pipeline.dppctl(["connectors", "delete", SINK, "--confirm", SINK]).exits(0);
    assert_eq!(pipeline.connect("/connectors"), serde_json::json!([]));

    let planned = pipeline.dppctl(["connectors", "plan"]).exits(0);
    assert!(planned.stdout.contains(&format!("+   connector {SINK}")), "{planned}");
    assert_eq!(pipeline.connect("/connectors"), serde_json::json!([]), "a plan changed something");
    let _ = pipeline.dppctl(["connectors", "apply"]).exits(0);
    assert_eq!(pipeline.sink(), RUNNING);
    let again = pipeline.dppctl(["connectors", "apply"]).exits(0);
    assert!(again.stdout.contains("ok  connector"), "{again}");
    let _ = pipeline.dppctl(["verify", "--events", "5"]).exits(0);
}
