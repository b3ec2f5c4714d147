//! Lookups in files that are tables: `ini` and `csvfile`.

use minijinja::{Error, Value as Dynamic};

use super::call::Call;
use super::files::read;
use crate::template::frame::Frame;
use crate::template::regex::{self, Flags};

type Found = Result<Vec<Dynamic>, Error>;

/// A term `key name=value …`: the key, and options that go before those of the call.
struct Term {
    key: String,
    options: Vec<(String, String)>,
}

impl Term {
    fn read(term: &str) -> Self {
        let (options, words): (Vec<&str>, Vec<&str>) = term.split_whitespace().partition(|word| is_option(word));
        let option = |word: &str| word.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self { key: words.join(" "), options: options.into_iter().filter_map(option).collect() }
    }

    fn text(&self, call: &Call, name: &str) -> Option<String> {
        let own = self.options.iter().find(|(given, _)| given == name).map(|(_, value)| value.clone());
        own.or_else(|| call.text(name))
    }

    fn flag(&self, call: &Call, name: &str) -> bool {
        let own = self.options.iter().find(|(given, _)| given == name);
        own.map_or_else(|| call.flag(name, false), |(_, value)| ["true", "yes", "1"].contains(&&*value.to_lowercase()))
    }
}

fn is_option(word: &str) -> bool {
    const OPTIONS: [&str; 13] = [
        "section",
        "file",
        "re",
        "type",
        "encoding",
        "default",
        "case_sensitive",
        "allow_no_value",
        "col",
        "delimiter",
        "keycol",
        "quotechar",
        "interpolation",
    ];
    word.split_once('=').is_some_and(|(name, _)| OPTIONS.contains(&name))
}

/// Values of a section's keys in an INI file, or of a file of properties.
pub(super) fn ini(call: &mut Call) -> Found {
    let mut found = Vec::new();
    for term in call.texts()? {
        let term = Term::read(&term);
        let is_properties = term.text(call, "type").is_some_and(|kind| kind == "properties");
        let section = term.text(call, "section").filter(|_| !is_properties).unwrap_or_else(|| "global".to_owned());
        let file = term.text(call, "file").unwrap_or_else(|| "ansible.ini".to_owned());
        let (_, text) = read(call, "files", &file)?;
        let text = if is_properties { format!("[{section}]\n{text}") } else { text };
        let folds = !term.flag(call, "case_sensitive");
        let entries = entries(&text, &section, folds);
        let entries = entries.ok_or_else(|| call.refusal(&format!("finds no section `{section}` in {file}")))?;
        let key = if folds && !term.flag(call, "re") { term.key.to_lowercase() } else { term.key.clone() };
        if term.flag(call, "re") {
            let flags = Flags { at_start: true, ..Flags::default() };
            let pattern = Frame::current()?.engines().patterns().get(&key, flags)?;
            for (name, value) in entries {
                found.extend(regex::search(&pattern, &name)?.map(|_| Dynamic::from(value)));
            }
        } else {
            let value = entries.into_iter().rev().find(|(name, _)| *name == key).map(|(_, value)| value);
            found.push(Dynamic::from(value.or_else(|| term.text(call, "default")).unwrap_or_default()));
        }
    }
    Ok(found)
}

/// The keys and values of a section; a line that is indented goes on with the value before it.
fn entries(text: &str, section: &str, folds: bool) -> Option<Vec<(String, String)>> {
    let mut entries: Vec<(String, String)> = Vec::new();
    let (mut is_inside, mut is_found) = (false, false);
    for line in text.lines().filter(|line| !line.trim_start().starts_with(['#', ';'])) {
        let trimmed = line.trim();
        if let Some(name) = trimmed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            is_inside = name == section;
            is_found |= is_inside;
        } else if is_inside && line.starts_with([' ', '\t']) && !trimmed.is_empty() && !entries.is_empty() {
            entries.last_mut().into_iter().for_each(|(_, value)| *value = format!("{value}\n{trimmed}"));
        } else if is_inside && !trimmed.is_empty() {
            let (name, value) = trimmed.split_once(['=', ':']).unwrap_or((trimmed, ""));
            let name = if folds { name.trim().to_lowercase() } else { name.trim().to_owned() };
            entries.push((name, value.trim().to_owned()));
        }
    }
    is_found.then_some(entries)
}

/// A column of the row that begins with the key.
pub(super) fn csvfile(call: &mut Call) -> Found {
    let mut found = Vec::new();
    for term in call.texts()? {
        let term = Term::read(&term);
        let file = term.text(call, "file").unwrap_or_else(|| "ansible.csv".to_owned());
        let delimiter = term.text(call, "delimiter").filter(|delimiter| delimiter != "TAB");
        let delimiter = delimiter.and_then(|delimiter| delimiter.chars().next()).unwrap_or('\t');
        let number = |name: &str, usual: usize| {
            let text = term.text(call, name);
            text.map_or(Ok(usual), |text| {
                text.parse().map_err(|_| call.refusal(&format!("needs a number as `{name}`")))
            })
        };
        let (key_column, column) = (number("keycol", 0)?, number("col", 1)?);
        let (_, text) = read(call, "files", &file)?;
        let rows = text.lines().map(|line| columns(line, delimiter));
        let row = rows.into_iter().find(|row| row.get(key_column) == Some(&term.key));
        let value = match row {
            Some(row) => {
                let value = row.get(column).cloned();
                Some(value.ok_or_else(|| call.refusal(&format!("finds no column {column} in that row of {file}")))?)
            }
            None => term.text(call, "default"),
        };
        found.extend(value.map(Dynamic::from));
    }
    Ok(found)
}

/// The columns of a line; in quotes, a delimiter is a character as any other, and two quotes are one.
fn columns(line: &str, delimiter: char) -> Vec<String> {
    let mut columns = vec![String::new()];
    let mut is_quoted = false;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        let is_double = is_quoted && character == '"' && characters.peek() == Some(&'"');
        let last = columns.last_mut();
        match (character, last) {
            ('"', Some(last)) if is_double => {
                characters.next();
                last.push('"');
            }
            ('"', _) => is_quoted = !is_quoted,
            (other, _) if other == delimiter && !is_quoted => columns.push(String::new()),
            (other, Some(last)) => last.push(other),
            (_, None) => {}
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_has_its_keys_and_lines_that_go_on() {
        let text = "[a]\nUser = me\n; gone = 1\nlist: x\n  y\n[b]\nuser = you\n";
        let entry = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(entries(text, "a", true), Some(vec![entry("user", "me"), entry("list", "x\ny")]));
        assert_eq!(entries(text, "b", false), Some(vec![entry("user", "you")]));
        assert_eq!(entries(text, "c", true), None);
    }

    #[test]
    fn quotes_hold_a_column_together() {
        assert_eq!(columns(r#"a,"b,""c""",d"#, ','), ["a", "b,\"c\"", "d"]);
        assert_eq!(columns("", '\t'), [""]);
    }
}
