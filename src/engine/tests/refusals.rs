//! What is refused before any host is asked, and what is told to have no effect.

use super::stage::Stage;

fn play(task: &str) -> Stage {
    let site = format!("- hosts: web\n  gather_facts: false\n  tasks:\n    - {task}\n");
    Stage::new("[web]\na\n").file("site.yml", &site)
}

#[test]
fn what_an_action_does_not_take_is_refused_with_what_may_be_meant() {
    let cases = [
        ("copyy: {dest: /x}", "there is no module `copyy`", "copy"),
        ("systemd: {name: x, state: stoped}", "unknown variant `stoped`", "stopped"),
        ("apt: {name: x, state: presnt}", "unknown variant `presnt`", "present"),
        ("apt: {name: x, update_cach: '{{ y | default(omit) }}'}", "unknown key `update_cach`", "update_cache"),
        ("uri: {}", "missing field `url`", ""),
        ("assert: {}", "`assert` wants `that`", ""),
        ("copy: {content: x}", "`copy` wants `dest`", ""),
        ("meta: nosuch", "`meta` knows no `nosuch`", ""),
        ("pause: {seconds: abc}", "`seconds` of `pause` wants a number", ""),
        ("{ping: {}, retries: abc}", "expected a number", ""),
        ("{ping: {}, timeout: [1]}", "expected a number", ""),
        ("{ping: {}, register: a-b}", "`a-b` cannot be the name of a variable", ""),
        ("{ping: {}, loop: [1], with_items: [2]}", "a task has one loop", ""),
        (
            "{ping: {}, loop: [1], loop_control: {loop_vars: x}}",
            "unknown key `loop_vars` in a `loop_control`",
            "loop_var",
        ),
        ("{ping: {}, loop: [1], loop_control: x}", "expected a mapping", ""),
        ("{ping: {}, tags: '{{ nobody }}'}", "nobody", ""),
        ("{ping: {}, port: 2222}", "`port` is no keyword here", ""),
    ];
    for (task, message, meant) in cases {
        let refused = play(task).refused();
        let [problem] = refused.as_slice() else { panic!("{task}: {refused:?}") };
        assert!(problem.message.contains(message), "{task}: {problem:?}");
        assert!(problem.at.is_some(), "{task}: {problem:?}");
        assert!(problem.help.as_deref().unwrap_or_default().contains(meant), "{task}: {problem:?}");
    }
}

#[test]
fn where_a_template_stands_and_where_a_module_is_a_stranger_only_the_run_can_tell() {
    let strangers = ["docker_swarm", "yum_repository", "rpm_key", "dnf", "apk"]
        .map(|name| format!("{{{name}: {{}}, when: false}}"));
    let open = [
        "{apt: {name: '{{ x }}', state: presnt}, when: false}",
        "package: {name: x, arch: '{{ y | default(omit, true) }}'}",
        "{package: {name: x, enablerepo: epel}, when: false}",
    ];
    for task in strangers.iter().map(String::as_str).chain(open) {
        assert_eq!(play(task).refused(), [], "{task}");
    }
    let run = play("{name: t, ping: {}, retries: \"{{ 'abc' }}\", until: false}").run();
    assert_eq!(run.failures(), ["`abc` is no number ()"]);
}

#[test]
fn keywords_without_effect_are_told() {
    let run = play("{name: t, ping: {}, become_flags: -H}").run();
    assert!(run.advice().iter().any(|line| line.contains("`become_flags` has no effect")), "{:?}", run.advice());
    let run = play("meta: refresh_inventory").run();
    assert_eq!(run.warnings(), ["`meta: refresh_inventory` has no effect: the inventory is read once a run"]);
}

#[test]
fn roles_that_depend_on_one_another_in_a_circle_are_refused() {
    let stage = Stage::new("[web]\na\n")
        .file("site.yml", "- hosts: web\n  roles: [a]\n")
        .file("roles/a/meta/main.yml", "dependencies: [b]\n")
        .file("roles/b/meta/main.yml", "dependencies: [{role: a}]\n");
    let refused = stage.refused();
    assert_eq!(refused[0].code, "DPP0108", "{refused:?}");
    assert!(refused[0].message.ends_with("in a circle: a → b → a"), "{refused:?}");
    // One that another one depends on, too, is no circle.
    let stage = Stage::new("[web]\na\n")
        .file("site.yml", "- hosts: web\n  roles: [a, b]\n")
        .file("roles/a/meta/main.yml", "dependencies: [b]\n")
        .file("roles/b/tasks/main.yml", "- debug:\n");
    assert_eq!(stage.refused(), []);
}
