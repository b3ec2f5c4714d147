//! `dpp-relay from-logstash`: a Logstash pipeline in the relay's words, and a list of what has none.

mod ends;
mod filters;
mod parse;

#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};

use parse::Step;

/// What a pipeline became.
#[derive(Debug, Default)]
pub struct Turned {
    source: Option<Value>,
    sink: Option<Value>,
    date_header: Option<String>,
    rules: Vec<Value>,
    /// What could not be turned, or must be looked at.
    pub left: Vec<String>,
}

/// Turns the text of a pipeline; the error says in which line it stops making sense.
pub fn turn(text: &str) -> Result<Turned, String> {
    let mut turned = Turned::default();
    for (section, steps) in parse::parse(text)? {
        match section.as_str() {
            "filter" => filters::rules(&steps, &mut turned),
            "input" => steps.iter().for_each(|step| end(step, "input", &mut turned)),
            "output" => steps.iter().for_each(|step| end(step, "output", &mut turned)),
            other => turned.leave(format!("section {other}")),
        }
    }
    Ok(turned)
}

/// The relay has one source and one sink.
fn end(step: &Step, section: &str, turned: &mut Turned) {
    let is_taken = if section == "input" { turned.source.is_some() } else { turned.sink.is_some() };
    match step {
        Step::Branch(condition, _) => turned.leave(format!("{section} if {condition} {{ … }}")),
        Step::Plugin(plugin) if is_taken => {
            turned.leave(format!("another {section} {}: a relay has one, let a second one run for it", plugin.name));
        }
        Step::Plugin(plugin) if section == "input" => ends::source(plugin, turned),
        Step::Plugin(plugin) => ends::sink(plugin, turned),
    }
}

impl Turned {
    fn leave(&mut self, what: String) {
        self.left.push(what);
    }

    /// Returns the configuration, with what is left as remarks on top.
    pub fn to_yaml(&self) -> String {
        let mut mapping = json!({ "format": "logstash" });
        if let Some(header) = &self.date_header {
            mapping["date_header"] = header.as_str().into();
        }
        if !self.rules.is_empty() {
            mapping["rules"] = self.rules.clone().into();
        }
        let missing = |what: &str| json!({ "TODO": format!("the pipeline had no {what} that the relay knows") });
        let config = json!({
            "source": self.source.clone().unwrap_or_else(|| missing("input")),
            "sink": self.sink.clone().unwrap_or_else(|| missing("output")),
            "mapping": mapping,
        });
        let mut yaml: String = self.left.iter().map(|left| format!("# not turned: {left}\n")).collect();
        if let Value::Object(config) = &config {
            write(config, 0, &mut yaml);
        }
        yaml
    }
}

/// Tables as blocks, rules a line each, all else as JSON, which YAML is a superset of.
fn write(table: &Map<String, Value>, depth: usize, yaml: &mut String) {
    for (name, value) in table {
        let indent = "  ".repeat(depth);
        match value {
            Value::Object(inner) => {
                yaml.push_str(&format!("{indent}{name}:\n"));
                write(inner, depth + 1, yaml);
            }
            Value::Array(items) if items.iter().any(Value::is_object) => {
                yaml.push_str(&format!("{indent}{name}:\n"));
                items.iter().for_each(|item| yaml.push_str(&format!("{indent}  - {item}\n")));
            }
            other => yaml.push_str(&format!("{indent}{name}: {other}\n")),
        }
    }
}
