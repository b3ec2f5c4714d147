//! What a role says of the arguments it takes: `meta/argument_specs.yml`, or `argument_specs` of `meta/main.yml`.

use std::path::Path;
use std::sync::Arc;

use crate::files::Files;
use crate::playbook::role::yaml_file;
use crate::playbook::{Keywords, Task};
use crate::source::{Place, Problems};
use crate::value::{Map, Text, Value};
use crate::yaml::{self, Key, Node};

/// Words of an option that are for readers alone; what looks like a template in them is none.
const PROSE: [&str; 5] = ["description", "version_added", "deprecated", "notes", "author"];

/// What one file of a role's tasks takes.
#[derive(Debug)]
pub struct EntryPoint {
    name: String,
    summary: Option<String>,
    options: Value,
    place: Place,
}

impl EntryPoint {
    /// Reads what the role in this folder says of this entry point; nothing where it says nothing.
    pub fn read(files: &dyn Files, folder: &Path, name: &str) -> Result<Option<Self>, Problems> {
        let meta = folder.join("meta");
        let own = yaml_file(files, &meta, "argument_specs");
        let Some(path) = own.or_else(|| yaml_file(files, &meta, "main")) else { return Ok(None) };
        let documents = yaml::load(files, &path)?;
        let specs = documents.first().and_then(|node| node.get("argument_specs"));
        let Some((key, node)) = specs.and_then(|specs| specs.entry(name)) else { return Ok(None) };
        if node.as_map().is_none_or(<[_]>::is_empty) {
            return Ok(None);
        }
        Ok(Some(Self {
            name: name.to_owned(),
            summary: node.get("short_description").and_then(Node::as_str).map(str::to_owned),
            options: node
                .get("options")
                .map_or_else(|| Value::from(Map::new()), |node| without_prose(&node.to_value())),
            place: key.place.clone(),
        }))
    }

    /// The task that holds a use of the role against it, before all others.
    pub fn task(&self, role: &str, folder: &Path, params: &Map) -> Arc<Task> {
        let summary = self.summary.as_ref().map(|summary| format!(" - {summary}")).unwrap_or_default();
        let about = Value::map([
            ("type", Value::plain("role")),
            ("name", Value::plain(role)),
            ("argument_spec_name", Value::plain(self.name.as_str())),
            ("path", Value::plain(std::path::absolute(folder).as_deref().unwrap_or(folder).display().to_string())),
        ]);
        let options =
            if matches!(self.options, Value::Map(_)) { self.options.clone() } else { Value::from(Map::new()) };
        let args = [
            ("argument_spec", options),
            ("provided_arguments", Value::from(params.clone())),
            ("validate_args_context", about),
        ];
        let key = |name: &str| Key { text: name.to_owned(), place: self.place.clone() };
        let name = format!("Validating arguments against arg spec '{}'{summary}", self.name);
        let task = Task::new(Text::plain(name), "ansible.builtin.validate_argument_spec", self.place.clone());
        Arc::new(Task {
            args: args.into_iter().map(|(name, value)| (key(name), value)).collect(),
            keywords: Keywords { tags: vec!["always".to_owned()], ..Keywords::default() },
            ..task
        })
    }
}

/// A specification without what is said of it in words.
fn without_prose(options: &Value) -> Value {
    let Some(options) = options.as_map() else { return options.clone() };
    let stripped = |option: &Value| {
        let Some(option) = option.as_map() else { return option.clone() };
        let kept = option.iter().filter(|(name, _)| !PROSE.contains(&name.as_str()));
        Value::map(kept.map(|(name, value)| {
            let value = if name == "options" { without_prose(value) } else { value.clone() };
            (name.clone(), value)
        }))
    };
    Value::map(options.iter().map(|(name, option)| (name.clone(), stripped(option))))
}
