//! Roles from repositories, archives and a Galaxy that a test writes, into a folder and a lock.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;
use crate::artifacts::{Patience, Store};

/// A tar archive: `!` begins a programme, `->` a link, `%` a device.
pub(super) fn archive(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, content) in entries {
        let mut header = tar::Header::new_gnu();
        // The library itself refuses to write what an attacker would.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_mode(if content.starts_with('!') { 0o755 } else { 0o644 });
        let bytes = content.trim_start_matches('!').as_bytes();
        match content.strip_prefix("->") {
            Some(target) => {
                header.set_entry_type(tar::EntryType::Symlink);
                header.set_link_name_literal(target).unwrap();
                header.set_size(0);
                header.set_cksum();
                archive.append(&header, &[][..]).unwrap();
            }
            None if *content == "%" => {
                header.set_entry_type(tar::EntryType::Char);
                header.set_size(0);
                header.set_cksum();
                archive.append(&header, &[][..]).unwrap();
            }
            None => {
                header.set_size(bytes.len() as u64);
                header.set_cksum();
                archive.append(&header, bytes).unwrap();
            }
        }
    }
    archive.into_inner().unwrap()
}

/// A project with a folder of roles.
struct Site {
    folder: tempfile::TempDir,
    server: String,
}

impl Site {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), server: "http://127.0.0.1:9".to_owned() }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::create_dir_all(self.at(name).parent().unwrap()).unwrap();
        fs::write(self.at(name), bytes).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.at(name)).unwrap()
    }

    /// What comes of these roles, a line each, or what is wrong.
    fn install(&self, roles: &[&str], change: impl Fn(&mut Installer)) -> Result<Vec<String>, Vec<String>> {
        let wanted: Vec<Wanted> = roles.iter().map(|role| Wanted::parse(role, self.folder.path()).unwrap()).collect();
        let (folder, lock_file) = (self.at("roles"), self.at("roles.lock"));
        let patience = Patience { attempts: 1, ..Patience::default() };
        let store = |folder: &Path| Store::new(folder).with_patience(patience.clone());
        let mut installer = Installer {
            folder: &folder,
            lock_file: &lock_file,
            server: &self.server,
            store: &store,
            force: false,
            upgrade: false,
            no_dependencies: false,
        };
        change(&mut installer);
        let mut told = Vec::new();
        let ended = installer.install(&wanted, &mut |role, came| told.push(format!("{} {came:?}", role.name)));
        let plain = |text: String| text.replace(&self.folder.path().display().to_string(), "[SITE]");
        match ended {
            Ok(count) => {
                assert_eq!(count, told.len());
                Ok(told)
            }
            Err(errors) => {
                let told = errors
                    .iter()
                    .map(|error| format!("{}: {error} · {}", error.code(), error.help().unwrap_or_default()));
                Err(told.map(plain).collect())
            }
        }
    }
}

