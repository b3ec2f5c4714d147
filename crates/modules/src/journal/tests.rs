//! Runs over a folder, and their undoing: what was there is there again, byte by byte.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use dpp_protocol::{Answer, Mode, Task, Verb};
use serde_json::{Value, json};

use super::{Former, Journal};
use crate::Host;

#[test]
fn a_run_finds_its_own_lines_in_order_and_no_half_one() {
    let state = tempfile::tempdir().unwrap();
    for (run, module) in [("a", "copy"), ("b", "file"), ("a", "systemd"), ("", "nobody's")] {
        Journal::of(state.path(), run).write(module, vec![Former::Unknown]).unwrap();
    }
    let file = state.path().join("journal.jsonl");
    let whole = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{whole}{{\"run\":\"a\",\"at\":")).unwrap();
    Journal::of(state.path(), "b").write("lineinfile", vec![Former::Unknown]).unwrap();
    let modules = |run: &str| -> Vec<String> {
        let entries = Journal::read(state.path()).unwrap().into_iter();
        entries.filter(|entry| entry.run == run).map(|entry| entry.module).collect()
    };
    assert_eq!(
        (modules("a"), modules("b"), modules("c").len()),
        (vec!["copy".into(), "systemd".into()], vec!["file".into(), "lineinfile".into()], 0)
    );
    assert!(!whole.contains("nobody"), "a run without a name writes nothing");
}

/// A host whose state and files lie in folders of their own.
struct Ground {
    state: tempfile::TempDir,
    files: tempfile::TempDir,
}

