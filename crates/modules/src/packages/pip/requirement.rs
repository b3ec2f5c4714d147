//! What a task names a Python package by: its name, extras and versions, or an address that only pip understands.

use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifiers};

/// One package that is asked for.
#[derive(Debug, Clone)]
pub(super) struct Requirement {
    /// As pip is told.
    pub(super) words: String,
    /// What can be compared with a list of packages; nothing for an address or a file.
    pub(super) plain: Option<Plain>,
}

/// A package by name.
#[derive(Debug, Clone)]
pub(super) struct Plain {
    /// In its canonical form.
    pub(super) name: String,
    versions: VersionSpecifiers,
    has_extras: bool,
}

impl Requirement {
    pub(super) fn read(words: &str) -> Self {
        Self { words: words.trim().to_owned(), plain: plain(words) }
    }

    /// The same in a version: a number, or a comparison with one.
    pub(super) fn in_version(&self, version: &str) -> Self {
        let version = version.trim_start();
        let sign = if version.starts_with(|first: char| first.is_ascii_digit()) { "==" } else { "" };
        Self::read(&format!("{}{sign}{version}", self.words))
    }

    pub(super) fn has_version(&self) -> bool {
        self.plain.as_ref().is_some_and(|plain| !plain.versions.is_empty())
    }

    /// Whether one of these packages is it; only pip can tell of an address, and of what extras need.
    pub(super) fn is_met_by(&self, installed: &[(String, String)]) -> Option<bool> {
        let plain = self.plain.as_ref()?;
        let is_met = installed.iter().any(|(name, version)| *name == plain.name && plain.takes(version));
        if is_met && plain.has_extras { None } else { Some(is_met) }
    }

    /// Whether a package of its name is there, in whatever version: that is what pip removes.
    pub(super) fn is_named_in(&self, installed: &[(String, String)]) -> Option<bool> {
        let plain = self.plain.as_ref()?;
        Some(installed.iter().any(|(name, _)| *name == plain.name))
    }

    /// Whether it comes out of a repository of sources.
    pub(super) fn is_of_vcs(&self) -> bool {
        ["svn+", "git+", "hg+", "bzr+"].iter().any(|start| self.words.starts_with(start))
    }
}

impl Plain {
    fn takes(&self, version: &str) -> bool {
        self.versions.is_empty() || Version::from_str(version).is_ok_and(|version| self.versions.contains(&version))
    }
}

fn plain(words: &str) -> Option<Plain> {
    let words = words.trim();
    let end = words.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).unwrap_or(words.len());
    let (name, rest) = words.split_at(end);
    let (extras, rest) = match rest.trim_start().strip_prefix('[') {
        Some(inner) => inner.split_once(']')?,
        None => ("", rest),
    };
    let versions = rest.split(';').next().unwrap_or_default().trim();
    let versions = versions.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')).unwrap_or(versions);
    let versions = VersionSpecifiers::from_str(versions).ok()?;
    let is_name = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    is_name.then(|| Plain { name: canonical(name), versions, has_extras: !extras.trim().is_empty() })
}

/// A name as PEP 503 has it: `Foo__Bar` is `foo-bar`.
fn canonical(name: &str) -> String {
    let parts = name.split(['-', '_', '.']).filter(|part| !part.is_empty());
    parts.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-")
}

/// Packages of `pip list --format=freeze`, by canonical name.
pub(super) fn listed(text: &str) -> Vec<(String, String)> {
    let pairs = text.lines().filter_map(|line| line.split_once("=="));
    pairs.map(|(name, version)| (canonical(name), version.trim().to_owned())).collect()
}

/// Puts what commas cut apart together again: `a>1`, `<2`, `b` are `a>1,<2` and `b`.
pub(super) fn rejoined(names: &[String]) -> Vec<String> {
    let mut whole: Vec<String> = Vec::new();
    let mut is_in_brackets = false;
    for part in names.iter().flat_map(|name| name.split(',')) {
        let compares = ["==", ">=", "<=", "!=", "~=", ">", "<"].iter().any(|sign| part.trim_start().starts_with(sign));
        match whole.last_mut().filter(|_| compares || is_in_brackets) {
            Some(last) => *last = format!("{last},{part}"),
            None => whole.push(part.to_owned()),
        }
        is_in_brackets = (is_in_brackets || part.contains('[')) && !part.contains(']');
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_requirement_is_met_as_pip_sees_it() {
        let installed = listed("Flask==2.0.1\nzope.interface==5.0rc1\nlocal==1.0+abc\n-e git+x\n");
        for (words, wanted) in [
            ("flask", Some(true)),
            ("Flask >= 2, < 3", Some(true)),
            ("flask==2.0.2", Some(false)),
            ("flask~=2.0", Some(true)),
            ("flask!=2.0.*", Some(false)),
            ("flask[async]", None),
            ("zope_interface>=5.0a1", Some(true)),
            ("zope-interface", Some(true)),
            ("local==1.0", Some(true)),
            ("flask>2; python_version < '3'", Some(true)),
            ("gone", Some(false)),
            ("git+http://host/a", None),
            ("/srv/a.tar.gz", None),
        ] {
            assert_eq!(Requirement::read(words).is_met_by(&installed), wanted, "{words}");
        }
        assert_eq!(Requirement::read("flask==9").is_named_in(&installed), Some(true));
    }

    #[test]
    fn a_version_is_added_as_a_number_or_a_comparison() {
        let flask = Requirement::read("flask");
        assert_eq!(flask.in_version("2.0").words, "flask==2.0");
        assert_eq!(flask.in_version(">=2,<3").words, "flask>=2,<3");
        assert!(flask.in_version("2.0").has_version() && !flask.has_version());
    }

    #[test]
    fn names_that_commas_cut_apart_are_joined() {
        for (names, wanted) in [
            (&["django>1.11.1", "<1.11.3", "ipaddress"][..], &["django>1.11.1,<1.11.3", "ipaddress"][..]),
            (&["a>1,<2,b", "c"], &["a>1,<2", "b", "c"]),
            (&["a[x,y,z]>1", "b"], &["a[x,y,z]>1", "b"]),
        ] {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(rejoined(&names), wanted);
        }
    }
}
