//! Filters: what json, date, mutate, translate and drop are as rules of the relay's mapping.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::Turned;
use super::parse::{Plugin, Setting, Step};

const HEADERS: &str = "[@metadata][rabbitmq_headers][";

/// Turns the steps of a filter section into rules.
pub(super) fn rules(steps: &[Step], turned: &mut Turned) {
    for step in steps {
        match step {
            Step::Plugin(plugin) => rule(plugin, turned),
            Step::Branch(condition, steps) => branch(condition, steps, turned),
        }
    }
}

fn rule(plugin: &Plugin, turned: &mut Turned) {
    match plugin.name.as_str() {
        "json" => json_filter(plugin, turned),
        "date" => date(plugin, turned),
        "mutate" => mutate(plugin, turned),
        "translate" => translate(plugin, turned),
        other => turned.leave(format!("filter {other}")),
    }
}

/// Only a branch that drops has a rule.
fn branch(condition: &str, steps: &[Step], turned: &mut Turned) {
    let drops = matches!(steps, [Step::Plugin(plugin)] if plugin.name == "drop" && plugin.settings.is_empty());
    match (drops, test(condition)) {
        (true, Some(test)) => turned.rules.push(json!({ "drop_if": test })),
        _ => turned.leave(format!("filter if {condition} {{ … }}")),
    }
}

fn test(condition: &str) -> Option<Value> {
    let unquoted = |text: &str| {
        let text = text.trim();
        let inner = text.strip_prefix(['"', '\''])?.strip_suffix(['"', '\''])?;
        (!inner.contains(['"', '\''])).then(|| inner.to_owned())
    };
    if let Some((name, value)) = condition.split_once("==") {
        let value = unquoted(value).map(Value::String).or_else(|| value.trim().parse::<i64>().ok().map(Value::from))?;
        return Some(json!({ "field": field(name.trim())?, "equals": value }));
    }
    if let Some((text, name)) = condition.split_once(" in ") {
        return Some(json!({ "field": field(name.trim())?, "contains": unquoted(text)? }));
    }
    let (name, exists) = condition.strip_prefix('!').map_or((condition, true), |name| (name, false));
    Some(json!({ "field": field(name.trim())?, "exists": exists }))
}

fn json_filter(plugin: &Plugin, turned: &mut Turned) {
    let mut rule = Map::new();
    for (name, value) in &plugin.settings {
        match (name.as_str(), value.text().and_then(field)) {
            ("source", Some(field)) => drop(rule.insert("field".to_owned(), field.into())),
            ("target", Some(field)) => drop(rule.insert("into".to_owned(), field.into())),
            _ => turned.leave(format!("json: {name}")),
        }
    }
    turned.rules.push(json!({ "parse_json": rule }));
}

fn date(plugin: &Plugin, turned: &mut Turned) {
    let settings: Map<_, _> = plugin.settings.iter().map(|(name, _)| (name.clone(), Value::Null)).collect();
    let given = plugin.settings.iter().find(|(name, _)| name == "match").map(|(_, value)| value.texts());
    for name in settings.keys().filter(|name| *name != "match") {
        turned.leave(format!("date: {name}"));
    }
    let Some([name, formats @ ..]) = given.as_deref() else { return turned.leave("date without match".to_owned()) };
    let header = name.strip_prefix(HEADERS).and_then(|rest| rest.strip_suffix(']'));
    match (header, field(name), formats) {
        (Some(header), _, ["UNIX"]) => turned.date_header = Some(header.to_owned()),
        (None, Some(field), [format]) if pattern(format).is_some() => {
            turned.rules.push(json!({ "date": { "field": field, "format": pattern(format) } }));
        }
        _ => turned.leave(format!("date: match => {given:?}")),
    }
}

