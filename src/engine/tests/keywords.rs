//! Keywords of tasks and plays, each seen to do what it says.

use super::stage::Stage;

const TWO: &str = "[web]\na\nb\n";

#[test]
fn throttle_lets_so_many_hosts_at_a_task_and_no_more() {
    let site = |throttle: &str| {
        format!("- hosts: web\n  gather_facts: false\n  tasks:\n    - name: one\n      shell: sleep 0.05\n{throttle}")
    };
    let hosts = "[web]\na\nb\nc\nd\n";
    assert_eq!(Stage::new(hosts).file("site.yml", &site("      throttle: 1\n")).run().most_at_once("one"), 1);
    assert_eq!(Stage::new(hosts).file("site.yml", &site("      throttle: 2\n")).run().most_at_once("one"), 2);
    assert_eq!(Stage::new(hosts).file("site.yml", &site("")).run().most_at_once("one"), 4);
}

#[test]
fn a_task_and_a_play_name_who_logs_in() {
    let site = "- hosts: web\n  gather_facts: false\n  remote_user: deploy\n  tasks:\n    - {name: one, ping: {}}\n    \
                - {name: two, ping: {}, remote_user: '{{ other }}'}\n  vars: {other: audit}\n";
    let run = Stage::new("[web]\na\n").file("site.yml", site).run();
    assert_eq!(run.logins(), ["deploy", "audit"]);
}

#[test]
fn bounds_are_handed_to_the_machine() {
    let site = "- hosts: web\n  gather_facts: false\n  tasks:\n    - {name: bounded, shell: 'true', timeout: 7}\n    \
                - {name: waited for, shell: 'true', async: 30, poll: 5, register: job}\n    \
                - {name: on its own, shell: 'true', async: 40, poll: 0}\n    - {name: free, shell: 'true', async: 0}\n    \
                - {name: show, debug: {msg: '{{ job.finished }} {{ job.ansible_job_id is defined }}'}}\n";
    let run = Stage::new("[web]\na\n").file("site.yml", site).run();
    let bounds: Vec<_> = run.bounds().iter().map(|bound| bound.map(|bound| (bound.seconds, bound.detached))).collect();
    assert_eq!(bounds, [Some((7, false)), Some((30, false)), Some((40, true)), None]);
    assert!(run.told().contains(&"a show ok: 1 True".to_owned()), "{:?}", run.told());
}

#[test]
fn a_play_says_which_facts_it_wants_and_whether_it_wants_any() {
    let site = "- hosts: web\n  gather_subset: ['!all', min]\n  gather_timeout: 3\n  fact_path: /nowhere\n  tasks: [{debug: {msg: x}}]\n";
    let run = Stage::new("[web]\na\n").file("site.yml", site).run();
    let params = run.params_of("setup");
    assert_eq!(params["gather_subset"], serde_json::json!(["!all", "min"]));
    assert_eq!((&params["gather_timeout"], &params["fact_path"]), (&3.into(), &"/nowhere".into()));
    for no in ["false", "'no'", "\"{{ gathers }}\""] {
        let site =
            format!("- hosts: web\n  vars: {{gathers: false}}\n  gather_facts: {no}\n  tasks: [{{ping: {{}}}}]\n");
        let run = Stage::new("[web]\na\n").file("site.yml", &site).run();
        assert_eq!(run.params_of("setup"), serde_json::Value::Null, "{no}");
    }
}

#[test]
fn facts_are_gathered_again_only_when_something_was_changed_since() {
    let plays = |task: &str| {
        let play = format!("- hosts: web\n  gather_subset: ['!all', min]\n  tasks:\n    - {{name: t, {task}}}\n");
        Stage::new("[web]\na\n").file("site.yml", &format!("{play}{play}")).run().count_of("setup")
    };
    assert_eq!(plays("ping: {}"), 1);
    assert_eq!(plays("shell: 'true'"), 2);
}

