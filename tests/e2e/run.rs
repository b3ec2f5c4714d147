//! How a command ended and what it said. What made it run is `lab`.

use std::fmt;

use regex::Regex;
use serde_json::Value as Json;

/// How `dppctl` ended and what it said, with what differs from run to run replaced.
#[must_use = "snapshot the run, or assert how it ended"]
pub(crate) struct Run {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: Option<i32>,
}

impl Run {
    /// The run ended with this exit code, or the test ends with what it said.
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    /// How many changes the last line counts.
    pub(crate) fn changes(&self) -> usize {
        let counted = Regex::new(r"(\d+) changes? (?:would be )?made").unwrap();
        let found = counted.captures_iter(&self.stderr).last().or_else(|| counted.captures_iter(&self.stdout).last());
        found.unwrap_or_else(|| panic!("no summary: {self}"))[1].parse().unwrap()
    }

    /// What it says of what failed, and everything after that.
    pub(crate) fn failure(&self) -> &str {
        let first = Regex::new(r"(?m)^\(1[,)]").unwrap();
        let found = first.find(&self.stderr).unwrap_or_else(|| panic!("nothing failed: {self}"));
        self.stderr[found.start()..].trim()
    }

    /// The one JSON document that is the answer.
    pub(crate) fn json(&self) -> Json {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("no JSON ({error}): {self}"))
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.map_or_else(|| "by a signal".to_owned(), |code| code.to_string());
        writeln!(f, "[exit {code}]")?;
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                writeln!(f, "[{name}]\n{}", text.trim_end())?;
            }
        }
        Ok(())
    }
}
