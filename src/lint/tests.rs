//! Mistakes of a project on the disk, and how they are shown.

use std::path::PathBuf;
use std::sync::Arc;

use super::Lint;
use crate::actions::ACTIONS;
use crate::files::Disk;
use crate::inventory::{Inventory, InventorySource};
use crate::plan::Catalogue;
use crate::secret::Vault;
use crate::source::{Problem, Problems, Severity, excerpt};
use crate::template::{Scope, SearchPath, Surroundings, Templates};
use crate::value::{Map, Text, Value};

fn lint(files: &[(&str, &str)], with_inventory: bool) -> (Problems, String) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let templates = Templates::new(Surroundings::of_this_process());
    let inventory = with_inventory.then(|| {
        let source = InventorySource::Path(folder.path().join("hosts"));
        Inventory::load(&[source], &Vault::new()).unwrap()
    });
    let render = |text: &Text, levels: &[&Map]| -> Result<String, Problem> {
        let vars: Map = levels.iter().flat_map(|map| (*map).clone()).collect();
        let scope = Scope::new(Arc::new(vars), Arc::new(SearchPath::default()));
        let value = templates.text(text, &scope).map_err(|error| error.problem())?;
        Ok(value.as_str().unwrap_or_default().to_owned())
    };
    let catalogue = Catalogue::new(known(), |_, _| None);
    let of_roles = |part: &str| -> Vec<PathBuf> {
        let below = |name: &&str| name.starts_with("roles/") && name.contains(&format!("/{part}/"));
        files.iter().map(|(name, _)| *name).filter(below).map(|name| folder.path().join(name)).collect()
    };
    let problems = Lint {
        files: &Disk,
        playbooks: &[folder.path().join("site.yml")],
        task_files: &of_roles("tasks"),
        template_files: &of_roles("templates"),
        vars_files: &of_roles("vars"),
        roles: &[folder.path().join("roles")],
        catalogue: &catalogue,
        templates: &templates,
        extra: &Map::from_iter([("from_command_line".to_owned(), Value::plain("x"))]),
        inventory: inventory.as_ref(),
        render: &render,
    }
    .run();
    let screens: Vec<String> = problems.iter().map(|problem| excerpt(problem, false, 100)).collect();
    let screen = screens.join("\n\n").replace(&format!("{}/", folder.path().display()), "");
    let _: PathBuf = folder.keep();
    (problems, screen)
}

/// What there really is, and of what steers a play as much as is used here.
fn known() -> Vec<(&'static str, Vec<&'static str>)> {
    let modules = dpp_modules::MODULES.iter().map(|entry| (entry.name, (entry.params)()));
    let actions = ACTIONS.iter().map(|action| (action.name, action.params.to_vec()));
    let controls = [("include_tasks", vec!["file"]), ("include_role", vec!["name"])];
    modules.chain(actions).chain(controls).collect()
}

const HOSTS: &str = "[es]\nes1 es_heap=1g\nes2 es_heap=2g only_here=1\n";
const ROLE: &str = "- name: settings\n  template:\n    src: jvm.options.j2\n    dest: /etc/jvm.options\n";

#[test]
fn all_mistakes_are_shown_at_once_each_at_its_place() {
    let site = "- hosts: es\n  roles: [es]\n  tasks:\n    - name: show\n      debgu:\n        msg: hi\n    \
                - name: filters\n      debug:\n        msg: \"{{ es_heap | uper }}\"\n    \
                - name: unclosed\n      debug:\n        msg: \"{{ es_heap \"\n";
    let jvm = "# heap\n-Xms{{ es_heapp }}\n-Xmx{{ es_heap }}\n{{ only_here }}\n{{ maybe | default('') }}\n";
    let (_, screen) = lint(
        &[
            ("hosts", HOSTS),
            ("site.yml", site),
            ("roles/es/tasks/main.yml", ROLE),
            ("roles/es/templates/jvm.options.j2", jvm),
        ],
        true,
    );
    insta::assert_snapshot!(screen);
}

#[test]
fn what_a_play_sets_by_itself_is_no_mistake() {
    let site = "- hosts: es\n  vars: {a: 1}\n  tasks:\n    - command: id\n      register: answer\n    \
                - set_fact: {later: 1}\n    - debug:\n        msg: \"{{ a }} {{ answer.stdout }} {{ later }} {{ thing }} {{ from_command_line }} \
                {{ ansible_host }} {{ groups.es }} {{ own }}\"\n      vars: {own: 1}\n      loop: [1]\n      \
                loop_control: {loop_var: thing}\n    - debug:\n        msg: \"{{ maybe }}\"\n      when: maybe is defined\n";
    let (problems, screen) = lint(&[("hosts", HOSTS), ("site.yml", site)], true);
    assert!(problems.is_empty(), "{screen}");
}