#[test]
fn a_role_that_is_included_shows_its_variables_only_when_it_is_public() {
    let site = |public: &str| {
        format!(
            "- hosts: web\n  gather_facts: false\n  tasks:\n    - include_role: {{name: r{public}}}\n    - name: show\n      \
             debug: {{msg: \"{{{{ of_vars | default('none') }}}} {{{{ of_defaults | default('none') }}}}\"}}\n"
        )
    };
    let stage = |public: &str| {
        Stage::new("[web]\na\n")
            .file("site.yml", &site(public))
            .file("roles/r/vars/main.yml", "of_vars: v\n")
            .file("roles/r/defaults/main.yml", "of_defaults: d\n")
            .file("roles/r/tasks/main.yml", "- {name: inside, debug: {msg: '{{ of_vars }}'}}\n")
            .run()
    };
    assert_eq!(stage("").told().last().unwrap(), "a show ok: none none");
    assert_eq!(stage(", public: true").told().last().unwrap(), "a show ok: v d");
}

#[test]
fn an_include_passes_on_what_stands_around_it_and_what_it_applies_but_not_its_own_keywords() {
    let site = "- hosts: web\n  gather_facts: false\n  vars: {yes_: true, go: true}\n  tasks:\n    - block:\n        \
                - include_tasks: {file: more.yml, apply: {vars: {applied: A}, tags: [x]}}\n          when: go\n          \
                vars: {own: O}\n      vars: {around: B}\n      when: yes_\n";
    let run = Stage::new("[web]\na\n")
        .file("site.yml", site)
        .file(
            "more.yml",
            "- {name: first, set_fact: {go: false}}\n- {name: show, debug: {msg: '{{ applied }}{{ around }}{{ own }}'}}\n\
             - {name: turn, set_fact: {yes_: false}}\n- {name: skipped, debug: {msg: x}}\n",
        )
        .run();
    assert_eq!(run.told()[1..], ["a first ok", "a show ok: ABO", "a turn ok", "a skipped skipped"]);
}

#[test]
fn a_task_is_told_how_its_host_is_reached_where_nobody_said_it() {
    let show = "debug: {msg: '{{ ansible_connection }} {{ ansible_host }} {{ ansible_ssh_host }}'}";
    let site = format!(
        "- hosts: web\n  gather_facts: false\n  tasks:\n    - {{name: one, {show}}}\n    \
         - {{name: two, connection: local, {show}}}\n"
    );
    let run = Stage::new("[web]\na\nb ansible_host=10.0.0.2\n").file("site.yml", &site).run();
    let told = run.told();
    for line in ["a one ok: ssh a a", "b one ok: ssh 10.0.0.2 10.0.0.2", "a two ok: local a a"] {
        assert!(told.iter().any(|told| told == line), "{line}: {told:?}");
    }
}

#[test]
fn delegated_facts_belong_to_the_other_host() {
    let site = "- hosts: a\n  gather_facts: false\n  tasks:\n    - {name: set, set_fact: {x: 1}, delegate_to: b, delegate_facts: true}\n    \
                - {name: show, debug: {msg: \"{{ hostvars.b.x }} {{ x | default('none') }}\"}}\n";
    assert_eq!(Stage::new(TWO).file("site.yml", site).run().told().last().unwrap(), "a show ok: 1 none");
}

#[test]
fn encrypted_values_and_files_are_opened_wherever_variables_are_written() {
    let stage = Stage::new("[web]\na\n");
    let inline = |text: &str| stage.sealed(text).lines().map(|line| format!("  {line}\n")).collect::<String>();
    let site = format!(
        "- hosts: web\n  gather_facts: false\n  vars_files: [secrets.yml]\n  vars:\n    of_play: !vault |\n{}\n  roles: [r]\n  tasks:\n    \
         - include_vars: more.yml\n    - name: show\n      \
         debug: {{msg: '{{{{ of_play }}}} {{{{ of_file }}}} {{{{ of_defaults }}}} {{{{ of_more }}}} {{{{ lookup(\"file\", \"sealed.txt\") }}}}'}}\n",
        inline("in-the-play").replace("  ", "      ")
    );
    let (whole, more, text) =
        (stage.sealed("of_file: in-a-file\n"), stage.sealed("of_more: included\n"), stage.sealed("looked-up\n"));
    let defaults = format!("of_defaults: !vault |\n{}", inline("in-the-defaults"));
    let run = stage
        .file("site.yml", &site)
        .file("secrets.yml", &whole)
        .file("more.yml", &more)
        .file("sealed.txt", &text)
        .file("roles/r/defaults/main.yml", &defaults)
        .file("roles/r/tasks/main.yml", "[]\n")
        .run();
    assert_eq!(run.told().last().unwrap(), "a show ok: **** **** **** **** ****");
    assert!(run.failed().is_empty());
}

