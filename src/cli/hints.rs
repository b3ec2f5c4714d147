//! Whether what messages and documents tell people to type is there: every `dppctl COMMAND --option` of the sources is
//! looked up in the command line itself.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory};
use regex::Regex;

use crate::cli::Cli;

/// Words that follow the programme's name in a sentence about it.
const VERBS: &[&str] =
    &["all", "and", "can", "has", "is", "knows", "lies", "makes", "puts", "runs", "ships", "speaks", "takes", "was"];

/// Options of other programmes that hints name: those of `ansible-inventory`.
const FOREIGN: &[&str] = &["--list", "--yaml"];

/// Folders whose files people get to read, and how those end; some have no ending.
const FOLDERS: &[(&str, &[&str])] = &[
    ("src", &["rs"]),
    ("crates", &["rs"]),
    ("roles", &["yml"]),
    ("docs", &["md"]),
    ("inventory", &["", "yml"]),
    ("templates", &["j2"]),
    ("data", &["yml"]),
];

fn is_read(path: &Path, endings: &[&str]) -> bool {
    let end = path.extension().unwrap_or_default();
    endings.iter().any(|ending| end == *ending) && !path.ends_with("cli/hints.rs")
}

fn files(folder: &Path, endings: &[&str], found: &mut Vec<PathBuf>) {
    for path in std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()) {
        if path.is_dir() && !path.ends_with("snapshots") {
            files(&path, endings, found);
        } else if path.is_file() && is_read(&path, endings) {
            found.push(path);
        }
    }
}

/// Files of the repository that people get to read: documents, texts of the sources, content.
fn read_by_people(root: &Path) -> Vec<PathBuf> {
    let mut paths = vec![root.join("Vagrantfile")];
    let top = std::fs::read_dir(root).unwrap().flatten().map(|entry| entry.path());
    paths.extend(top.filter(|path| is_read(path, &["md", "yml"])));
    for (folder, endings) in FOLDERS {
        files(&root.join(folder), endings, &mut paths);
    }
    paths
}

/// Their lines, with the places.
fn lines() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let paths = read_by_people(root);
    let mut lines = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        let is_rust = path.extension().is_some_and(|end| end == "rs");
        let told = if is_rust { text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default() } else { &text };
        for (number, line) in told.lines().enumerate() {
            let is_comment = is_rust && line.trim_start().starts_with("// ");
            if !is_comment && !path.ends_with("tests.rs") {
                let at = format!("{}:{}", path.strip_prefix(root).unwrap_or(&path).display(), number + 1);
                lines.push((at, line.to_owned()));
            }
        }
    }
    lines
}

/// The command of these words, as far as they are commands, and the words that are left.
fn command<'c>(top: &'c Command, words: &[&str]) -> Option<&'c Command> {
    let first = top.find_subcommand(words.first()?)?;
    let second = words.get(1).and_then(|word| first.find_subcommand(word));
    let wants_one = first.is_subcommand_required_set() && words.get(1).is_some_and(|word| !word.starts_with('-'));
    match second {
        None if wants_one => None,
        found => found.or(Some(first)),
    }
}

fn knows(command: &Command, option: &str) -> bool {
    if matches!(option, "--help" | "--version" | "-h" | "-V") {
        return true;
    }
    command.get_arguments().any(|arg| match option.strip_prefix("--") {
        Some(long) => arg.get_long_and_visible_aliases().is_some_and(|names| names.contains(&long)),
        None => option[1..].chars().next().is_some_and(|short| arg.get_short() == Some(short)),
    })
}

fn built() -> Command {
    let mut top = Cli::command();
    top.build();
    top
}

#[test]
fn all_that_people_read_is_looked_through() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let paths = read_by_people(root);
    for name in [
        "README.md",
        "Vagrantfile",
        "deploy.yml",
        "inventory/hosts",
        "inventory/group_vars/all.yml",
        "templates/relay/config.yml.j2",
        "data/kibana.yml",
    ] {
        assert!(paths.contains(&root.join(name)), "{name} is not among {} files", paths.len());
    }
}

#[test]
fn every_command_that_is_named_can_be_typed() {
    let top = built();
    let named = Regex::new(r"\bdppctl ([a-z][a-z-]*(?: +(?:--?[a-zA-Z][a-z-]*|[a-z][a-z-]*))*)").unwrap();
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for (at, line) in lines() {
        for found in named.captures_iter(&line) {
            let words: Vec<&str> = found[1].split_whitespace().collect();
            if words[0] == "help" || VERBS.contains(&words[0]) {
                continue;
            }
            let Some(command) = command(&top, &words) else {
                wrong.push(format!("{at}: there is no command: {}", &found[0]));
                continue;
            };
            seen.insert(command.get_name().to_owned());
            // Behind a second command's name its own options would be told for the first.
            let options = words.iter().take_while(|word| **word != "dppctl").filter(|word| word.starts_with('-'));
            wrong.extend(
                options.filter(|word| !knows(command, word)).map(|word| format!("{at}: {word} in {}", &found[0])),
            );
        }
    }
    assert!(seen.len() > 10, "found only {seen:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_option_that_a_hint_names_is_there() {
    fn all(command: &Command, options: &mut BTreeSet<String>) {
        let names = command.get_arguments().filter_map(clap::Arg::get_long_and_visible_aliases).flatten();
        options.extend(names.map(|name| format!("--{name}")));
        command.get_subcommands().for_each(|command| all(command, options));
    }
    let mut options = BTreeSet::from(["--help".to_owned(), "--version".to_owned()]);
    all(&built(), &mut options);
    let hint = Regex::new(r#"help\(|=> Some\("|story\("#).unwrap();
    let option = Regex::new(r"(?:^|[ `(\[])(--[a-z][a-z-]+)").unwrap();
    let mut count = 0;
    let mut wrong = Vec::new();
    for (at, line) in lines().into_iter().filter(|(at, line)| at.starts_with("src/") && hint.is_match(line)) {
        for found in option.captures_iter(&line) {
            count += 1;
            if !options.contains(&found[1]) && !FOREIGN.contains(&&found[1]) {
                wrong.push(format!("{at}: no command has {}: {}", &found[1], line.trim()));
            }
        }
    }
    assert!(count > 5, "found only {count}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
