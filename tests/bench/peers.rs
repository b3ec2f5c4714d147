//! The peers in a Python environment of the bench's own, installed once from `PyPI` at pinned versions.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::workshop::run;

/// What is installed.
const PINNED: &str = include_str!("peers.txt");

/// Where it lies.
pub(crate) struct Peers {
    folder: PathBuf,
}

impl Peers {
    /// Installs the peers unless they are there; the folder is named after the pins, so other pins are another folder.
    pub(crate) fn install() -> Self {
        let mut hash = DefaultHasher::new();
        PINNED.hash(&mut hash);
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let cache = cache.unwrap_or_else(|| Path::new(&std::env::var_os("HOME").unwrap()).join(".cache"));
        let folder = cache.join(format!("dppctl-bench/{:016x}", hash.finish()));
        if !folder.join("installed").exists() {
            eprintln!("bench: installing the peers from PyPI into {}", folder.display());
            let pins = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bench/peers.txt");
            run(Command::new("/usr/bin/python3").args(["-m", "venv", "--clear"]).arg(&folder));
            run(Command::new(folder.join("bin/pip")).args(["install", "--quiet", "--requirement"]).arg(pins));
            fs::write(folder.join("installed"), PINNED).unwrap();
        }
        Self { folder }
    }

    /// A programme of theirs.
    pub(crate) fn programme(&self, name: &str) -> PathBuf {
        self.folder.join("bin").join(name)
    }

    /// A file of one of their packages.
    pub(crate) fn library(&self, name: &str) -> PathBuf {
        let versions = fs::read_dir(self.folder.join("lib")).unwrap();
        let found =
            versions.map(|version| version.unwrap().path().join("site-packages").join(name)).find(|path| path.exists());
        found.unwrap_or_else(|| panic!("{name} is not among the peers' packages"))
    }

    /// What was installed, on one line.
    pub(crate) fn versions() -> String {
        PINNED.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join(", ").replace("==", " ")
    }
}