/// Joda's letters in strptime's; none when there are others.
fn pattern(format: &str) -> Option<String> {
    const LETTERS: [(&str, &str); 11] = [
        ("yyyy", "%Y"),
        ("YYYY", "%Y"),
        ("MMM", "%b"),
        ("MM", "%m"),
        ("dd", "%d"),
        ("HH", "%H"),
        ("mm", "%M"),
        (".SSS", "%.f"),
        (",SSS", ",%f"),
        ("ss", "%S"),
        ("Z", "%z"),
    ];
    match format {
        "UNIX" => return Some("unix".to_owned()),
        "UNIX_MS" => return Some("unix_ms".to_owned()),
        "ISO8601" => return Some("iso8601".to_owned()),
        _ => {}
    }
    let (mut pattern, mut rest) = (String::new(), format);
    while let Some(next) = rest.chars().next() {
        if let Some((joda, strptime)) = LETTERS.iter().find(|(joda, _)| rest.starts_with(joda)) {
            pattern.push_str(strptime);
            rest = &rest[joda.len()..];
        } else if next.is_alphabetic() || next == '\'' {
            return None;
        } else {
            pattern.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    Some(pattern)
}

/// Logstash does these in its own order, not in that of the file.
fn mutate(plugin: &Plugin, turned: &mut Turned) {
    for (name, value) in &plugin.settings {
        if !["rename", "add_field", "remove_field"].contains(&name.as_str()) {
            turned.leave(format!("mutate: {name} => {}", value.texts().join(", ")));
        }
    }
    let of =
        |wanted: &'static str| plugin.settings.iter().filter(move |(name, _)| name == wanted).map(|(_, value)| value);
    for (from, to) in of("rename").flat_map(pairs) {
        match (field(&from), field(&to)) {
            (Some(from), Some(to)) => turned.rules.push(json!({ "rename": { "from": from, "to": to } })),
            _ => turned.leave(format!("mutate: rename {from}")),
        }
    }
    for (name, text) in of("add_field").flat_map(pairs) {
        match field(&name) {
            Some(field) => turned.rules.push(json!({ "add": { field: references(&text) } })),
            None => turned.leave(format!("mutate: add_field {name}")),
        }
    }
    let removed: Vec<String> = of("remove_field").flat_map(Setting::texts).filter_map(field).collect();
    if !removed.is_empty() {
        turned.rules.push(json!({ "remove": removed }));
    }
}

fn translate(plugin: &Plugin, turned: &mut Turned) {
    let mut rule = Map::new();
    for (name, value) in &plugin.settings {
        let text = value.text().unwrap_or_default();
        let (key, value) = match name.as_str() {
            "field" | "source" => ("field", field(text).map(Value::String)),
            "destination" | "target" => ("into", field(text).map(Value::String)),
            "dictionary_path" if is_table(text) => ("table", Some(text.into())),
            "fallback" => ("default", Some(text.into())),
            "refresh_interval" => continue,
            _ => ("", None),
        };
        match value {
            Some(value) => drop(rule.insert(key.to_owned(), value)),
            None => turned.leave(format!("translate: {name}")),
        }
    }
    if ["field", "into", "table"].iter().all(|key| rule.contains_key(*key)) {
        turned.rules.push(json!({ "lookup": rule }));
    } else {
        turned.leave("translate without source, target and a table in a .csv or .json file".to_owned());
    }
}

/// Logstash takes YAML as well, the relay does not.
fn is_table(path: &str) -> bool {
    let extension = Path::new(path).extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| ["csv", "json"].contains(&extension))
}

fn pairs(value: &Setting) -> Vec<(String, String)> {
    let Setting::Table(table) = value else { return Vec::new() };
    table.iter().map(|(name, value)| (name.clone(), value.texts().join(","))).collect()
}

/// `%{[a][b]}` is `%{a.b}`.
fn references(text: &str) -> String {
    text.replace("%{[", "%{").replace("][", ".").replace("]}", "}")
}

/// `[a][b]` is `a.b`; what is not of the event itself is none.
fn field(name: &str) -> Option<String> {
    let plain = name.trim_start_matches('[').trim_end_matches(']').replace("][", ".");
    (!plain.is_empty() && !plain.starts_with("@metadata") && !plain.contains(['[', ']', ' ', '%', '(', '"']))
        .then_some(plain)
}