#[test]
fn a_check_registers_what_a_command_that_was_not_run_would_leave_unknown() {
    let site = "- hosts: web\n  gather_facts: false\n  tasks:\n    - {name: ask, command: id -u, register: c}\n    \
                - {name: act, debug: {msg: x}, when: \"c.stdout == '5'\"}\n    - {name: told, debug: {msg: '{{ c is skipped }} {{ c.rc }} {{ c.stdout_lines }}'}}\n";
    let run = Stage::new("[web]\na\n").checking().file("site.yml", site).run();
    assert_eq!(run.told()[1..], ["a act skipped", "a told ok: True 0 []"]);
}

#[test]
fn what_may_not_be_logged_gives_no_sign_of_life_and_a_missing_variable_is_named_all_the_same() {
    let site = "- hosts: web\n  gather_facts: false\n  tasks:\n    - {name: t, shell: echo hush; sleep 3, no_log: true}\n    \
                - {name: u, shell: 'echo {{ nobody }}', no_log: true}\n";
    let run = Stage::new("[web]\na\n").file("site.yml", site).run();
    let signs = run.events.iter().filter(|event| matches!(event, crate::event::Event::StepAlive { .. }));
    assert!(!format!("{:?}", signs.collect::<Vec<_>>()).contains("hush"));
    assert!(run.failures()[0].contains("`nobody` is not defined"), "{:?}", run.failures());
}

#[test]
fn a_user_to_become_is_a_name() {
    let site =
        "- hosts: web\n  gather_facts: false\n  tasks: [{name: t, ping: {}, become: true, become_user: 'x; id'}]\n";
    let run = Stage::new("[web]\na\n").file("site.yml", site).run();
    assert!(run.failures()[0].contains("`x; id` is no name of a user to become"), "{:?}", run.failures());
}

#[test]
fn a_failed_task_has_changed_what_changed_when_says() {
    let site = |condition: &str| {
        format!(
            "- hosts: web\n  gather_facts: false\n  tasks:\n    \
             - {{name: t, shell: exit 3, changed_when: {condition}, register: r, ignore_errors: true}}\n    \
             - {{name: show, debug: {{msg: '{{{{ r.changed }}}} {{{{ r.msg }}}}'}}}}\n"
        )
    };
    let told = |condition: &str| Stage::new("[web]\na\n").file("site.yml", &site(condition)).run().told()[1].clone();
    for (condition, changed) in
        [("false", "False"), ("true", "True"), ("r.rc == 3", "True"), ("r.nothing.at_all", "True")]
    {
        assert_eq!(told(condition), format!("a show ok: {changed} non-zero return code"), "{condition}");
    }
}

#[test]
fn defaults_of_a_module_are_found_by_any_of_its_names() {
    let site = "- hosts: web\n  gather_facts: false\n  module_defaults: {ansible.builtin.debug: {msg: default}}\n  tasks:\n    \
                - {name: short, debug: {}}\n    - {name: long, ansible.builtin.debug: {}}\n    - {name: own, debug: {msg: own}}\n";
    let run = Stage::new("[web]\na\n").file("site.yml", site).run();
    assert_eq!(run.told(), ["a short ok: default", "a long ok: default", "a own ok: own"]);
}

