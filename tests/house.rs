//! The house: what the compiler does not keep. Rooms import downwards only, every file says what it is for, and
//! nothing that is written is forgotten in a table. Reads the sources as text; runs nothing.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms of `src/`, from the top. A room uses what stands below it, never what stands above or beside it.
/// A new arrow between rooms is a change of this table, and so visible in review.
const FLOORS: &[&[&str]] = &[
    &["cli"],
    &["engine", "lint"],
    &["plan", "ui"],
    &["actions", "playbook", "inventory", "report", "galaxy"],
    &["template", "project", "artifacts"],
    &["yaml", "transport"],
    &["value", "event", "content", "pipeline", "files"],
    &["source", "secret", "exit"],
];

/// Which of our crates a crate may use. The relay and the web application share no code with the rest, and the harness none
/// with the relay, which it judges from outside.
const CRATES: &[(&str, &[&str])] = &[
    ("protocol", &[]),
    ("modules", &["dpp-protocol"]),
    ("agent", &["dpp-protocol", "dpp-modules"]),
    ("relay", &[]),
    ("webapp", &[]),
    ("harness", &[]),
];

/// Longer files are split.
const MOST_LINES: usize = 400;

#[test]
fn rooms_import_downwards_only() {
    let faults = import_faults(root());
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn an_upward_import_in_a_file_is_found_and_named() {
    let house = tempfile::tempdir().expect("a folder can be made");
    let write = |name: &str, text: &str| {
        let path = house.path().join("src").join(name);
        fs::create_dir_all(path.parent().expect("in a folder")).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    };
    write("source/place.rs", "//! Places.\n\nuse crate::event::Event;\n");
    write("plan/mod.rs", "//! Plans.\n\nuse crate::source::Place;\n\nfn draw() {\n    crate::ui::draw();\n}\n");
    write("engine/mod.rs", "//! Runs.\n\nuse crate::plan::Plan;\n");
    assert_eq!(
        import_faults(house.path()),
        [
            "`src/plan/mod.rs` must not use `ui`: it stands beside `plan`",
            "`src/source/place.rs` must not use `event`: it stands above `source`",
        ]
    );
}

#[test]
fn no_file_is_longer_than_a_reader_is_patient() {
    let long = |file: &PathBuf| read(file).lines().count() > MOST_LINES;
    let long: Vec<_> = all_rust_files().into_iter().filter(long).collect();
    assert!(long.is_empty(), "split these files along their seams, they have more than {MOST_LINES} lines: {long:?}");
}

#[test]
fn an_upward_a_sideways_and_an_unknown_import_are_faults() {
    assert_eq!(fault("source", "event"), Some("must not use `event`: it stands above `source`".to_owned()));
    assert_eq!(fault("plan", "ui"), Some("must not use `ui`: it stands beside `plan`".to_owned()));
    assert_eq!(fault("cli", "cellar"), Some("uses `cellar`, which has no floor in tests/house.rs".to_owned()));
    assert_eq!(fault("engine", "plan"), None);
    assert_eq!(fault("engine", "engine"), None);
}

#[test]
fn imports_are_found_however_they_are_written() {
    let text = r#"
        use crate::value::{Map, Value}; // use crate::commented
        use crate::{event::Event, source::{Place, Source}};
        fn f() { crate::ui::draw("crate::quoted", 'c') /* crate::commented */ }
        use super::super::template::Scope;
    "#;
    let found = imports(text, 2);
    assert_eq!(found, BTreeSet::from(["value", "event", "source", "ui", "template"].map(str::to_owned)));
    assert!(imports("use super::template::Scope;", 2).is_empty(), "it does not climb out of the room");
}

#[test]
fn every_room_has_a_floor_and_the_map_shows_it() {
    let map = fs::read_to_string(root().join("src/lib.rs")).expect("the map can be read");
    let floors: Vec<&&[&str]> = FLOORS.iter().collect();
    for (declared, _) in declarations(&map) {
        let at = floors.iter().position(|rooms| rooms.contains(&declared.as_str()));
        let Some(at) = at else { panic!("`src/lib.rs` has a room `{declared}` without a floor in tests/house.rs") };
        let floor = FLOORS.len() - at;
        let line = map.lines().find(|line| line.starts_with(&format!("//! | {floor} |"))).unwrap_or_default();
        assert!(
            line.contains(&format!("[`{declared}`]")),
            "the map in `src/lib.rs` has no `{declared}` on floor {floor}"
        );
    }
}

#[test]
fn every_file_begins_with_what_it_is_for() {
    let silent: Vec<_> = all_rust_files().into_iter().filter(|file| !read(file).starts_with("//! ")).collect();
    assert!(silent.is_empty(), "these files do not begin with `//! `: {silent:?}");
}

#[test]
fn every_file_is_part_of_the_programme() {
    let orphans: Vec<_> = all_rust_files().into_iter().filter(|file| !is_declared(file)).collect();
    assert!(orphans.is_empty(), "no `mod` line names these files: {orphans:?}");
}

#[test]
fn no_file_is_named_after_nothing() {
    let vague = ["util", "utils", "common", "helper", "helpers", "misc"];
    let named: Vec<_> = all_rust_files().into_iter().filter(|file| vague.contains(&stem(file))).collect();
    assert!(named.is_empty(), "name these files after what is in them: {named:?}");
}

#[test]
fn below_the_command_line_two_places_alone_read_the_environment() {
    let reads = |file: &PathBuf| {
        let text = read(file);
        ["env::var", "env::args", "env::home_dir", "env::current_dir"].iter().any(|name| code(&text).contains(name))
    };
    let is_above = |file: &PathBuf| file.starts_with("src/cli") || file == Path::new("src/main.rs");
    let readers: Vec<_> = rust_files("src").into_iter().filter(|file| !is_above(file) && reads(file)).collect();
    assert_eq!(readers, ["src/files/disk.rs", "src/template/surroundings.rs"].map(PathBuf::from));
}

#[test]
fn every_module_is_in_the_table() {
    let table = read(Path::new("crates/modules/src/lib.rs"));
    let forgotten: Vec<String> = rust_files("crates/modules/src")
        .iter()
        .filter(|file| **file != Path::new("crates/modules/src/testing.rs") && stem(file) != "tests")
        .flat_map(|file| implementors(&read(file)).into_iter().map(|name| (name, file.clone())).collect::<Vec<_>>())
        .filter(|(name, _)| !table.contains(&format!("::{name}>()")))
        .map(|(name, file)| format!("`{name}` of `{}` is not in MODULES", file.display()))
        .collect();
    assert!(forgotten.is_empty(), "\n{}", forgotten.join("\n"));
}

#[test]
fn every_action_is_in_the_table() {
    let table = read(Path::new("src/actions/mod.rs"));
    let files = rust_files("src/actions");
    let actions = files.iter().filter(|file| code(&read(file)).contains("const ACTION:"));
    let forgotten: Vec<_> = actions.filter(|file| !table.contains(&format!("{}::ACTION,", stem(file)))).collect();
    assert!(forgotten.is_empty(), "not in ACTIONS: {forgotten:?}");
}

#[test]
fn our_crates_use_each_other_downwards_only() {
    for (name, allowed) in CRATES {
        let manifest = read(Path::new(&format!("crates/{name}/Cargo.toml")));
        let uses = manifest
            .lines()
            .skip_while(|line| *line != "[dependencies]")
            .filter_map(|line| line.split(['.', ' ']).next());
        let ours: Vec<_> = uses.filter(|used| used.starts_with("dpp")).collect();
        let upwards: Vec<_> = ours.into_iter().filter(|used| !allowed.contains(used)).collect();
        assert!(upwards.is_empty(), "crates/{name} must not use {upwards:?}");
    }
}

/// What is wrong with `room` using `used`.
fn fault(room: &str, used: &str) -> Option<String> {
    let depth = |name: &str| FLOORS.iter().position(|rooms| rooms.contains(&name));
    if room == used {
        return None;
    }
    match (depth(room), depth(used)) {
        (_, None) => Some(format!("uses `{used}`, which has no floor in tests/house.rs")),
        (None, _) => Some(format!("is in `{room}`, which has no floor in tests/house.rs")),
        (Some(here), Some(there)) if there < here => Some(format!("must not use `{used}`: it stands above `{room}`")),
        (Some(here), Some(there)) if there == here => Some(format!("must not use `{used}`: it stands beside `{room}`")),
        _ => None,
    }
}

/// The room of a file in `src/`; the root's own two files have none.
fn room(file: &Path) -> Option<String> {
    let inside = file.strip_prefix("src").ok()?;
    let first = inside.components().next()?.as_os_str().to_str()?;
    let name = first.strip_suffix(".rs").unwrap_or(first);
    (!["lib", "main"].contains(&name)).then(|| name.to_owned())
}

/// Every import of the house below `root` that does not go downwards, with the file's name.
fn import_faults(root: &Path) -> Vec<String> {
    let mut faults = Vec::new();
    for file in rust_files_of(root, "src") {
        let Some(room) = room(&file) else { continue };
        let text = fs::read_to_string(root.join(&file)).expect("a source can be read");
        let found = rooms_used(&file, &text).into_iter().filter_map(|used| fault(&room, &used));
        faults.extend(found.map(|fault| format!("`{}` {fault}", file.display())));
    }
    faults
}

fn rooms_used(file: &Path, text: &str) -> BTreeSet<String> {
    let modules = file.components().count() - 1;
    let depth = if stem(file) == "mod" { modules - 1 } else { modules };
    imports(text, depth)
}

/// The first names of all paths that begin at the root of the crate; `depth` is how many `super` lead there.
fn imports(text: &str, depth: usize) -> BTreeSet<String> {
    let text = code(text);
    let climb = "super::".repeat(depth);
    let mut found = BTreeSet::new();
    for prefix in ["crate::", climb.as_str()] {
        for (at, _) in text.match_indices(prefix) {
            let before = text[..at].chars().next_back();
            let is_whole = !before.is_some_and(|c| c.is_alphanumeric() || "_:$".contains(c));
            if is_whole {
                found.extend(first_names(&text[at + prefix.len()..]));
            }
        }
    }
    found.retain(|name| prefix_is_room(name));
    found
}

/// Only a name in lower case can be a room; what the root itself might re-export is a type.
fn prefix_is_room(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase()) && !["super", "self"].contains(&name)
}

