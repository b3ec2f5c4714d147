//! How modules are tested: run through the table as the agent does, and held to the two promises all of them give.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use dpp_protocol::{Failure, Mode, Outcome, Task};
use serde_json::Value;

use crate::Host;

/// A temporary folder for a module to work in, the home of the task's user; the host's state lies outside it.
pub(crate) struct Ground {
    folder: tempfile::TempDir,
    state: tempfile::TempDir,
}

impl Ground {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), state: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The path as a text, for parameters.
    pub(crate) fn at(&self, name: &str) -> String {
        self.path(name).to_string_lossy().into_owned()
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
        self.at(name)
    }

    /// Lays a script as a program. Another process writes it: one that this process has open for writing while a test
    /// beside it starts something cannot be run ("text file busy").
    pub(crate) fn program(&self, name: &str, script: &str) {
        let source = self.write(&format!(".{name}"), format!("#!/bin/sh\n{script}\n"));
        let done = std::process::Command::new("install").args(["-m", "755", &source, &self.at(name)]).status();
        assert!(done.unwrap().success());
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn mode(&self, name: &str) -> u32 {
        fs::symlink_metadata(self.path(name)).unwrap().mode() & 0o7777
    }

    pub(crate) fn state(&self) -> &Path {
        self.state.path()
    }

    /// Has a module that edits texts do so with a file of this text, held to the promises, and returns the text after.
    pub(crate) fn edited(module: &str, text: &str, mut params: Value) -> String {
        let ground = Self::new();
        params["path"] = ground.write("f", text).into();
        ground.converge(module, &params);
        ground.read("f")
    }

    pub(crate) fn survey(&self, module: &str, params: &Value) -> Result<Outcome, Failure> {
        self.run(module, params, Mode::Survey)
    }

    pub(crate) fn apply(&self, module: &str, params: &Value) -> Result<Outcome, Failure> {
        self.run(module, params, Mode::Apply)
    }

    /// Brings the module's wish about and holds it to the promises: a survey touches nothing and foresees the change,
    /// and after the change it finds nothing more to do. Returns what the real run came to.
    pub(crate) fn converge(&self, module: &str, params: &Value) -> Outcome {
        let before = self.tree();
        let foreseen = self.survey(module, params).unwrap();
        assert_eq!(self.tree(), before, "the survey of `{module}` touched something");
        let outcome = self.apply(module, params).unwrap();
        assert_eq!(outcome.changed, foreseen.changed, "the survey of `{module}` foresaw something else");
        assert_eq!(outcome.changed, self.tree() != before, "`{module}` says the wrong thing about its change");
        let again = self.survey(module, params).unwrap();
        assert!(!again.changed, "`{module}` is not done after it was applied: {:?}", again.changes);
        outcome
    }

    fn run(&self, module: &str, params: &Value, mode: Mode) -> Result<Outcome, Failure> {
        let task = Task {
            id: 1,
            module: module.into(),
            params: params.clone(),
            mode,
            diff: true,
            environment: BTreeMap::new(),
            owes: Vec::new(),
            settles: Vec::new(),
            run: String::new(),
            bound: None,
        };
        let home = BTreeMap::from([("HOME".to_owned(), self.at("").trim_end_matches('/').to_owned())]);
        let host = Host::new(self.state(), home, &|_, _| ());
        (crate::find(module).unwrap().run)(&task, &host)
    }

    /// Every path under the folder with its kind, mode, owner and bytes.
    fn tree(&self) -> BTreeMap<PathBuf, (u32, u32, u32, Vec<u8>)> {
        let mut seen = BTreeMap::new();
        gather(self.folder.path(), &mut seen);
        seen
    }
}

fn gather(path: &Path, seen: &mut BTreeMap<PathBuf, (u32, u32, u32, Vec<u8>)>) {
    let found = fs::symlink_metadata(path).unwrap();
    let bytes = if found.is_symlink() {
        fs::read_link(path).unwrap().into_os_string().into_encoded_bytes()
    } else if found.is_file() {
        let mut bytes = fs::read(path).unwrap();
        bytes.extend(found.mtime_nsec().to_be_bytes());
        bytes.extend(found.nlink().to_be_bytes());
        bytes
    } else {
        Vec::new()
    };
    seen.insert(path.to_owned(), (found.mode(), found.uid(), found.gid(), bytes));
    if found.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            gather(&entry.unwrap().path(), seen);
        }
    }
}
