//! Shell patterns: `*`, `?`, `[a-z]` against a name, and against paths that are there.

use std::fs;
use std::path::{Path, PathBuf};

/// Whether `name` matches the whole of `pattern`, as fnmatch(3) has it.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    matches_from(&pattern, &name)
}

fn matches_from(pattern: &[char], name: &[char]) -> bool {
    match (pattern, name) {
        ([], []) => true,
        (['*', rest @ ..], _) => (0..=name.len()).any(|skipped| matches_from(rest, &name[skipped..])),
        (['?', rest @ ..], [_, after @ ..]) => matches_from(rest, after),
        (['[', inner @ ..], [first, after @ ..]) => match set(inner, *first) {
            Some((hit, rest)) => hit && matches_from(rest, after),
            None => *first == '[' && matches_from(inner, after),
        },
        ([one, rest @ ..], [first, after @ ..]) => one == first && matches_from(rest, after),
        _ => false,
    }
}

/// Reads a set after its `[`: whether it holds the character, and the pattern after its `]`.
fn set(inner: &[char], character: char) -> Option<(bool, &[char])> {
    let negated = matches!(inner.first(), Some('!' | '^'));
    let start = usize::from(negated);
    let end = (start + 1..inner.len()).find(|at| inner[*at] == ']')?;
    let mut members = &inner[start..end];
    let mut hit = false;
    while let Some(first) = members.first() {
        if let [low, '-', high, ..] = members {
            hit |= (low..=high).contains(&&character);
            members = &members[3..];
        } else {
            hit |= *first == character;
            members = &members[1..];
        }
    }
    Some((hit != negated, &inner[end + 1..]))
}

/// Paths that are there and match; a pattern without wildcards is its own match.
pub(crate) fn paths(pattern: &str) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::from(if pattern.starts_with('/') { "/" } else { "" })];
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        found = found.iter().flat_map(|folder| children(folder, part)).collect();
    }
    found
}

fn children(folder: &Path, part: &str) -> Vec<PathBuf> {
    if !part.contains(['*', '?', '[']) {
        return Some(folder.join(part)).filter(|path| path.symlink_metadata().is_ok()).into_iter().collect();
    }
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let names = fs::read_dir(here).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.file_name());
    let mut names: Vec<String> = names.filter_map(|name| name.into_string().ok()).collect();
    names.retain(|name| (part.starts_with('.') || !name.starts_with('.')) && matches(part, name));
    names.sort();
    names.into_iter().map(|name| folder.join(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_as_in_the_shell() {
        for (pattern, name, wanted) in [
            ("*.conf", "a.conf", true),
            ("*.conf", "a.conf.old", false),
            ("log-??", "log-01", true),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[]]", "]", true),
            ("a[", "a[", true),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, name), wanted, "{pattern} on {name}");
        }
    }

    #[test]
    fn paths_are_found_through_folders_and_hidden_ones_left_out() {
        let dir = tempfile::tempdir().unwrap();
        for path in ["a1/f", "a2/f", ".a3/f"] {
            fs::create_dir_all(dir.path().join(path)).unwrap();
        }
        let found = paths(&format!("{}/*/f", dir.path().display()));
        assert_eq!(found, [dir.path().join("a1/f"), dir.path().join("a2/f")]);
        assert!(paths("/no/such/*").is_empty());
    }
}
