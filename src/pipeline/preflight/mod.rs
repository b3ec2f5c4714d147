//! What has to hold before an upgrade takes anything down: findings, all at once, and how they read.

mod cluster;
mod snapshot;

use std::fmt::Write as _;

use serde::Serialize;

pub use cluster::{NodeSeen, in_order, judge_cluster};
pub use snapshot::WayBack;

/// What a finding means for the upgrade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// As it has to be.
    Ok,
    /// Worth knowing; the upgrade deals with it.
    Warn,
    /// In the way.
    Fail,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it means.
    pub mark: Mark,
    /// What was looked at: `path`, `packages`, `cluster`.
    pub aspect: &'static str,
    /// What was found.
    pub words: String,
    /// Whom it is about; nobody when it is about all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// The stable code of what is in the way.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub code: &'static str,
    /// What to do about it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub help: String,
}

impl Finding {
    /// As it has to be.
    pub fn ok(aspect: &'static str, words: impl Into<String>) -> Self {
        Self::of(Mark::Ok, aspect, words.into(), "")
    }

    /// Worth knowing.
    pub fn warn(aspect: &'static str, words: impl Into<String>) -> Self {
        Self::of(Mark::Warn, aspect, words.into(), "")
    }

    /// In the way.
    pub fn fail(aspect: &'static str, code: &'static str, words: impl Into<String>) -> Self {
        Self::of(Mark::Fail, aspect, words.into(), code)
    }

    fn of(mark: Mark, aspect: &'static str, words: String, code: &'static str) -> Self {
        Self { mark, aspect, words, hosts: Vec::new(), code, help: String::new() }
    }

    /// About these hosts.
    #[must_use]
    pub fn on(mut self, hosts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.hosts = hosts.into_iter().map(Into::into).collect();
        self
    }

    /// With what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }
}

/// Puts together what reads alike on several hosts.
pub fn together(findings: Vec<Finding>) -> Vec<Finding> {
    let mut merged: Vec<Finding> = Vec::new();
    for finding in findings {
        let is_same = |other: &&mut Finding| {
            (other.mark, other.aspect, &other.words) == (finding.mark, finding.aspect, &finding.words)
        };
        match merged.iter_mut().find(is_same) {
            Some(other) => {
                let new = finding.hosts.into_iter().filter(|host| !other.hosts.contains(host)).collect::<Vec<_>>();
                other.hosts.extend(new);
            }
            None => merged.push(finding),
        }
    }
    merged
}

/// The screen: a line a finding, its help below.
pub fn preflight_screen(findings: &[Finding]) -> String {
    let wide = findings.iter().map(|finding| finding.aspect.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for finding in findings {
        let mark = match finding.mark {
            Mark::Ok => "ok",
            Mark::Warn => "warn",
            Mark::Fail => "FAIL",
        };
        let rest = [finding.hosts.join(" "), finding.code.to_owned()];
        let rest: String = rest.iter().filter(|part| !part.is_empty()).map(|part| format!("  {part}")).collect();
        let _ = writeln!(text, "  {mark:<4}  {:<wide$}  {}{rest}", finding.aspect, finding.words);
        for line in finding.help.lines() {
            let _ = writeln!(text, "        {:<wide$}  {line}", "");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_that_read_alike_are_told_once_with_their_hosts() {
        let finding = |host: &str| Finding::warn("settings", "path.data will be added").on([host]);
        let findings = together(vec![
            finding("es1"),
            finding("es2"),
            finding("es1"),
            Finding::ok("path", "5.6 to 6 may roll"),
            Finding::fail("plugins", "DPP0902", "icu 5.6.2 is in the way").help("remove it"),
        ]);
        assert_eq!(
            preflight_screen(&findings),
            "  warn  settings  path.data will be added  es1 es2\n\
             \u{20} ok    path      5.6 to 6 may roll\n\
             \u{20} FAIL  plugins   icu 5.6.2 is in the way  DPP0902\n\
             \u{20}                 remove it\n"
        );
    }
}
