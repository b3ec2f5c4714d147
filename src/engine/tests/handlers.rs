//! Handlers of roles that are used more than once: each use has its own, and the last one of a name is meant.

use super::stage::Stage;

/// A role that changes something for an instance of a service, with a handler of this name that tells which one it met.
fn stage(site: &str, handler: &str) -> Stage {
    let tasks = format!("- {{name: set, shell: 'echo {{{{ svc }}}}', notify: '{handler}'}}\n");
    let handlers = format!("- {{name: '{handler}', debug: {{msg: 'met {{{{ svc }}}}'}}}}\n");
    Stage::new("[web]\na\nb\n")
        .file("site.yml", &format!("- hosts: web\n  gather_facts: false\n{site}"))
        .file("roles/svc/tasks/main.yml", &tasks)
        .file("roles/svc/handlers/main.yml", &handlers)
}

fn met(stage: &Stage) -> Vec<String> {
    let mut told = stage.run().told();
    told.retain(|line| line.contains(": met "));
    told
}

#[test]
fn each_use_of_a_role_has_handlers_with_its_own_parameters() {
    let site = "  roles: [{role: svc, svc: one}, {role: svc, svc: two}]\n";
    assert_eq!(
        met(&stage(site, "restart {{ svc }}")),
        [
            "a restart one ok: met one",
            "a restart two ok: met two",
            "b restart one ok: met one",
            "b restart two ok: met two"
        ]
    );
    assert_eq!(met(&stage(site, "restart it")), ["a restart it ok: met two", "b restart it ok: met two"]);
}

#[test]
fn what_was_included_last_is_meant() {
    let site = "  tasks:\n    - {include_role: {name: svc}, vars: {svc: '{{ item }}'}, loop: [one, two]}\n    \
                - {import_role: {name: svc}, vars: {svc: static}}\n";
    assert_eq!(met(&stage(site, "restart it")), ["a restart it ok: met two", "b restart it ok: met two"]);
    let names = met(&stage(site, "restart {{ svc }}"));
    assert_eq!(names.iter().filter(|line| line.starts_with("a ")).count(), 3, "{names:?}");
}

#[test]
fn hosts_that_include_a_role_with_their_own_values_meet_their_own_handlers() {
    let site = "  tasks:\n    - {include_role: {name: svc}, vars: {svc: 'of {{ inventory_hostname }}'}}\n";
    assert_eq!(met(&stage(site, "restart it")), ["a restart it ok: met of a", "b restart it ok: met of b"]);
}

#[test]
fn what_is_owed_has_the_name_that_the_handler_has_on_its_host() {
    let site = "  roles: [{role: svc, svc: one}]\n  post_tasks: []\n  tasks: [{fail: {msg: x}}]\n";
    let run = stage(site, "restart {{ svc }}").run();
    assert_eq!(run.debts(), ["a still owed restart one", "b still owed restart one"]);
}

#[test]
fn of_two_handlers_with_one_name_in_a_list_the_first_is_meant() {
    let site = "- hosts: web\n  gather_facts: false\n  tasks: [{name: set, shell: 'true', notify: it}]\n  handlers:\n    \
                - {name: it, debug: {msg: met first}}\n    - {name: it, debug: {msg: met second}}\n";
    assert_eq!(met(&Stage::new("[web]\na\n").file("site.yml", site)), ["a it ok: met first"]);
}

#[test]
fn a_block_notifies_for_all_its_tasks() {
    let site = "- hosts: web\n  gather_facts: false\n  tasks:\n    - notify: it\n      block: [{name: set, shell: 'true'}]\n  \
                handlers: [{name: it, debug: {msg: met}}, {name: other, debug: {msg: met other}}]\n";
    let site = site.replace("met}", "met it}");
    assert_eq!(met(&Stage::new("[web]\na\n").file("site.yml", &site)), ["a it ok: met it"]);
}

#[test]
fn a_handler_whose_turn_is_over_has_another_one_at_the_next_flush() {
    let site = "- hosts: web\n  gather_facts: false\n  tasks: [{name: set, shell: 'true', notify: late}]\n  handlers:\n    \
                - {name: early, debug: {msg: met early}}\n    - {name: late, shell: 'true', notify: early}\n";
    assert_eq!(met(&Stage::new("[web]\na\n").file("site.yml", site)), ["a early ok: met early"]);
}
