//! `dppctl plan`: told on hosts that are bare, followed by a deploy that does just that, and by a plan of nothing.

use crate::lab::Lab;

const SITE: &str = "
- hosts: lab
  become: true
  gather_facts: false
  tasks:
    - file: {path: /etc/pipe, state: directory, mode: '0755'}
    - copy: {content: \"name={{ inventory_hostname }}\\n\", dest: /etc/pipe/pipe.conf, mode: '0644'}
      notify: restart pipe
    - user: {name: pipe, create_home: false}
    - template: {src: pipe.j2, dest: /etc/pipe/ours, owner: pipe, mode: '0644'}
    - command: /bin/true
      changed_when: false
  handlers:
    - name: restart pipe
      systemd: {name: ssh, state: restarted}
";

#[test]
fn a_plan_says_what_a_deploy_will_do_and_touches_nothing() {
    let lab = Lab::boot("plan", &["h1", "h2"]).file("deploy.yml", SITE).file("pipe.j2", "ours\n");
    insta::assert_snapshot!("a_plan_for_bare_hosts", lab.dppctl(["plan", "-D"]).exits(0));
    assert_eq!(lab.on("h1", "ls -d /etc/pipe 2>&1 | grep -c 'No such'; getent passwd pipe | wc -l"), "1\n0\n");
    let _ = lab.dppctl(["plan", "--detailed-exitcode"]).exits(3);
    let document = lab.dppctl(["plan", "--json"]).exits(0).json();
    assert_eq!((&document["schema"], &document["sum"]["hosts"]), (&"dppctl.plan/1".into(), &2.into()));

    let done = lab.dppctl(["deploy", "--yes", "--no-verify"]).exits(0);
    let planned: u64 = ["create", "change", "restart"].iter().map(|kind| document["sum"][kind].as_u64().unwrap()).sum();
    assert_eq!((done.changes(), planned), (10, 10), "{done}");
    let again = lab.dppctl(["plan", "--detailed-exitcode"]).exits(0);
    assert!(again.stderr.contains("Plan: nothing to do on 2 hosts."), "{again}");

    lab.on("h2", "echo edited >> /etc/pipe/pipe.conf");
    insta::assert_snapshot!(
        "a_plan_for_a_host_that_was_changed",
        lab.dppctl(["plan", "--detailed-exitcode", "-D"]).exits(3)
    );
}

#[test]
fn a_plan_that_was_kept_is_carried_out_as_it_is_or_not_at_all() {
    let lab = Lab::boot("keptplan", &["h1", "h2"]).file("deploy.yml", SITE).file("pipe.j2", "ours\n");
    let kept = lab.dppctl(["plan", "--out", "tuesday.plan", "-l", "h1"]).exits(0);
    assert!(kept.stderr.contains("Kept:    dppctl deploy tuesday.plan"), "{kept}");
    lab.on("h1", "mkdir -m 755 /etc/pipe && echo other > /etc/pipe/ours");
    let stale = lab.dppctl(["deploy", "tuesday.plan"]).exits(65);
    for words in [
        "error[DPP1105]: hosts or files changed since this plan was made (20",
        "h1: /etc/pipe/ours: another change than planned ([PROJECT]/deploy.yml:10:7)",
        "h1: /etc/pipe: nothing to do any more ([PROJECT]/deploy.yml:6:7)",
        "1 error. Nothing was touched.",
    ] {
        assert!(stale.stderr.contains(words), "{words} is not in {stale}");
    }
    assert_eq!(lab.on("h1", "ls /etc/pipe"), "ours\n", "nothing was touched");
    lab.on("h1", "rm -r /etc/pipe");
    let done = lab.dppctl(["deploy", "tuesday.plan", "--no-verify"]).exits(0);
    assert_eq!((done.changes(), lab.on("h2", "ls -d /etc/pipe 2>/dev/null || true").as_str()), (5, ""), "{done}");
    let _ = lab.dppctl(["deploy", "tuesday.plan"]).exits(65);
    insta::assert_snapshot!("a_plan_names_its_hosts", lab.dppctl(["deploy", "tuesday.plan", "-l", "h2"]).exits(65));
    insta::assert_snapshot!(
        "a_plan_keeps_no_values",
        lab.dppctl(["plan", "--out", "x.plan", "-e", "a=geheim"]).exits(65)
    );
}