#[test]
fn without_an_inventory_nobody_can_tell_what_is_undefined() {
    let site = "- hosts: es\n  tasks:\n    - debug:\n        msg: \"{{ nowhere }}\"\n";
    let (problems, screen) = lint(&[("hosts", HOSTS), ("site.yml", site)], false);
    assert!(problems.is_empty(), "{screen}");
    let (problems, _) = lint(&[("hosts", HOSTS), ("site.yml", site)], true);
    assert_eq!(problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), ["DPP0301"]);
}

#[test]
fn yaml_that_cannot_be_read_and_keys_that_stand_twice_are_shown() {
    let (_, tab) = lint(&[("hosts", HOSTS), ("site.yml", "- hosts: es\n\ttasks: []\n")], true);
    let (_, twice) = lint(&[("hosts", HOSTS), ("site.yml", "- hosts: es\n  hosts: kafka\n  tasks: []\n")], true);
    insta::assert_snapshot!(format!("{tab}\n\n{twice}"));
}

#[test]
fn what_a_plan_refuses_hides_no_other_mistake_and_includes_are_followed() {
    let site = "- hosts: es\n  tasks:\n    - name: set\n      template: {src: x.j2, dset: /x}\n      notify: restrat it\n    \
                - include_tasks: more.yml\n    - include_role: {name: extra}\n- hosts: nowhere\n  tasks:\n    - debgu: {}\n  \
                handlers: []\n- hosts: es\n  tasks:\n    - debug: {msg: '{{ nobody }}'}\n      notify: restrat it\n  handlers:\n    \
                - name: restart it\n      debug: {msg: x}\n";
    let (problems, screen) = lint(
        &[
            ("hosts", HOSTS),
            ("site.yml", site),
            ("more.yml", "- debug: {msg: '{{ es_heap | uper }}'}\n"),
            ("roles/extra/tasks/main.yml", "- comand: id\n"),
        ],
        true,
    );
    let found: Vec<_> = problems.iter().map(ToString::to_string).collect();
    for wanted in [
        "unknown key `dset` in task action `template`",
        "there is no handler `restrat it`",
        "there is no filter `uper`",
        "there is no module `comand`",
        "there is no module `debgu`",
        "`nobody` is not defined for es1, es2",
    ] {
        assert!(found.iter().any(|problem| problem.contains(wanted)), "{wanted} is missing: {found:#?}");
    }
    assert!(screen.contains("did you mean `restart it`?"), "{screen}");
}

#[test]
fn files_that_no_playbook_leads_to_are_looked_through() {
    let roles = [
        ("hosts", HOSTS),
        ("site.yml", "- hosts: es\n  tasks: []\n"),
        ("roles/lone/tasks/main.yml", "- debgu: {}\n- template: {src: bad.j2, dest: /x}\n"),
        ("roles/lone/tasks/{{ made }}.yml", "- debug: {msg: '{{ x | uper }}'}\n"),
        ("roles/lone/templates/bad.j2", "{% if x %}\n"),
        ("roles/lone/templates/odd.j2", "{{ x | lowr }}\n"),
        ("roles/lone/vars/main.yml", "- no mapping\n"),
    ];
    let (problems, _) = lint(&roles, true);
    let mut found: Vec<_> = problems.iter().map(|problem| problem.code).collect();
    found.sort_unstable();
    assert_eq!(found, ["DPP0103", "DPP0105", "DPP0302", "DPP0303", "DPP0303"], "{problems:#?}");
}

#[test]
fn variables_that_files_and_questions_bring_are_known() {
    let site = "- hosts: es\n  vars_files: [more.yml]\n  vars_prompt: [{name: asked}]\n  roles: [r]\n  tasks:\n    \
                - debug: {msg: '{{ asked }} {{ of_file }} {{ nobody }}'}\n";
    let (problems, _) = lint(
        &[
            ("hosts", HOSTS),
            ("site.yml", site),
            ("more.yml", "of_file: 1\n"),
            (
                "roles/r/tasks/main.yml",
                "- include_vars: '{{ made }}.yml'\n  when: made is defined\n- debug: {msg: '{{ of_debian }}'}\n",
            ),
            ("roles/r/vars/debian.yml", "of_debian: 1\n"),
        ],
        true,
    );
    let found: Vec<_> = problems.iter().map(|problem| problem.message.clone()).collect();
    assert_eq!(found, ["`nobody` is not defined for es1, es2"]);
}

#[test]
fn a_task_that_can_never_run_is_told_once_for_each_condition() {
    let site = "- hosts: es\n  tasks:\n    - debug: {msg: a}\n      when: false\n    - debug: {msg: b}\n      when: 1 > 2\n    \
                - when: ansible_os_family == 'Debian'\n      block:\n        - debug: {msg: c}\n          \
                when: ansible_os_family == 'RedHat'\n        - debug: {msg: d}\n    \
                - debug: {msg: e}\n      when: [es_heap is defined, es_heap != '1g']\n";
    let (problems, screen) = lint(&[("hosts", HOSTS), ("site.yml", site)], true);
    insta::assert_snapshot!(screen);
    assert!(problems.iter().all(|problem| problem.code == "DPP0115"), "{screen}");
}

