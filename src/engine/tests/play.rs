//! How hosts go through a play: batches, failures that are too much, what one does for all.

use super::stage::Stage;

const THREE: &str = "[web]\na\nb\nc\n";

#[test]
fn what_one_host_does_for_all_is_told_once_and_known_to_all() {
    let run = Stage::new(THREE)
        .file(
            "site.yml",
            "- hosts: web\n  gather_facts: false\n  tasks:\n    - name: choose\n      set_fact: {leader: '{{ inventory_hostname }}'}\n      \
             run_once: true\n      register: chosen\n    - name: show\n      debug: {msg: '{{ leader }} {{ chosen.ansible_facts.leader }}'}\n",
        )
        .run();
    assert_eq!(run.told(), ["a choose ok", "a show ok: a a", "b show ok: a a", "c show ok: a a"]);
}

#[test]
fn any_error_is_fatal_for_all_after_the_task_and_the_plays_after_it_are_not_begun() {
    let run = Stage::new(THREE)
        .file(
            "site.yml",
            "- hosts: web\n  gather_facts: false\n  any_errors_fatal: true\n  tasks:\n    - name: one\n      \
             assert: {that: inventory_hostname != 'b'}\n    - name: two\n      debug: {msg: x}\n\
             - hosts: web\n  gather_facts: false\n  tasks:\n    - name: three\n      debug: {msg: x}\n",
        )
        .run();
    assert_eq!(run.told(), ["a one ok", "b one FAILED", "c one ok"]);
    assert_eq!(run.failed(), ["b"]);
    assert_eq!(run.left(), ["a", "c"], "they were stopped, and failed of nothing");
    assert!(run.warnings()[0].contains("b failed"), "{:?}", run.warnings());
}

#[test]
fn a_fatal_error_sends_all_hosts_into_the_rescue() {
    let run = Stage::new(THREE)
        .file(
            "site.yml",
            "- hosts: web\n  gather_facts: false\n  tasks:\n    - any_errors_fatal: true\n      block:\n        - name: one\n          \
             assert: {that: inventory_hostname != 'b'}\n        - name: two\n          debug: {msg: x}\n      rescue:\n        \
             - name: mend\n          debug: {msg: x}\n    - name: after\n      debug: {msg: x}\n",
        )
        .run();
    let rescued = ["a mend ok: x", "b mend ok: x", "c mend ok: x", "a after ok: x", "b after ok: x", "c after ok: x"];
    assert_eq!(run.told()[3..], rescued);
    assert!(run.failed().is_empty());
}

#[test]
fn more_failures_than_allowed_end_the_play_and_no_more_do_not() {
    let site = |percentage: &str| {
        format!(
            "- hosts: web\n  gather_facts: false\n  max_fail_percentage: {percentage}\n  tasks:\n    - name: one\n      \
             assert: {{that: inventory_hostname != 'b'}}\n    - name: two\n      debug: {{msg: x}}\n"
        )
    };
    let run = Stage::new(THREE).file("site.yml", &site("30")).run();
    assert_eq!(run.told().len(), 3, "nobody does `two`");
    let run = Stage::new(THREE).file("site.yml", &site("50")).run();
    assert_eq!(run.told()[3..], ["a two ok: x", "c two ok: x"]);
}

#[test]
fn a_failed_batch_keeps_the_next_from_beginning() {
    let site = "- hosts: web\n  gather_facts: false\n  serial: 1\n  tasks:\n    - name: one\n      \
                assert: {that: inventory_hostname != 'b'}\n";
    let run = Stage::new(THREE).file("site.yml", site).run();
    assert_eq!(run.told(), ["a one ok", "b one FAILED"]);
}

