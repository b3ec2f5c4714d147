//! A set of versions as the data files write it: `>=6.8 <7`, `8 || 11`, `>=19.3 <=20.3`.
//!
//! A bound counts for as many numbers as it has: `<=20.3` holds 20.3.9, and `8` holds 8u504.

use std::cmp::Ordering;

use crate::artifacts::Version;

/// A set of versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    text: String,
    alternatives: Vec<Vec<Bound>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Bound {
    holds: &'static [Ordering],
    numbers: Vec<u64>,
}

/// How bounds are written, and where a version may stand to them.
const SIGNS: &[(&str, &[Ordering])] = &[
    (">=", &[Ordering::Greater, Ordering::Equal]),
    ("<=", &[Ordering::Less, Ordering::Equal]),
    (">", &[Ordering::Greater]),
    ("<", &[Ordering::Less]),
    ("", &[Ordering::Equal]),
];

impl Range {
    /// Every version.
    pub fn any() -> Self {
        Self { text: "*".into(), alternatives: vec![Vec::new()] }
    }

    /// Reads a range; `*` holds every version.
    pub fn parse(text: &str) -> Option<Self> {
        if text.trim() == "*" {
            return Some(Self::any());
        }
        let alternatives = text.split("||").map(bounds).collect::<Option<_>>()?;
        Some(Self { text: text.trim().to_owned(), alternatives })
    }

    /// Whether it holds this version.
    pub fn holds(&self, version: &Version) -> bool {
        self.alternatives.iter().any(|bounds| bounds.iter().all(|bound| bound.allows(version)))
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl Bound {
    fn allows(&self, version: &Version) -> bool {
        self.holds.contains(&version.numbers(self.numbers.len()).cmp(&self.numbers))
    }
}

fn bounds(text: &str) -> Option<Vec<Bound>> {
    let bounds: Vec<_> = text.split_whitespace().map(bound).collect::<Option<_>>()?;
    (!bounds.is_empty()).then_some(bounds)
}

fn bound(text: &str) -> Option<Bound> {
    let (holds, rest) = SIGNS.iter().find_map(|(sign, holds)| Some((*holds, text.strip_prefix(sign)?)))?;
    let numbers = rest.split('.').map(|number| number.parse().ok()).collect::<Option<_>>()?;
    Some(Bound { holds, numbers })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_counts_for_as_many_numbers_as_it_has() {
        let cases = [
            ("<7", "6.8.23", true),
            ("<7", "7.0.0-rc1", false),
            (">=6.8 <7", "6.8.0", true),
            (">=6.8 <7", "6.2.1", false),
            ("<=20.3", "20.3.9", true),
            (">20.3", "20.3.9", false),
            ("8 || 11", "8u504-ga-1", true),
            ("8 || 11", "11.0.2", true),
            ("8 || 11", "17", false),
            (">=7.10", "7.9.9", false),
            ("*", "1", true),
        ];
        for (range, version, holds) in cases {
            let found = Range::parse(range).unwrap().holds(&Version::parse(version).unwrap());
            assert_eq!(found, holds, "{version} in {range}");
        }
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for text in ["", "7.x", ">= 7", "8 ||", "latest"] {
            assert!(Range::parse(text).is_none(), "{text:?}");
        }
    }
}
