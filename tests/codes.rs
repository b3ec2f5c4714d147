//! The codes of failures: each means one thing, and `dppctl lint --explain` knows every one of them. Reads the sources
//! as text; runs nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Codes that more than one room says, and the rooms. They mean the same in all of them; a room that takes up a code of
/// another is a change of this table, and so visible in review.
const SHARED: &[(&str, &[&str])] = &[
    ("DPP0101", &["actions", "yaml"]),
    ("DPP0103", &["agent", "artifacts", "engine", "lint", "plan", "playbook"]),
    (
        "DPP0104",
        &[
            "actions",
            "cli",
            "engine",
            "modules",
            "modules/commands",
            "modules/docker",
            "modules/files",
            "modules/packages",
            "modules/pipeline",
            "modules/services",
            "modules/system",
            "modules/tls",
            "modules/vcs",
            "modules/web",
            "plan",
        ],
    ),
    ("DPP0105", &["actions", "artifacts", "cli", "engine", "galaxy", "plan", "playbook"]),
    ("DPP0106", &["actions", "artifacts", "cli", "files", "galaxy", "plan"]),
    ("DPP0107", &["cli", "playbook"]),
    ("DPP0108", &["engine", "plan"]),
    ("DPP0109", &["engine", "plan"]),
    ("DPP0201", &["cli", "inventory"]),
    ("DPP0202", &["actions", "cli", "inventory"]),
    ("DPP0203", &["cli", "inventory"]),
    ("DPP0204", &["cli", "engine", "inventory"]),
    ("DPP0301", &["engine", "lint", "pipeline", "template"]),
    ("DPP0303", &["lint", "template"]),
    ("DPP0501", &["modules/files", "modules/packages", "modules/services", "transport"]),
    ("DPP0503", &["engine", "plan"]),
    ("DPP0602", &["artifacts", "modules/journal", "modules/packages"]),
    ("DPP0604", &["agent", "artifacts", "modules/packages"]),
    ("DPP0609", &["artifacts", "modules/packages"]),
    ("DPP0614", &["artifacts", "cli", "modules/packages"]),
    ("DPP0801", &["artifacts", "modules/pipeline", "modules/web"]),
    ("DPP0802", &["modules/pipeline", "modules/web"]),
    ("DPP0803", &["agent", "artifacts", "modules/web"]),
    ("DPP0806", &["cli", "modules/pipeline", "modules/system"]),
];

/// Where the codes are explained.
const EXPLAINED: &str = "src/lint/codes.rs";

#[test]
fn every_code_that_can_be_said_is_explained_and_the_other_way_round() {
    let said: BTreeSet<String> = said().into_keys().collect();
    let explained = codes(&shipped(Path::new(EXPLAINED)));
    assert_eq!(said.difference(&explained).collect::<Vec<_>>(), [""; 0], "said, but not in {EXPLAINED}");
    assert_eq!(explained.difference(&said).collect::<Vec<_>>(), [""; 0], "in {EXPLAINED}, but nothing says them");
}

#[test]
fn a_code_belongs_to_one_room_unless_the_table_says_that_rooms_share_it() {
    let shared: BTreeMap<String, BTreeSet<String>> = said().into_iter().filter(|(_, rooms)| rooms.len() > 1).collect();
    let table = SHARED.iter().map(|(code, rooms)| {
        ((*code).to_owned(), rooms.iter().map(|room| (*room).to_owned()).collect::<BTreeSet<_>>())
    });
    assert_eq!(shared, table.collect());
}

/// Every code, and the rooms that say it.
fn said() -> BTreeMap<String, BTreeSet<String>> {
    let mut said = BTreeMap::<String, BTreeSet<String>>::new();
    for file in ["src", "crates"].iter().flat_map(|folder| sources(Path::new(folder))) {
        if file == Path::new(EXPLAINED) {
            continue;
        }
        for code in codes(&shipped(&file)) {
            said.entry(code).or_default().insert(room(&file));
        }
    }
    said
}

/// `src/yaml/merge.rs` is in `yaml`, `crates/agent/src/blobs.rs` in `agent`, `crates/modules/src/web/uri.rs` in
/// `modules/web`.
fn room(file: &Path) -> String {
    let words: Vec<_> = file.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    match words.as_slice() {
        [src, room, _, ..] if src == "src" => room.clone(),
        [_, name, _, room, _, ..] if name == "modules" => format!("{name}/{room}"),
        [_, name, ..] => name.clone(),
        _ => String::new(),
    }
}

/// What of a file is shipped: what stands before its tests.
fn shipped(file: &Path) -> String {
    let text = fs::read_to_string(root().join(file)).expect("a source can be read");
    text.split("#[cfg(test)]\nmod ").next().unwrap_or_default().to_owned()
}

/// The codes that stand in quotes in a text.
fn codes(text: &str) -> BTreeSet<String> {
    let begins = text.match_indices("\"DPP").map(|(at, _)| &text[at + 1..]);
    let whole = begins.filter_map(|rest| rest.split_once('"').map(|(code, _)| code));
    whole.filter(|code| code.len() == 7).map(str::to_owned).collect()
}

/// All sources below a folder but those that only test.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).expect("a folder of the project can be read");
    let paths = entries.map(|entry| folder.join(entry.expect("an entry can be read").file_name()));
    paths
        .flat_map(|path| if root().join(&path).is_dir() { sources(&path) } else { vec![path] })
        .filter(|path| is_source(path))
        .collect()
}

fn is_source(path: &Path) -> bool {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let tests = stem == "tests" || stem.ends_with("_tests") || path.iter().any(|word| word == "tests");
    path.extension().is_some_and(|extension| extension == "rs") && !tests
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
