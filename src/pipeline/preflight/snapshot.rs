//! Whether a snapshot leads back from an upgrade, and how old it is.

use std::time::Duration;

use serde_json::{Map, Value};

use super::Finding;

/// The code of a snapshot that is missing or too old.
const TOO_OLD: &str = "DPP0904";

/// The newest snapshot that a cluster has, as far as one of its nodes tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayBack {
    /// The cluster's name.
    pub cluster: String,
    /// Repository and name, and how old it is.
    newest: Option<(String, Duration)>,
}

impl WayBack {
    /// What `elasticsearch_upgrade_facts` says of it, at this time in milliseconds.
    pub fn read(facts: &Map<String, Value>, now_ms: u64) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let snapshot = &facts["snapshot"];
        let newest = snapshot["ended_ms"].as_u64().map(|ended| {
            let name = format!("{}/{}", text(&snapshot["repository"]), text(&snapshot["name"]));
            (name, Duration::from_millis(now_ms.saturating_sub(ended)))
        });
        Self { cluster: text(&facts["cluster_name"]), newest }
    }

    /// Whether it is younger than this.
    pub fn is_within(&self, age: Duration) -> bool {
        self.newest.as_ref().is_some_and(|(_, old)| *old <= age)
    }

    /// A finding: in the way when a younger one was asked for.
    pub fn finding(&self, asked: Option<Duration>) -> Finding {
        let told = match &self.newest {
            None => "none: from a node's first start on, nothing leads back".to_owned(),
            Some((name, old)) => format!("{name}, {} ago", words(*old)),
        };
        match asked {
            Some(age) if !self.is_within(age) => {
                let help = "PUT _snapshot/REPOSITORY/NAME?wait_for_completion=true makes one";
                Finding::fail("snapshot", TOO_OLD, format!("{told}; it is to be younger than {}", words(age)))
                    .help(help)
            }
            None if self.newest.is_none() => Finding::warn("snapshot", told),
            _ => Finding::ok("snapshot", told),
        }
    }
}

/// `40 s`, `12 min`, `3 h`, `2 days`: the largest unit of which there are two.
fn words(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pipeline::Mark;

    const HOUR: u64 = 3_600_000;

    fn way_back(ended_ms: Option<u64>) -> WayBack {
        let snapshot = ended_ms.map(|ended| json!({"repository": "nightly", "name": "s1", "ended_ms": ended}));
        let facts = json!({"cluster_name": "logs", "snapshot": snapshot});
        WayBack::read(facts.as_object().unwrap(), 30 * HOUR)
    }

    #[test]
    fn one_that_is_too_old_is_in_the_way_only_where_its_age_was_asked_for() {
        let day = Some(Duration::from_hours(24));
        let cases = [
            (None, None, Mark::Warn, "none: from"),
            (None, day, Mark::Fail, "younger than 24 h"),
            (Some(HOUR), None, Mark::Ok, "nightly/s1, 29 h ago"),
            (Some(HOUR), day, Mark::Fail, "29 h ago; it is to be"),
            (Some(29 * HOUR), day, Mark::Ok, "60 min ago"),
        ];
        for (ended, asked, mark, words) in cases {
            let finding = way_back(ended).finding(asked);
            assert!(finding.mark == mark && finding.words.contains(words), "{ended:?} {asked:?}: {finding:?}");
        }
    }

    #[test]
    fn ages_are_told_in_the_largest_unit_of_which_there_are_two() {
        let told = [40, 719, 7_199, 7_200, 172_799, 172_800].map(|seconds| words(Duration::from_secs(seconds)));
        assert_eq!(told, ["40 s", "11 min", "119 min", "2 h", "47 h", "2 days"]);
    }
}