impl Ground {
    fn new() -> Self {
        Self { state: tempfile::tempdir().unwrap(), files: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> String {
        self.files.path().join(name).display().to_string()
    }

    fn run(&self, run: &str, module: &str, params: Value) -> Answer {
        let host = Host::new(self.state.path(), BTreeMap::new(), &|_, _| ()).in_run(run);
        (crate::find(module).unwrap().run)(&task(run, module, params), &host)
    }

    /// What a module would change, and since when somebody else may have changed it.
    fn look(&self, module: &str, params: Value) -> Vec<(Verb, Option<String>)> {
        let host = Host::new(self.state.path(), BTreeMap::new(), &|_, _| ());
        let task = Task { mode: Mode::Survey, ..task("look", module, params) };
        let changes = (crate::find(module).unwrap().run)(&task, &host).unwrap().changes;
        changes.into_iter().map(|change| (change.verb, change.drifted)).collect()
    }

    /// Names of what is not as it was left.
    fn drifted(&self) -> Vec<String> {
        let told = self.run("", "drift", json!({})).unwrap().result["drifted"].clone();
        told.as_array().unwrap().iter().map(|one| one["what"].as_str().unwrap().to_owned()).collect()
    }

    fn file(&self, run: &str, params: Value) {
        self.run(run, "file", params).unwrap();
    }

    fn line(&self, run: &str, name: &str, line: &str) {
        self.run(run, "lineinfile", json!({"path": self.path(name), "line": line, "create": true})).unwrap();
    }

    /// Of what was undone before, a project knows as a run of its own.
    fn undo(&self, runs: &[&str]) -> Answer {
        let runs: Vec<&str> = runs.iter().copied().chain(["undo"]).collect();
        self.run("undo", "undo", json!({"runs": runs}))
    }

    /// Everything in the folder: kind, mode, and bytes or target.
    fn all(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        collect(self.files.path(), &mut found);
        found
    }
}

fn task(run: &str, module: &str, params: Value) -> Task {
    Task {
        id: 1,
        module: module.into(),
        params,
        mode: Mode::Apply,
        diff: false,
        environment: BTreeMap::new(),
        owes: Vec::new(),
        settles: Vec::new(),
        run: run.into(),
        bound: None,
    }
}

fn collect(folder: &Path, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let (path, about) = (entry.path(), entry.path().symlink_metadata().unwrap());
        let content = if about.is_symlink() {
            format!("-> {}", fs::read_link(&path).unwrap().display())
        } else if about.is_dir() {
            collect(&path, found);
            "folder".to_owned()
        } else {
            String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned()
        };
        found.insert(path.display().to_string(), format!("{:o} {content}", about.mode() & 0o7777));
    }
}

fn ground_with_files() -> Ground {
    let ground = Ground::new();
    fs::create_dir_all(ground.path("conf/deep")).unwrap();
    fs::write(ground.path("conf/a"), "one\n").unwrap();
    fs::write(ground.path("conf/deep/b"), [0_u8, 159, 146, 150]).unwrap();
    fs::set_permissions(ground.path("conf/a"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("a", ground.path("conf/link")).unwrap();
    ground
}

/// A run that makes, changes, replaces and removes files, links and folders.
fn deploy(ground: &Ground, run: &str) {
    ground.line(run, "conf/a", "two");
    ground.line(run, "conf/a", "three");
    ground.file(run, json!({"path": ground.path("conf/a"), "mode": "0600"}));
    ground.file(run, json!({"path": ground.path("new/deeper"), "state": "directory"}));
    ground.line(run, "new/deeper/c", "hello");
    ground.file(run, json!({"path": ground.path("conf/deep"), "state": "absent"}));
    ground.file(run, json!({"path": ground.path("conf/link"), "src": "/etc", "state": "link", "force": true}));
}

#[test]
fn a_run_is_undone_byte_by_byte_and_only_once() {
    let ground = ground_with_files();
    let before = ground.all();
    deploy(&ground, "r1");
    assert_ne!(ground.all(), before);
    let undone = ground.undo(&["r1"]).unwrap();
    assert_eq!((ground.all(), undone.changed), (before, true));
    assert!(!ground.undo(&["r1"]).unwrap().changed, "what is as it was is left alone");
}

#[test]
fn an_undoing_is_a_run_that_can_be_undone() {
    let ground = ground_with_files();
    deploy(&ground, "r1");
    let after = ground.all();
    ground.undo(&["r1"]).unwrap();
    ground.run("again", "undo", json!({"runs": ["undo"]})).unwrap();
    assert_eq!(ground.all(), after);
}

#[test]
fn of_several_runs_the_state_before_the_first_counts() {
    let ground = ground_with_files();
    ground.line("r0", "conf/a", "of another run");
    let before = ground.all();
    ground.line("r1", "conf/a", "two");
    ground.line("r2", "conf/a", "three");
    ground.undo(&["r1", "r2"]).unwrap();
    assert_eq!(ground.all(), before);
}

#[test]
fn what_others_put_into_a_folder_of_the_run_stays_and_is_named() {
    let ground = ground_with_files();
    deploy(&ground, "r1");
    fs::write(ground.path("new/deeper/mine"), "mine").unwrap();
    let undone = ground.undo(&["r1"]).unwrap();
    assert!(undone.warnings.iter().any(|words| words.ends_with("new/deeper stays as it is: it holds other things")));
    assert!(Path::new(&ground.path("new/deeper/mine")).exists() && !Path::new(&ground.path("new/deeper/c")).exists());
    assert!(!ground.undo(&["r1"]).unwrap().changed);
}

#[test]
fn a_look_writes_nothing_down() {
    let ground = ground_with_files();
    ground.line("", "conf/a", "two");
    assert!(!ground.state.path().join("journal.jsonl").exists());
}

#[test]
fn what_nobody_can_take_back_is_counted_when_it_changed_something() {
    let ground = Ground::new();
    ground.run("r1", "command", json!({"argv": ["true"]})).unwrap();
    let undone = ground.undo(&["r1"]).unwrap();
    assert_eq!(undone.result["unknown"], json!({"command": 1}));
}

#[test]
fn a_folder_with_much_in_it_is_not_copied_and_its_loss_is_counted() {
    let ground = Ground::new();
    fs::create_dir(ground.path("data")).unwrap();
    fs::File::create(ground.path("data/large")).unwrap().set_len((64 << 20) + 1).unwrap();
    ground.file("r1", json!({"path": ground.path("data"), "state": "absent"}));
    assert_eq!(fs::read_dir(ground.state.path().join("kept")).unwrap().count(), 0);
    let undone = ground.undo(&["r1"]).unwrap();
    assert_eq!(undone.result["unknown"], json!({"file": 1}));
    assert!(Path::new(&ground.path("data")).is_dir(), "the folder itself comes back");
}

#[test]
fn what_somebody_else_has_changed_since_is_not_undone_along_with_it() {
    let ground = ground_with_files();
    ground.line("theirs", "conf/deep/c", "before ours");
    ground.line("ours", "conf/a", "two");
    ground.line("theirs", "other", "of no matter");
    let after = ground.all();
    ground.undo(&["ours"]).unwrap();
    assert_ne!(ground.all(), after);
    ground.line("ours", "conf/a", "two");
    ground.line("theirs", "conf/a", "three");
    let refused = ground.undo(&["ours"]).unwrap_err();
    assert_eq!(refused.code, "DPP0616");
    assert_eq!(refused.message, format!("a run that is not one of these has changed since: {}", ground.path("conf/a")));
}

#[test]
fn what_somebody_else_changed_is_drift_and_what_our_files_ask_for_is_not() {
    let ground = ground_with_files();
    let wish = |line: &str| json!({"path": ground.path("conf/a"), "line": line, "create": true});
    assert_eq!(
        ground.look("lineinfile", wish("ours")),
        [(Verb::Change, None)],
        "nothing is known of what was there before"
    );
    ground.line("r1", "conf/a", "ours");
    assert_eq!(ground.look("lineinfile", wish("more of ours")), [(Verb::Change, None)]);
    assert_eq!(ground.drifted(), [""; 0]);
    fs::write(ground.path("conf/a"), "theirs\n").unwrap();
    assert_eq!(ground.drifted(), [ground.path("conf/a")]);
    let [(Verb::Change, Some(since))] = &ground.look("lineinfile", wish("ours"))[..] else { panic!("no drift") };
    assert!(since.parse::<jiff::Timestamp>().unwrap() <= jiff::Timestamp::now());
    fs::remove_file(ground.path("conf/a")).unwrap();
    let [(Verb::Create, Some(_))] = &ground.look("lineinfile", wish("ours"))[..] else { panic!("no drift") };
    ground.line("r2", "conf/a", "ours");
    assert_eq!(ground.drifted(), [""; 0]);
}

#[test]
fn what_was_taken_away_and_is_there_again_is_drift() {
    let ground = ground_with_files();
    let gone = json!({"path": ground.path("conf/a"), "state": "absent"});
    ground.file("r1", gone.clone());
    assert_eq!((ground.look("file", gone.clone()), ground.drifted()), (vec![], vec![]));
    fs::write(ground.path("conf/a"), "again").unwrap();
    let [(Verb::Delete, Some(_))] = &ground.look("file", gone)[..] else { panic!("no drift") };
}

#[test]
fn what_a_command_of_ours_changes_on_the_way_is_no_drift() {
    let ground = ground_with_files();
    ground.line("r1", "conf/a", "ours");
    ground.line("r1", "b", "ours");
    fs::write(ground.path("b"), "theirs\n").unwrap();
    ground.run("r1", "shell", json!({"cmd": format!("echo more >> {}", ground.path("conf/a"))})).unwrap();
    assert_eq!(ground.drifted(), [ground.path("b")], "the command touched only one of them");
}

#[test]
fn how_a_step_that_failed_left_things_is_not_known() {
    let ground = ground_with_files();
    ground.line("r1", "conf/a", "ours");
    let refused = json!({"path": ground.path("conf/a"), "line": "x", "validate": "false %s"});
    ground.run("r2", "lineinfile", refused).unwrap_err();
    fs::write(ground.path("conf/a"), "half").unwrap();
    assert_eq!(ground.drifted(), [""; 0]);
}

#[test]
fn what_was_taken_back_is_as_it_was_left() {
    let ground = ground_with_files();
    deploy(&ground, "r1");
    ground.undo(&["r1"]).unwrap();
    assert_eq!(ground.drifted(), [""; 0]);
}
