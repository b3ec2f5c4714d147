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

#[test]
fn a_template_of_an_ejected_role_wins_and_a_playbook_of_ones_own_finds_those_of_shipped_roles() {
    let pipeline = pipeline();
    for (name, playbook) in
        [("deploy.yml", include_str!("../../../deploy.yml")), ("dpp.yml", include_str!("../../../dpp.yml"))]
    {
        pipeline.write(name, playbook);
    }
    let own = pipeline.dppctl(["deploy", "--check"]).exits(0);
    assert_eq!(own.changes(), 0, "{own}");
    for name in ["deploy.yml", "dpp.yml"] {
        std::fs::remove_file(pipeline.path(name)).unwrap();
    }
    let _ = pipeline.dppctl(["init", ".", "--eject", "relay"]).exits(0);
    let template = pipeline.path("templates/relay/config.yml.j2");
    let text = std::fs::read_to_string(&template).unwrap();
    std::fs::write(&template, format!("{text}# of this project\n")).unwrap();
    let ejected = pipeline.dppctl(["deploy", "--check", "--diff", "--only", "relay"]).exits(0);
    assert!(ejected.stderr.contains("+# of this project"), "{ejected}");
    for folder in ["roles", "templates"] {
        std::fs::remove_dir_all(pipeline.path(folder)).unwrap();
    }
}
