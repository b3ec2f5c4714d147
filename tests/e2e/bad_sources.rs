//! Packages that cannot be had: told before anything on a host changes, and had by the next run once they can.

use std::fs;
use std::path::PathBuf;

use crate::lab::{Lab, lab};

/// A change that comes first, and a package that is wanted after it.
const PLAYBOOK: &str = "
- hosts: lab
  become: true
  gather_facts: false
  tasks:
    - name: Settings
      copy: {content: 'a=1\\n', dest: /etc/pipe.conf, mode: '0644'}
    - name: Elasticsearch {{ elasticsearch_version }}
      artifact_package: {product: elasticsearch, version: \"{{ elasticsearch_version }}\", sources: \"{{ dpp_sources }}\"}
";

/// A host, and the package of Elasticsearch in a folder of the project with its checksum beside it.
fn with_package(test: &str) -> Lab {
    let lab = Lab::boot_local(test, &["db1"]).file("site.yml", PLAYBOOK);
    let mirror = PathBuf::from(self::lab(["mirror", "build"]).trim()).join("downloads/elasticsearch");
    fs::create_dir_all(lab.path("supplies")).unwrap();
    for file in ["elasticsearch-5.6.2.deb", "elasticsearch-5.6.2.deb.sha512"] {
        fs::copy(mirror.join(file), lab.path("supplies").join(file)).unwrap();
    }
    lab
}

/// Nothing was changed on the host, neither by the package nor by the task before it.
fn is_untouched(lab: &Lab) {
    assert_eq!(lab.on("db1", "ls /etc/pipe.conf /usr/share/elasticsearch 2>/dev/null || true"), "");
}

fn is_repaired(lab: &Lab) {
    let repaired = lab.dppctl(["run", "site.yml", "-e", "elasticsearch_version=5.6.2", "-e", "dpp_sources=supplies"]);
    assert!(repaired.exits(0).changes() >= 2);
    assert_eq!(lab.on("db1", "dpkg-query -W -f '${Version}' elasticsearch"), "5.6.2");
}

#[test]
fn a_version_that_does_not_exist() {
    let lab = with_package("version");
    insta::assert_snapshot!(lab.dppctl([
        "run",
        "site.yml",
        "-e",
        "elasticsearch_version=5.6.3",
        "-e",
        "dpp_sources=supplies"
    ]));
    is_untouched(&lab);
    is_repaired(&lab);
}

#[test]
fn a_package_that_was_tampered_with() {
    let lab = with_package("tampered");
    let package = lab.path("supplies/elasticsearch-5.6.2.deb");
    let mut bytes = fs::read(&package).unwrap();
    let right = bytes.clone();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&package, bytes).unwrap();
    insta::assert_snapshot!(lab.dppctl([
        "run",
        "site.yml",
        "-e",
        "elasticsearch_version=5.6.2",
        "-e",
        "dpp_sources=supplies"
    ]));
    is_untouched(&lab);
    fs::write(&package, right).unwrap();
    is_repaired(&lab);
}

#[test]
fn a_mirror_that_is_down() {
    let lab = with_package("mirror");
    let nobody = "dpp_sources=http://127.0.0.1:9/downloads";
    insta::assert_snapshot!(lab.dppctl(["run", "site.yml", "-e", "elasticsearch_version=5.6.2", "-e", nobody]));
    is_untouched(&lab);
    is_repaired(&lab);
}