#[test]
fn hosts_come_in_the_order_that_the_play_wants() {
    let order = |order: &str| {
        let site = format!(
            "- hosts: web\n  gather_facts: false\n  order: {order}\n  serial: 1\n  tasks:\n    - {{name: t, debug: {{msg: x}}}}\n"
        );
        let run = Stage::new("[web]\nb\nc\na\n").file("site.yml", &site).run();
        run.begun().concat()
    };
    assert_eq!(order("inventory"), "bca");
    assert_eq!(order("sorted"), "abc");
    assert_eq!(order("reverse_sorted"), "cba");
    assert_eq!(order("reverse_inventory"), "acb");
    assert_eq!(order("shuffle").len(), 3);
    let refused = Stage::new(THREE).file("site.yml", "- hosts: web\n  order: sortd\n  tasks: []\n").refused();
    assert!(refused[0].help.as_ref().is_some_and(|help| help.contains("sorted")), "{refused:?}");
}

#[test]
fn run_once_under_free_is_warned_of_and_every_host_does_it() {
    let site = "- hosts: web\n  gather_facts: false\n  strategy: free\n  tasks:\n    - name: one\n      debug: {msg: x}\n      run_once: true\n";
    let run = Stage::new(THREE).file("site.yml", site).run();
    assert_eq!(run.told().len(), 3);
    assert!(run.advice()[0].contains("`run_once` has no effect"), "{:?}", run.advice());
}

#[test]
fn hosts_and_groups_that_a_play_brings_have_plays_of_their_own_afterwards() {
    let site = "- hosts: web\n  gather_facts: false\n  tasks:\n    - {name: add, add_host: {name: new, groups: added, x: 1}, run_once: true}\n    \
                - {name: group, group_by: {key: 'is_{{ inventory_hostname }}'}}\n    - {name: show, debug: {msg: '{{ group_names }} {{ groups.all | length }}'}}\n\
                - hosts: added:is_b\n  gather_facts: false\n  tasks:\n    - {name: then, debug: {msg: '{{ x | default(0) }} {{ group_names }}'}}\n\
                - hosts: nothing\n  tasks: []\n";
    let run = Stage::new(THREE).file("site.yml", site).run();
    assert_eq!(
        run.told(),
        [
            "a add changed",
            "a group changed",
            "b group changed",
            "c group changed",
            "a show ok: ['is_a', 'web'] 4",
            "b show ok: ['is_b', 'web'] 4",
            "c show ok: ['is_c', 'web'] 4",
            "b then ok: 0 ['is_b', 'web']",
            "new then ok: 1 ['added']",
        ]
    );
    assert!(run.warnings()[0].contains("`nothing` has no hosts"), "{:?}", run.warnings());
}

#[test]
fn who_is_gone_is_in_no_list_of_the_play() {
    let site = "- hosts: web\n  gather_facts: false\n  tasks:\n    - {name: fails, assert: {that: inventory_hostname != 'c'}}\n    \
                - {meta: end_host, when: inventory_hostname == 'b'}\n    \
                - {name: left, debug: {msg: '{{ ansible_play_hosts }} {{ play_hosts }} {{ ansible_play_hosts_all | length }}'}}\n";
    let run = Stage::new(THREE).file("site.yml", site).run();
    assert_eq!(run.told().last().unwrap(), "a left ok: ['a'] ['a'] 3");
}

#[test]
fn handlers_run_in_their_order_once_a_flush_and_those_that_handlers_notify_have_their_turn() {
    let site = "- hosts: web\n  gather_facts: false\n  vars: {what: it}\n  tasks:\n    - {name: one, shell: 'true', notify: [third, first, restart it]}\n    \
                - meta: flush_handlers\n    - {name: two, shell: 'true', notify: topic}\n  handlers:\n    \
                - {name: first, shell: 'true', notify: second}\n    - {name: second, shell: 'true', notify: first}\n    \
                - {name: third, shell: 'true', listen: topic}\n    - {name: 'restart {{ what }}', shell: 'true'}\n    \
                - {name: never, shell: 'true'}\n";
    let run = Stage::new("[web]\na\n").file("site.yml", site).run();
    let begun: Vec<String> = run.begun_tasks();
    let flushed = ["one", "first", "second", "third", "restart it", "two", "first", "second", "third"];
    // What they notify that had had its turn comes at the flush behind the post tasks, which is there without any.
    assert_eq!(begun, [flushed.as_slice(), &["first", "second"]].concat());
}

