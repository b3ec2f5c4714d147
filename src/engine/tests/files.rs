//! Where the files of a task lie.

use super::stage::Stage;

#[test]
fn a_roles_templates_may_lie_beside_the_roles_and_win_over_those_beside_the_playbook() {
    let stage = |playbook: &str| {
        let role = "- {name: show, debug: {msg: \"{{ lookup('template', 'r/x.j2') }}\"}}\n";
        Stage::new("[web]\na\n")
            .file("site.yml", &format!("- import_playbook: {playbook}\n"))
            .file("play/site.yml", "- hosts: web\n  gather_facts: false\n  roles: [r]\n")
            .file("play/templates/r/x.j2", "beside the playbook")
            .file("roles/r/tasks/main.yml", role)
    };
    assert_eq!(stage("play/site.yml").run().told(), ["a show ok: beside the playbook"]);
    let own = stage("play/site.yml").file("templates/r/x.j2", "beside the roles");
    assert_eq!(own.run().told(), ["a show ok: beside the roles"]);
    let inner = own.file("roles/r/templates/r/x.j2", "in the role");
    assert_eq!(inner.run().told(), ["a show ok: in the role"]);
}

#[test]
fn a_path_of_this_machine_may_begin_in_the_home_of_whoever_runs_dppctl() {
    let play = "- hosts: web
  gather_facts: false
  vars_files: [~/vars.yml]
  tasks:
    - {name: read, include_vars: ~/more.yml}
    - {name: looked up, debug: {msg: \"{{ lookup('file', '~/text') }} {{ x }} {{ y }}\"}}
    - {name: copied, copy: {src: ~/text, dest: /etc/text}}
    - include_tasks: ~/tasks.yml
    - import_tasks: ~/tasks.yml
";
    let stage = Stage::new("[web]\na\n")
        .file("site.yml", "- import_playbook: ~/play.yml\n")
        .file("home/play.yml", play)
        .file("home/vars.yml", "x: 1\n")
        .file("home/more.yml", "y: 2\n")
        .file("home/text", "ours")
        .file("home/tasks.yml", "- {name: told, debug: {msg: '{{ lookup(\"template\", \"~/text\") }}'}}\n");
    let run = stage.run();
    let told = run.told();
    assert!(told.contains(&"a looked up ok: ours 1 2".to_owned()), "{told:?}");
    assert_eq!(told.iter().filter(|line| *line == "a told ok: ours").count(), 2, "{told:?}");
    assert_eq!(run.params_of("copy")["_size"], "ours".len());
}

#[test]
fn a_template_in_a_folder_keeps_its_name() {
    let stage = Stage::new("[web]\na\n")
        .file("home/m2.j2", "{{ 1 + 1 }}")
        .file("site.yml", "- {hosts: web, gather_facts: false, tasks: [{template: {src: ~/m2.j2, dest: /etc/m/}}]}\n");
    let params = stage.run().params_of("copy");
    assert_eq!((params["_size"].as_u64(), params["_original_basename"].as_str()), (Some(1), Some("m2.j2")));
}
