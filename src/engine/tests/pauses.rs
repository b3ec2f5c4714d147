//! `pause`: asked once for all hosts, answered by who is there.

use super::stage::Stage;

const SITE: &str = "- hosts: web\n  gather_facts: false\n  tasks:\n    - {name: stop, pause: {prompt: 'go on?'}, register: said}\n    \
                    - {name: show, debug: {msg: '{{ said.user_input }}'}}\n";

fn stage(site: &str) -> Stage {
    Stage::new("[web]\na\nb\n").file("site.yml", site)
}

#[test]
fn a_question_is_asked_once_and_all_hosts_know_the_answer() {
    let run = stage(SITE).answering(["yes"]).run();
    assert_eq!(run.told(), ["a stop ok", "a show ok: yes", "b show ok: yes"]);
    assert_eq!(run.begun_tasks().iter().filter(|task| *task == "stop").count(), 1);
}

#[test]
fn that_nobody_is_there_to_answer_is_told() {
    let run = stage(SITE).run();
    assert_eq!(run.warnings(), ["nobody is there to answer \"go on?\": the run goes on"]);
    assert_eq!(run.told().len(), 3);
}

#[test]
fn a_length_that_is_no_number_fails() {
    let run =
        stage("- hosts: a\n  gather_facts: false\n  tasks: [{name: stop, pause: {seconds: '{{ \"abc\" }}'}}]\n").run();
    assert_eq!(run.failures(), ["`seconds` of `pause` wants a number ()"]);
}

#[test]
fn a_host_is_added_once_for_all() {
    let site = "- hosts: web\n  gather_facts: false\n  tasks:\n    - {name: add, add_host: {name: 'new-{{ inventory_hostname }}', groups: fresh}}\n\
                - hosts: fresh\n  gather_facts: false\n  tasks: [{name: one, debug: {msg: x}}]\n";
    let told = stage(site).run().told();
    assert_eq!(told.iter().filter(|line| line.contains(" one ")).collect::<Vec<_>>(), ["new-a one ok: x"]);
}

#[test]
fn what_was_added_is_registered() {
    let site = "- hosts: web\n  gather_facts: false\n  tasks:\n    - {name: add, add_host: {name: new, groups: [g, h], v: 1}, register: r}\n    \
                - {name: by, group_by: {key: a b}, register: s}\n    \
                - {name: show, debug: {msg: '{{ r.add_host }} {{ s.add_group }} {{ s.parent_groups }}'}}\n";
    let wanted = "b show ok: {'host_name': 'new', 'groups': ['g', 'h'], 'host_vars': {'v': 1}} a-b ['all']";
    assert_eq!(stage(site).run().told().last().unwrap(), wanted);
}

#[test]
fn each_task_is_asked_for_once_and_what_is_declined_is_passed_over_by_all() {
    let site = "- hosts: web\n  gather_facts: false\n  tasks:\n    - {name: one, debug: {msg: 1}}\n\
                \x20   - {name: two, debug: {msg: 2}}\n    - block:\n        - {name: three, debug: {msg: 3}}\n\
                \x20   - {name: four, debug: {msg: 4}}\n";
    let told = |answers: [&str; 3]| stage(site).asking().answering(answers).run().told();
    assert_eq!(told(["n", "y", ""]), ["a two ok: 2", "b two ok: 2"]);
    let after = ["a one ok: 1", "b one ok: 1", "a three ok: 3", "b three ok: 3", "a four ok: 4", "b four ok: 4"];
    assert_eq!(told(["y", "n", "c"]), after);
}
