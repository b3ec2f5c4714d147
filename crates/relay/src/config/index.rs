//! The index that documents go into: one name, or one for each day, month or year of the events.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;

/// A name, in which `%Y`, `%m` and the like stand for the event's date in UTC.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct IndexName(String);

impl IndexName {
    /// Returns the index of an event of that time, in milliseconds.
    pub fn at(&self, milliseconds: i64) -> String {
        if !self.0.contains('%') {
            return self.0.clone();
        }
        let time = Timestamp::from_millisecond(milliseconds).unwrap_or_default().to_zoned(TimeZone::UTC);
        time.strftime(&self.0).to_string()
    }

    /// Returns a pattern that all its indices match.
    pub fn wildcard(&self) -> String {
        let mut pattern = String::new();
        let mut letters = self.0.chars();
        while let Some(letter) = letters.next() {
            if letter == '%' {
                letters.next();
                pattern.push('*');
            } else {
                pattern.push(letter);
            }
        }
        pattern
    }
}

impl TryFrom<String> for IndexName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        const LONGEST: usize = 255;
        check_directives(&name)?;
        let example = Self(name.clone()).at(0);
        let forbidden = |c: char| c.is_uppercase() || " \"*\\<>|,/?#:".contains(c);
        let good = (1..=LONGEST).contains(&example.len())
            && !example.contains(forbidden)
            && !example.starts_with(['-', '_', '+'])
            && example != "."
            && example != "..";
        if good {
            Ok(Self(name))
        } else {
            Err(format!(
                "Elasticsearch takes no index `{example}`: lower case, 1 to 255 bytes, none of \" * \\ < > | , / ? # : or blank, and no - _ + in front"
            ))
        }
    }
}

impl fmt::Display for IndexName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One letter after each `%`, and only such that their text has no place for surprises.
fn check_directives(name: &str) -> Result<(), String> {
    for (at, _) in name.match_indices('%') {
        let directive = name[at + 1..].chars().next();
        if !directive.is_some_and(|letter| "YymdjHGV".contains(letter)) {
            return Err(format!("`{name}`: %{} is none of %Y %y %m %d %j %H %G %V", directive.unwrap_or(' ')));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(name: &str) -> Result<IndexName, String> {
        name.to_owned().try_into()
    }

    #[test]
    fn the_date_is_the_events_own_in_utc() {
        let last_of_2017 = 1_514_764_799_999;
        assert_eq!(index("logs_data").unwrap().at(last_of_2017), "logs_data");
        assert_eq!(index("logs-%Y.%m.%d").unwrap().at(last_of_2017), "logs-2017.12.31");
        assert_eq!(index("logs-%Y.%m.%d").unwrap().at(last_of_2017 + 1), "logs-2018.01.01");
        assert_eq!(index("logs-%G.w%V").unwrap().at(last_of_2017), "logs-2017.w52");
        assert_eq!(index("logs-%Y.%m").unwrap().wildcard(), "logs-*.*");
    }

    #[test]
    fn what_elasticsearch_takes_for_no_index_is_refused() {
        for name in ["", "Logs", "_logs", "a b", "a*", "a/b", "logs-%B", "logs-%", "..", "a:b"] {
            assert!(index(name).is_err(), "{name}");
        }
    }
}
