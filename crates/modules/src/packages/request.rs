//! A package as a task names it: `jq`, `jq=1.6*`, `jq>=1.6`, `openjdk-17-*`, `libc6:i386`.

use dpp_protocol::Failure;

use crate::packages::apt_get::candidates::Candidate;
use crate::packages::dpkg::status::Package;
use crate::packages::dpkg::version;

/// A package that a task names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Its name, which may hold `*`, `?` and `[…]`.
    pub name: String,
    /// Which versions will do.
    pub wanted: Wanted,
}

/// Which versions of a package will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Any.
    Any,
    /// This one, or the first that fits the pattern.
    Exactly(String),
    /// This one or a newer one.
    AtLeast(String),
}

impl Request {
    /// Reads what a task wrote.
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        let (name, wanted) = match (text.split_once(">="), text.split_once('=')) {
            (Some((name, version)), _) => (name, Wanted::AtLeast(version.trim().to_owned())),
            (None, Some((name, version))) => (name, Wanted::Exactly(version.trim().to_owned())),
            (None, None) => (text, Wanted::Any),
        };
        Self { name: name.trim().to_owned(), wanted }
    }

    /// True when the name stands for any number of packages.
    pub fn is_pattern(&self) -> bool {
        self.name.contains(['*', '?', '['])
    }

    /// True when this version will do.
    pub fn accepts(&self, version: &str) -> bool {
        match &self.wanted {
            Wanted::Any => true,
            Wanted::Exactly(wanted) => {
                version::fits(version, wanted) || matches(wanted, version) || matches(wanted, without_epoch(version))
            }
            Wanted::AtLeast(wanted) => version::compare(version, wanted).is_ge(),
        }
    }

    /// What apt-get is told: the name, with the full version where one is wanted.
    ///
    /// A version apt does not list is passed on as it is: the lists may be refreshed before apt-get runs.
    pub fn operand(&self, candidate: Option<&Candidate>) -> String {
        let listed = || candidate?.versions.iter().find(|version| self.accepts(version));
        match &self.wanted {
            Wanted::Any => self.name.clone(),
            Wanted::Exactly(wanted) => format!("{}={}", self.name, listed().unwrap_or(wanted)),
            Wanted::AtLeast(wanted) => match candidate.and_then(|candidate| candidate.version.as_ref()) {
                Some(version) if self.accepts(version) => format!("{}={version}", self.name),
                _ => format!("{}={}", self.name, listed().unwrap_or(wanted)),
            },
        }
    }

    /// Refuses to go back from the installed version, which apt would only say after it has begun.
    pub fn refuse_downgrade(&self, installed: &Package) -> Result<(), Failure> {
        match &self.wanted {
            Wanted::Exactly(wanted) if version::compare(&installed.version, wanted).is_gt() => {
                Err(downgrade(&self.name, &installed.version, wanted))
            }
            _ => Ok(()),
        }
    }
}

/// The failure of a task that would go back to an older version without saying so.
pub fn downgrade(name: &str, installed: &str, wanted: &str) -> Failure {
    Failure::new(format!("{name} {installed} is installed, which is newer than {wanted}"))
        .code("DPP0606")
        .help("say `allow_downgrade: true` if an older version is really wanted; data written by the newer one may be unreadable to it")
}

fn without_epoch(version: &str) -> &str {
    version.split_once(':').map_or(version, |(_, rest)| rest)
}

/// Shell pattern over a whole text: `*`, `?`, `[a-z]`, `[!a-z]`.
pub fn matches(pattern: &str, text: &str) -> bool {
    let mut pattern_rest = pattern.chars();
    match pattern_rest.next() {
        None => text.is_empty(),
        Some('*') => (0..=text.len())
            .filter(|at| text.is_char_boundary(*at))
            .any(|at| matches(pattern_rest.as_str(), &text[at..])),
        Some(first) => {
            let mut text_rest = text.chars();
            let Some(letter) = text_rest.next() else { return false };
            match (first, pattern_rest.as_str().split_once(']')) {
                ('?', _) => matches(pattern_rest.as_str(), text_rest.as_str()),
                ('[', Some((set, rest))) => in_set(set, letter) && matches(rest, text_rest.as_str()),
                _ => first == letter && matches(pattern_rest.as_str(), text_rest.as_str()),
            }
        }
    }
}

fn in_set(set: &str, letter: char) -> bool {
    let (set, negated) = set.strip_prefix('!').map_or((set, false), |set| (set, true));
    let letters: Vec<_> = set.chars().collect();
    let ranged = letters.windows(3).any(|range| range[1] == '-' && (range[0]..=range[2]).contains(&letter));
    (ranged || letters.contains(&letter)) != negated
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_versions_are_told_apart() {
        let cases = [
            ("jq", "jq", Wanted::Any),
            ("jq=1.6*", "jq", Wanted::Exactly("1.6*".into())),
            ("jq >= 1.6", "jq", Wanted::AtLeast("1.6".into())),
            ("libc6:i386", "libc6:i386", Wanted::Any),
        ];
        for (text, name, wanted) in cases {
            assert_eq!(Request::parse(text), Request { name: name.into(), wanted }, "{text}");
        }
    }

    #[test]
    fn versions_are_accepted_as_they_are_written() {
        let cases = [
            ("es=6.2.1", "6.2.1", true),
            ("es=6.2.1", "1:6.2.1-1", true),
            ("es=6.2.*", "6.2.9", true),
            ("es=6.2.*", "6.20.1", false),
            ("es>=6.2", "6.10", true),
            ("es>=6.2", "6.1.9", false),
            ("es", "0", true),
        ];
        for (text, version, accepted) in cases {
            assert_eq!(Request::parse(text).accepts(version), accepted, "{text} {version}");
        }
    }

    #[test]
    fn apt_is_told_the_full_version() {
        let candidate = Candidate {
            version: Some("1:7.0.0-1".into()),
            versions: vec!["1:7.0.0-1".into(), "1:6.2.1-1".into(), "1:5.6.2-1".into()],
        };
        let cases = [
            ("es", "es"),
            ("es=6.2.1", "es=1:6.2.1-1"),
            ("es=5.*", "es=1:5.6.2-1"),
            ("es=9", "es=9"),
            ("es>=1:6", "es=1:7.0.0-1"),
        ];
        for (text, operand) in cases {
            assert_eq!(Request::parse(text).operand(Some(&candidate)), operand);
        }
    }

    #[test]
    fn patterns_match_as_in_a_shell() {
        let cases = [
            ("openjdk-*-jre", "openjdk-17-jre", true),
            ("openjdk-?-jre", "openjdk-17-jre", false),
            ("python3.[0-9]", "python3.9", true),
            ("python3.[!0-9]", "python3.9", false),
            ("*", "", true),
            ("a*", "b", false),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
