//! Roles that say which arguments they take.

use super::stage::Stage;

const SPECS: &str = "argument_specs:\n  main:\n    short_description: the main one\n    options:\n      heap:\n        \
    {type: int, required: true, description: 'a {{ number }} {% of %}'}\n      kind: {choices: [a, b], default: a}\n  \
    other:\n    options: {heap: {type: int, required: true}}\n";

fn stage(play: &str) -> Stage {
    Stage::new("web1\n")
        .file("site.yml", &format!("- hosts: all\n  gather_facts: false\n{play}"))
        .file("roles/r/tasks/main.yml", "- debug: {msg: '{{ heap }}'}\n")
        .file("roles/r/tasks/other.yml", "- debug: {msg: other}\n")
        .file("roles/r/meta/argument_specs.yml", SPECS)
}

#[test]
fn a_role_with_the_right_arguments_runs_after_they_were_looked_at() {
    let run = stage("  roles:\n    - {role: r, heap: '80'}\n").run();
    let told = run.told();
    assert_eq!(told[0], "web1 Validating arguments against arg spec 'main' - the main one ok", "{told:?}");
    assert_eq!(told.len(), 2);
}

#[test]
fn a_role_with_wrong_arguments_fails_its_host_before_its_tasks() {
    for (play, words) in [
        ("  roles: [r]\n", "wrong arguments of role `r`: missing required arguments: heap"),
        ("  roles:\n    - {role: r, heap: 80, wrong: 1}\n", "wrong. Supported parameters include: heap, kind."),
        ("  vars: {heap: x}\n  roles: [r]\n", "argument 'heap' is of type <class 'str'> and we were unable"),
        ("  vars: {heap: 1, kind: c}\n  roles: [r]\n", "value of kind must be one of: a, b, got: c"),
        ("  tasks: [{include_role: {name: r, tasks_from: other}}]\n", "missing required arguments: heap"),
        ("  tasks: [{import_role: {name: r}}]\n", "missing required arguments: heap"),
    ] {
        let run = stage(play).run();
        assert_eq!(run.failures().len(), 1, "{play}: {:?}", run.told());
        assert!(run.failures()[0].contains(words), "{play}: {:?}", run.failures());
        assert!(!run.told().iter().any(|line| line.contains("debug")), "{play}: {:?}", run.told());
    }
}

#[test]
fn what_is_not_to_be_looked_at_is_not() {
    for play in [
        "  tasks: [{include_role: {name: r, tasks_from: other, rolespec_validate: false}}]\n",
        "  tasks: [{include_role: {name: r, tasks_from: other.yml}}]\n",
        "  tasks: [{import_role: {name: r, tasks_from: other, rolespec_validate: no}}]\n",
    ] {
        let told = stage(play).run().told();
        assert_eq!(told.last().map(String::as_str), Some("web1 debug ok: other"), "{play}: {told:?}");
        assert!(!told.iter().any(|line| line.contains("Validating")), "{play}: {told:?}");
    }
    let of_main = Stage::new("web1\n")
        .file("site.yml", "- hosts: all\n  gather_facts: false\n  roles: [r]\n")
        .file("roles/r/meta/main.yml", "dependencies: []\nargument_specs: {main: {options: {a: {required: true}}}}\n");
    assert!(of_main.run().failures()[0].contains("missing required arguments: a"));
}
