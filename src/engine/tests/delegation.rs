//! Tasks of one host that another one does: whose trouble is whose.

use super::stage::Stage;

fn delegated(to: &str, rest: &str) -> String {
    format!(
        "- hosts: web\n  gather_facts: false\n  tasks:\n    - {{name: there, shell: 'true', delegate_to: {to}{rest}}}\n    \
         - {{name: here, ping: {{}}}}\n"
    )
}

#[test]
fn a_host_that_nobody_knows_fails_the_task_and_the_host_it_is_for_is_not_lost() {
    let run = Stage::new("[web]\ndowntown\na\n").file("site.yml", &delegated("downtwon", "")).run();
    assert!(run.lost().is_empty(), "{:?}", run.lost());
    assert_eq!(run.failed(), ["a", "downtown"]);
    let failure = &run.failures()[0];
    assert!(failure.starts_with("cannot reach downtwon, to which the task is delegated: "), "{failure}");
    assert!(failure.contains("no host of the inventory is called `downtwon`; did you mean `downtown`?"), "{failure}");
}

#[test]
fn that_the_other_host_is_out_of_reach_can_be_ignored() {
    let site = delegated("down1", ", ignore_errors: true");
    let run = Stage::new("[web]\na\n[db]\ndown1\n").file("site.yml", &site).run();
    assert_eq!(run.told(), ["a there FAILED", "a here ok"]);
    assert!(run.failed().is_empty() && run.lost().is_empty());
}

#[test]
fn what_was_foreseen_on_a_host_is_forgotten_when_another_hosts_task_changes_it() {
    let copy = |text: &str, more: &str| {
        format!("{{name: {text}, copy: {{content: {text}, dest: '{{{{ playbook_dir }}}}/y'}}, {more}}}")
    };
    let site = format!(
        "- hosts: web\n  gather_facts: false\n  pre_tasks:\n    - {{name: change, shell: 'true', when: inventory_hostname == 'a', notify: other}}\n  \
         tasks:\n    - {}\n  handlers:\n    - {}\n",
        copy("final", "when: inventory_hostname == 'b'"),
        copy("other", "delegate_to: b"),
    );
    let run = Stage::new("[web]\na\nb\n").file("site.yml", &site).file("y", "final").run();
    assert_eq!(run.told().last().unwrap(), "b final changed", "{:?}", run.told());
}
