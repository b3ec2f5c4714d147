//! `dppctl` that dies or is interrupted in the middle of a task: what the host keeps, and what the next run makes of it.

use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use crate::lab::Lab;

const PLAYBOOK: &str = "
- hosts: lab
  become: true
  gather_facts: false
  tasks:
    - name: settings
      copy: {content: \"a={{ value }}\\n\", dest: /etc/pipe.conf, mode: '0644'}
      notify: restart pipe
    - name: long change
      shell: echo half > /etc/long; sleep {{ pause }}; echo whole > /etc/long
      args: {creates: /etc/long}
      notify: restart long
  handlers:
    - name: restart pipe
      shell: echo pipe >> /var/lib/restarts
    - name: restart long
      shell: echo long >> /var/lib/restarts
";

/// Waits until a shell line on the host succeeds.
fn await_on(lab: &Lab, line: &str) {
    let due = Instant::now() + Duration::from_secs(20);
    while lab.on("h1", &format!("({line}) >/dev/null 2>&1 && echo yes || echo no")).trim() != "yes" {
        assert!(Instant::now() < due, "it never came to pass: {line}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn signal(child: &std::process::Child, name: &str) -> ExitStatus {
    Command::new("kill").args([name, &child.id().to_string()]).status().unwrap()
}

#[test]
fn after_a_sudden_death_the_host_knows_what_is_owed_and_the_next_run_pays() {
    let lab = Lab::boot("killed", &["h1"]).file("site.yml", PLAYBOOK);
    let child = lab.start(["run", "site.yml", "-e", "value=1", "-e", "pause=4"]);
    await_on(&lab, "test -e /etc/long");
    signal(&child, "-KILL");
    let _ = lab.finish(child);
    // A step that was begun comes to its end, as a package half set up would be worse; then the agent goes.
    await_on(&lab, "! pgrep -x sleep && ! ls -l /proc/[0-9]*/exe | grep -q /agent-");
    assert_eq!(lab.on("h1", "cat /etc/long").trim(), "whole");
    assert_eq!(lab.on("h1", "cat /etc/pipe.conf").trim(), "a=1", "a file is whole or not there");
    assert_eq!(lab.on("h1", "ls -A /etc | grep -c '^\\.pipe.conf\\|dppctl' || true").trim(), "0");
    assert_eq!(lab.on("h1", "cat /var/lib/restarts 2>/dev/null | wc -l").trim(), "0");
    let debts = lab.on("h1", "cat /var/lib/dppctl/debts.json");
    assert!(debts.contains("restart pipe") && debts.contains("restart long"), "{debts}");
    let run = lab.dppctl(["run", "site.yml", "-e", "value=1", "-e", "pause=0"]).exits(0);
    assert!(run.stderr.contains("restart pipe"), "{run}");
    assert_eq!(lab.on("h1", "sort /var/lib/restarts"), "long\npipe\n", "both are paid, though nothing changed");
    assert_eq!(lab.dppctl(["run", "site.yml", "-e", "value=1", "-e", "pause=0"]).exits(0).changes(), 0);
    assert_eq!(lab.on("h1", "wc -l < /var/lib/restarts").trim(), "2", "a debt is paid once");

    lab.on("h1", "rm -f /etc/long /var/lib/restarts");
    let child = lab.start(["run", "site.yml", "-e", "value=2", "-e", "pause=3"]);
    await_on(&lab, "test -e /etc/long");
    signal(&child, "-INT");
    let interrupted = lab.finish(child).exits(130);
    assert_eq!(lab.on("h1", "cat /etc/long").trim(), "whole", "a running step is brought to its end");
    assert_eq!(lab.on("h1", "cat /var/lib/restarts 2>/dev/null | wc -l").trim(), "0", "no new one begins");
    assert!(interrupted.stderr.contains("restart pipe"), "what is owed is told: {interrupted}");
    let _ = lab.dppctl(["run", "site.yml", "-e", "value=2", "-e", "pause=0"]).exits(0);
    assert_eq!(lab.on("h1", "sort /var/lib/restarts"), "long\npipe\n");
}
