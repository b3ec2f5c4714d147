//! Texts of playbooks, conditions, whole template files, Python's regular expressions and formats among them.

use std::cell::RefCell;
use std::sync::Arc;

use dppctl::source::{Source, excerpt};
use dppctl::template::{FileOptions, Scope, SearchPath, Surroundings, Templates};
use dppctl::value::{Map, Text, Value};
use serde_json::{Value as Json, json};

thread_local! {
    static TEMPLATES: RefCell<(u32, Templates)> = RefCell::new((0, templates()));
}

/// After so many texts the compiled ones are forgotten: memory is bounded.
const FORGET_AFTER: u32 = 2_000;

/// The first byte says what the rest is: a condition, a file, or a text.
pub(crate) fn run(bytes: &[u8]) {
    let Some((kind, rest)) = bytes.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    TEMPLATES.with_borrow_mut(|(count, templates)| {
        *count += 1;
        if *count % FORGET_AFTER == 0 {
            *templates = self::templates();
        }
        let scope = scope();
        let failed = match kind % 4 {
            0 => templates.condition(&Text::template(text), &scope).err(),
            1 => {
                let (source, options) = (Source::new("t.j2", text), FileOptions::default());
                let _ = templates.check_file(&source, &options);
                templates.file(&source, &scope, &options).err()
            }
            _ => {
                let _ = templates.check(&Text::template(text));
                templates.text(&Text::template(text), &scope).err()
            }
        };
        if let Some(error) = failed {
            assert!(!excerpt(&error.problem(), false, 80).is_empty());
        }
    });
}

fn templates() -> Templates {
    let mut surroundings = Surroundings::of_this_process();
    surroundings.environment.clear();
    surroundings.seed = 1;
    surroundings.files = Arc::new(Nothing);
    Templates::new(surroundings)
}

fn scope() -> Scope {
    let Json::Object(entries) = json!({
        "s": "Grüße, web-01.example.org:8080", "e": "", "n": 42, "m": -7, "f": 2.5, "t": true, "z": null,
        "l": [3, 1, 2], "w": ["b", "a"], "d": {"a": 1, "b": {"c": [1, "x"]}}, "u": "{{ s }} {{ missing }}",
        "hosts": [{"name": "a", "port": 1}, {"name": "b"}], "ip": "192.168.1.17/24"
    }) else {
        return Scope::new(Arc::new(Map::default()), Arc::new(SearchPath::default()));
    };
    let map: Map = entries.iter().map(|(key, value)| (key.clone(), written(value))).collect();
    Scope::new(Arc::new(map), Arc::new(SearchPath::default()))
}

fn written(json: &Json) -> Value {
    match json {
        Json::String(text) => Value::template(text.as_str()),
        Json::Array(items) => Value::list(items.iter().map(written)),
        Json::Object(entries) => Value::map(entries.iter().map(|(key, value)| (key.clone(), written(value)))),
        other => Value::from(other),
    }
}

/// A disk with no files on it.
struct Nothing;

impl dppctl::files::Files for Nothing {
    fn read(&self, _: &std::path::Path) -> std::io::Result<Vec<u8>> {
        Err(std::io::ErrorKind::NotFound.into())
    }

    fn kind(&self, _: &std::path::Path) -> dppctl::files::FileKind {
        dppctl::files::FileKind::Missing
    }
}