/// `event::Event` gives `event`; `{event::Event, source::{Place, Source}}` gives both.
fn first_names(path: &str) -> Vec<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let Some(group) = path.strip_prefix('{') else { return vec![word(path)] };
    let mut level = 0;
    let mut parts = vec![String::new()];
    for c in group.chars() {
        match c {
            '}' if level == 0 => break,
            ',' if level == 0 => parts.push(String::new()),
            _ => {
                level += i32::from(c == '{') - i32::from(c == '}');
                parts.last_mut().expect("never empty").push(c);
            }
        }
    }
    parts.iter().map(|part| word(part.trim())).collect()
}

/// The text without comments and without what stands in quotes.
fn code(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skipped = match c {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '"' => quoted(rest),
            'r' if rest.starts_with("r\"") || rest.starts_with("r#") => raw(rest),
            '\'' if rest.starts_with("'\"'") || rest.starts_with("'\\\"'") => {
                rest[1..].find('\'').map_or(1, |end| end + 2)
            }
            _ => 0,
        };
        if skipped == 0 {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        } else {
            rest = &rest[skipped..];
        }
    }
    out
}

fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// A raw string; a raw name (`r#type`) is left alone.
fn raw(text: &str) -> usize {
    let hashes = text[1..].chars().take_while(|c| *c == '#').count();
    if !text[1 + hashes..].starts_with('"') {
        return 0;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    text[2 + hashes..].find(&end).map_or(text.len(), |at| 2 + hashes + at + end.len())
}

/// The `mod` lines of a file: the name, and the file that a `#[path]` gives instead.
fn declarations(text: &str) -> Vec<(String, Option<String>)> {
    let mut path = None;
    let mut found = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(given) = line.strip_prefix("#[path = \"") {
            path = Some(given.trim_end_matches("\"]").to_owned());
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        if let [.., "mod", name] = words.as_slice()
            && let Some(name) = name.strip_suffix(';')
        {
            found.push((name.to_owned(), path.take()));
        }
    }
    found
}

fn is_declared(file: &Path) -> bool {
    let folder = file.parent().expect("a file lies in a folder");
    let is_root = matches!(stem(file), "lib" | "main") || is_target(folder);
    let (home, name) = if stem(file) == "mod" {
        (folder.parent().expect("in a folder"), folder.file_name().and_then(|name| name.to_str()).unwrap_or_default())
    } else {
        (folder, stem(file))
    };
    let parents = ["mod.rs", "lib.rs", "main.rs"].map(|parent| home.join(parent));
    let beside = home.with_extension("rs");
    let declared = |parent: &Path| declarations(&read(parent)).iter().any(|(declared, _)| declared == name);
    is_root
        || parents.iter().chain([&beside]).filter(|parent| root().join(parent).is_file()).any(|parent| declared(parent))
}

/// A folder whose every file is a target of its own for cargo.
fn is_target(folder: &Path) -> bool {
    folder.ends_with("tests") || folder.ends_with("examples") || folder.ends_with("benches")
}

/// The types that are modules.
fn implementors(text: &str) -> Vec<String> {
    let after = code(text);
    let found = after.split("impl Module for ").skip(1);
    found.map(|rest| rest.chars().take_while(|c| c.is_alphanumeric()).collect()).collect()
}

fn all_rust_files() -> Vec<PathBuf> {
    ["src", "crates", "tests"].iter().flat_map(|folder| rust_files(folder)).collect()
}

/// All `.rs` files below a folder of this house, as paths from the root, in order.
fn rust_files(folder: &str) -> Vec<PathBuf> {
    rust_files_of(root(), folder)
}

fn rust_files_of(root: &Path, folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder)).expect("a folder of the project can be read") {
            let entry = entry.expect("an entry of a folder can be read");
            let path = folder.join(entry.file_name());
            if entry.file_type().expect("it has a type").is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &Path) -> String {
    fs::read_to_string(root().join(file)).expect("a source can be read")
}

fn stem(file: &Path) -> &str {
    file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default()
}
