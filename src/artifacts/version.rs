//! A product's version as its maker writes it: numbers with dots, and perhaps a rest.

use std::cmp::Ordering;
use std::fmt;

/// A version; `6.2` and `6.2.0` are the same.
#[derive(Debug, Clone)]
pub struct Version {
    text: String,
    numbers: Vec<u64>,
    rest: String,
}

impl Version {
    /// Reads a version, which begins with a number.
    pub fn parse(text: &str) -> Option<Self> {
        let mut numbers = Vec::new();
        let mut rest = text;
        loop {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            numbers.push(rest[..digits].parse().ok()?);
            rest = &rest[digits..];
            match rest.strip_prefix('.') {
                Some(more) if more.starts_with(|c: char| c.is_ascii_digit()) => rest = more,
                _ => break,
            }
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || ".-+~_".contains(c);
        rest.chars().all(allowed).then(|| Self { text: text.to_owned(), numbers, rest: rest.to_owned() })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its first number.
    pub fn major(&self) -> u64 {
        self.numbers.first().copied().unwrap_or(0)
    }

    /// Its first two numbers: `6.2`.
    pub fn series(&self) -> String {
        let [major, minor] = self.prefix::<2>();
        format!("{major}.{minor}")
    }

    /// Its numbers, filled up with zeros or cut to a length.
    pub(super) fn numbers(&self, length: usize) -> Vec<u64> {
        self.numbers.iter().copied().chain(std::iter::repeat(0)).take(length).collect()
    }

    /// How far it is from another, for telling which versions are near: the first number weighs most.
    pub(super) fn distance(&self, other: &Self) -> [u64; 3] {
        let (one, two) = (self.prefix::<3>(), other.prefix::<3>());
        std::array::from_fn(|at| one[at].abs_diff(two[at]))
    }

    fn prefix<const N: usize>(&self) -> [u64; N] {
        std::array::from_fn(|at| self.numbers.get(at).copied().unwrap_or(0))
    }

    /// Before the release, the release, or a rework of its package.
    fn stage(&self) -> u8 {
        let word = self.rest.trim_start_matches(['-', '~', '.']).to_ascii_lowercase();
        match word {
            _ if self.rest.is_empty() => 1,
            word if ["alpha", "beta", "rc", "snapshot"].iter().any(|early| word.starts_with(early)) => 0,
            _ => 2,
        }
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let length = self.numbers.len().max(other.numbers.len());
        let numbers = self.numbers(length).cmp(&other.numbers(length));
        numbers.then_with(|| self.stage().cmp(&other.stage())).then_with(|| self.rest.cmp(&other.rest))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Version {}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    #[test]
    fn versions_are_ordered_as_they_were_released() {
        let ordered = ["5.6.2", "5.6.10", "6.0.0-alpha1", "6.0.0-rc1", "6", "6.0.0-1", "6.10", "8u504-ga-1", "10.0.0"];
        for pair in ordered.windows(2) {
            assert!(version(pair[0]) < version(pair[1]), "{pair:?}");
        }
        assert_eq!(version("6.2"), version("6.2.0"));
    }

    #[test]
    fn what_begins_with_no_number_or_leaves_the_path_is_no_version() {
        for text in ["", "latest", "v6.2.1", "6/../..", "6 2", "6.2.1\n"] {
            assert!(Version::parse(text).is_none(), "{text:?}");
        }
    }
}
