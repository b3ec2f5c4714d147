//! Two runs at once: exactly one goes on, and what it had is free when it is gone, however it went.

use std::process::Child;

use crate::deployed::eventually;
use crate::lab::Lab;

/// A deployment that takes as long as a file is not there.
const PLAYBOOK: &str = "
- name: Slow
  hosts: lab
  become: true
  gather_facts: false
  tasks:
    - shell: echo {{ run }} >>/root/runs; while [ ! -e /root/go-on ]; do sleep 0.1; done
";

const WHICH: [&str; 5] = ["deploy", "--yes", "--no-verify", "deploy.yml", "-e"];

fn lab(test: &str, hosts: &[&str]) -> Lab {
    Lab::boot(test, hosts).file("deploy.yml", PLAYBOOK)
}

fn start(lab: &Lab, run: &str) -> Child {
    let [deploy, yes, unverified, playbook, extra] = WHICH;
    lab.start([deploy, yes, unverified, playbook, extra, run])
}

/// Waits until a run works on a host.
fn works(lab: &Lab, host: &str, run: &str) {
    eventually("the run's first task", || match lab.on(host, "cat /root/runs 2>/dev/null || true") {
        runs if runs.lines().any(|line| format!("run={line}") == run) => Ok(()),
        runs => Err(runs),
    });
}

#[test]
fn a_second_run_is_told_whose_the_hosts_are_and_may_wait() {
    let lab = lab("locked", &["k1", "k2"]);
    let first = start(&lab, "run=first");
    works(&lab, "k2", "run=first");
    let [deploy, yes, unverified, playbook, extra] = WHICH;
    let refused = lab.dppctl([deploy, yes, unverified, playbook, extra, "run=second"]).exits(7);
    assert!(refused.stderr.contains("another run has the lock of this host: "), "{refused}");
    assert!(refused.stderr.contains("--lock-wait 15m"), "{refused}");
    let _ = lab.dppctl([deploy, yes, unverified, playbook, extra, "run=limited", "-l", "k2"]).exits(7);
    let looked = lab.dppctl([deploy, yes, unverified, playbook, extra, "run=check", "--check"]).exits(0);
    assert!(!looked.stderr.contains("lock"), "a check locks nothing: {looked}");
    let status = lab.dppctl(["lock", "status"]).exits(0);
    assert_eq!(status.stdout.matches(", deploy, for ").count(), 2, "{status}");

    let waiting = lab.start([deploy, yes, unverified, playbook, extra, "run=third", "--lock-wait", "2m"]);
    for host in ["k1", "k2"] {
        lab.on(host, "touch /root/go-on");
    }
    let _ = lab.finish(first).exits(0);
    let _ = lab.finish(waiting).exits(0);
    assert_eq!(lab.on("k1", "cat /root/runs"), "first\nthird\n");
    assert_eq!(lab.dppctl(["lock", "status"]).stdout.matches("nobody's").count(), 2);
}

#[test]
fn of_several_that_begin_together_exactly_one_goes_on() {
    const HOSTS: [&str; 3] = ["k1", "k2", "k3"];
    let lab = lab("together", &HOSTS);
    for _ in 0..3 {
        let mut runs = ["run=one", "run=two", "run=three"].map(|run| start(&lab, run));
        eventually("two of three to give up", || {
            match runs.iter_mut().filter_map(|run| run.try_wait().unwrap()).count() {
                2 => Ok(()),
                ended => Err(format!("{ended} that ended")),
            }
        });
        HOSTS.map(|host| lab.on(host, "touch /root/go-on"));
        let mut codes = runs.map(|run| lab.finish(run).code);
        codes.sort_unstable();
        assert_eq!(codes, [Some(0), Some(7), Some(7)]);
        assert_eq!(HOSTS.map(|host| lab.on(host, "wc -l </root/runs").trim().to_owned()), ["1"; 3]);
        HOSTS.map(|host| lab.on(host, "rm /root/go-on /root/runs"));
    }
}

#[test]
fn a_lock_dies_with_its_run_and_one_of_a_lost_run_can_be_released() {
    let lab = lab("lost", &["k1"]);
    let mut killed = start(&lab, "run=killed");
    works(&lab, "k1", "run=killed");
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert!(lab.dppctl(["lock", "status"]).stdout.contains(", deploy, for "), "its step is not at its end yet");
    lab.on("k1", "touch /root/go-on");
    eventually("the lock to be nobody's", || match lab.dppctl(["lock", "status"]) {
        free if free.stdout.contains("nobody's") => Ok(()),
        held => Err(held.to_string()),
    });

    lab.on("k1", "rm /root/go-on");
    let lost = start(&lab, "run=lost");
    works(&lab, "k1", "run=lost");
    let question = lab.dppctl(["lock", "release"]).exits(9);
    assert!(question.stderr.contains("--yes answers it"), "{question}");
    let released = lab.dppctl(["lock", "release", "--yes"]).exits(0);
    assert!(released.stdout.contains("k1: released, was "), "{released}");
    assert_eq!(lab.finish(lost).code, Some(4), "its agent is gone");
    assert!(lab.dppctl(["lock", "release", "--yes"]).exits(0).stdout.contains("k1: nobody's"));
}
