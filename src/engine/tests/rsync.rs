//! `synchronize`, with a stand-in that writes down what rsync is told and says that it changed something once.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::stage::{Run, Stage};

const RSYNC: &str = "#!/bin/sh\nat=$(dirname \"$0\")\nfor word; do printf '%s\\n' \"$word\"; done >\"$at/told\"\n\
    case $* in *refused*) echo 'sh: 1: rsync: not found' >&2; exit 12 ;; esac\n\
    [ -e \"$at/done\" ] || echo '<<CHANGED>><f+++++++++ a'\n\
    case $* in *--dry-run*) ;; *) touch \"$at/done\" ;; esac\n";

struct Ground {
    stage: Stage,
    folder: tempfile::TempDir,
}

impl Ground {
    fn new(task: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let rsync = folder.path().join("rsync");
        fs::write(&rsync, RSYNC).unwrap();
        fs::set_permissions(&rsync, fs::Permissions::from_mode(0o755)).unwrap();
        let text = format!(
            "- hosts: all\n  gather_facts: false\n  tasks:\n    - {task}\n      register: it\n      notify: told\n    \
             - debug: {{msg: '{{{{ it.rc }}}} {{{{ it.stdout_lines }}}} {{{{ it.msg | type_debug }}}}'}}\n  handlers:\n    \
             - {{name: told, ping: {{}}}}\n"
        );
        let stage = Stage::new("web1 ansible_host=10.0.0.7 ansible_port=2200\n").file("site.yml", &text);
        let stage = stage.file("files/tree/a", "a").extra("ansible_rsync_path", &rsync.display().to_string());
        Self { stage, folder }
    }

    /// What rsync was told, without what is always the same.
    fn told(&self) -> String {
        let told = fs::read_to_string(self.folder.path().join("told")).unwrap();
        let project = self.stage.path("").display().to_string();
        let usual = ["--delay-updates", "-F", "--compress", "--archive"];
        let words = told.lines().filter(|word| !usual.contains(word) && !word.starts_with("--out-format"));
        words.collect::<Vec<_>>().join(" ").replace(&project, "")
    }

    fn has_copied(&self) -> bool {
        self.folder.path().join("done").exists()
    }
}

fn handled(run: &Run) -> usize {
    run.count_of("ping")
}

#[test]
fn files_of_the_project_go_to_the_host_over_ssh() {
    let ground = Ground::new("synchronize: {src: tree/, dest: /srv/tree, dest_port: 2222}");
    let run = ground.stage.run();
    assert_eq!(run.failures(), [""; 0], "{:?}", run.told());
    assert_eq!((run.changes(), handled(&run), ground.has_copied()), (1, 1, true));
    assert_eq!(ground.told(), "--rsh=ssh -S none -o Port=2222 -i /k/id files/tree/ ops@web1:/srv/tree",);
    assert!(run.told().iter().any(|line| line.ends_with("0 ['<f+++++++++ a'] str")), "{:?}", run.told());
    let again = ground.stage.run();
    assert_eq!((again.changes(), handled(&again)), (0, 0));
}

#[test]
fn a_check_lets_rsync_look_alone() {
    let ground = Ground::new("synchronize: {src: tree, dest: /srv}");
    let Ground { stage, folder } = ground;
    let run = stage.checking().run();
    assert_eq!((run.failures().len(), run.changes()), (0, 1));
    assert!(fs::read_to_string(folder.path().join("told")).unwrap().starts_with("--dry-run\n"));
    assert!(!folder.path().join("done").exists());
}

#[test]
fn who_is_become_writes_on_the_other_side_and_pulling_turns_the_paths() {
    for (task, words) in [
        (
            "synchronize: {src: tree, dest: /srv}\n      become: true",
            "--rsh=ssh -S none -o Port=22 -i /k/id --rsync-path=sudo -n -u root rsync files/tree ops@web1:/srv",
        ),
        (
            "synchronize: {src: /etc/a, dest: got/, mode: pull, set_remote_user: false, private_key: /k/b}",
            "--rsh=ssh -S none -i /k/b -o Port=22 -i /k/id web1:/etc/a got/",
        ),
        ("synchronize: {src: /etc/a, dest: /etc/b}\n      delegate_to: web1", "/etc/a /etc/b"),
        (
            "synchronize: {src: /etc/a, dest: /etc/b}\n      delegate_to: db1",
            "--rsh=ssh -S none -o Port=22 -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null /etc/a \
             10.0.0.7:/etc/b",
        ),
        ("synchronize: {src: tree, dest: 'rsync://h/a'}", "files/tree rsync://h/a"),
    ] {
        let ground = Ground::new(task);
        let run = ground.stage.run();
        assert_eq!(run.failures(), [""; 0], "{task}");
        assert_eq!(ground.told(), words, "{task}");
    }
}

#[test]
fn a_host_without_rsync_is_told_what_brings_it() {
    let ground = Ground::new("synchronize: {src: tree, dest: /refused}");
    let failures = ground.stage.run().failures();
    assert!(failures[0].contains("rsync cannot bring") && failures[0].contains("name: rsync"), "{failures:?}");
    let run = Ground::new("synchronize: {src: tree, dest: /refused}").stage.checking().run();
    assert_eq!((run.failures().len(), run.changes()), (0, 1), "an earlier task may bring it");
}
