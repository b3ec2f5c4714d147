//! Variables of the command line, `-e`. What a name calls a secret is one from here on: no screen, log or report shows
//! it.

use std::path::Path;

use crate::inventory::Variables;
use crate::secret::{Decrypt, names_secret};
use crate::source::{Problem, Problems, Source};
use crate::value::{Map, Text, Value};
use crate::yaml::{self, Node};

/// What the values look like: told to whoever wrote something else.
const HELP: &str = "write -e name=value, -e '{\"name\": 1}' or -e @file.yml";

/// Texts that a switch holds; masked, they would tear every screen to pieces.
const SWITCHES: &[&str] = &["true", "false", "none", "null"];

/// `k=v` words are texts, as in Ansible; JSON, YAML and `@file` keep their types, and their places.
pub(super) fn read(given: &[String], vault: &dyn Decrypt) -> Result<Variables, Problems> {
    let mut extra = Variables::default();
    for given in given {
        if let Some(path) = given.strip_prefix('@') {
            extra.extend(&mapping(&yaml::read(Path::new(path), vault)?, given)?);
        } else if given.trim_start().starts_with(['{', '[']) || (given.contains(": ") && !given.contains('=')) {
            extra.extend(&mapping(&yaml::parse(&Source::new("--extra-vars", given.as_str()))?, given)?);
        } else {
            extra.extend(&pairs(given)?);
        }
    }
    let mut hidden = Variables::default();
    for (name, value) in extra.values() {
        let (name, value) = sealed(name.clone(), value.clone());
        let place = extra.place(&name).cloned();
        hidden.set(name, value, place);
    }
    Ok(hidden)
}

/// The texts in these variables that are not to be shown. A template is none: what comes of it is.
pub(super) fn secrets(extra: &Map) -> Vec<String> {
    fn collect(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Text(text) if text.is_secret() && !text.is_template() => found.push(text.as_str().to_owned()),
            Value::List(items) => items.iter().for_each(|item| collect(item, found)),
            Value::Map(entries) => entries.values().for_each(|value| collect(value, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    extra.values().for_each(|value| collect(value, &mut found));
    found
}

/// The variables of the only document; a file without any is empty, not wrong.
fn mapping(documents: &[Node], given: &str) -> Result<Variables, Problems> {
    let refused = |what: &str, node: &Node| {
        let told = if given.starts_with('@') { given } else { "--extra-vars" };
        let problem = Problem::error("DPP0204", format!("{told} holds {what}, no variables"));
        vec![problem.at(&node.place, "expected `name: value`").help(HELP)]
    };
    if let Some(second) = documents.get(1) {
        return Err(refused("several documents", second));
    }
    let Some(node) = documents.first() else { return Ok(Variables::default()) };
    Variables::of_node(node).ok_or_else(|| refused(&format!("a {}", node.kind()), node))
}

fn pairs(given: &str) -> Result<Variables, Problems> {
    let wrong = |what: String| vec![Problem::error("DPP0202", what).help(HELP)];
    let Some(words) = shlex::split(given) else {
        return Err(wrong("a quote in --extra-vars is not closed".to_owned()));
    };
    let mut pairs = Variables::default();
    for word in words {
        match word.split_once('=') {
            Some((name, value)) if !name.is_empty() => {
                pairs.set(name, Value::template(value), None);
            }
            // It may be the rest of a password with a blank.
            _ if pairs.values().keys().any(|name| names_secret(name)) => {
                return Err(wrong(
                    "a word in --extra-vars is no `name=value`; a value with a blank needs quotes".into(),
                ));
            }
            _ => return Err(wrong(format!("`{word}` in --extra-vars is no `name=value`"))),
        }
    }
    Ok(pairs)
}

/// The variable, and every text in it a secret if its name, or one on the way to it, says so.
fn sealed(name: String, value: Value) -> (String, Value) {
    let value = if names_secret(&name) { secret(value) } else { searched(value) };
    (name, value)
}

fn searched(value: Value) -> Value {
    match value {
        Value::Map(entries) => Value::map(entries.iter().map(|(name, value)| sealed(name.clone(), value.clone()))),
        Value::List(items) => Value::list(items.iter().cloned().map(searched)),
        other => other,
    }
}

fn secret(value: Value) -> Value {
    match value {
        Value::Text(text) if !SWITCHES.contains(&text.as_str().to_lowercase().as_str()) => {
            let hidden = Text::secret(text.as_str());
            Value::Text(match text.place() {
                Some(place) => hidden.at(place.clone()),
                None => hidden,
            })
        }
        Value::Map(entries) => Value::map(entries.iter().map(|(name, value)| (name.clone(), secret(value.clone())))),
        Value::List(items) => Value::list(items.iter().cloned().map(secret)),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::NoPassword;

    fn given(given: &[&str]) -> Result<Map, Problems> {
        let given: Vec<String> = given.iter().map(|given| (*given).to_owned()).collect();
        read(&given, &NoPassword).map(|variables| variables.values().clone())
    }

    #[test]
    fn what_a_name_calls_a_secret_is_one() {
        let extra = given(&["RABBITMQ_PASS=geheim1 heap=4g", r#"{"db": {"password": "geheim2", "name": "logs"}}"#]);
        let extra = extra.unwrap();
        assert_eq!(secrets(&extra), ["geheim1", "geheim2"]);
        assert_eq!(extra["heap"], Value::template("4g"));
        assert!(secrets(&given(&["ask_pass=true", "pass='{{ lookup(\"env\", \"PW\") }}'"]).unwrap()).is_empty());
    }

    #[test]
    fn what_a_file_holds_keeps_its_place() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "# ours\nheap: 4\n").unwrap();
        let extra = read(&[format!("@{}", file.path().display()), "a=1".to_owned()], &NoPassword).unwrap();
        assert_eq!((extra.place("heap").map(crate::source::Place::line), extra.place("a")), (Some(2), None));
    }

    #[test]
    fn what_holds_no_variables_is_refused_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            format!("@{}", path.display())
        };
        let list = at("list.yml", "---\n- a: 1\n");
        let several = at("several.yml", "a: 1\n---\nb: 2\n");
        for (wrong, line, what) in [
            ("[1]", 1, "--extra-vars holds a list, no variables"),
            (list.as_str(), 2, "list.yml holds a list, no variables"),
            (several.as_str(), 3, "several.yml holds several documents, no variables"),
        ] {
            let problems = given(&[wrong]).unwrap_err();
            let problem = &problems[0];
            assert!(problem.message.ends_with(what), "{wrong}: {}", problem.message);
            assert_eq!((problem.code, problem.at.as_ref().map(|(place, _)| place.line())), ("DPP0204", Some(line)));
        }
        assert!(given(&[&at("empty.yml", "# nothing yet\n")]).unwrap().is_empty());
    }

    #[test]
    fn a_word_without_a_value_is_refused_and_no_password_repeated() {
        for (wrong, shown) in [
            ("<the same variables>", "`<the` in --extra-vars"),
            ("pw=it's", "a quote"),
            ("pw=it is", "a word in --extra-vars"),
        ] {
            let problems = given(&[wrong]).unwrap_err();
            assert_eq!(problems[0].code, "DPP0202");
            assert!(problems[0].message.starts_with(shown), "{}", problems[0].message);
        }
    }
}
