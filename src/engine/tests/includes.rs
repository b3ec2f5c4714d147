//! What is found when a host comes to it: the same for all hosts as if it had stood in the play.

use super::stage::Stage;
use crate::event::{Event, Status};

const TWO: &str = "[web]\na\nb\n";

/// A play over all hosts with these tasks, and the file that they include.
fn stage(tasks: &str, more: &str) -> Stage {
    let site = format!("- hosts: web\n  gather_facts: false\n  tasks:\n{tasks}");
    Stage::new(TWO).file("site.yml", &site).file("more.yml", more)
}

#[test]
fn what_is_done_once_is_done_once_inside_an_include_too() {
    let once = "- {name: once, shell: 'echo once', run_once: true, register: o}\n- {name: show, debug: {msg: '{{ o.stdout }}'}}\n";
    let wanted = ["a once changed", "a show ok: once", "b show ok: once", "a last ok: x", "b last ok: x"];
    let last = "    - {name: last, debug: {msg: x}}\n";
    let of_file = stage(&format!("    - include_tasks: more.yml\n{last}"), once).run();
    assert_eq!(of_file.told()[2..], wanted);
    let of_role = stage(&format!("    - include_role: {{name: r}}\n{last}"), "[]").file("roles/r/tasks/main.yml", once);
    assert_eq!(of_role.run().told()[2..], wanted);
}

#[test]
fn what_is_done_once_is_done_by_a_host_that_comes_there_and_again_when_it_comes_again() {
    let once = "- {name: once, debug: {msg: '{{ item | default(0) }}'}, run_once: true}\n";
    let only_b = stage("    - {include_tasks: more.yml, when: inventory_hostname == 'b'}\n", once).run();
    assert_eq!(only_b.told().last().unwrap(), "b once ok: 0");
    let twice = stage("    - {include_tasks: more.yml, loop: [1, 2]}\n", once).run();
    assert_eq!(
        twice.told().iter().filter(|line| line.contains("once")).collect::<Vec<_>>(),
        ["a once ok: 1", "a once ok: 2"]
    );
}

#[test]
fn a_handler_that_is_to_run_once_runs_at_every_flush_whoever_was_notified() {
    let change = |host: &str, handler: &str| {
        format!("    - {{name: c, shell: 'true', notify: {handler}, when: inventory_hostname == '{host}'}}\n")
    };
    let tasks = [
        change("a", "first"),
        change("a", "second"),
        change("b", "second"),
        "    - meta: flush_handlers\n".to_owned(),
        change("b", "second"),
        "  handlers:\n    - {name: first, debug: {msg: x}}\n    - {name: second, debug: {msg: x}, run_once: true}\n"
            .to_owned(),
    ];
    let told = stage(&tasks.concat(), "[]").run().told();
    let mut handlers: Vec<_> = told.iter().filter(|line| line.contains(" ok")).collect();
    handlers.sort();
    assert_eq!(handlers, ["a first ok: x", "a second ok: x", "b second ok: x"]);
}

#[test]
fn throttle_holds_inside_an_include() {
    let run = stage("    - include_tasks: more.yml\n", "- {name: one, shell: sleep 0.05, throttle: 1}\n").run();
    assert_eq!(run.most_at_once("one"), 1);
}

#[test]
fn keywords_around_an_include_hold_inside_it() {
    let fails = "- {name: fails, assert: {that: inventory_hostname != 'a'}}\n- {name: after, debug: {msg: x}}\n";
    let ignored = stage("    - ignore_errors: true\n      block: [{include_tasks: more.yml}]\n", fails).run();
    assert_eq!(ignored.told()[2..], ["a fails FAILED", "b fails ok", "a after ok: x", "b after ok: x"]);
    assert!(ignored.failed().is_empty());
    let site =
        "- hosts: web\n  gather_facts: false\n  any_errors_fatal: true\n  tasks:\n    - include_tasks: more.yml\n";
    let fatal = Stage::new(TWO).file("site.yml", site).file("more.yml", fails).run();
    assert_eq!(fatal.told()[2..], ["a fails FAILED", "b fails ok"]);
    assert_eq!((fatal.failed(), fatal.left()), (vec!["a".to_owned()], vec!["b".to_owned()]));
}

#[test]
fn includes_that_go_round_in_a_circle_end_with_the_way_they_go() {
    let run = stage("    - include_tasks: more.yml\n", "- include_tasks: other.yml\n")
        .file("other.yml", "- debug: {msg: x}\n- include_tasks: more.yml\n")
        .run();
    assert_eq!(run.failed(), ["a", "b"]);
    let failure = &run.failures()[0];
    let circle = failure.split("circle: ").nth(1).unwrap_or_else(|| panic!("{failure}"));
    let places: Vec<&str> = circle.split(" → ").map(|place| place.rsplit('/').next().unwrap()).collect();
    assert_eq!(places.len(), 3, "{circle}");
    assert!(places[0].starts_with("other.yml:2:") || places[0].starts_with("more.yml:1:"), "{circle}");
    assert_eq!(places[0].split(' ').next(), places[2].split(' ').next(), "{circle}");
}

