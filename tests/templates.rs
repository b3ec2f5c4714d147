//! Every line of `tests/templates/*.txt` is a template and what ansible-core 2.18 makes of it, as JSON; `!` is an error.
//! A line `vars {…}` gives the variables of the lines below it.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use dppctl::template::{Scope, SearchPath, Surroundings, Templates, Variables};
use dppctl::value::{Map, Text, Value};
use serde_json::Value as Json;

fn variables(json: &str) -> Arc<dyn Variables> {
    let json: Json = serde_json::from_str(json).expect("variables are JSON");
    let map: Map =
        json.as_object().expect("a mapping").iter().map(|(key, value)| (key.clone(), written(value))).collect();
    Arc::new(map)
}

/// As the project wrote it: texts are templates.
fn written(json: &Json) -> Value {
    match json {
        Json::String(text) => Value::template(text.as_str()),
        Json::Array(items) => Value::list(items.iter().map(written)),
        Json::Object(entries) => Value::map(entries.iter().map(|(key, value)| (key.clone(), written(value)))),
        other => Value::from(other),
    }
}

fn differences(file: &Path) -> String {
    let templates = Templates::new(Surroundings::of_this_process());
    let search = Arc::new(SearchPath { folders: vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/templates")] });
    let mut scope = Scope::new(variables("{}"), Arc::clone(&search));
    let mut differences = String::new();
    for line in std::fs::read_to_string(file).expect("the table can be read").lines() {
        if let Some(json) = line.strip_prefix("vars ") {
            scope = Scope::new(variables(json), Arc::clone(&search));
        }
        let Some((template, expected)) = line.rsplit_once(" => ").filter(|_| !line.starts_with("# ")) else { continue };
        let got = templates.text(&Text::template(template), &scope);
        let is_right = match (&got, expected) {
            (Err(_), expected) => expected == "!",
            (Ok(_), "!") => false,
            (Ok(value), expected) => serde_json::from_str::<Json>(expected).ok() == Some(Json::from(value)),
        };
        if !is_right {
            let got = got.map_or_else(|error| format!("! {error}"), |value| Json::from(&value).to_string());
            let _ = writeln!(differences, "{}: {template}\n  expected {expected}\n  got      {got}", file.display());
        }
    }
    differences
}

#[test]
fn templates_give_what_ansible_gives() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/templates");
    let mut tables: Vec<_> =
        std::fs::read_dir(folder).expect("the tables are there").map(|entry| entry.expect("readable").path()).collect();
    tables.sort();
    tables.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    assert!(!tables.is_empty());
    let differences: String = tables.iter().map(|table| differences(table)).collect();
    assert!(differences.is_empty(), "\n{differences}");
}
