//! Names of roles and the order of their versions.

use std::cmp::Ordering;

/// The name that a source gives its role, as Ansible derives it: the last part without `.git` and `.tar.gz`.
pub(super) fn role_name(source: &str) -> String {
    let last = source.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or(source);
    let endings = [".git", ".tar.gz", ".tgz", ".tar.xz", ".tar"];
    endings.iter().find_map(|ending| last.strip_suffix(ending)).unwrap_or(last).to_owned()
}

/// Whether a name can be a folder of its own below the roles.
pub(super) fn is_folder_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0', '\n'])
}

/// The newest of these versions; one that comes before a release only where there is no release.
pub(super) fn newest(versions: &[String]) -> Option<&String> {
    versions.iter().max_by(|one, other| compare(one, other))
}

fn compare(one: &str, other: &str) -> Ordering {
    let (one, other) = (parts(one), parts(other));
    one.is_release
        .cmp(&other.is_release)
        .then_with(|| one.numbers.cmp(&other.numbers))
        .then_with(|| one.rest.cmp(&other.rest))
}

struct Parts {
    is_release: bool,
    numbers: Vec<u64>,
    rest: String,
}

/// `v1.10.0-rc1` as numbers and what follows them.
fn parts(version: &str) -> Parts {
    let bare = version.strip_prefix(['v', 'V']).unwrap_or(version);
    let end = bare.find(|character: char| !character.is_ascii_digit() && character != '.').unwrap_or(bare.len());
    let numbers: Vec<u64> = bare[..end].split('.').filter_map(|number| number.parse().ok()).collect();
    let rest = bare[end..].to_owned();
    Parts { is_release: !numbers.is_empty() && (rest.is_empty() || rest.starts_with('+')), numbers, rest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_names_its_role() {
        for (source, name) in [
            ("https://github.com/bennojoy/nginx", "nginx"),
            ("git@gitlab.company.com:mygroup/ansible-core.git", "ansible-core"),
            ("https://some.webserver.example.com/files/main.tar.gz", "main"),
            ("geerlingguy.java", "geerlingguy.java"),
        ] {
            assert_eq!(role_name(source), name);
        }
        assert!(["a", "a.b"].iter().all(|name| is_folder_name(name)));
        assert!(["", "..", "../a", "a/b", ".git"].iter().all(|name| !is_folder_name(name)));
    }

    #[test]
    fn versions_are_numbers_and_a_release_is_newer_than_what_comes_before_one() {
        let newest_of =
            |versions: &[&str]| newest(&versions.iter().map(|v| (*v).to_owned()).collect::<Vec<_>>()).cloned();
        assert_eq!(newest_of(&["1.9.0", "1.10.0", "1.2.0"]).as_deref(), Some("1.10.0"));
        assert_eq!(newest_of(&["2.0.0-rc1", "v1.4.0"]).as_deref(), Some("v1.4.0"));
        assert_eq!(newest_of(&["2.0.0-rc1", "master"]).as_deref(), Some("2.0.0-rc1"));
        assert_eq!(newest_of(&[]), None);
    }
}
