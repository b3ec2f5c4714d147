//! ansible-core in a Python environment of its own, installed once from `PyPI`, and what it says of a playbook.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value as Json;

use crate::corpus::Piece;
use crate::host::{self, Host};
use crate::normal::normal;
use crate::record::{Record, TaskRecord};
use crate::state;

const PINNED: &str = include_str!("oracle.txt");

/// ansible-core, ready to be asked.
pub(crate) struct Oracle {
    folder: PathBuf,
}

impl Oracle {
    /// Installs it unless it is there; other pins are another folder.
    pub(crate) fn install() -> Self {
        let mut hash = DefaultHasher::new();
        PINNED.hash(&mut hash);
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let cache = cache.unwrap_or_else(|| Path::new(&std::env::var_os("HOME").unwrap()).join(".cache"));
        let folder = cache.join(format!("dppctl-compat/{:016x}", hash.finish()));
        if !folder.join("installed").exists() {
            eprintln!("compat: installing ansible-core from PyPI into {}", folder.display());
            run(Command::new("/usr/bin/python3").args(["-m", "venv", "--clear"]).arg(&folder));
            run(Command::new(folder.join("bin/pip"))
                .args(["install", "--quiet", "--requirement"])
                .arg(here("oracle.txt")));
            fs::write(folder.join("installed"), PINNED).unwrap();
        }
        Self { folder }
    }

    /// Where a programme of its environment is.
    pub(crate) fn programme(&self, name: &str) -> PathBuf {
        self.folder.join("bin").join(name)
    }

    /// Runs a playbook on the host and keeps what became of each task.
    pub(crate) fn ask(&self, piece: &Piece, host: Option<&Host>) -> Record {
        let (inventory, host) = host::ready(piece, host);
        let project = Piece::project(&inventory);
        let events = project.path().join("events.jsonl");
        let mut command = self.playbook(project.path(), &events);
        command.args(["-i", "hosts", &format!("{}.yml", piece.name)]).args(&piece.options);
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let events =
            fs::read_to_string(&events).unwrap_or_else(|_| panic!("{said}{}", String::from_utf8_lossy(&output.stderr)));
        let tasks = events.lines().map(|line| task(&serde_json::from_str(line).unwrap(), project.path())).collect();
        Record { tasks, state: state::of(host, &piece.state), exit: output.status.code().unwrap() }
    }

    /// The command that runs playbooks of a folder, and tells of each task in the file `events`.
    pub(crate) fn playbook(&self, project: &Path, events: &Path) -> Command {
        fs::create_dir_all(project.join("callback_plugins")).unwrap();
        fs::copy(here("callback.py"), project.join("callback_plugins/compat.py")).unwrap();
        let mut command = Command::new(self.folder.join("bin/ansible-playbook"));
        command.current_dir(project).env_clear().env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin");
        command.env("HOME", project).env("LANG", "C.UTF-8").env("COMPAT_EVENTS", events);
        command.env("ANSIBLE_CALLBACKS_ENABLED", "compat").env("ANSIBLE_PIPELINING", "1");
        // With a terminal ssh mixes both outputs of what `raw` and `script` run, and adds words of its own.
        command.env("ANSIBLE_SSH_USETTY", "0");
        command
    }
}

/// What its callback wrote of a task.
pub(crate) fn task(line: &Json, project: &Path) -> TaskRecord {
    let text = |key: &str| line[key].as_str().unwrap().to_owned();
    let project = project.display().to_string();
    TaskRecord {
        at: match text("action").as_str() {
            // Nobody wrote this task.
            "ansible.builtin.validate_argument_spec" => "argument_specs".to_owned(),
            _ => text("at").replace(&format!("{project}/"), ""),
        },
        host: text("host"),
        action: text("action"),
        status: text("status"),
        ignored: line["ignored"].as_bool().unwrap(),
        result: normal(&line["result"], &project),
    }
}

/// A file of this test.
pub(crate) fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compat").join(name)
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    assert!(output.status.success(), "{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
}