#[test]
fn what_a_task_omits_has_no_default_and_a_block_stands_for_the_play() {
    let site = "- hosts: web\n  gather_facts: false\n  module_defaults: {debug: {msg: of the play, verbosity: 3}}\n  tasks:\n    \
                - {name: one, debug: {verbosity: '{{ omit }}'}}\n    - module_defaults: {debug: {msg: of the block}}\n      \
                block: [{name: two, debug: {}}, {name: three, debug: {msg: '{{ omit }}'}}]\n";
    let run = Stage::new("[web]\na\n").file("site.yml", site).run();
    assert_eq!(run.told(), ["a one ok: of the play", "a two ok: of the block", "a three ok: Hello world!"]);
}

#[test]
fn a_task_with_retries_alone_says_how_often_it_tried() {
    let site = "- hosts: web\n  gather_facts: false\n  tasks:\n    - {name: one, shell: 'true', retries: 2, register: it}\n    \
                - {name: two, debug: {msg: '{{ it.attempts }}'}}\n    - {name: three, debug: {msg: x, verbosity: 3}}\n";
    let run = Stage::new("[web]\na\n").file("site.yml", site).run();
    assert!(run.told().contains(&"a two ok: 1".to_owned()), "{:?}", run.told());
    assert!(run.told().iter().any(|line| line.starts_with("a three skipped")), "{:?}", run.told());
}

#[test]
fn a_loop_knows_all_its_items_unless_it_says_otherwise() {
    let site = "- hosts: web\n  gather_facts: false\n  tasks:\n    - {name: one, debug: {msg: '{{ ansible_loop.allitems is defined }}'}, \
                loop: [1], loop_control: {extended: true, extended_allitems: false}, register: it}\n    \
                - {name: two, debug: {msg: '{{ it.results[0].msg }} {{ it.skipped }}'}}\n";
    let run = Stage::new("[web]\na\n").file("site.yml", site).run();
    assert!(run.told().contains(&"a two ok: False False".to_owned()), "{:?}", run.told());
}

#[test]
fn a_loop_ends_where_break_when_holds_and_a_template_may_notify_several() {
    let stage = Stage::new("[web]\na\n").file(
        "site.yml",
        "- hosts: web\n  gather_facts: false\n  tasks:\n\
         \x20   - debug: {msg: \"{{ item }}\"}\n      loop: [1, 2, 3]\n      register: said\n\
         \x20     loop_control: {break_when: [item == 2, said is success]}\n\
         \x20   - assert: {that: said.results | length == 2}\n\
         \x20   - debug:\n      changed_when: item != 'three'\n      notify: \"{{ [item, 'two'] }}\"\n      loop: [one, three]\n\
         \x20 handlers:\n    - {name: one, set_fact: {one: 1}}\n    - {name: two, assert: {that: one == 1}}\n",
    );
    let run = stage.run();
    assert!(run.end.failed.is_empty(), "{:?}", run.warnings());
}

#[test]
fn a_keyword_may_be_omitted_and_an_item_knows_what_the_one_before_came_to() {
    let stage = Stage::new("[web]\na\n").file(
        "site.yml",
        "- hosts: web\n  gather_facts: false\n  tasks:\n\
         \x20   - debug: {msg: x}\n      become: \"{{ nosuch | default(omit) }}\"\n      no_log: \"{{ nosuch | default(omit) }}\"\n\
         \x20     timeout: \"{{ nosuch | default(omit) }}\"\n      check_mode: \"{{ nosuch | default(omit) }}\"\n\
         \x20   - debug: {msg: \"{{ item }}\"}\n      loop: [1, 2, 3]\n      register: said\n\
         \x20     when: said.msg | default(0) | int < 2\n\
         \x20   - assert:\n        that: said.results | map(attribute='skipped', default=false) == [false, false, true]\n",
    );
    let run = stage.run();
    assert!(run.end.failed.is_empty(), "{:?}", run.warnings());
}

