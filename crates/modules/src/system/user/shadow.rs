//! What `/etc/shadow` says of a user's password: its hash, its age, its end. Only root may read it; others learn nothing.

use std::fs;

/// A user's line, as far as tasks can wish something of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Shadow {
    /// The stored hash, behind `!` where it is locked.
    pub(super) hash: String,
    /// Days that must pass before the next change.
    pub(super) min: Option<i64>,
    /// Days after which it must be changed.
    pub(super) max: Option<i64>,
    /// Days of warning before that.
    pub(super) warn: Option<i64>,
    /// Days after which an account with an expired password is disabled.
    pub(super) inactive: Option<i64>,
    /// Day since 1970 on which the account ends.
    pub(super) expires: Option<i64>,
}

impl Shadow {
    /// The line of this user; nothing stands in it where it cannot be read.
    pub(super) fn of(name: &str) -> Self {
        let shadow = fs::read_to_string("/etc/shadow").unwrap_or_default();
        shadow.lines().find_map(|line| Self::read(line, name)).unwrap_or_default()
    }

    fn read(line: &str, name: &str) -> Option<Self> {
        let fields: Vec<&str> = line.split(':').collect();
        let [found, hash, _, min, max, warn, inactive, expires, ..] = fields[..] else { return None };
        let number = |field: &str| field.parse().ok();
        (found == name).then(|| Self {
            hash: hash.to_owned(),
            min: number(min),
            max: number(max),
            warn: number(warn),
            inactive: number(inactive),
            expires: number(expires),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_fields_are_no_numbers() {
        let read = Shadow::read("ann:!$6$x:20000:1:90::14:20500:", "ann").unwrap();
        let wanted = Shadow {
            hash: "!$6$x".into(),
            min: Some(1),
            max: Some(90),
            warn: None,
            inactive: Some(14),
            expires: Some(20500),
        };
        assert_eq!(read, wanted);
        assert_eq!(Shadow::read("ann:!:1:0:9:7:::", "anna"), None);
    }
}
