//! Hosts on which a package cannot be installed or its service not run: full, locked, half done, a port that is taken.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::lab::{Lab, said};

/// A package of the test's own; its service listens on a port, as products do.
struct Package<'a> {
    /// Its script after unpacking.
    postinst: &'a str,
    /// What it says to need, in KiB.
    size: &'a str,
}

impl Package<'_> {
    /// Builds `pipe.deb` in the project.
    fn build(&self, lab: &Lab) {
        let tree = lab.path("pipe");
        lab.write("pipe/usr/share/pipe/blob", &"0123456789abcdef".repeat(200_000));
        lab.write(
            "pipe/lib/systemd/system/pipe.service",
            "[Service]\nExecStart=/usr/bin/systemd-socket-activate --listen=9099 /bin/cat\n",
        );
        lab.write(
            "pipe/DEBIAN/control",
            &format!(
                "Package: pipe\nVersion: 1.0\nArchitecture: all\nMaintainer: test <test@localhost>\n\
                 Installed-Size: {}\nDescription: a test\n",
                self.size
            ),
        );
        lab.write("pipe/etc/pipe.conf", "as shipped\n");
        lab.write("pipe/DEBIAN/conffiles", "/etc/pipe.conf\n");
        lab.write("pipe/DEBIAN/postinst", &format!("#!/bin/sh\nset -e\n{}\n", self.postinst));
        fs::set_permissions(tree.join("DEBIAN/postinst"), fs::Permissions::from_mode(0o755)).unwrap();
        let mut build = Command::new("dpkg-deb");
        build.args(["--root-owner-group", "-Znone", "--build"]).arg(&tree).arg(lab.path("files/pipe.deb"));
        fs::create_dir_all(lab.path("files")).unwrap();
        said(build);
    }
}

const PLAYBOOK: &str = "
- hosts: lab
  become: true
  gather_facts: false
  tasks:
    - name: The pipe's package
      artifact_package: {file: pipe.deb}
    - name: The pipe runs
      systemd: {name: pipe, state: started}
";

fn lab_with(test: &str, package: &Package) -> Lab {
    let lab = Lab::boot(test, &["db1"]).file("site.yml", PLAYBOOK);
    package.build(&lab);
    lab
}

/// The host once its trouble is gone: the next run brings it to its state, and the one after finds nothing to do.
fn is_repaired(lab: &Lab) {
    let repaired = lab.dppctl(["run", "site.yml"]).exits(0);
    assert_eq!(lab.on("db1", "dpkg-query -W -f '${Status}' pipe"), "hold ok installed", "{repaired}");
    assert_eq!(lab.on("db1", "systemctl is-active pipe").trim(), "active", "{repaired}");
    assert_eq!(lab.dppctl(["run", "site.yml"]).exits(0).changes(), 0);
}

#[test]
fn a_package_larger_than_the_disk() {
    let lab = lab_with("larger", &Package { postinst: "true", size: "1099511627776" });
    insta::assert_snapshot!(lab.dppctl(["run", "site.yml"]));
    assert_eq!(lab.on("db1", "dpkg-query -W pipe 2>/dev/null || true"), "");
    Package { postinst: "true", size: "10" }.build(&lab);
    is_repaired(&lab);
}

#[test]
fn a_disk_that_is_full_when_the_package_is_pushed() {
    let lab = lab_with("full", &Package { postinst: "true", size: "10" });
    lab.on("db1", "mkdir -p /var/lib/dppctl && mount -t tmpfs -o size=1m,mode=700 tmpfs /var/lib/dppctl");
    insta::assert_snapshot!(lab.dppctl(["run", "site.yml"]));
    assert_eq!(lab.on("db1", "dpkg-query -W pipe 2>/dev/null || true"), "");
    lab.on("db1", "umount /var/lib/dppctl");
    is_repaired(&lab);
}