#[test]
fn an_item_says_keywords_for_itself() {
    let site = "- hosts: web\n  gather_facts: false\n  tasks:\n    - name: bounded\n      shell: 'true'\n      timeout: '{{ item.most }}'\n\
                \x20     check_mode: '{{ item.look | default(false) }}'\n      no_log: '{{ item.secret | default(false) }}'\n\
                \x20     when: item.most is defined\n      loop: [{most: 7}, {}, {most: 9, look: true}, {most: 8, secret: true}]\n";
    let run = Stage::new("[web]\na\n").file("site.yml", site).run();
    let bounds: Vec<_> = run.bounds().iter().map(|bound| bound.map(|bound| bound.seconds)).collect();
    assert_eq!(bounds, [Some(7), None, Some(8)], "the second one is only looked at: {:?}", run.told());
    assert_eq!(run.failures(), Vec::<String>::new());
    let unsaid = site.replace("      when: item.most is defined\n", "");
    let run = Stage::new("[web]\na\n").file("site.yml", &unsaid).run();
    assert_eq!(run.failures().len(), 1, "an item that cannot say a keyword fails: {:?}", run.failures());
}

#[test]
fn a_loop_is_controlled_by_what_templates_say_and_waits_between_its_items() {
    let site = "- hosts: web\n  gather_facts: false\n  vars: {named: it, wait: 0.05}\n  tasks:\n    - name: one\n      \
                debug: {msg: '{{ it }}{{ n }}'}\n      loop: [x, y, z]\n      register: r\n      \
                loop_control: {loop_var: '{{ named }}', index_var: n, extended: '{{ false }}', pause: '{{ wait }}'}\n    \
                - {name: show, debug: {msg: \"{{ r.results | map(attribute='msg') | join }} {{ r.results[0].ansible_loop is defined }}\"}}\n";
    let begun = std::time::Instant::now();
    let run = Stage::new("[web]\na\n").file("site.yml", site).run();
    assert_eq!(run.told().last().unwrap(), "a show ok: x0y1z2 False");
    assert!(begun.elapsed() >= std::time::Duration::from_millis(100), "it waits twice");
}

#[test]
fn a_task_is_tried_again_with_the_arguments_of_its_first_attempt() {
    let site = "- hosts: web\n  gather_facts: false\n  tasks:\n    - name: one\n      \
                shell: 'echo {{ 99999999 | random }}; false'\n      \
                retries: 2\n      delay: 0\n      ignore_errors: true\n";
    let run = Stage::new("[web]\na\n").file("site.yml", site).run();
    let params: Vec<_> = run.tasks().into_iter().map(|task| task.params).collect();
    assert_eq!(params.len(), 3);
    assert!(params.iter().all(|given| *given == params[0]), "{params:?}");
}

#[test]
fn what_a_task_cannot_say_fails_all_its_items_and_the_one_that_fails_does_not() {
    let site = |msg: &str| {
        format!(
            "- hosts: web\n  gather_facts: false\n  tasks:\n    - name: one\n      debug: {{msg: '{msg}'}}\n      loop: [x, y, z]\n      \
             register: r\n      failed_when: false\n      ignore_errors: true\n    \
             - {{name: show, debug: {{msg: '{{{{ r.results | default([]) | length }}}} {{{{ r is failed }}}}'}}}}\n"
        )
    };
    let told = |msg: &str| Stage::new("[web]\na\n").file("site.yml", &site(msg)).run().told().last().unwrap().clone();
    assert_eq!(told("{{ item }}"), "a show ok: 3 False");
    assert_eq!(told("{{ item if item != \"y\" else nobody }}"), "a show ok: 0 True");
}

#[test]
fn what_is_omitted_is_left_out_however_deep_and_before_the_defaults_of_a_module() {
    let site = "- hosts: web\n  gather_facts: false\n  module_defaults: {debug: {verbosity: 0, msg: default}}\n  tasks:\n    \
                - {name: one, set_fact: {made: \"{{ {'a': omit, 'b': [{'c': omit}]} }}\"}}\n    \
                - {name: two, debug: {msg: '{{ omit }}'}}\n    - {name: three, debug: {msg: '{{ made }}'}}\n";
    let run = Stage::new("[web]\na\n").file("site.yml", site).run();
    assert_eq!(run.told(), ["a one ok", "a two ok: Hello world!", "a three ok: {\"b\":[{}]}"]);
}
