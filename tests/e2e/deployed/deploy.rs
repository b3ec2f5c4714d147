//! Bare hosts become a pipeline; what is as it should be is left alone.

use super::pipeline;

#[test]
fn bare_hosts_become_a_verified_pipeline_and_the_next_deployment_finds_nothing_to_do() {
    let pipeline = pipeline();
    let first = &pipeline.first;
    assert!(first.changes() > 30, "{first}");
    assert!(first.stderr.contains("Done on 3 of 3 hosts"), "{first}");
    assert!(first.stderr.contains("PASS"), "a deployment is verified: {first}");
    assert!(!first.to_string().contains("logger_pass"), "a password is shown: {first}");
    let checked = pipeline.dppctl(["deploy", "--check"]).exits(0);
    assert_eq!(checked.changes(), 0, "{checked}");
    let again = pipeline.dppctl(["deploy", "--yes"]).exits(0);
    assert_eq!(again.changes(), 0, "{again}");
    assert!(again.stderr.contains("PASS"), "{again}");
}

#[test]
fn a_deployment_that_nobody_confirms_touches_nothing() {
    let pipeline = pipeline();
    pipeline.on("web1", "systemctl stop dpp-webapp");
    let declined = pipeline.dppctl(["deploy"]).exits(9);
    assert!(declined.stderr.contains("--yes answers it"), "{declined}");
    assert!(!pipeline.runs("web1", "dpp-webapp"));
    let repaired = pipeline.dppctl(["deploy", "--yes", "--no-verify", "--only", "webapp"]).exits(0);
    assert!(pipeline.runs("web1", "dpp-webapp"), "{repaired}");
}
