//! What `command` does to its words although no shell is there: `$HOME`, `${HOME}` and a leading `~`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::system::account;

/// A word with its variables and its leading `~` replaced; unknown variables stay as they are written.
pub(super) fn expand(word: &str, environment: &BTreeMap<String, String>) -> String {
    home(&variables(word, environment))
}

/// A path with its leading `~` replaced.
pub(super) fn expand_path(path: &str, environment: &BTreeMap<String, String>) -> PathBuf {
    PathBuf::from(expand(path, environment))
}

fn variables(word: &str, environment: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = word;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let (whole, name) = variable(&rest[at..]);
        let value = environment.get(name).cloned().or_else(|| std::env::var(name).ok());
        match value {
            Some(value) if !name.is_empty() => out.push_str(&value),
            _ => out.push_str(whole),
        }
        rest = &rest[at + whole.len()..];
    }
    out + rest
}

/// The text of a variable at the start, and its name.
fn variable(text: &str) -> (&str, &str) {
    let after = &text[1..];
    if let Some(end) = after.strip_prefix('{').and_then(|inner| inner.find('}')) {
        return (&text[..end + 3], &after[1..=end]);
    }
    let length = after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(after.len());
    (&text[..=length], &after[..length])
}

fn home(word: &str) -> String {
    let Some(after) = word.strip_prefix('~') else { return word.to_owned() };
    let (name, rest) = after.find('/').map_or((after, ""), |slash| after.split_at(slash));
    let user = match name {
        "" => account::user_of(rustix::process::geteuid().as_raw()),
        name => account::user(name),
    };
    user.map_or_else(|| word.to_owned(), |user| user.home + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_and_home_are_replaced_and_the_unknown_is_left() {
        let environment = BTreeMap::from([("ES".to_owned(), "/etc/es".to_owned())]);
        for (word, wanted) in [
            ("$ES/a", "/etc/es/a"),
            ("x${ES}y", "x/etc/esy"),
            ("$NO_SUCH_THING$", "$NO_SUCH_THING$"),
            ("~root/.ssh", "/root/.ssh"),
            ("a~b", "a~b"),
            ("${open", "${open"),
        ] {
            assert_eq!(expand(word, &environment), wanted);
        }
    }
}
