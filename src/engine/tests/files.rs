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
