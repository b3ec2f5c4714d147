//! `requirements.yml`: the roles that a project wants, in both of Ansible's forms.

use std::path::Path;

use crate::galaxy::Wanted;
use crate::secret::NoPassword;
use crate::source::{Place, Problem, Problems, nearest};
use crate::yaml::{self, Key, Node};

const KEYS: &[&str] = &["src", "name", "version", "scm", "include"];

/// What a file wants.
#[derive(Debug, Default, PartialEq)]
pub struct Requirements {
    /// Roles, in the order they stand.
    pub roles: Vec<Wanted>,
    /// Names of collections, which are not installed.
    pub collections: Vec<String>,
}

/// Reads a file and those it includes.
pub fn read(path: &Path) -> Result<Requirements, Problems> {
    let mut found = Requirements::default();
    let mut problems = Problems::new();
    read_into(path, 0, &mut found, &mut problems);
    for (at, wanted) in found.roles.iter().enumerate() {
        if found.roles[..at].iter().any(|other| other.name == wanted.name && other != wanted) {
            problems.push(Problem::error("DPP0105", format!("two roles want the folder `{}`", wanted.name)));
        }
    }
    if problems.is_empty() { Ok(found) } else { Err(problems) }
}

/// The roles that a role of its own accord depends on, as its `meta/main.yml` names them; those that only have a name are
/// the project's business.
pub(super) fn dependencies(meta: &Path, folder: &Path) -> Vec<Wanted> {
    let documents = yaml::read(meta, &NoPassword).unwrap_or_default();
    let listed = documents.first().and_then(|node| node.get("dependencies")).and_then(Node::as_list);
    let mut ignored = Problems::new();
    let wanted = listed.unwrap_or_default().iter().filter_map(|item| {
        let is_whole = item.as_str().is_some() || item.get("src").is_some();
        let named = item.get("role").or_else(|| item.get("name")).and_then(Node::as_str);
        match named.filter(|_| !is_whole) {
            Some(name) => Wanted::of(name, None, text(item, "version").as_deref(), None, folder).ok(),
            None => wanted(item, folder, &mut ignored),
        }
    });
    wanted.collect()
}

fn read_into(path: &Path, depth: usize, found: &mut Requirements, problems: &mut Problems) {
    const DEEPEST: usize = 8;
    let documents = match yaml::read(path, &NoPassword) {
        Ok(documents) => documents,
        Err(more) => return problems.extend(more),
    };
    let Some(node) = documents.first().filter(|node| !node.is_null()) else { return };
    let roles = match node.as_map() {
        Some(entries) => {
            problems.extend(entries.iter().filter_map(|(key, _)| unknown(key, &["roles", "collections"])));
            found
                .collections
                .extend(node.get("collections").and_then(Node::as_list).unwrap_or_default().iter().filter_map(name));
            node.get("roles").filter(|roles| !roles.is_null())
        }
        None => Some(node),
    };
    let Some(roles) = roles else { return };
    let Some(items) = roles.as_list() else {
        return problems.push(shape(&roles.place, "a list of roles"));
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    for item in items {
        match text(item, "include") {
            Some(_) if depth == DEEPEST => problems.push(shape(&item.place, "fewer files that include each other")),
            Some(include) => read_into(&folder.join(include), depth + 1, found, problems),
            None => found.roles.extend(wanted(item, folder, problems)),
        }
    }
}

fn wanted(item: &Node, folder: &Path, problems: &mut Problems) -> Option<Wanted> {
    let known = problems.len();
    let read = match item.as_str() {
        Some(line) => Wanted::parse(line, folder),
        None => {
            let Some(entries) = item.as_map() else {
                problems.push(shape(&item.place, "a role: `src: …`, or a text"));
                return None;
            };
            problems.extend(entries.iter().filter_map(|(key, _)| unknown(key, KEYS)));
            let (src, name) = (text(item, "src"), text(item, "name").or_else(|| text(item, "role")));
            let Some(from) = src.as_ref().or(name.as_ref()) else {
                problems.push(shape(&item.place, "`src` or `name`"));
                return None;
            };
            let (version, scm) = (text(item, "version"), text(item, "scm"));
            Wanted::of(from, scm.as_deref(), version.as_deref(), name.as_deref(), folder)
        }
    };
    match read {
        Ok(wanted) => Some(wanted).filter(|_| problems.len() == known),
        Err(why) => {
            problems.push(Problem::error("DPP0105", why).at(&item.place, ""));
            None
        }
    }
}

/// A version that looks like a number is one for YAML; its characters are what is meant.
fn text(item: &Node, key: &str) -> Option<String> {
    let node = item.get(key)?;
    if node.is_null() || node.as_list().is_some() || node.as_map().is_some() {
        return None;
    }
    Some(node.as_str().map_or_else(|| node.place.text().to_owned(), str::to_owned))
}

fn name(item: &Node) -> Option<String> {
    item.as_str().map(str::to_owned).or_else(|| text(item, "name"))
}

fn unknown(key: &Key, known: &[&str]) -> Option<Problem> {
    // What Ansible once read and no longer does is passed over, as it passes over it.
    let is_known = known.contains(&key.text.as_str())
        || ["role", "path", "type", "source", "signatures"].contains(&key.text.as_str());
    (!is_known).then(|| {
        Problem::error("DPP0105", format!("unknown key `{}` in a requirements file", key.text))
            .at(&key.place, "")
            .note(format!("keys here: {}", known.join(", ")))
            .did_you_mean(nearest(&key.text, known.iter().copied()))
    })
}

fn shape(place: &Place, wanted: &str) -> Problem {
    Problem::error("DPP0105", "this is no file of requirements").at(place, format!("expected {wanted}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::excerpt;

    fn read_text(text: &str) -> Result<Requirements, Problems> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("more.yml"), "- src: b.included\n").unwrap();
        std::fs::write(folder.path().join("requirements.yml"), text).unwrap();
        read(&folder.path().join("requirements.yml"))
    }

    #[test]
    fn both_forms_are_read() {
        let list = "- a.one\n- src: https://git.example/two.git\n  scm: git\n  version: 1.10\n  name: two\n- include: more.yml\n";
        let told = |read: Requirements| {
            let told = |role: &Wanted| format!("{} {} {:?}", role.name, role.source, role.version);
            read.roles.iter().map(told).collect::<Vec<_>>()
        };
        assert_eq!(
            told(read_text(list).unwrap()),
            [
                "a.one galaxy:a.one None",
                "two git+https://git.example/two.git Some(\"1.10\")",
                "b.included galaxy:b.included None"
            ]
        );
        let map = "roles:\n  - name: a.one\n    version: v2\ncollections:\n  - community.general\n  - name: a.b\n";
        let read = read_text(map).unwrap();
        assert_eq!(read.collections, ["community.general", "a.b"]);
        assert_eq!(told(read), ["a.one galaxy:a.one Some(\"v2\")"]);
        assert_eq!(read_text("---\n").unwrap(), Requirements::default());
    }

    #[test]
    fn mistakes_are_shown_where_they_are() {
        let text = "- srv: a.one\n- src: a.two\n  verison: 1\n- 7\n- src: java\n- src: x.a\n  name: same\n- src: x.b\n  name: same\n";
        let screens: Vec<String> =
            read_text(text).unwrap_err().iter().map(|problem| excerpt(problem, false, 100)).collect();
        let folder = regex::Regex::new(r"/\S*/requirements.yml").unwrap();
        insta::assert_snapshot!(folder.replace_all(&screens.join("\n\n"), "requirements.yml"));
    }
}
