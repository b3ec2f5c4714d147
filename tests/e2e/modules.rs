//! Modules that need a real system: cron, dpkg's alternatives, git, limits, locales, time zones, a host that is away.

use std::thread;
use std::time::Duration;

use crate::lab::Lab;

/// What a bare Debian lacks of it.
const PACKAGES: &str =
    "apt-get update -qq && apt-get install -y -qq --no-install-recommends cron git locales >/dev/null 2>&1";

/// A repository, two programs for one name, and a file that does not fit into one message.
const GROUND: &str = "mkdir -p /srv/repo && cd /srv/repo && git init -q -b main . && echo one >f && git add f && \
    git -c user.name=t -c user.email=t@t commit -q -m one && git config --global --add safe.directory '*' && \
    for jvm in 11 17; do printf '#!/bin/sh\\necho %s\\n' $jvm >/opt/java$jvm; chmod 755 /opt/java$jvm; done && \
    head -c 20000000 /dev/urandom >/srv/large && chmod 600 /srv/large && mkdir -p /etc/parts && echo a >/etc/parts/a && \
    echo b >/etc/parts/b";

const PLAYBOOK: &str = r#"
- hosts: lab
  gather_facts: false
  become: true
  tasks:
    - cron: {name: rotate, minute: "0", hour: "3", job: "/usr/bin/true >/dev/null"}
    - cron: {name: PATH, env: true, job: "/usr/bin:/bin"}
    - cron: {name: of ops, special_time: daily, user: ops, job: /usr/bin/true}
      register: of_ops
    - cron: {name: system wide, minute: "*/5", user: root, job: /usr/bin/true, cron_file: dpp-test, backup: true}
    - community.general.alternatives: {name: java, path: /opt/java17, link: /usr/bin/java, priority: 1700, state: present}
    - alternatives: {name: java, path: /opt/java11, link: /usr/bin/java, priority: 1100}
    - ansible.builtin.git: {repo: /srv/repo, dest: /srv/checkout, version: main}
      register: checkout
    - community.general.pam_limits: {domain: kafka, limit_type: "-", limit_item: nofile, value: 100000, comment: ours}
    - locale_gen: {name: de_DE.UTF-8}
    - timezone: {name: Europe/Berlin}
    - known_hosts: {name: example.org, key: "example.org ssh-ed25519 AAAA", path: /etc/ssh/ssh_known_hosts, hash_host: true}
    - debconf: {name: tzdata, question: tzdata/Areas, vtype: select, value: Europe}
    - mount: {path: /mnt/ram, src: tmpfs, fstype: tmpfs, opts: size=1m, state: mounted}
    - mount: {path: /mnt/shown, src: /srv/repo, fstype: none, opts: bind, state: mounted}
    - assemble: {src: /etc/parts, dest: /etc/whole, delimiter: "--"}
    - assemble: {src: parts, remote_src: false, dest: /etc/ours, mode: "0640"}
    - fetch: {src: /srv/large, dest: got}
      register: large
    - fetch: {src: /etc/debian_version, dest: got/version, flat: true}
    - wait_for_connection: {timeout: 60}
      when: not ansible_check_mode
    - assert:
        that:
          - of_ops.jobs == ['of ops']
          - checkout.after | length == 40
          - large.checksum | length == 40
      when: not ansible_check_mode
"#;

/// All that the playbook could touch. The lab adds hosts of other tests to /etc/hosts meanwhile, by way of a file beside it.
const LOOK: &str = "find /etc /srv /opt /var/spool/cron /usr/lib/locale /var/cache/debconf/config.dat \
    ! -path /etc/hosts ! -path /etc/hosts.new -printf '%p %u %g %m %y %l\\n' -type f -exec sha256sum {} + | sort";

#[test]
fn a_check_touches_nothing_and_a_second_run_changes_nothing() {
    let lab = Lab::boot("modules", &["web1"])
        .file("site.yml", PLAYBOOK)
        .file("files/parts/1", "one\n")
        .file("files/parts/2", "two\n");
    lab.on("web1", PACKAGES);
    lab.on("web1", GROUND);
    let before = lab.on("web1", LOOK);
    let foreseen = lab.dppctl(["run", "site.yml", "--check"]).exits(0);
    assert_eq!(lab.on("web1", LOOK), before, "{foreseen}");
    let first = lab.dppctl(["run", "site.yml"]).exits(0);
    assert_eq!(first.changes(), foreseen.changes(), "{first}\n{foreseen}");
    let there = lab.on(
        "web1",
        "crontab -l; crontab -u ops -l; cat /etc/cron.d/dpp-test; java; cat /srv/checkout/f; \
         grep kafka /etc/security/limits.conf; locale -a | grep de_; readlink /etc/localtime; \
         ssh-keygen -F example.org -f /etc/ssh/ssh_known_hosts | wc -l; debconf-show tzdata | grep Areas; \
         cat /etc/whole /etc/ours; stat -c %a /etc/ours; \
         findmnt -n -o FSTYPE /mnt/ram; cat /mnt/shown/f; grep mnt /etc/fstab",
    );
    insta::assert_snapshot!("what_modules_left_on_a_host", there);
    let large = std::fs::read(lab.path("got/web1/srv/large")).unwrap();
    assert_eq!(large.len(), 20_000_000);
    assert!(std::fs::read_to_string(lab.path("got/version")).unwrap().starts_with("12."));
    let second = lab.dppctl(["run", "site.yml"]).exits(0);
    assert_eq!(second.changes(), 0, "{second}");
    let again = lab.dppctl(["run", "site.yml", "--check"]).exits(0);
    assert_eq!(again.changes(), 0, "{again}");
}