fn git(folder: &Path, arguments: &[&str]) {
    let mut git = Command::new("git");
    git.arg("-C").arg(folder).args(["-c", "user.name=t", "-c", "user.email=t@example.org"]).args(arguments);
    let output = git.output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A repository with the tag v1 and a newer commit on main.
fn repository(site: &Site) -> String {
    site.write("java/meta/main.yml", b"dependencies: []\n");
    site.write("java/tasks/main.yml", b"# one\n");
    git(&site.at("java"), &["init", "--quiet", "-b", "main"]);
    git(&site.at("java"), &["add", "."]);
    git(&site.at("java"), &["commit", "--quiet", "-m", "one"]);
    git(&site.at("java"), &["tag", "v1"]);
    commit(site, "# two\n");
    format!("git+file://{}", site.at("java").display())
}

fn commit(site: &Site, tasks: &str) {
    site.write("java/tasks/main.yml", tasks.as_bytes());
    git(&site.at("java"), &["commit", "--quiet", "-am", "more"]);
}

#[test]
fn a_repository_gives_a_tag_a_branch_or_what_is_locked() {
    let site = Site::new();
    let url = repository(&site);
    let tag = format!("{url},v1,java");
    assert_eq!(site.install(&[&tag], |_| {}).unwrap(), ["java Fresh(\"v1\")"]);
    assert_eq!(site.read("roles/java/tasks/main.yml"), "# one\n");
    assert_eq!(site.install(&[&tag], |_| {}).unwrap(), ["java Kept(\"v1\")"]);
    let branch = format!("{url},main,java");
    let replaced = site.install(&[&branch], |_| {}).unwrap();
    assert_eq!(replaced, ["java Replaced { old: \"v1\", new: \"main\" }"]);
    commit(&site, "# three\n");
    fs::remove_dir_all(site.at("roles")).unwrap();
    assert_eq!(site.install(&[&branch], |_| {}).unwrap(), ["java Fresh(\"main\")"]);
    assert_eq!(site.read("roles/java/tasks/main.yml"), "# two\n", "the lock holds the commit");
    site.install(&[&branch], |installer| installer.upgrade = true).unwrap();
    assert_eq!(site.read("roles/java/tasks/main.yml"), "# three\n");
    let unknown = site.install(&[&format!("{url},v9,java")], |_| {}).unwrap_err();
    assert_eq!(unknown, ["DPP0111: there is no version v9 of the role java · there are v1"]);
    let gone = site.install(&["git+file:///none/such,,other"], |_| {}).unwrap_err();
    assert!(gone[0].starts_with("DPP0111: cannot get the role other from file:///none/such: "), "{gone:?}");
}

#[test]
fn what_somebody_edited_or_put_there_is_not_written_over() {
    let site = Site::new();
    let url = format!("{},v1,java", repository(&site));
    site.install(&[&url], |_| {}).unwrap();
    site.write("roles/java/tasks/main.yml", b"# mine\n");
    site.write("roles/own/tasks/main.yml", b"# mine, too\n");
    let own = format!("git+file://{},v1,own", site.at("java").display());
    let refused = site.install(&[&url, &own, "dist/none.tar.gz"], |_| {}).unwrap_err();
    insta::assert_snapshot!(refused.join("\n"));
    assert_eq!((site.read("roles/java/tasks/main.yml"), site.read("roles/own/tasks/main.yml")).0, "# mine\n");
    site.install(&[&url, &own], |installer| installer.force = true).unwrap();
    assert_eq!(site.read("roles/java/tasks/main.yml"), "# one\n");
}

#[test]
fn an_archive_is_held_to_its_hash() {
    let site = Site::new();
    let role = |text: &str| archive(&[("x-1/meta/main.yml", "{}"), ("x-1/tasks/main.yml", text)]);
    site.write("dist/x.tar.gz", &role("# one"));
    assert!(site.install(&["dist/x.tar.gz,1.0"], |_| {}).unwrap()[0].starts_with("x Fresh(\"1.0\")"));
    site.write("dist/x.tar.gz", &role("# two"));
    assert_eq!(site.install(&["dist/x.tar.gz,1.0"], |_| {}).unwrap(), ["x Kept(\"1.0\")"], "it is not even looked at");
    fs::remove_dir_all(site.at("roles/x")).unwrap();
    let changed = site.install(&["dist/x.tar.gz,1.0"], |_| {}).unwrap_err();
    assert!(
        changed[0].starts_with("DPP0113: the role x from [SITE]/dist/x.tar.gz is not what was locked"),
        "{changed:?}"
    );
    site.install(&["dist/x.tar.gz,1.0"], |installer| installer.upgrade = true).unwrap();
    assert_eq!(site.read("roles/x/tasks/main.yml"), "# two");
    site.write("dist/evil.tar.gz", &archive(&[("e/meta/main.yml", "{}"), ("e/../../../evil", "x")]));
    let evil = site.install(&["dist/evil.tar.gz"], |_| {}).unwrap_err();
    assert!(evil[0].starts_with("DPP0113") && !site.at("roles/evil").exists(), "{evil:?}");
    assert_eq!(fs::read_dir(site.at("roles")).unwrap().count(), 1, "nothing is left beside the roles");
}

/// A Galaxy that answers each path with its text; `[SELF]` is its own address.
fn galaxy(mut answers: BTreeMap<&'static str, Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    for answer in answers.values_mut() {
        if let Ok(text) = std::str::from_utf8(answer) {
            *answer = text.replace("[SELF]", &url).into_bytes();
        }
    }
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
            let first = lines.next().unwrap_or_default();
            lines.take_while(|line| !line.is_empty()).for_each(drop);
            let path = first.split(' ').nth(1).unwrap_or_default();
            let (status, body) = answers.get(path).map_or(("404 Not Found", &b""[..]), |body| ("200 OK", body));
            let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let body = if first.starts_with("HEAD") { &[] } else { body };
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
        }
    });
    url
}

