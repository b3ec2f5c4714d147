//! Hosts that are about to come up: waited for within the time for connecting, and said so.

use std::thread;
use std::time::{Duration, Instant};

use crate::lab::Lab;

const PING: &str = "- {hosts: lab, gather_facts: false, tasks: [{name: look, ping: {}}]}\n";
const BOOTING: &str = "echo 'System is booting up. Unprivileged users are not permitted to log in yet.' >/run/nologin";

#[test]
fn a_host_that_lets_nobody_in_yet_is_waited_for() {
    let lab = Lab::boot("nologin", &["db1"]).file("site.yml", PING);
    lab.on("db1", BOOTING);
    insta::assert_snapshot!("a_host_that_lets_nobody_in", lab.dppctl(["run", "site.yml", "-T", "2"]));
    let begun = Instant::now();
    let running = lab.start(["run", "site.yml", "-T", "30", "-o", "jsonl"]);
    thread::sleep(Duration::from_secs(3));
    lab.on("db1", "rm /run/nologin");
    let run = lab.finish(running).exits(0);
    assert!(begun.elapsed() >= Duration::from_secs(3), "it was let in while nobody may: {run}");
    assert!(run.stdout.contains("hung up during the login"), "it says what it waits for: {run}");
}

#[test]
fn a_host_whose_sshd_comes_up_is_waited_for() {
    let lab = Lab::boot("latesshd", &["db1"]).file("site.yml", PING);
    lab.on("db1", "systemctl stop ssh.socket ssh.service; systemctl kill ssh.service 2>/dev/null; true");
    let running = lab.start(["run", "site.yml", "-T", "30", "-o", "jsonl"]);
    thread::sleep(Duration::from_secs(2));
    lab.on("db1", "systemctl start ssh.service");
    let run = lab.finish(running).exits(0);
    assert!(run.stdout.contains("connection refused"), "it says what it waits for: {run}");
}
