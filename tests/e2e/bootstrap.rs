//! Every way in: users, passwords of sudo, login shells, hardened hosts; each with its exit code.

use crate::lab::Lab;

const WHO: &str = "
- hosts: lab
  become: true
  gather_facts: false
  tasks:
    - name: who
      command: id -un
      changed_when: false
      register: who
    - name: root
      assert: {that: who.stdout == 'root'}
";

fn lab(test: &str, user: &str) -> Lab {
    let lab = Lab::boot(test, &["db1"]).file("who.yml", WHO);
    lab.write("hosts", &lab.inventory(user));
    lab
}

#[test]
fn root_needs_no_sudo() {
    let _ = lab("root", "root").dppctl(["run", "who.yml"]).exits(0);
}

#[test]
fn a_user_with_sudo_without_a_password_becomes_root() {
    let _ = lab("ops", "ops").dppctl(["run", "who.yml"]).exits(0);
}

#[test]
fn a_login_shell_that_is_not_bash_is_as_good() {
    let _ = lab("dash", "dash").dppctl(["run", "who.yml"]).exits(0);
}

#[test]
fn sudo_takes_the_right_password_refuses_a_wrong_one_and_misses_none_silently() {
    let lab = lab("admin", "admin").file("right", "lab-sudo\n").file("wrong", "not-this\n");
    let _ = lab.dppctl(["run", "who.yml", "--become-password-file", "right"]).exits(0);
    insta::assert_snapshot!("sudo_wrong_password", lab.dppctl(["run", "who.yml", "--become-password-file", "wrong"]));
    insta::assert_snapshot!("sudo_no_password", lab.dppctl(["run", "who.yml"]));
}

#[test]
fn a_question_without_a_terminal_is_declined() {
    let lab = Lab::empty().file("who.yml", WHO).file("hosts", "[lab]\ndb1\n");
    insta::assert_snapshot!("ask_without_terminal", lab.dppctl(["run", "who.yml", "--ask-become-pass"]));
}

#[test]
fn a_hardened_host_is_reached_with_and_without_a_password() {
    let lab = Lab::boot_hardened("hard", &["db1"]).file("who.yml", WHO).file("right", "lab-sudo\n");
    let _ = lab.dppctl(["run", "who.yml"]).exits(0);
    lab.write("hosts", &lab.inventory("admin"));
    let _ = lab.dppctl(["run", "who.yml", "--become-password-file", "right"]).exits(0);
}

#[test]
fn an_agent_that_was_damaged_on_the_host_is_sent_again() {
    let lab = lab("damage", "ops");
    let _ = lab.dppctl(["run", "who.yml"]).exits(0);
    for damage in ["truncate --size 0", "truncate --size 100K", "dd conv=notrunc if=/dev/zero bs=4K count=1 of="] {
        let gap = if damage.ends_with('=') { "" } else { " " };
        lab.on("db1", &format!("for f in /var/cache/dppctl/agent-*; do {damage}{gap}$f; done 2>&1"));
        let _ = lab.dppctl(["run", "who.yml"]).exits(0);
    }
}

#[test]
fn a_folder_without_room_is_passed_over() {
    let lab = lab("room", "ops");
    lab.on("db1", "mkdir /var/cache/dppctl && mount -t tmpfs -o size=64k,mode=755 none /var/cache/dppctl");
    let _ = lab.dppctl(["run", "who.yml"]).exits(0);
    assert!(lab.on("db1", "ls /root/.cache/dppctl").starts_with("agent-"));
}

#[test]
fn a_link_that_somebody_left_where_everybody_may_write_is_not_followed() {
    let lab = lab("trap", "ops");
    let _ = lab.dppctl(["run", "who.yml"]).exits(0);
    // As any user of the host could do it: a programme of the agent's name that claims the agent's hash.
    lab.on(
        "db1",
        "agent=$(basename /var/cache/dppctl/agent-*); rm -r /var/cache/dppctl; \
         printf '#!/bin/sh\\n/usr/bin/touch /tmp/sprung; echo %s\\n' ${agent#agent-} >/tmp/$agent; \
         chmod 755 /tmp/$agent; chown ops /tmp/$agent; ln -s /tmp /dev/shm/dppctl-0; ln -s /tmp /var/tmp/dppctl-0",
    );
    let _ = lab.dppctl(["run", "who.yml"]).exits(0);
    assert_eq!(lab.on("db1", "ls /tmp").lines().filter(|name| *name == "sprung").count(), 0);
    assert_eq!(lab.on("db1", "stat -c %a /tmp").trim(), "1777");
}