#[test]
fn a_galaxy_gives_its_newest_version_page_by_page_and_what_it_depends_on() {
    let mut site = Site::new();
    let role = |text: &str, meta: &str| archive(&[("r/meta/main.yml", meta), ("r/tasks/main.yml", text)]);
    site.server = galaxy(BTreeMap::from([
        ("/api/", br#"{"available_versions": {"v1": "v1/", "v3": "v3/"}}"#.to_vec()),
        ("/api/v1/roles/?owner__username=me&name=kafka", br#"{"results": [{"id": 7}]}"#.to_vec()),
        (
            "/api/v1/roles/7/versions/?page_size=50",
            br#"{"results": [{"name": "1.9.0", "download_url": "[SELF]/kafka-1.9.tar"}],
                 "next_link": "/api/v1/roles/7/versions/?page=2"}"#
                .to_vec(),
        ),
        (
            "/api/v1/roles/7/versions/?page=2",
            br#"{"results": [{"name": "1.10.0", "download_url": "[SELF]/kafka-1.10.tar"}], "next_link": null}"#
                .to_vec(),
        ),
        ("/kafka-1.10.tar", role("# ten", "dependencies:\n  - role: me.java\n    version: 2.0\n  - common\n")),
        ("/kafka-1.9.tar", role("# nine", "{}")),
        ("/api/v1/roles/?owner__username=me&name=java", br#"{"results": [{"id": 8}]}"#.to_vec()),
        (
            "/api/v1/roles/8/versions/?page_size=50",
            br#"{"results": [{"name": "2.0", "source": "[SELF]/java.tar"}]}"#.to_vec(),
        ),
        ("/java.tar", role("# java", "{}")),
        ("/api/v1/roles/?owner__username=me&name=none", br#"{"results": []}"#.to_vec()),
    ]));
    let came = site.install(&["me.kafka"], |_| {}).unwrap();
    assert_eq!(came, ["me.kafka Fresh(\"1.10.0\")", "me.java Fresh(\"2.0\")"]);
    assert_eq!(site.read("roles/me.kafka/tasks/main.yml"), "# ten");
    assert_eq!(site.install(&["me.kafka"], |_| {}).unwrap(), ["me.kafka Kept(\"1.10.0\")", "me.java Kept(\"2.0\")"]);
    let older = site.install(&["me.kafka,1.9.0"], |_| {}).unwrap();
    assert_eq!(older, ["me.kafka Replaced { old: \"1.10.0\", new: \"1.9.0\" }"]);
    let lock = site.read("roles.lock").replace(&site.server, "[GALAXY]");
    insta::assert_snapshot!(lock);
    let refused = [site.install(&["me.kafka,9"], |_| {}), site.install(&["me.none"], |_| {})];
    let refused: Vec<String> = refused.into_iter().flat_map(Result::unwrap_err).collect();
    insta::assert_snapshot!(refused.join("\n").replace(&site.server, "[GALAXY]"));
}

#[test]
fn a_role_of_a_collection_comes_out_of_its_archive_and_is_held_to_its_hash() {
    let mut site = Site::new();
    let collection = archive(&[
        ("MANIFEST.json", "{}"),
        ("roles/es/meta/main.yml", "{}"),
        ("roles/es/tasks/main.yml", "# es"),
        ("roles/other/meta/main.yml", "{}"),
    ]);
    let hash: String =
        <sha2::Sha256 as sha2::Digest>::digest(&collection).iter().map(|byte| format!("{byte:02x}")).collect();
    let details =
        |hash: &str| format!(r#"{{"download_url": "/c.tar", "artifact": {{"sha256": "{hash}"}}}}"#).into_bytes();
    let list = br#"{"data": [{"version": "1.0.0"}, {"version": "2.0.0-rc1"}], "links": {"next": null}}"#.to_vec();
    site.server = galaxy(BTreeMap::from([
        ("/api/", br#"{"available_versions": {"v3": "v3/"}}"#.to_vec()),
        ("/api/v3/collections/ns/elastic/versions/?limit=100", list.clone()),
        ("/api/v3/collections/ns/elastic/versions/1.0.0/", details(&hash)),
        ("/api/v3/collections/ns/broken/versions/?limit=100", list),
        ("/api/v3/collections/ns/broken/versions/1.0.0/", details("0f")),
        ("/c.tar", collection),
    ]));
    assert_eq!(site.install(&["ns.elastic.es"], |_| {}).unwrap(), ["ns.elastic.es Fresh(\"1.0.0\")"]);
    assert_eq!(site.read("roles/ns.elastic.es/tasks/main.yml"), "# es");
    fs::remove_dir_all(site.at("roles/ns.elastic.es")).unwrap();
    site.install(&["ns.elastic.es"], |_| {}).unwrap();
    assert!(!site.at("roles/ns.elastic.es/MANIFEST.json").exists());
    let broken = site.install(&["ns.broken.es"], |_| {}).unwrap_err();
    assert!(broken[0].starts_with("DPP0113") && broken[0].contains("is not what its Galaxy promises"), "{broken:?}");
    let old = site.install(&["me.role"], |_| {}).unwrap_err();
    assert!(old[0].contains("only those of collections"), "{old:?}");
}
