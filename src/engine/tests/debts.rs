//! What hosts are owed: of whom it is told, and what a run leaves.

use super::stage::Stage;

const FAILS: &str = "- hosts: web\n  gather_facts: false\n  tasks:\n    - {name: change, shell: 'true', changed_when: true, notify: h}\n    \
                     - {name: fails, assert: {that: false}}\n  handlers:\n    - {name: h, shell: 'true'}\n";

#[test]
fn a_run_that_fails_before_its_handlers_owes_them_and_a_check_owes_nothing() {
    let stage = || Stage::new("[web]\na\n").file("site.yml", FAILS);
    assert_eq!(stage().run().debts(), ["a still owed h"]);
    assert_eq!(stage().checking().run().debts(), [""; 0]);
}

#[test]
fn debts_of_a_host_to_which_a_task_is_delegated_are_its_own() {
    let site = "- hosts: a\n  gather_facts: false\n  tasks:\n    - {name: t, ping: {}, delegate_to: b}\n  handlers:\n    \
                - {name: h, shell: 'true'}\n";
    let play_of_b = "- hosts: b\n  gather_facts: false\n  tasks: [{name: u, ping: {}}]\n  handlers:\n    - {name: h, shell: 'true'}\n";
    let stage = |site: &str| Stage::new("[web]\na\nb\n").owing("b", "h").file("site.yml", site).run();
    let elsewhere = stage(site);
    assert_eq!((elsewhere.told(), elsewhere.debts().len()), (vec!["a t ok".to_owned()], 0));
    let paid = stage(&format!("{site}{play_of_b}"));
    assert_eq!(paid.debts(), ["b owed h"]);
    assert_eq!(paid.told(), ["a t ok", "b u ok", "b h changed"]);
}

#[test]
fn what_the_first_play_has_no_handler_for_a_later_one_pays() {
    let first = "- hosts: web\n  gather_facts: false\n  tasks: [{name: t, ping: {}}]\n";
    let second = "- hosts: web\n  gather_facts: false\n  tasks: [{name: u, ping: {}}]\n  handlers:\n    - {name: h, shell: 'true'}\n";
    let stage = |site: &str| Stage::new("[web]\na\n").owing("a", "h").file("site.yml", site).run();
    let paid = stage(&format!("{first}{second}"));
    assert_eq!(paid.told(), ["a t ok", "a u ok", "a h changed"]);
    assert_eq!(paid.debts(), ["a owed h"]);
    let unpaid = stage(first);
    assert_eq!(unpaid.debts(), ["a owed h"], "what nobody pays is told once");
}

#[test]
fn what_a_delegated_task_owes_is_not_written_down_on_the_other_host() {
    let site = "- hosts: a\n  gather_facts: false\n  tasks:\n    - {name: t, shell: 'true', delegate_to: b, notify: h}\n  handlers:\n    \
                - {name: h, shell: 'true', delegate_to: b}\n";
    let run = Stage::new("[web]\na\nb\n").file("site.yml", site).run();
    assert_eq!(run.told(), ["a t changed", "a h changed"]);
    assert!(run.books().iter().all(|(owes, settles)| *owes == 0 && *settles == 0), "{:?}", run.books());
}

#[test]
fn a_handler_that_nobody_knows_is_refused_and_where_only_the_run_can_tell_the_change_is_counted() {
    let site = |more: &str| {
        format!(
            "- hosts: web\n  gather_facts: false\n  tasks:\n    - {{name: change, shell: 'true', notify: restart kafak}}\n{more}  handlers:\n    \
             - {{name: restart kafka, shell: 'true'}}\n"
        )
    };
    let refused = Stage::new("[web]\na\n").file("site.yml", &site("")).refused();
    assert_eq!(refused[0].code, "DPP0109");
    assert!(refused[0].help.as_ref().is_some_and(|help| help.contains("restart kafka")), "{refused:?}");
    let includes = "    - include_role: {name: r}\n";
    let run = Stage::new("[web]\na\n").file("site.yml", &site(includes)).file("roles/r/tasks/main.yml", "[]\n").run();
    assert_eq!((run.told(), run.changes()), (vec!["a change FAILED".to_owned()], 1));
}

#[test]
fn a_secret_in_a_tasks_name_is_shown_nowhere_and_not_written_on_the_host() {
    let stage = Stage::new("[web]\na\n");
    let sealed: String = stage.sealed("hunter2000").lines().map(|line| format!("      {line}\n")).collect();
    let site = format!(
        "- hosts: web\n  gather_facts: false\n  vars:\n    pw: !vault |\n{sealed}  tasks:\n    \
         - {{name: 'set {{{{ pw }}}}', shell: 'true', changed_when: true, notify: h}}\n  handlers:\n    \
         - {{name: h, shell: 'true'}}\n"
    );
    let run = stage.file("site.yml", &site).run();
    assert_eq!(run.told(), ["a set **** changed", "a h changed"]);
    assert!(!format!("{:?}", run.events).contains("hunter2000"), "{:?}", run.events);
    let reasons: Vec<String> = run.tasks().into_iter().flat_map(|task| task.owes).map(|debt| debt.reason).collect();
    assert!(reasons.iter().any(|reason| reason == "set ****"), "{reasons:?}");
    assert!(reasons.iter().all(|reason| !reason.contains("hunter2000")), "{reasons:?}");
}