#[test]
fn a_package_whose_script_fails_is_finished_by_the_next_run() {
    let postinst = "test -e /etc/java || { echo 'cannot find Java' >&2; exit 3; }";
    let lab = lab_with("half", &Package { postinst, size: "10" });
    insta::assert_snapshot!("a_script_that_fails", lab.dppctl(["run", "site.yml"]));
    assert_eq!(lab.on("db1", "dpkg-query -W -f '${Status}' pipe").split_whitespace().last(), Some("half-configured"));
    insta::assert_snapshot!("a_package_left_half_configured", lab.dppctl(["run", "site.yml"]));
    lab.on("db1", "touch /etc/java");
    is_repaired(&lab);
}

#[test]
fn a_package_left_half_unpacked_is_unpacked_once_more() {
    let lab = lab_with("unpacked", &Package { postinst: "true", size: "10" });
    let _ = lab.dppctl(["run", "site.yml"]).exits(0);
    for state in ["hold reinstreq half-installed", "install ok half-installed"] {
        lab.on("db1", &format!("sed -i '/^Package: pipe$/,/^$/ s/^Status: .*/Status: {state}/' /var/lib/dpkg/status"));
        lab.on("db1", "rm /usr/share/pipe/blob");
        is_repaired(&lab);
        lab.on("db1", "test -s /usr/share/pipe/blob");
    }
}

#[test]
fn a_configuration_file_that_was_deleted_is_put_back_and_one_that_was_edited_is_kept() {
    let lab = lab_with("conffile", &Package { postinst: "true", size: "10" });
    let _ = lab.dppctl(["run", "site.yml"]).exits(0);
    lab.on("db1", "rm /etc/pipe.conf");
    assert_eq!(lab.dppctl(["run", "site.yml", "--check"]).exits(0).changes(), 1);
    is_repaired(&lab);
    assert_eq!(lab.on("db1", "cat /etc/pipe.conf"), "as shipped\n");
    lab.on("db1", "echo edited >/etc/pipe.conf");
    assert_eq!(lab.dppctl(["run", "site.yml"]).exits(0).changes(), 0);
}

/// Takes the lock of dpkg's frontends for so many seconds, as any other process would.
fn take_the_lock(lab: &Lab, seconds: u32) {
    let hold = format!(
        "open F, q(+<), q(/var/lib/dpkg/lock-frontend) or die; $lock = pack q(s s x4 q q l x4), 1, 0, 0, 0, 0; \
         fcntl F, 6, $lock or die $!; sleep {seconds}"
    );
    lab.on("db1", &format!("systemd-run --quiet --unit=holder perl -e '{hold}'"));
}

#[test]
fn a_lock_that_is_given_back_in_time_is_waited_for_whatever_is_done_under_it() {
    let lab = lab_with("patience", &Package { postinst: "true", size: "10" });
    let _ = lab.dppctl(["run", "site.yml"]).exits(0);
    lab.on("db1", "echo pipe install | dpkg --set-selections");
    take_the_lock(&lab, 3);
    is_repaired(&lab);
}

#[test]
fn a_lock_that_somebody_else_holds() {
    let lab = lab_with("lock", &Package { postinst: "true", size: "10" });
    lab.write("site.yml", &PLAYBOOK.replace("{file: pipe.deb}", "{file: pipe.deb, lock_timeout: 2}"));
    take_the_lock(&lab, 600);
    insta::assert_snapshot!(lab.dppctl(["run", "site.yml"]));
    assert_eq!(lab.on("db1", "dpkg-query -W pipe 2>/dev/null || true"), "");
    lab.on("db1", "systemctl stop holder");
    is_repaired(&lab);
}

#[test]
fn a_port_that_somebody_else_has() {
    let lab = lab_with("port", &Package { postinst: "true", size: "10" });
    lab.on("db1", "systemd-run --quiet --unit=holder systemd-socket-activate --listen=9099 /bin/cat");
    insta::assert_snapshot!(lab.dppctl(["run", "site.yml"]));
    lab.on("db1", "systemctl stop holder");
    is_repaired(&lab);
}