#[test]
fn what_has_no_effect_is_remarked_on_and_what_somebody_may_use_is_not() {
    let site = "- hosts: es\n  roles: [es]\n  tasks:\n    - debug: {msg: '{{ es_deep }}'}\n      notify: wake\n  handlers:\n    \
                - name: wake\n      debug: {msg: x}\n    - name: sleep\n      debug: {msg: x}\n";
    let defaults = "es_port: 9200\nes_deep: '{{ es_inner }}'\nes_inner: 1\nes_prot: 9300\nes_in_file: 1\n";
    let files = [
        ("hosts", HOSTS),
        ("site.yml", site),
        ("roles/es/tasks/main.yml", "- debug: {msg: '{{ es_port }}'}\n"),
        ("roles/es/vars/main.yml", defaults),
        ("roles/es/templates/plain.conf", "x={{ es_in_file }}\n"),
    ];
    let (problems, screen) = lint(&files, true);
    let told: Vec<_> = problems.iter().map(|problem| (problem.severity, problem.message.as_str())).collect();
    let expected = [
        (Severity::Note, "nothing notifies the handler `sleep`"),
        (Severity::Note, "nothing uses the variable `es_prot`"),
    ];
    assert_eq!(told, expected, "{screen}");
    let by_name = ("roles/es/tasks/more.yml", "- debug: {msg: \"{{ lookup('vars', 'es_' + x) }}\"}\n");
    let (problems, screen) = lint(&[&files[..], &[by_name]].concat(), true);
    assert_eq!(problems.len(), 1, "{screen}");
}

#[test]
fn a_stranger_is_a_warning_and_a_slip_of_the_pen_an_error() {
    let site = "- hosts: es\n  tasks:\n    - docker_swarm: {name: x}\n    - debgu: {msg: x}\n    \
                - debug: {msg: \"{{ es_heap | zorg }} {{ es_heap | uper }} {{ lookup('hashi_vault', 'x') }}\"}\n";
    let (problems, screen) = lint(&[("hosts", HOSTS), ("site.yml", site)], true);
    let told: Vec<_> = problems.iter().map(|problem| (problem.severity, problem.message.as_str())).collect();
    let expected = [
        (Severity::Warning, "there is no module `docker_swarm`"),
        (Severity::Error, "there is no module `debgu`"),
        (Severity::Warning, "there is no filter `zorg`"),
        (Severity::Error, "there is no filter `uper`"),
        (Severity::Warning, "there is no lookup `hashi_vault`"),
    ];
    assert!(expected.iter().all(|wanted| told.contains(wanted)) && told.len() == 5, "{told:?}\n{screen}");
}

/// A thousand tasks of ten roles: what a person waits for without noticing.
#[test]
fn everything_of_a_large_project_is_seen() {
    let tasks: String = (0..100)
        .map(|n| format!("- name: t{n}\n  debug: {{msg: '{{{{ v{n} | default(1) }}}}'}}\n  when: es_heap == 'x{n}'\n"))
        .collect();
    let names: Vec<String> = (0..10).map(|n| format!("roles/r{n}/tasks/main.yml")).collect();
    let roles = (0..10).map(|n| format!("r{n}")).collect::<Vec<_>>().join(", ");
    let site = format!("- hosts: es\n  roles: [{roles}]\n");
    let mut files = vec![("hosts", HOSTS), ("site.yml", site.as_str())];
    files.extend(names.iter().map(|name| (name.as_str(), tasks.as_str())));
    let (problems, screen) = lint(&files, true);
    assert!(problems.is_empty(), "{screen}");
}

#[test]
fn a_task_that_is_written_wrong_hides_no_mistake_of_another() {
    let role = "- {debug: {msg: x}, loop_contrl: {}}\n- {debug: {mgs: x}}\n";
    let site = "- hosts: es\n  roles: [es]\n  tasks:\n    - {debug: {msg: x}, whne: true}\n    - {tmplate: {src: a}}\n    \
                - {template: {scr: a, dest: /b}}\n    - {name: nothing}\n    - include_tasks: more.yml\n";
    let files = [
        ("site.yml", site),
        ("hosts", HOSTS),
        ("roles/es/tasks/main.yml", role),
        ("more.yml", "- {debgu: {}, when: x}\n"),
    ];
    let (_, screen) = lint(&files, true);
    for slip in ["`when`", "`template`", "scr", "a task without an action", "`loop_control`", "mgs", "`debug`"] {
        assert!(screen.contains(slip), "{slip}: {screen}");
    }
}
