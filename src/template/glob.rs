//! Paths by pattern: `*`, `?` and `[…]` in any part of a path, as Python's `glob` has them.

use std::path::{Component, Path, PathBuf};

use crate::files::{FileKind, Files};

/// The paths that a pattern matches, in order.
pub(super) fn find(files: &dyn Files, pattern: &Path) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::new()];
    for component in pattern.components() {
        let part = component.as_os_str().to_string_lossy();
        found = match component {
            Component::Normal(_) if part.contains(['*', '?', '[']) => {
                found.iter().flat_map(|folder| within(files, folder, &part)).collect()
            }
            _ => found.into_iter().map(|path| path.join(component)).collect(),
        };
    }
    found.retain(|path| files.kind(path) != FileKind::Missing);
    found
}

fn within(files: &dyn Files, folder: &Path, pattern: &str) -> Vec<PathBuf> {
    let listed = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let paths = files.list(listed).into_iter();
    let names = paths.filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    let visible = |name: &String| pattern.starts_with('.') || !name.starts_with('.');
    names.filter(visible).filter(|name| matches(pattern, name)).map(|name| folder.join(name)).collect()
}

/// Whether a name matches a pattern.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    here(&pattern, &name)
}

fn here(pattern: &[char], name: &[char]) -> bool {
    match (pattern, name) {
        ([], _) => name.is_empty(),
        (['*', rest @ ..], _) => (0..=name.len()).any(|skipped| here(rest, &name[skipped..])),
        (['?', rest @ ..], [_, others @ ..]) => here(rest, others),
        (['[', rest @ ..], [first, others @ ..]) => match class(rest, *first) {
            Some((holds, after)) => holds && here(after, others),
            None => *first == '[' && here(rest, others),
        },
        ([wanted, rest @ ..], [first, others @ ..]) => wanted == first && here(rest, others),
        (_, []) => false,
    }
}

/// Whether the class holds the character, and the pattern behind the class; nothing when the class does not end.
fn class(pattern: &[char], character: char) -> Option<(bool, &[char])> {
    let (negated, inner) = match pattern {
        ['!', inner @ ..] => (true, inner),
        inner => (false, inner),
    };
    let end = inner.iter().skip(1).position(|c| *c == ']')? + 1;
    let mut holds = false;
    let mut set = &inner[..end];
    while let [first, rest @ ..] = set {
        set = rest;
        match rest {
            ['-', last, after @ ..] => {
                holds |= (*first..=*last).contains(&character);
                set = after;
            }
            _ => holds |= *first == character,
        }
    }
    Some((holds != negated, &inner[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_the_shell() {
        for (pattern, name, expected) in [
            ("*.yml", "a.yml", true),
            ("?.yml", "ab.yml", false),
            ("[a-c]x", "bx", true),
            ("[!a]x", "ax", false),
            ("a*b*c", "a-b-b-c", true),
            ("[", "[", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
