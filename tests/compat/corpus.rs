//! The playbooks that are compared: `corpus/NAME.yml`, each with what it needs beside it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A playbook of the corpus.
pub(crate) struct Piece {
    pub(crate) name: String,
    /// More options, from a first line `# options: …`.
    pub(crate) options: Vec<String>,
    /// Files and folders of the host that are compared afterwards, from a line `# state: …`.
    pub(crate) state: Vec<String>,
    /// Whether it works on this machine alone, under several names, from a line `# hosts: here`.
    pub(crate) is_here: bool,
    /// Whether only `make compat` runs it and no test before, from a line `# slow: …` that says why.
    pub(crate) is_slow: bool,
}

/// All of them, or those of these names, in the order of their names.
pub(crate) fn chosen(names: &[String]) -> Vec<Piece> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yml"));
    let pieces = files.iter().map(|path| Piece::read(path));
    pieces.filter(|piece| names.is_empty() || names.contains(&piece.name)).collect()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compat/corpus")
}

impl Piece {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let words = |key: &str| {
            let head = text.lines().take_while(|line| line.starts_with('#'));
            let said = head.filter_map(|line| line.strip_prefix(&format!("# {key}: ")));
            said.flat_map(str::split_whitespace).map(str::to_owned).collect::<Vec<_>>()
        };
        let mut state = words("state");
        state.insert(0, "/srv/compat".to_owned());
        let is_here = words("hosts") == ["here"];
        Self {
            is_here,
            is_slow: !words("slow").is_empty(),
            name: path.file_stem().unwrap().to_string_lossy().into_owned(),
            options: words("options"),
            state,
        }
    }

    /// A fresh copy of the corpus, in which a run may leave what it likes.
    pub(crate) fn project(inventory: &str) -> TempDir {
        let project = TempDir::new().unwrap();
        let copied = Command::new("cp").arg("--recursive").arg(folder().join(".")).arg(project.path()).status();
        assert!(copied.unwrap().success());
        fs::write(project.path().join("hosts"), inventory).unwrap();
        project
    }
}
