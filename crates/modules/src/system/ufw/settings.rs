//! What ufw keeps in its own files: policies, the level of the log, rules; also while it is off, when it tells nothing.

use std::fs;
use std::io;
use std::path::Path;

use dpp_protocol::Failure;

use crate::files::refused;

/// What such a line begins with.
pub(super) const TUPLE: &str = "### tuple";

/// What stands in ufw's files.
pub(super) struct Settings {
    defaults: String,
    /// The level of the log.
    pub(super) log: String,
    /// The lines that say what each rule is.
    pub(super) rules: Vec<Rule>,
}

/// The line that says what a rule is, and of which family.
pub(super) struct Rule {
    pub(super) line: String,
    pub(super) is_ipv6: bool,
}

impl Settings {
    pub(super) fn read() -> Result<Self, Failure> {
        let mut rules = Vec::new();
        for (path, is_ipv6) in [
            ("/etc/ufw/user.rules", false),
            ("/etc/ufw/user6.rules", true),
            ("/lib/ufw/user.rules", false),
            ("/lib/ufw/user6.rules", true),
        ] {
            let text = text(path)?;
            let lines = text.lines().filter(|line| line.starts_with(TUPLE));
            rules.extend(lines.map(|line| Rule { line: line.trim_end().to_owned(), is_ipv6 }));
        }
        let log = value(&text("/etc/ufw/ufw.conf")?, "LOGLEVEL").unwrap_or_else(|| "off".to_owned());
        Ok(Self { defaults: text("/etc/default/ufw")?, log, rules })
    }

    /// The policy for what comes in, goes out or goes through.
    pub(super) fn policy(&self, direction: &str) -> Option<String> {
        let name = match direction {
            "outgoing" | "out" => "DEFAULT_OUTPUT_POLICY",
            "routed" => "DEFAULT_FORWARD_POLICY",
            _ => "DEFAULT_INPUT_POLICY",
        };
        let policy = match value(&self.defaults, name)?.to_uppercase().as_str() {
            "ACCEPT" => "allow",
            "DROP" => "deny",
            "REJECT" => "reject",
            _ => return None,
        };
        Some(policy.to_owned())
    }
}

fn text(path: &str) -> Result<String, Failure> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(refused("read", Path::new(path), &error)),
        read => Ok(read.unwrap_or_default()),
    }
}

/// The value of a line `NAME="value"`.
fn value(text: &str, name: &str) -> Option<String> {
    let mut lines = text.lines().filter_map(|line| line.trim().strip_prefix(name)?.trim_start().strip_prefix('='));
    lines.next_back().map(|value| value.trim().trim_matches(['"', '\'']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_read_from_ufws_defaults() {
        let defaults =
            "IPV6=yes\nDEFAULT_INPUT_POLICY=\"DROP\"\nDEFAULT_OUTPUT_POLICY=\"ACCEPT\"\n#DEFAULT_FORWARD_POLICY=x\n";
        let settings = Settings { defaults: defaults.to_owned(), log: "low".into(), rules: Vec::new() };
        assert_eq!(settings.policy("incoming").as_deref(), Some("deny"));
        assert_eq!(settings.policy("outgoing").as_deref(), Some("allow"));
        assert_eq!(settings.policy("routed"), None);
    }
}
