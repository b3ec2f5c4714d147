//! A playbook brings hosts to a state, finds nothing to do the second time, and touches nothing in check mode.

use crate::lab::Lab;

const PLAYBOOK: &str = "
- hosts: lab
  become: true
  gather_facts: true
  vars:
    heap: 512m
  tasks:
    - name: group
      group: {name: pipe, system: true}
    - name: user
      user: {name: pipe, group: pipe, system: true, home: /var/lib/pipe, shell: /usr/sbin/nologin}
    - name: folder
      file: {path: /etc/pipe, state: directory, owner: root, group: pipe, mode: '0750'}
    - name: settings
      template: {src: pipe.conf.j2, dest: /etc/pipe/pipe.conf, group: pipe, mode: '0640'}
      notify: reload pipe
    - name: line
      lineinfile: {path: /etc/pipe/threads, regexp: '^threads=', line: threads=8, create: true, mode: '0644'}
    - name: banner
      copy: {content: 'kept by dppctl\\n', dest: /etc/pipe/banner, mode: '0644'}
    - name: limits
      blockinfile: {path: /etc/pipe/limits, create: true, mode: '0644', block: 'pipe - nofile 65536'}
    - name: kernel
      sysctl: {name: vm.swappiness, value: '1', sysctl_file: /etc/sysctl.d/50-pipe.conf, reload: false}
    - name: question
      command: cat /etc/pipe/pipe.conf
      changed_when: false
      register: settings
    - name: answer
      assert: {that: \"ansible_check_mode or 'heap=512m' in settings.stdout\"}
  handlers:
    - name: reload pipe
      shell: date +%s%N >> /var/lib/reloads
";

/// Tasks and handlers of it that change a bare host.
const CHANGES: usize = 9;

/// What a check needs to look at every task: a user must be there before a file can be foreseen to be his.
const MADE: &str = "
- hosts: lab
  become: true
  gather_facts: false
  tasks:
    - group: {name: pipe, system: true}
    - file: {path: /etc/pipe, state: directory, mode: '0700'}
    - copy: {content: 'heap=256m\\n', dest: /etc/pipe/pipe.conf, mode: '0600'}
";

/// What of a host's disk only people and playbooks touch: names, owners, modes and contents. What the system itself
/// writes below /var/lib while it settles after booting is left out, and the names of hosts, to which the lab adds
/// those of other tests while this one runs.
const PRINT: &str = "find /etc /opt /usr/local /home /root /var/lib/pipe /var/lib/reloads -xdev \\
    ! -path '*/.cache/*' ! -path /etc/hosts ! -path /etc/hosts.new \\
    -printf '%p %u %g %m %y\\n' -type f -exec sha256sum {} + 2>/dev/null | sort";

fn lab(test: &str) -> Lab {
    Lab::boot(test, &["db1", "db2"])
        .file("site.yml", PLAYBOOK)
        .file("templates/pipe.conf.j2", "heap={{ heap }}\nname={{ inventory_hostname }}\nthreads=4\n")
}

#[test]
fn two_hosts_converge_and_the_second_run_changes_nothing() {
    let lab = lab("converge");
    let first = lab.dppctl(["run", "site.yml"]).exits(0);
    assert_eq!(first.changes(), 2 * CHANGES, "{first}");
    for name in ["db1", "db2"] {
        assert_eq!(lab.on(name, "stat -c '%U %G %a' /etc/pipe/pipe.conf").trim(), "root pipe 640");
        let settings = lab.on(name, "cat /etc/pipe/pipe.conf");
        assert_eq!(settings, format!("heap=512m\nname={name}\nthreads=4\n"));
        assert_eq!(lab.on(name, "wc -l < /var/lib/reloads").trim(), "1", "the handler ran once");
    }
    let before = [lab.on("db1", PRINT), lab.on("db2", PRINT)];
    let second = lab.dppctl(["run", "site.yml"]).exits(0);
    assert_eq!(second.changes(), 0, "{second}");
    assert_eq!([lab.on("db1", PRINT), lab.on("db2", PRINT)], before, "the second run touched a host");
}

#[test]
fn check_mode_foresees_and_touches_nothing() {
    let lab = lab("check").file("made.yml", MADE);
    let _ = lab.dppctl(["run", "made.yml"]).exits(0);
    let before = [lab.on("db1", PRINT), lab.on("db2", PRINT)];
    let foreseen = lab.dppctl(["run", "site.yml", "--check", "--diff"]).exits(0);
    assert!(foreseen.changes() > 0, "{foreseen}");
    assert_eq!([lab.on("db1", PRINT), lab.on("db2", PRINT)], before, "check mode touched a host: {foreseen}");
}