#[test]
fn an_include_registers_what_was_included() {
    let of_file = "    - {include_tasks: more.yml, register: i}\n";
    let of_role = "    - {include_role: {name: r}, register: i}\n";
    let show =
        "    - {name: show, debug: {msg: '{{ i.include | default(5) }} {{ i.include_args }} {{ i is changed }}'}}\n";
    let told = |tasks: &str| {
        let stage = stage(&format!("{tasks}{show}"), "[]\n").file("roles/r/tasks/main.yml", "[]\n");
        stage.run().told().last().unwrap().clone()
    };
    assert_eq!(told(of_file), "b show ok: more.yml {} False");
    assert_eq!(told(of_role), "b show ok: 5 {'name': 'r'} False");
}

#[test]
fn what_included_roles_depend_on_runs_once_unless_it_allows_more_or_is_given_other_parameters() {
    let roles = "    - {name: first, include_role: {name: r}}\n    - {name: again, include_role: {name: r}}\n";
    let run = stage(roles, "[]")
        .file("roles/r/meta/main.yml", "dependencies: [once, {role: often, vars: {x: 1}}, {role: once, x: 2}]\n")
        .file("roles/r/tasks/main.yml", "- {name: own, debug: {msg: x}}\n")
        .file("roles/once/tasks/main.yml", "- {name: once, debug: {msg: \"{{ x | default('none') }}\"}}\n")
        .file("roles/often/meta/main.yml", "allow_duplicates: true\n")
        .file("roles/often/tasks/main.yml", "- {name: often, debug: {msg: x}}\n")
        .run();
    let mut told = run.told();
    told.retain(|line| line.starts_with("a ") && line.contains(": "));
    told.sort();
    let once = ["a once ok: 2", "a once ok: none"];
    assert_eq!(told, [&["a often ok: x"; 2][..], &once, &["a own ok: x"; 2]].concat());
}

/// Hosts a and b with these roles and tasks; what `show` said on a, once for each time that it ran.
fn shown(roles: &str, tasks: &str) -> Vec<String> {
    let site = format!("- hosts: web\n  gather_facts: false\n  roles: [{roles}]\n  tasks: [{tasks}]\n");
    let run = Stage::new(TWO)
        .file("site.yml", &site)
        .file("roles/one/tasks/main.yml", "- {name: one, debug: {msg: \"{{ x | default('') }}\"}}\n")
        .file("roles/two/meta/main.yml", "dependencies: [one]\n")
        .file(
            "roles/two/tasks/main.yml",
            "- {name: two, debug: {msg: x}}\n- {meta: end_role, when: ends | default(false)}\n- {name: last, debug: {msg: x}}\n",
        )
        .file("roles/three/tasks/main.yml", "- {name: three, include_role: {name: two}}\n")
        .run();
    let finished = run.events.iter().filter_map(|event| match event {
        Event::StepFinished { host, step, result } if host == "a" && result.status == Status::Ok => Some(step),
        _ => None,
    });
    finished.map(|step| step.task.clone()).collect()
}

#[test]
fn a_role_runs_once_on_each_host_where_a_task_of_it_ran() {
    let cases = [
        ("one, one, {role: one, x: 1}, {role: one, vars: {x: 1}}, {role: one, tags: [t]}", "", "one one one one"),
        ("{role: one, when: false}, {role: one, when: false}, one", "", "one"),
        ("one, two", "", "one two last"),
        ("one", "{include_role: {name: two}}", "one include_role two last"),
        ("two", "{import_role: {name: one}}, {import_role: {name: one}}", "one two last one one"),
        (
            "one",
            "{import_role: {name: one, allow_duplicates: false}}, {import_role: {name: one, allow_duplicates: false}}, \
             {import_role: {name: one, allow_duplicates: false}, vars: {x: 1}}",
            "one one one",
        ),
        (
            "",
            "{include_role: {name: two}, vars: {ends: true}}, {debug: {msg: x}, name: after}",
            "include_role one two after",
        ),
        ("three", "", "three one two last"),
    ];
    for (roles, tasks, wanted) in cases {
        assert_eq!(shown(roles, tasks).join(" "), wanted, "roles: [{roles}], tasks: [{tasks}]");
    }
}

#[test]
fn roles_are_named_in_their_play() {
    let show = |name: &str| {
        format!(
            "- {{name: {name}, debug: {{msg: \"{{{{ ansible_play_role_names | join }}}} {{{{ ansible_dependent_role_names | join }}}} \
                {{{{ ansible_role_names | join }}}} {{{{ ansible_parent_role_names | default([]) | join }}}}\"}}}}\n"
        )
    };
    let run = Stage::new("[web]\na\n")
        .file("site.yml", "- hosts: web\n  gather_facts: false\n  roles: [r]\n  tasks: [{include_role: {name: s}}]\n")
        .file("roles/r/meta/main.yml", "dependencies: [d]\n")
        .file("roles/r/tasks/main.yml", &show("r"))
        .file("roles/d/tasks/main.yml", &show("d"))
        .file("roles/s/tasks/main.yml", &format!("{}- import_role: {{name: i}}\n", show("s")))
        .file("roles/i/tasks/main.yml", &show("i"))
        .run();
    let mut told = run.told();
    told.retain(|line| !line.contains("include_role"));
    assert_eq!(told, ["a d ok: r d dr", "a r ok: r d dr", "a s ok: ris d dirs", "a i ok: ris d dirs s"]);
}
