//! Encrypted private keys and unknown host keys: one question each, on the terminal, before anything is touched.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use crate::lab::Lab;
use crate::run::Run;

const LOOK: &str = "- {hosts: lab, gather_facts: false, tasks: [{name: look, ping: {}}]}\n";
const PASSPHRASE: &str = "open sesame";

/// Two hosts that take an encrypted key and whose own keys nobody has seen.
fn locked(test: &str) -> Lab {
    let lab = Lab::boot(test, &["db1", "db2"]).file("site.yml", LOOK).file("right", PASSPHRASE).file("wrong", "x y z");
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", PASSPHRASE, "-f"])
        .arg(lab.path("locked"))
        .status();
    assert!(made.unwrap().success());
    let public = fs::read_to_string(lab.path("locked.pub")).unwrap();
    for host in ["db1", "db2"] {
        lab.on(host, &format!("echo '{}' >>/home/ops/.ssh/authorized_keys", public.trim()));
    }
    let lines: Vec<String> = lab
        .inventory("ops")
        .lines()
        .map(|line| match line.split_once('=') {
            Some(("ansible_ssh_private_key_file", _)) => "ansible_ssh_private_key_file=locked".to_owned(),
            Some(("ansible_ssh_common_args", _)) => "ansible_ssh_common_args='-o UserKnownHostsFile=known'".to_owned(),
            _ => line.to_owned(),
        })
        .collect();
    lab.write("hosts", &(lines.join("\n") + "\n"));
    lab
}

/// Runs `dppctl` on a terminal and types these lines.
fn typed(lab: &Lab, arguments: &str, lines: &str) -> Run {
    let line = format!("{} {arguments} -i hosts -o plain --color never", env!("CARGO_BIN_EXE_dppctl"));
    let mut child = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .current_dir(lab.path(""))
        .env_remove("SSH_AUTH_SOCK")
        .env("HOME", lab.path(""))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    lab.finish(child)
}

#[test]
fn one_question_opens_a_key_for_all_hosts_and_one_accepts_all_their_keys() {
    let lab = locked("ask");
    let run = typed(&lab, "run site.yml", "not this\nopen sesame\ny\n").exits(0);
    assert_eq!(
        run.stdout.matches("the passphrase of locked (db1, db2)").count(),
        2,
        "asked again after a wrong one: {run}"
    );
    assert!(run.stdout.contains("the keys of 2 hosts are not known yet"), "{run}");
    assert_eq!(fs::read_to_string(lab.path("known")).unwrap().lines().count(), 2);
    let log = fs::read_to_string(lab.path(".dppctl/runs/1/log.jsonl")).unwrap();
    assert!(!log.contains(PASSPHRASE), "a passphrase is never written down");
    let again = typed(&lab, "run site.yml", "open sesame\n").exits(0);
    assert!(!again.stdout.contains("not known"), "the keys were remembered: {again}");
}

#[test]
fn a_no_touches_nothing() {
    let lab = locked("askno");
    let run = typed(&lab, "run site.yml --key-passphrase-file right", "n\n").exits(9);
    assert!(run.stdout.contains("declined; nothing was touched"), "{run}");
    assert!(!lab.path("known").exists(), "nothing is remembered");
}

#[test]
fn without_a_terminal_the_options_that_answer_are_named() {
    let lab = locked("noask");
    let known = ["--host-key-checking", "accept-new"];
    insta::assert_snapshot!("passphrase_without_terminal", lab.dppctl(["run", "site.yml", known[0], known[1]]));
    let wrong = ["run", "site.yml", known[0], known[1], "--key-passphrase-file", "wrong"];
    insta::assert_snapshot!("passphrase_that_does_not_fit", lab.dppctl(wrong));
    let unknown = lab.dppctl(["run", "site.yml", "--key-passphrase-file", "right"]);
    insta::assert_snapshot!("host_keys_without_terminal", unknown);
    assert!(!lab.path("known").exists(), "nothing is remembered that nobody agreed to");
    let _ = lab.dppctl(["run", "site.yml", known[0], known[1], "--key-passphrase-file", "right"]).exits(0);
}

#[test]
fn a_key_of_openssh_s_configuration_wants_its_passphrase_too() {
    let lab = locked("askconfig").file(".ssh/config", "Host 10.*\n  User ops\n  IdentityFile locked\n");
    let hosts = lab.inventory("ops");
    let hosts: String =
        hosts.lines().filter(|line| line.contains("ansible_host")).map(|line| format!("{line}\n")).collect();
    lab.write("hosts", &format!("[lab]\n{hosts}"));
    let typed = typed(&lab, "run site.yml --ssh-config .ssh/config --host-key-checking accept-new", "open sesame\n");
    assert_eq!(typed.exits(0).stdout.matches("passphrase of").count(), 1);
}
