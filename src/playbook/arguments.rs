//! The arguments of a task in all the ways they are written: a mapping, `key=value` words, a free line, `args:`.

use std::ops::Range;

use crate::playbook::Task;
use crate::playbook::keywords::{text, wrong};
use crate::source::{Place, Problem};
use crate::value::{Text, Value};
use crate::yaml::{Data, Key, Node};

/// Actions that take a free line beside `key=value` words.
pub(super) const FREE_FORM: &[&str] = &[
    "command",
    "shell",
    "raw",
    "script",
    "win_command",
    "win_shell",
    "include",
    "include_tasks",
    "import_tasks",
    "include_vars",
    "import_playbook",
    "meta",
    "include_role",
    "import_role",
];

/// Sets the action and its arguments.
pub(super) fn set(task: &mut Task, action: &(Key, Node), extra: Option<&Node>) -> Result<(), Problem> {
    let (key, node) = action;
    task.action_place = key.place.clone();
    match key.text.as_str() {
        "action" | "local_action" => {
            named_inside(task, node)?;
            if key.text == "local_action" && task.keywords.delegate_to.is_none() {
                task.keywords.delegate_to = Some(Text::plain("localhost"));
            }
        }
        name => {
            task.action = name.to_owned();
            read(task, node)?;
        }
    }
    match extra.map(|node| (node, &node.data)) {
        None => Ok(()),
        Some((_, Data::Map(entries))) => {
            let new = entries.iter().filter(|(key, _)| task.arg(&key.text).is_none()).cloned().collect::<Vec<_>>();
            task.args.extend(new.into_iter().map(|(key, node)| (key, node.to_value())));
            Ok(())
        }
        Some((_, Data::Text(text, _))) if text.is_template() => {
            task.args_template = Some(text.clone());
            Ok(())
        }
        Some((node, _)) => Err(wrong(node, "a mapping of arguments")),
    }
}

/// `action: apt name=x` or `action: {module: apt, name: x}`.
fn named_inside(task: &mut Task, node: &Node) -> Result<(), Problem> {
    if let Some(entries) = node.as_map() {
        let Some(module) = node.get("module") else {
            return Err(Problem::error("DPP0103", "`action` names no `module`").at(&node.place, ""));
        };
        task.action = text(module)?.as_str().to_owned();
        let rest = entries.iter().filter(|(key, _)| key.text != "module");
        task.args = rest.map(|(key, node)| (key.clone(), node.to_value())).collect();
        return Ok(());
    }
    let line = text(node)?;
    let (module, rest) = line.as_str().trim().split_once(char::is_whitespace).unwrap_or((line.as_str().trim(), ""));
    task.action = module.to_owned();
    words(task, &Text::template(rest.trim()).at(node.place.clone()), &node.place);
    Ok(())
}

fn read(task: &mut Task, node: &Node) -> Result<(), Problem> {
    match &node.data {
        Data::Null => Ok(()),
        Data::Map(entries) => {
            task.args = entries.iter().map(|(key, node)| (key.clone(), node.to_value())).collect();
            Ok(())
        }
        Data::Text(line, _) => {
            words(task, line, &node.place);
            Ok(())
        }
        Data::Bool(_) | Data::Int(_) | Data::Float(_) => {
            words(task, &text(node)?, &node.place);
            Ok(())
        }
        Data::List(_) => Err(wrong(node, &format!("arguments of `{}`", task.action))),
    }
}

fn words(task: &mut Task, line: &Text, place: &Place) {
    let characters = line.as_str();
    let known: Option<&[&str]> = match task.short_action() {
        action if COMMANDS.contains(&action) => Some(COMMAND_WORDS),
        _ => None,
    };
    let pairs = |word: &Range<usize>| pair(&characters[word.clone()], known).is_some();
    let words = split(characters);
    if is_sole_expression(characters) && !FREE_FORM.contains(&task.short_action()) && !words.iter().any(pairs) {
        task.args_template = Some(line.clone());
        return;
    }
    let mut free = characters.to_owned();
    for word in words.iter().rev().filter(|word| pairs(word)) {
        free.replace_range(word.clone(), "");
    }
    for word in words.iter().filter(|word| pairs(word)) {
        if let Some((name, value)) = pair(&characters[word.clone()], known) {
            let key = Key { text: name.to_owned(), place: place.clone() };
            task.args.push((key, Value::Text(Text::template(unquoted(value)).at(place.clone()))));
        }
    }
    if !free.trim().is_empty() {
        let key = Key { text: "_raw_params".to_owned(), place: place.clone() };
        // A script keeps its last newline.
        let free = if task.short_action() == "shell" { free.trim_start() } else { free.trim() };
        task.args.push((key, Value::Text(Text::template(free).at(place.clone()))));
    }
}

fn is_sole_expression(line: &str) -> bool {
    line.trim().starts_with("{{") && line.trim().ends_with("}}")
}

/// Actions whose free line is a command: only these words are taken out of it, all others belong to the command.
const COMMANDS: &[&str] = &["command", "shell", "raw", "script"];
const COMMAND_WORDS: &[&str] =
    &["creates", "removes", "chdir", "executable", "warn", "stdin", "stdin_add_newline", "strip_empty_ends", "argv"];

/// The two sides of a `key=value` word, when its key is one of `known`, or any name.
fn pair<'a>(word: &'a str, known: Option<&[&str]>) -> Option<(&'a str, &'a str)> {
    let (name, value) = word.split_once('=')?;
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    (is_name && !name.is_empty() && known.is_none_or(|known| known.contains(&name))).then_some((name, value))
}

fn unquoted(value: &str) -> String {
    let quoted =
        ['"', '\''].into_iter().find(|quote| value.len() >= 2 && value.starts_with(*quote) && value.ends_with(*quote));
    match quoted {
        Some('"') => value[1..value.len() - 1].replace("\\\"", "\"").replace("\\\\", "\\"),
        Some(_) => value[1..value.len() - 1].to_owned(),
        None => value.to_owned(),
    }
}

/// The words between blanks outside of quotes and of `{{ }}`, `{% %}`, `{# #}`, as ranges of bytes.
fn split(line: &str) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut start = None;
    let (mut quote, mut depth) = (None, 0usize);
    let mut characters = line.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let next = characters.peek().map(|(_, next)| *next);
        if character.is_whitespace() && quote.is_none() && depth == 0 {
            words.extend(start.take().map(|start| start..at));
            continue;
        }
        start.get_or_insert(at);
        match character {
            '\\' if quote.is_some() => drop(characters.next()),
            '"' | '\'' if depth == 0 && quote == Some(character) => quote = None,
            '"' | '\'' if depth == 0 && quote.is_none() => quote = Some(character),
            '{' if matches!(next, Some('{' | '%' | '#')) => depth += 1,
            '}' | '%' | '#' if depth > 0 && next == Some('}') => {
                depth -= 1;
                characters.next();
            }
            _ => {}
        }
    }
    words.extend(start.map(|start| start..line.len()));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_quotes_and_templates_whole() {
        let split = |line: &'static str| split(line).into_iter().map(|word| &line[word]).collect::<Vec<_>>();
        assert_eq!(split("name=a state=present"), ["name=a", "state=present"]);
        assert_eq!(split("a='x y' b=\"p q\""), ["a='x y'", "b=\"p q\""]);
        assert_eq!(
            split("dest=/x/{{ a | default('b c') }}/y mode=0644"),
            ["dest=/x/{{ a | default('b c') }}/y", "mode=0644"]
        );
    }
}
