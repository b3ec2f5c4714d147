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
      lineinfile: {path: /etc/pipe/pipe.conf, regexp: '^threads=', line: threads=4}
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
      assert: {that: \"'heap=512m' in settings.stdout or ansible_check_mode\"}
  handlers:
    - name: reload pipe
      shell: date +%s%N >> /var/lib/reloads
";

/// Everything of a host's disk that a playbook could have touched: names, owners, modes and contents.
const PRINT: &str = "find /etc /opt /usr/local /home /root /var/lib -xdev \\
    ! -path '/var/lib/systemd/*' ! -path '*/.cache/*' -printf '%p %u %g %m %y\\n' -type f -exec sha256sum {} + | sort | sha256sum";

fn lab(test: &str) -> Lab {
    Lab::boot(test, &["db1", "db2"])
        .file("site.yml", PLAYBOOK)
        .file("templates/pipe.conf.j2", "heap={{ heap }}\nhost={{ ansible_hostname }}\nthreads=1\n")
}

#[test]
fn two_hosts_converge_and_the_second_run_changes_nothing() {
    let lab = lab("converge");
    lab.write("templates/pipe.conf.j2", "heap={{ heap }}\nname={{ inventory_hostname }}\n");
    let first = lab.dppctl(["run", "site.yml"]).exits(0);
    assert!(first.changes() >= 16, "eight tasks and a handler on two hosts: {first}");
    for name in ["db1", "db2"] {
        assert_eq!(lab.on(name, "stat -c '%U %G %a' /etc/pipe/pipe.conf").trim(), "root pipe 640");
        assert!(lab.on(name, "cat /etc/pipe/pipe.conf").starts_with(&format!("heap=512m\nname={name}\n")));
        assert_eq!(lab.on(name, "wc -l < /var/lib/reloads").trim(), "1", "the handler ran once");
    }
}

#[test]
fn a_playbook_that_holds_changes_nothing_the_second_time() {
    let lab = Lab::boot("idem", &["db1", "db2"])
        .file("site.yml", &PLAYBOOK.replace("line: threads=4", "line: threads=4, insertafter: EOF"))
        .file("templates/pipe.conf.j2", "heap={{ heap }}\nthreads=4\n");
    let first = lab.dppctl(["run", "site.yml"]).exits(0);
    assert!(first.changes() >= 14, "{first}");
    let before = [lab.on("db1", PRINT), lab.on("db2", PRINT)];
    let second = lab.dppctl(["run", "site.yml"]).exits(0);
    assert_eq!(second.changes(), 0, "{second}");
    assert_eq!([lab.on("db1", PRINT), lab.on("db2", PRINT)], before, "the second run touched a host");
}

#[test]
fn check_mode_foresees_and_touches_nothing() {
    let lab = lab("check");
    let before = [lab.on("db1", PRINT), lab.on("db2", PRINT)];
    let foreseen = lab.dppctl(["run", "site.yml", "--check", "--skip-tags", "never"]);
    assert_eq!([lab.on("db1", PRINT), lab.on("db2", PRINT)], before, "check mode touched a host: {foreseen}");
}