#[test]
fn a_host_that_left_the_play_runs_no_handler() {
    let site = "- hosts: web\n  gather_facts: false\n  tasks:\n    - {name: one, shell: 'true', notify: restart}\n    \
                - {meta: end_host, when: inventory_hostname == 'b'}\n    - {name: two, shell: 'true'}\n  handlers:\n    \
                - {name: restart, shell: 'true'}\n";
    let run = Stage::new("[web]\na\nb\n").file("site.yml", site).run();
    let told = run.told();
    assert!(!told.iter().any(|line| line.starts_with("b restart")), "{told:?}");
    assert!(told.contains(&"a restart changed".to_owned()), "{told:?}");
}

#[test]
fn a_rolling_run_that_is_stopped_begins_no_other_play_and_names_whom_it_did_not_come_to() {
    let site = |fails: &str| {
        format!(
            "- hosts: web\n  gather_facts: false\n  serial: 1\n  max_fail_percentage: 0\n  tasks:\n    - {{name: one, {fails}}}\n\
             - hosts: web\n  gather_facts: false\n  tasks:\n    - {{name: two, debug: {{msg: x}}}}\n"
        )
    };
    let run = Stage::new(THREE).file("site.yml", &site("assert: {that: inventory_hostname != 'b'}")).run();
    assert_eq!(run.told(), ["a one ok", "b one FAILED"]);
    assert_eq!(run.left(), ["c", "a"], "c was never begun, and a misses the second play");
    let lost = Stage::new("[web]\na\ndown\nc\n").file("site.yml", &site("ping: {}")).run();
    assert_eq!((lost.told(), lost.left()), (vec!["a one ok".to_owned()], vec!["c".to_owned(), "a".to_owned()]));
}

#[test]
fn who_is_stopped_in_a_block_does_its_always_and_is_left_undone() {
    let site = "- hosts: web\n  gather_facts: false\n  max_fail_percentage: 0\n  tasks:\n    - block:\n        - {name: one, ping: {}}\n        \
                - {name: two, debug: {msg: x}}\n      always:\n        - {name: last, debug: {msg: x}}\n";
    let run = Stage::new("[web]\na\ndown\nc\n").file("site.yml", site).run();
    assert_eq!(run.told(), ["a one ok", "c one ok", "a last ok: x", "c last ok: x"]);
    assert_eq!((run.failed(), run.left()), (vec![], vec!["a".to_owned(), "c".to_owned()]));
}

#[test]
fn a_play_that_loses_some_of_its_hosts_goes_on_with_the_others() {
    let site = "- hosts: web\n  gather_facts: false\n  tasks: [{name: one, ping: {}}]\n- hosts: web\n  gather_facts: false\n  tasks: [{name: two, ping: {}}]\n";
    let run = Stage::new("[web]\na\ndown\n").file("site.yml", site).run();
    assert_eq!((run.told(), run.left()), (vec!["a one ok".to_owned(), "a two ok".to_owned()], vec![]));
}

#[test]
fn a_limit_of_failures_may_be_a_template_or_a_percentage_and_nothing_else() {
    let site = |limit: &str| {
        format!(
            "- hosts: web\n  gather_facts: false\n  serial: \"{{{{ size }}}}\"\n  max_fail_percentage: {limit}\n  vars: {{size: 3, most: 50}}\n  \
             tasks:\n    - {{name: one, assert: {{that: inventory_hostname == 'c'}}}}\n    - {{name: two, debug: {{msg: x}}}}\n"
        )
    };
    for (limit, goes_on) in [("'{{ most }}'", false), ("50%", false), ("'{{ most + 17 }}'", true), ("67", true)] {
        let run = Stage::new(THREE).file("site.yml", &site(limit)).run();
        assert_eq!(run.told().contains(&"c two ok: x".to_owned()), goes_on, "{limit}: {:?}", run.told());
    }
    for (limit, says) in [("half", "wants a number from 0 to 100"), ("'{{ nobody }}'", "nobody")] {
        let refused = Stage::new(THREE).file("site.yml", &site(limit)).refused();
        assert!(refused.iter().any(|problem| problem.to_string().contains(says)), "{limit}: {refused:?}");
    }
}

