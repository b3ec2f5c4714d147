//! Regular expressions as Python has them, with its replacements: `\1`, `\g<name>`, `\n`.

use dpp_protocol::Failure;
use fancy_regex::{Captures, Regex};

/// Compiles a pattern that a task gave; the failure names the parameter and the place in it.
pub(crate) fn compile(parameter: &str, pattern: &str) -> Result<Regex, Failure> {
    Regex::new(&pattern.replace(r"\Z", r"\z")).map_err(|error| {
        Failure::new(format!("`{parameter}: {pattern}` is no regular expression: {error}")).code("DPP0104")
    })
}

/// Whether a pattern is found in a text; a pattern that gives up on the text is a failure.
pub(crate) fn found(pattern: &Regex, text: &str) -> Result<bool, Failure> {
    pattern.is_match(text).map_err(|error| gave_up(pattern, &error))
}

/// The failure of a pattern that backtracked without end.
pub(crate) fn gave_up(pattern: &Regex, error: &fancy_regex::Error) -> Failure {
    Failure::new(format!("the regular expression `{pattern}` gave up: {error}"))
        .help("make it simpler, or anchor it with ^")
}

/// Fills a replacement from what was matched; groups that took no part are empty.
pub(crate) fn expand(template: &str, captures: &Captures<'_, str>) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        rest = escape(rest, captures, &mut out);
    }
    out + rest
}

/// Handles what follows a backslash and returns what comes after.
fn escape<'a>(rest: &'a str, captures: &Captures<'_, str>, out: &mut String) -> &'a str {
    let Some(first) = rest.chars().next() else {
        out.push('\\');
        return rest;
    };
    if let Some((name, after)) = rest.strip_prefix("g<").and_then(|inner| inner.split_once('>')) {
        let group = name.parse().map_or_else(|_| captures.name(name), |number| captures.get(number));
        out.push_str(group.map_or("", |group| group.as_str()));
        return after;
    }
    if first.is_ascii_digit() {
        let length = rest.chars().take(2).take_while(char::is_ascii_digit).count();
        let number = rest[..length].parse().unwrap_or_default();
        out.push_str(captures.get(number).map_or("", |group| group.as_str()));
        return &rest[length..];
    }
    match first {
        'n' => out.push('\n'),
        't' => out.push('\t'),
        'r' => out.push('\r'),
        '\\' => out.push('\\'),
        other => out.extend(['\\', other]),
    }
    &rest[first.len_utf8()..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replacements_are_filled_as_python_fills_them() {
        let pattern = compile("regexp", r"^(?P<key>\w+)=(\d+)(x)?").unwrap();
        let captures = pattern.captures("heap=12").unwrap().unwrap();
        for (template, wanted) in [
            (r"\1: \2", "heap: 12"),
            (r"\g<key>\g<2>1", "heap121"),
            (r"a\nb\\c\d", "a\nb\\c\\d"),
            (r"\3.", "."),
            ("end\\", "end\\"),
        ] {
            assert_eq!(expand(template, &captures), wanted);
        }
    }

    #[test]
    fn lookaheads_are_understood_and_nonsense_is_named() {
        assert!(found(&compile("regexp", r"^(?!#)\s*Port\b").unwrap(), "Port 22").unwrap());
        let failure = compile("regexp", "a(").unwrap_err();
        assert!(failure.message.starts_with("`regexp: a(` is no regular expression"), "{}", failure.message);
    }
}
