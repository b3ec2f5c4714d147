//! A run that is taken back: packages, files and services are as they were, byte by byte.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::lab::{Lab, said};
use crate::run::Run;

/// Three packages, one with a service, twenty files, a folder, a link, and what is removed.
const PLAYBOOK: &str = "
- hosts: lab
  become: true
  gather_facts: false
  tasks:
    - name: Packages
      artifact_package: {file: '{{ item }}_{{ version }}.deb'}
      loop: [pipe-a, pipe-b, pipe-c]
    - name: Files
      copy: {content: \"version={{ version }} {{ item }}\\n\", dest: '/etc/pipe-{{ item }}.conf', mode: '0640', group: adm}
      loop: '{{ range(1, 21) }}'
      notify: Restart
    - name: The service runs
      systemd: {name: pipe-a, state: started, enabled: true, daemon_reload: true}
    - when: version == '2.0'
      block:
        - file: {path: /srv/pipe/logs, state: directory, owner: games}
        - copy: {content: new, dest: /srv/pipe/logs/new}
        - file: {path: /etc/pipe-link, src: /srv/pipe, state: link}
        - file: {path: /etc/pipe-old, state: absent}
        - lineinfile: {path: /etc/motd, line: pipe 2.0}
        - command: touch /root/by-hand
  handlers:
    - name: Restart
      systemd: {name: pipe-a, state: restarted}
";

/// Builds a package whose service, if it has one, writes down when it was started.
fn package(lab: &Lab, name: &str, version: &str) {
    let tree = format!("tree/{name}-{version}");
    lab.write(&format!("{tree}/usr/share/{name}/version"), version);
    lab.write(&format!("{tree}/etc/{name}.default"), &format!("as {version} has it\n"));
    lab.write(&format!("{tree}/DEBIAN/conffiles"), &format!("/etc/{name}.default\n"));
    lab.write(
        &format!("{tree}/lib/systemd/system/{name}.service"),
        "[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n",
    );
    lab.write(
        &format!("{tree}/DEBIAN/control"),
        &format!("Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: test <test@localhost>\nDescription: a test\n"),
    );
    fs::create_dir_all(lab.path("files")).unwrap();
    fs::set_permissions(lab.path(&tree), fs::Permissions::from_mode(0o755)).unwrap();
    let mut build = Command::new("dpkg-deb");
    build.args(["--root-owner-group", "-Znone", "--build"]);
    build.arg(lab.path(&tree)).arg(lab.path(&format!("files/{name}_{version}.deb")));
    said(build);
}

fn lab_with(test: &str, packages: &[&str], playbook: &str) -> Lab {
    let lab = Lab::boot(test, &["h1"]).file("site.yml", playbook);
    for name in packages {
        ["1.0", "2.0"].iter().for_each(|version| package(&lab, name, version));
    }
    lab
}

fn deploy(lab: &Lab, version: &str) -> Run {
    lab.dppctl(["run", "site.yml", "-e", &format!("version={version}")])
}

/// Everything that counts of the host; its /etc/hosts is the lab's, which writes other tests' names there meanwhile.
fn state(lab: &Lab) -> String {
    let places = "/etc /srv /usr/share/pipe-* /lib/systemd/system/pipe-*";
    let all = lab.on(
        "h1",
        &format!(
            "find {places} -xdev -printf '%p %y %m %u %g %l\\n' | sort; find {places} -xdev -type f -exec sha256sum {{}} + | sort; \
             dpkg-query -W -f '${{Package}} ${{Version}} ${{Status}}\\n'; systemctl is-active pipe-a; systemctl is-enabled pipe-a"
        ),
    );
    all.lines().filter(|line| !line.ends_with("/etc/hosts")).map(|line| format!("{line}\n")).collect()
}

fn main_pid(lab: &Lab) -> String {
    lab.on("h1", "systemctl show -P MainPID pipe-a")
}

#[test]
fn packages_files_and_services_are_as_before_byte_by_byte() {
    let lab = lab_with("rollback", &["pipe-a", "pipe-b", "pipe-c"], PLAYBOOK);
    lab.on("h1", "echo old > /etc/pipe-old");
    let _ = deploy(&lab, "1.0").exits(0);
    let before = state(&lab);
    let _ = deploy(&lab, "2.0").exits(0);
    let (after, ran_as) = (state(&lab), main_pid(&lab));
    assert_ne!(after, before);

    let look = lab.dppctl(["rollback", "--check"]).exits(0);
    assert_same(&state(&lab), &after);
    let back = lab.dppctl(["rollback", "--yes"]).exits(0);
    assert_eq!(look.changes(), back.changes(), "the look was right: {look}\n{back}");
    assert_same(&state(&lab), &before);
    assert_ne!(main_pid(&lab), ran_as, "the service runs what is there again");
    assert!(back.stderr.contains("not taken back on h1: 1 × command"), "{back}");

    let again = lab.dppctl(["rollback", "2", "--yes"]).exits(0);
    assert_eq!(again.changes(), 0, "{again}");
    let twice = lab.dppctl(["rollback", "--yes"]).exits(65);
    assert!(twice.stderr.contains("run 2 was taken back already"), "{twice}");
    assert_eq!(deploy(&lab, "1.0").exits(0).changes(), 0, "nothing is left to do for what was deployed before");
}

/// The lines that only one of them has.
fn assert_same(now: &str, before: &str) {
    let only = |of: &str, other: &str| -> Vec<String> {
        of.lines().filter(|line| !other.lines().any(|known| known == *line)).map(str::to_owned).collect()
    };
    assert_eq!((only(now, before), only(before, now)), (Vec::new(), Vec::new()), "only now, only before");
}

#[test]
fn a_run_that_failed_in_the_middle_is_taken_back_as_well() {
    let lab = lab_with("rollbackfail", &["pipe-a", "pipe-b", "pipe-c"], PLAYBOOK);
    lab.on("h1", "echo old > /etc/pipe-old");
    let _ = deploy(&lab, "1.0").exits(0);
    let before = state(&lab);
    let broken = PLAYBOOK.replace("/srv/pipe/logs/new", "/proc/nowhere");
    lab.write("site.yml", &broken);
    let failed = deploy(&lab, "2.0").exits(2);
    assert!(failed.stderr.contains("dppctl rollback"), "the way back is told: {failed}");
    let _ = lab.dppctl(["rollback", "--yes"]).exits(0);
    assert_same(&state(&lab), &before);

    let back = lab.dppctl(["deploy", "site.yml", "--yes", "--rollback", "-e", "version=2.0"]).exits(8);
    assert!(back.stderr.contains("run 4 failed and is taken back"), "{back}");
    assert_same(&state(&lab), &before);
    let unchanged = lab.file("none.yml", "- hosts: lab\n  gather_facts: false\n  tasks: [fail: ]\n");
    let _ = unchanged.dppctl(["deploy", "none.yml", "--yes", "--rollback"]).exits(2);
    assert_same(&state(&unchanged), &before);
}

const BOUND: &str = "
- hosts: lab
  become: true
  gather_facts: false
  tasks:
    - artifact_package: {file: 'elasticsearch_{{ version }}.deb'}
    - copy: {content: '{{ version }}', dest: /etc/pipe.conf}
";

#[test]
fn data_that_an_older_version_cannot_read_are_refused_before_anything_is_touched() {
    let lab = lab_with("rollbackdata", &["elasticsearch"], BOUND);
    for version in ["1.0", "2.0"] {
        let _ = deploy(&lab, version).exits(0);
    }
    let refused = lab.dppctl(["rollback", "--yes"]).exits(2);
    assert!(refused.stderr.contains("data cannot go back: elasticsearch 2.0 -> 1.0"), "{refused}");
    assert_eq!(lab.on("h1", "cat /etc/pipe.conf; dpkg-query -W -f '${Version}' elasticsearch"), "2.02.0");
    let unanswered = lab.dppctl(["rollback"]).exits(9);
    assert!(unanswered.stderr.contains("--yes answers it"), "{unanswered}");
}
