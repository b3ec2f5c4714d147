//! Forms that a file's content must have before it leaves for a host: `validate: yaml`, `json` or `properties`.
//!
//! Ansible's `validate` is a command of the host with `%s` in it, for products that can check their own files. Many
//! cannot, and a bare host has no programme that reads YAML or JSON; but the content is made here. It says nothing
//! about what the keys mean.

use dpp_protocol::Failure;
use serde::de::IgnoredAny;

use crate::actions::action::text;
use crate::source::Source;
use crate::value::Map;
use crate::yaml;

/// A form by the name that a task gives it, and what is wrong with a text that does not have it.
const FORMS: &[(&str, fn(&str) -> Result<(), String>)] = &[("json", json), ("properties", properties), ("yaml", yaml)];

/// Refuses content that lacks the form which `validate` asks for, and takes that out of the parameters; a command of
/// the host stays.
pub(super) fn checked(params: &mut Map, content: &[u8]) -> Result<(), Failure> {
    let Some((name, check)) = asked(params) else { return Ok(()) };
    params.shift_remove("validate");
    let dest = text(params, "dest").unwrap_or_default();
    let wrong = match std::str::from_utf8(content) {
        Ok(text) => check(text).err(),
        Err(error) => Some(error.to_string()),
    };
    match wrong {
        Some(words) => Err(Failure::new(format!("new content of {dest} is no {name}: {words}"))
            .code("DPP0306")
            .help(format!("{dest} is as it was; correct what the task writes"))),
        None => Ok(()),
    }
}

/// Whether `validate` names a form.
pub(super) fn asked(params: &Map) -> Option<(&'static str, fn(&str) -> Result<(), String>)> {
    let wanted = text(params, "validate")?;
    FORMS.iter().find(|(name, _)| *name == wanted).copied()
}

fn json(text: &str) -> Result<(), String> {
    serde_json::from_str::<IgnoredAny>(text).map(drop).map_err(|error| error.to_string())
}

/// The line is named but not shown: it may hold a secret.
fn yaml(text: &str) -> Result<(), String> {
    let Err(problems) = yaml::parse(&Source::new("", text)) else { return Ok(()) };
    let Some(first) = problems.first() else { return Ok(()) };
    let place = first.at.as_ref().map(|(place, _)| format!(" at line {} column {}", place.line(), place.column()));
    Err(format!("{}{}", first.message, place.unwrap_or_default()))
}

/// Java takes a line without `=` for a key without a value. In a rendered file it is the rest of a value that has more
/// than one line.
fn properties(text: &str) -> Result<(), String> {
    let mut continued = false;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim_start();
        let begins = !continued && !line.is_empty() && !line.starts_with(['#', '!']);
        if begins && !line.contains(['=', ':']) {
            return Err(format!("line {number} has no `=`"));
        }
        if (begins || continued) && !escapes_are_whole(line) {
            return Err(format!("line {number} has a `\\u` without four hexadecimal digits"));
        }
        continued = (begins || continued) && backslashes_at_end(line) % 2 == 1;
    }
    Ok(())
}

fn backslashes_at_end(line: &str) -> usize {
    line.len() - line.trim_end_matches('\\').len()
}

fn escapes_are_whole(line: &str) -> bool {
    let mut rest = line;
    while let Some((_, escaped)) = rest.split_once('\\') {
        let mut after = escaped.chars();
        if after.next() == Some('u') && !after.by_ref().take(4).filter(char::is_ascii_hexdigit).count().eq(&4) {
            return false;
        }
        rest = after.as_str();
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    fn verdict(form: &str, content: &str) -> Option<String> {
        let mut params = Map::new();
        params.insert("dest".into(), Value::plain("/etc/x"));
        params.insert("validate".into(), Value::plain(form));
        let checked = checked(&mut params, content.as_bytes());
        assert_eq!(params.contains_key("validate"), form.contains("%s"));
        checked.err().map(|failure| failure.message)
    }

    #[test]
    fn content_has_the_form_that_is_asked_for_or_is_refused_with_its_line() {
        for (form, content, wrong) in [
            ("yaml", "a: 1\nb: [x, y]\n", None),
            ("yaml", "a: 1\na: 2\n", Some("line 2")),
            ("yaml", "a: b: c\n", Some("line 1")),
            ("json", "{\"a\": [1]}", None),
            ("json", "{\"a\": }", Some("line 1 column 7")),
            ("properties", "# x\n\n! y\na=1\nb : 2\n", None),
            ("properties", "a=1, \\\n  2\nb=c\\\\\nd=e\n", None),
            ("properties", "password=one\ntwo\n", Some("line 2 has no `=`")),
            ("properties", "a=\\u00e9\\\\u\n", None),
            ("properties", "a=C:\\users\n", Some("line 1 has a `\\u`")),
        ] {
            let found = verdict(form, content);
            assert_eq!(found.is_some(), wrong.is_some(), "{form} {content:?}: {found:?}");
            let expected = wrong.unwrap_or_default();
            assert!(found.as_deref().unwrap_or_default().contains(expected), "{form} {content:?}: {found:?}");
        }
    }

    #[test]
    fn a_command_of_the_host_is_left_to_the_host() {
        assert_eq!(verdict("visudo -cf %s", "{ no yaml"), None);
    }

    #[test]
    fn a_refusal_does_not_repeat_the_content() {
        let words = verdict("yaml", "password: geheim: x\n").unwrap();
        assert!(words.starts_with("new content of /etc/x is no yaml: ") && !words.contains("geheim"), "{words}");
    }
}
