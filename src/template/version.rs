//! Versions and their order, in the schemes of Ansible's `version` test.

use std::cmp::Ordering;

use minijinja::Error;

use super::error::fault;

/// A way to read and order versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    /// Anything goes: numbers by value, words by letters.
    Loose,
    /// Two or three numbers, and `a1` or `b1` for what comes before.
    Strict,
    /// semver.org.
    Semantic,
    /// Python packages.
    Pep440,
}

impl Scheme {
    /// The scheme that a template names.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "loose" => Some(Self::Loose),
            "strict" => Some(Self::Strict),
            "semver" | "semantic" => Some(Self::Semantic),
            "pep440" => Some(Self::Pep440),
            _ => None,
        }
    }

    /// How two versions are ordered.
    pub(super) fn compare(self, left: &str, right: &str) -> Result<Ordering, Error> {
        match self {
            Self::Loose => loose(left, right),
            Self::Strict => Ok(strict(left)?.cmp(&strict(right)?)),
            Self::Semantic => Ok(semantic(left)?.cmp(&semantic(right)?)),
            Self::Pep440 => Ok(pep440(left)?.cmp(&pep440(right)?)),
        }
    }
}

fn bad(version: &str, scheme: &str) -> Error {
    fault(format!("`{version}` is no version in the scheme {scheme}"))
}

#[derive(Debug, PartialEq, Eq)]
enum Part<'v> {
    Number(u64),
    Word(&'v str),
}

/// Runs of digits, runs of small letters, and what is between them; dots only separate.
fn parts(version: &str) -> Vec<Part<'_>> {
    let class = |c: char| match c {
        '0'..='9' => 0,
        'a'..='z' => 1,
        '.' => 2,
        _ => 3,
    };
    let mut parts = Vec::new();
    let mut rest = version;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| class(c) != class(first)).unwrap_or(rest.len());
        let end = if first == '.' { 1 } else { end };
        let (head, tail) = rest.split_at(end);
        if first != '.' {
            parts.push(head.parse().map_or(Part::Word(head), Part::Number));
        }
        rest = tail;
    }
    parts
}

fn loose(left: &str, right: &str) -> Result<Ordering, Error> {
    let (left, right) = (parts(left), parts(right));
    for (a, b) in left.iter().zip(&right) {
        let order = match (a, b) {
            (Part::Number(a), Part::Number(b)) => a.cmp(b),
            (Part::Word(a), Part::Word(b)) => a.cmp(b),
            _ => {
                return Err(fault(
                    "a number and a word stand at the same place of two versions; Ansible cannot order them either",
                ));
            }
        };
        if order != Ordering::Equal {
            return Ok(order);
        }
    }
    Ok(left.len().cmp(&right.len()))
}

/// The numbers, then the letter and number before which a release stands; none is later than any.
type Strict = ([u64; 3], Option<(char, u64)>);

fn strict(version: &str) -> Result<StrictKey, Error> {
    let error = || bad(version, "strict");
    let end = version.find(['a', 'b']).unwrap_or(version.len());
    let (release, before) = version.split_at(end);
    let numbers: Vec<u64> = release.split('.').map(str::parse).collect::<Result<_, _>>().map_err(|_| error())?;
    let numbers = match numbers.as_slice() {
        [major, minor] => [*major, *minor, 0],
        [major, minor, patch] => [*major, *minor, *patch],
        _ => return Err(error()),
    };
    let before = match before.chars().next() {
        Some(letter) => Some((letter, before[1..].parse().map_err(|_| error())?)),
        None => None,
    };
    Ok(StrictKey((numbers, before)))
}

#[derive(PartialEq, Eq)]
struct StrictKey(Strict);

impl Ord for StrictKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.0.cmp(&other.0.0).then_with(|| match (self.0.1, other.0.1) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(a), Some(b)) => a.cmp(&b),
        })
    }
}

impl PartialOrd for StrictKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// One word of a semantic pre-release; numbers are earlier than words.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Identifier {
    Number(u64),
    Word(String),
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Semantic {
    numbers: [u64; 3],
    /// Whether it is a release; what comes before one is earlier.
    is_release: bool,
    before: Vec<Identifier>,
}