#[test]
fn handlers_of_failed_hosts_run_when_a_template_says_so() {
    let site = "- hosts: web\n  gather_facts: false\n  vars: {force: 'yes'}\n  force_handlers: '{{ force }}'\n  tasks:\n    \
                - {name: one, shell: 'true', notify: restart}\n    - {name: two, fail: {msg: x}}\n  handlers:\n    \
                - {name: restart, shell: 'true'}\n";
    let run = Stage::new("[web]\na\n").file("site.yml", site).run();
    assert_eq!(run.begun_tasks(), ["one", "two", "restart"]);
}

#[test]
fn the_end_of_a_play_is_the_end_of_all_its_batches_and_the_end_of_a_batch_is_not() {
    let site = |word: &str| {
        format!(
            "- hosts: web\n  gather_facts: false\n  serial: 1\n  tasks:\n    - meta: {word}\n      when: inventory_hostname == 'b'\n    \
             - {{name: one, debug: {{msg: x}}}}\n- hosts: web\n  gather_facts: false\n  tasks: [{{name: two, debug: {{msg: y}}}}]\n"
        )
    };
    let run = Stage::new(THREE).file("site.yml", &site("end_play")).run();
    assert_eq!(run.told(), ["a meta skipped", "a one ok: x", "a two ok: y", "b two ok: y", "c two ok: y"]);
    let run = Stage::new(THREE).file("site.yml", &site("end_batch")).run();
    let told = run.told().join(", ");
    assert_eq!(told, "a meta skipped, c meta skipped, a one ok: x, c one ok: x, a two ok: y, b two ok: y, c two ok: y");
}

#[test]
fn errors_are_taken_back_and_who_was_lost_goes_on_behind_that_task() {
    let site = "- hosts: web\n  gather_facts: false\n  tasks:\n    - {name: one, assert: {that: inventory_hostname != 'b'}}\n    \
                - {name: two, ping: {}}\n    - {name: three, debug: {msg: x}}\n    - meta: clear_host_errors\n    \
                - {name: four, debug: {msg: x}}\n\
                - hosts: web\n  gather_facts: false\n  tasks: [{name: five, debug: {msg: '{{ ansible_play_hosts }}'}}]\n";
    let run = Stage::new("[web]\na\nb\ndown\n").file("site.yml", site).run();
    let all = |task: &str| ["a", "b", "down"].map(|host| format!("{host} {task} ok: [\"a\",\"b\",\"down\"]"));
    let first = ["a one ok", "b one FAILED", "down one ok", "a two ok"].map(str::to_owned);
    let then = ["a three ok: x", "down three ok: x", "a four ok: x", "down four ok: x"].map(str::to_owned);
    assert_eq!(run.told(), [first.as_slice(), &then, &all("five")].concat());
    assert_eq!((run.failed(), run.end.lost), (vec![], vec![]));
}

#[test]
fn what_is_meant_for_all_hosts_the_first_of_them_decides() {
    let site = |host: &str| {
        format!(
            "- hosts: web\n  gather_facts: false\n  tasks:\n    - {{meta: end_play, when: inventory_hostname == '{host}'}}\n    \
             - {{name: one, debug: {{msg: x}}}}\n"
        )
    };
    assert_eq!(Stage::new(THREE).file("site.yml", &site("a")).run().told(), Vec::<String>::new());
    let run = Stage::new(THREE).file("site.yml", &site("b")).run();
    assert_eq!(run.told(), ["a meta skipped", "a one ok: x", "b one ok: x", "c one ok: x"]);
}