#[test]
fn what_is_taken_away_is_gone_once() {
    let lab = Lab::boot("modulesgone", &["web1"]).file(
        "site.yml",
        "- hosts: lab\n  gather_facts: false\n  become: true\n  tasks:\n\
         \x20   - cron: {name: a, state: absent, cron_file: dpp-test}\n\
         \x20   - alternatives: {name: editor, path: /opt/ed, state: absent}\n\
         \x20   - known_hosts: {name: example.org, path: /etc/ssh/ssh_known_hosts, state: absent}\n\
         \x20   - mount: {path: /mnt/ram, state: absent}\n",
    );
    lab.on(
        "web1",
        "mkdir -p /etc/cron.d && printf '#Ansible: a\\n@daily root x\\n' >/etc/cron.d/dpp-test && touch /opt/ed && \
         update-alternatives --install /usr/bin/editor editor /opt/ed 5 && \
         echo 'example.org ssh-rsa AAAA' >/etc/ssh/ssh_known_hosts && mkdir /mnt/ram && \
         echo 'tmpfs /mnt/ram tmpfs defaults 0 0' >>/etc/fstab && mount /mnt/ram",
    );
    assert_eq!(lab.dppctl(["run", "site.yml"]).exits(0).changes(), 4);
    assert_eq!(lab.on("web1", "grep mnt /etc/fstab; ls -d /mnt/ram /etc/cron.d/dpp-test /usr/bin/editor 2>/dev/null; cat /etc/ssh/ssh_known_hosts"), "");
    assert_eq!(lab.dppctl(["run", "site.yml"]).exits(0).changes(), 0);
}

#[test]
fn a_host_that_is_away_is_waited_for() {
    let lab = Lab::boot("modulesaway", &["web1"]).file(
        "site.yml",
        "- hosts: lab\n  gather_facts: false\n  tasks:\n\
         \x20   - wait_for_connection: {timeout: '{{ seconds }}', sleep: 1, connect_timeout: 2}\n      register: waited\n\
         \x20   - assert: {that: waited.elapsed > 2}\n    - ping:\n",
    );
    lab.power_off("web1");
    let late = lab.dppctl(["run", "site.yml", "-e", "seconds=3"]).exits(2);
    assert!(late.failure().contains("no connection within"), "{late}");
    let waiting = lab.start(["run", "site.yml", "-e", "seconds=60"]);
    thread::sleep(Duration::from_secs(4));
    lab.boot_again("web1");
    let _ = lab.finish(waiting).exits(0);
}

#[test]
fn a_host_is_rebooted_and_the_run_goes_on() {
    // Hosts of the lab share the kernel, and so its boot id; the start of their init is their own.
    let lab = Lab::boot("modulesreboot", &["web1"]).file(
        "site.yml",
        "- hosts: lab\n  gather_facts: false\n  tasks:\n\
         \x20   - copy: {content: a, dest: /run/gone-after-a-start}\n      become: true\n\
         \x20   - reboot: {boot_time_command: \"cut -d' ' -f22 /proc/1/stat\", reboot_timeout: 60, connect_timeout: 2}\n\
         \x20     become: true\n      register: rebooted\n\
         \x20   - stat: {path: /run/gone-after-a-start}\n      register: left\n\
         \x20   - assert: {that: [rebooted.rebooted, not left.stat.exists]}\n",
    );
    let run = lab.start(["run", "site.yml"]);
    lab.boot_when_down("web1");
    let done = lab.finish(run).exits(0);
    assert_eq!(done.changes(), 2, "{done}");
    lab.write(
        "here.yml",
        "- hosts: localhost\n  gather_facts: false\n  tasks:\n    - reboot: {reboot_command: 'true'}\n",
    );
    let refused = lab.dppctl(["run", "here.yml"]).exits(2);
    assert!(refused.failure().contains("the machine anew that dppctl runs on"), "{refused}");
}

#[test]
fn after_a_boot_systemd_has_nothing_to_read_again() {
    let lab = Lab::boot("booted", &["h1"]).file(
        "site.yml",
        "- hosts: lab\n  become: true\n  gather_facts: false\n  tasks:\n    \
         - systemd: {name: ssh, state: started, daemon_reload: true}\n",
    );
    lab.power_off("h1");
    lab.boot_again("h1");
    assert_eq!(lab.dppctl(["run", "site.yml"]).exits(0).changes(), 0);
}
