//! Becoming another user: by sudo and su, for playbooks and for single commands, with passwords from where people keep
//! them.

use crate::lab::Lab;
use crate::run::Run;

fn lab(test: &str, user: &str) -> Lab {
    let lab = Lab::boot(test, &["db1"]).file("sudo", "lab-sudo\n").file("wrong", "not-this\n");
    lab.write("hosts", &lab.inventory(user));
    lab
}

#[test]
fn a_command_is_run_by_whom_the_command_line_or_the_inventory_says() {
    let lab = lab("execas", "ops");
    let ran_by = |run: Run| run.exits(0).stdout.trim().to_owned();
    assert_eq!(ran_by(lab.dppctl(["exec", "all", "--", "id", "-un"])), "ops");
    assert_eq!(ran_by(lab.dppctl(["exec", "all", "-b", "--", "id", "-un"])), "root");
    assert_eq!(ran_by(lab.dppctl(["exec", "all", "--become-user", "daemon", "--", "id", "-un"])), "daemon");
    lab.write("hosts", &format!("{}ansible_become=yes\nansible_become_user=daemon\n", lab.inventory("ops")));
    assert_eq!(ran_by(lab.dppctl(["exec", "all", "--", "id", "-un"])), "daemon");
}

#[test]
fn su_takes_the_other_users_password_and_root_needs_none() {
    let lab = lab("su", "admin").file("root", "root-secret\n");
    lab.on("db1", "echo root:root-secret | chpasswd");
    let by_su = |file: &str| {
        lab.dppctl(["exec", "all", "-b", "--become-method", "su", "--become-password-file", file, "--", "id", "-un"])
    };
    assert_eq!(by_su("root").exits(0).stdout.trim(), "root");
    insta::assert_snapshot!("su_with_a_wrong_password", by_su("wrong"));
    insta::assert_snapshot!(
        "su_without_a_password",
        lab.dppctl(["exec", "all", "-b", "--become-method", "su", "--", "id"])
    );
    lab.write("hosts", &lab.inventory("root"));
    let playbook = "- {hosts: lab, become: true, become_method: su, become_user: daemon, gather_facts: false, tasks: \
                    [{name: who, command: id -un, register: who}, {name: him, assert: {that: who.stdout == 'daemon'}}]}\n";
    lab.write("su.yml", playbook);
    let _ = lab.dppctl(["run", "su.yml"]).exits(0);
}

#[test]
fn a_password_in_the_vault_is_used_and_never_shown() {
    let lab = lab("vaulted", "admin").file("vault-pass", "vault-secret\n").file(
        "site.yml",
        "- {hosts: lab, become: true, gather_facts: false, tasks: [{name: say, debug: {msg: 'it is {{ ansible_become_password }}'}}, \
         {name: who, command: id -un, changed_when: false}]}\n",
    );
    // `lab-sudo`, as `ansible-vault encrypt_string` of ansible-core 2.18 writes it with this password.
    let sealed = include_str!("../fixtures/vault/become.yml");
    lab.write("group_vars/lab.yml", sealed);
    let run = lab.dppctl(["run", "site.yml", "--vault-password-file", "vault-pass"]).exits(0);
    let log = std::fs::read_to_string(lab.path(".dppctl/runs/1/log.jsonl")).unwrap();
    assert!(!format!("{run}{log}").contains("lab-sudo"), "{run}");
    let _ = lab.dppctl(["run", "site.yml"]).exits(65);
}

#[test]
fn a_way_that_nobody_knows_is_refused_before_anything_is_touched() {
    let lab = Lab::empty().file("hosts", "[lab]\ndb1\n").file(
        "site.yml",
        "- hosts: lab\n  become: true\n  tasks:\n    - name: who\n      command: id\n      become_method: doas\n",
    );
    insta::assert_snapshot!(lab.dppctl(["run", "site.yml"]));
}
