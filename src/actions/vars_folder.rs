//! Which files of a folder `include_vars` reads, by `depth`, `files_matching`, `ignore_files` and `extensions`.

use std::path::{Path, PathBuf};

use dpp_protocol::Failure;
use fancy_regex::Regex;

use crate::actions::ActionContext;
use crate::actions::action::{flag, text};
use crate::files::FileKind;
use crate::value::{Map, Value};

/// What a task wants of a folder.
struct Selection {
    depth: Option<usize>,
    matching: Option<Regex>,
    ignored: Vec<Regex>,
    extensions: Vec<String>,
    passes_over_others: bool,
}

/// The files, folder by folder in the order of their paths, those of a folder by their names.
pub(super) fn files(context: &ActionContext, args: &Map, folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let selection = Selection::of(args)?;
    let mut folders = vec![(folder.to_owned(), 1)];
    let mut next = 0;
    while let Some((folder, depth)) = folders.get(next).cloned() {
        next += 1;
        if selection.depth.is_none_or(|deepest| depth < deepest) {
            let entries = context.files.list(&folder).into_iter();
            folders.extend(
                entries.filter(|path| context.files.kind(path) == FileKind::Folder).map(|path| (path, depth + 1)),
            );
        }
    }
    folders.sort();
    let mut wanted = Vec::new();
    for (folder, _) in folders {
        for path in context.files.list(&folder) {
            if context.files.kind(&path) == FileKind::File && selection.wants(&path)? {
                wanted.push(path);
            }
        }
    }
    Ok(wanted)
}

impl Selection {
    fn of(args: &Map) -> Result<Self, Failure> {
        let depth = match args.get("depth") {
            Some(Value::Int(depth)) => usize::try_from(*depth).unwrap_or(0),
            Some(Value::Text(depth)) => depth.as_str().trim().parse().unwrap_or(0),
            _ => 0,
        };
        let extensions = names(args.get("extensions")).into_iter().map(|name| name.trim_start_matches('.').to_owned());
        let extensions: Vec<String> = extensions.collect();
        Ok(Self {
            depth: Some(depth).filter(|depth| *depth > 0),
            matching: text(args, "files_matching").map(compiled).transpose()?,
            ignored: names(args.get("ignore_files"))
                .iter()
                .map(|name| compiled(&format!("{name}$")))
                .collect::<Result<_, _>>()?,
            extensions: if extensions.is_empty() {
                ["yaml", "yml", "json"].map(str::to_owned).to_vec()
            } else {
                extensions
            },
            passes_over_others: flag(args, "ignore_unknown_extensions", false),
        })
    }

    fn wants(&self, path: &Path) -> Result<bool, Failure> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let found = |pattern: &Regex| pattern.is_match(&*name).unwrap_or(false);
        if self.matching.as_ref().is_some_and(|pattern| !found(pattern)) || self.ignored.iter().any(found) {
            return Ok(false);
        }
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        if self.extensions.iter().any(|known| *known == extension) {
            return Ok(true);
        }
        if self.passes_over_others {
            return Ok(false);
        }
        let known = self.extensions.join(", ");
        Err(Failure::new(format!("{} does not have a valid extension: {known}", path.display()))
            .code("DPP0104")
            .help("`ignore_unknown_extensions: true` passes over such files, `files_matching` or `ignore_files` over this one"))
    }
}

fn compiled(pattern: &str) -> Result<Regex, Failure> {
    Regex::new(pattern)
        .map_err(|error| Failure::new(format!("`{pattern}` is no regular expression: {error}")).code("DPP0104"))
}

fn names(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::List(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(value) => value.as_str().into_iter().flat_map(str::split_whitespace).map(str::to_owned).collect(),
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;

    use serde_json::{Value as Json, json};

    use super::*;
    use crate::files::Disk;
    use crate::template::{Scope, SearchPath, Surroundings, Templates};

    fn names_of(folder: &Path, args: &Json) -> Result<Vec<String>, String> {
        let scope = Scope::new(Arc::new(Map::new()), Arc::new(SearchPath { folders: Vec::new() }));
        let templates = Templates::new(Surroundings::of_this_process());
        let context = ActionContext { templates: &templates, scope: &scope, files: &Disk, host: "a", verbosity: 0 };
        let Value::Map(args) = Value::from(args) else { panic!("no arguments") };
        let files = files(&context, &args, folder).map_err(|failure| failure.message)?;
        Ok(files.iter().map(|path| path.strip_prefix(folder).unwrap().display().to_string()).collect())
    }

    #[test]
    fn files_are_chosen_as_the_task_says() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.yml", "a.json", "sub/c.yml", "sub/deep/d.yaml"] {
            fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
            fs::write(folder.path().join(name), "{}").unwrap();
        }
        for (args, wanted) in [
            (json!({}), vec!["a.json", "b.yml", "sub/c.yml", "sub/deep/d.yaml"]),
            (json!({"depth": 1}), vec!["a.json", "b.yml"]),
            (
                json!({"depth": "2", "extensions": ["yml"], "ignore_unknown_extensions": true}),
                vec!["b.yml", "sub/c.yml"],
            ),
            (json!({"files_matching": "^[bc]\\."}), vec!["b.yml", "sub/c.yml"]),
            (json!({"ignore_files": ["a.json", "yaml"]}), vec!["b.yml", "sub/c.yml"]),
        ] {
            assert_eq!(names_of(folder.path(), &args).unwrap(), wanted, "{args}");
        }
        fs::write(folder.path().join("README"), "").unwrap();
        assert!(
            names_of(folder.path(), &json!({}))
                .unwrap_err()
                .ends_with("README does not have a valid extension: yaml, yml, json")
        );
        assert!(
            names_of(folder.path(), &json!({"files_matching": "("})).unwrap_err().contains("no regular expression")
        );
    }
}