fn semantic(version: &str) -> Result<Semantic, Error> {
    let error = || bad(version, "semver");
    let without_build = version.split('+').next().unwrap_or_default();
    let (core, before) =
        without_build.split_once('-').map_or((without_build, None), |(core, before)| (core, Some(before)));
    let numbers: Vec<u64> = core.split('.').map(str::parse).collect::<Result<_, _>>().map_err(|_| error())?;
    let numbers = <[u64; 3]>::try_from(numbers).map_err(|_| error())?;
    let identifier = |word: &str| word.parse().map_or_else(|_| Identifier::Word(word.to_owned()), Identifier::Number);
    let before: Vec<Identifier> = before.map(|before| before.split('.').map(identifier).collect()).unwrap_or_default();
    Ok(Semantic { numbers, is_release: before.is_empty(), before })
}

/// The key by which PEP 440 orders versions; the numbers stand for dev < a < b < rc < release < post.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Pep440 {
    epoch: u64,
    release: Vec<u64>,
    before: (u8, u64),
    after: Option<u64>,
    development: (bool, u64),
    local: Vec<Identifier>,
}

fn pep440(version: &str) -> Result<Pep440, Error> {
    let error = || bad(version, "pep440");
    let lower = version.trim().trim_start_matches(['v', 'V']).to_lowercase();
    let (public, local) = lower.split_once('+').map_or((lower.as_str(), ""), |(public, local)| (public, local));
    let (epoch, public) = public.split_once('!').map_or(("0", public), |(epoch, public)| (epoch, public));
    let end = public.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(public.len());
    let (release, suffixes) = public.split_at(end);
    let numbers = release.trim_end_matches('.').split('.').map(str::parse);
    let mut release: Vec<u64> = numbers.collect::<Result<_, _>>().map_err(|_| error())?;
    while release.last() == Some(&0) {
        release.pop();
    }
    let mut key = Pep440 {
        epoch: epoch.parse().map_err(|_| error())?,
        release,
        before: (4, 0),
        after: None,
        development: (true, 0),
        local: Vec::new(),
    };
    suffixed(&mut key, suffixes).ok_or_else(error)?;
    let word = |word: &str| word.parse().map_or_else(|_| Identifier::Word(word.to_owned()), Identifier::Number);
    key.local = local.split(['.', '-', '_']).filter(|part| !part.is_empty()).map(word).collect();
    Ok(key)
}

fn suffixed(key: &mut Pep440, suffixes: &str) -> Option<()> {
    let separators = ['.', '-', '_'];
    let mut rest = suffixes.trim_start_matches(separators);
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let after = after.trim_start_matches(separators);
        let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let number: u64 = if digits == 0 { 0 } else { after[..digits].parse().ok()? };
        match word {
            "a" | "alpha" => key.before = (1, number),
            "b" | "beta" => key.before = (2, number),
            "rc" | "c" | "pre" | "preview" => key.before = (3, number),
            "post" | "rev" | "r" => key.after = Some(number),
            "" if digits > 0 => key.after = Some(number),
            "dev" => key.development = (false, number),
            _ => return None,
        }
        rest = after[digits..].trim_start_matches(separators);
    }
    if !key.development.0 && key.before == (4, 0) && key.after.is_none() {
        key.before = (0, 0);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ascending(scheme: Scheme, versions: &[&str]) {
        for pair in versions.windows(2) {
            assert_eq!(scheme.compare(pair[0], pair[1]).expect("both are versions"), Ordering::Less, "{pair:?}");
        }
    }

    #[test]
    fn each_scheme_has_its_order() {
        ascending(Scheme::Loose, &["1.0", "1.0.1", "1.2", "1.10", "1.10a", "2"]);
        ascending(Scheme::Strict, &["0.4", "0.5a1", "0.5b3", "0.5", "0.9.6"]);
        ascending(
            Scheme::Semantic,
            &["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0", "1.0.1"],
        );
        ascending(Scheme::Pep440, &["1.0.dev1", "1.0a1", "1.0b2", "1.0rc1", "1.0", "1.0.post1", "1.1", "1!0.1"]);
    }

    #[test]
    fn a_number_against_a_word_is_refused() {
        assert!(Scheme::Loose.compare("1.a", "1.1").is_err());
        assert!(Scheme::Pep440.compare("1.0 é", "1.0").is_err(), "and it comes to an end");
        assert!(Scheme::Semantic.compare("1.0", "1.0.0").is_err());
    }
}
