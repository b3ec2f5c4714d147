//! The templates that a task consists of: its texts, its conditions, and the file that `template` renders.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::actions::template_options;
use crate::files::Files;
use crate::plan::{RoleScope, TaskStep};
use crate::source::Source;
use crate::template::{FileOptions, SearchPath, TemplateError, Templates};
use crate::value::{Map, Text, Value};

/// A file that a task renders, and how.
#[derive(Debug)]
pub struct TemplateFile {
    /// The file.
    pub source: Arc<Source>,
    /// The marks and the like that the task asks for.
    pub options: FileOptions,
}

impl TaskStep {
    /// The conditions it stands under, and those it judges its own result by.
    pub fn conditions(&self) -> impl Iterator<Item = &Text> {
        let task = &self.task;
        let judged = task.changed_when.iter().chain(&task.failed_when).flatten();
        self.keywords.when.iter().chain(&task.until).chain(judged)
    }

    /// The texts that are rendered when it runs.
    pub fn texts(&self) -> Vec<&Text> {
        let task = &self.task;
        let mut texts: Vec<&Text> = task.name.iter().chain(&task.args_template).chain(&task.notify).collect();
        texts.extend(&self.keywords.delegate_to);
        task.args.iter().for_each(|(_, value)| gather(value, &mut texts));
        if let Some(repeat) = &task.repeat {
            gather(&repeat.over, &mut texts);
        }
        texts
    }

    /// The file it renders, when its name is fixed, it is there and nothing in it is secret.
    pub fn template_file(&self, files: &dyn Files, playbook: &Path) -> Option<TemplateFile> {
        if self.task.short_action() != "template" {
            return None;
        }
        let name = self.task.arg("src").and_then(Value::as_str).filter(|name| !name.contains("{{"))?;
        let candidates = SearchPath { folders: self.folders(playbook) }.candidates("templates", &files.at_home(name));
        let path = candidates.iter().find(|path| files.is_file(path)).filter(|path| !files.is_sealed(path))?;
        let args: Map = self.task.args.iter().map(|(key, value)| (key.text.clone(), value.clone())).collect();
        Some(TemplateFile { source: files.source(path).ok()?, options: template_options(&args) })
    }

    /// Folders in which its files are searched, as Ansible does: its roles, its file, its playbook. Before the playbook's,
    /// the folders that hold `roles/`: templates of a role may lie beside it, below `templates/`.
    pub fn folders(&self, playbook: &Path) -> Vec<PathBuf> {
        let roles = std::iter::successors(self.role.as_ref(), |role: &&Arc<RoleScope>| role.parent.as_ref());
        let mut folders: Vec<PathBuf> = roles.map(|role| role.role.folder.clone()).collect();
        let beside: Vec<PathBuf> = folders.iter().filter_map(|folder| holder_of_roles(folder)).collect();
        folders.push(self.folder.clone());
        folders.extend(beside);
        folders.push(playbook.to_owned());
        let mut seen = HashSet::new();
        folders.retain(|folder| seen.insert(folder.clone()));
        folders
    }

    /// Mistakes in the grammar of its templates. A filter that nobody knows is none: it matters when the task runs.
    pub(super) fn misspelt(
        &self,
        templates: &Templates,
        file: Option<&TemplateFile>,
    ) -> impl Iterator<Item = TemplateError> {
        let mut found: Vec<_> =
            self.conditions().filter_map(|condition| templates.misspelt_condition(condition)).collect();
        let mut texts = self.texts();
        self.task.keywords.vars.iter().flat_map(Map::values).for_each(|value| gather(value, &mut texts));
        self.task.keywords.environment.iter().for_each(|value| gather(value, &mut texts));
        found.extend(texts.into_iter().filter_map(|text| templates.misspelt(text)));
        found.extend(file.and_then(|file| templates.misspelt_file(&file.source, &file.options)));
        found.into_iter()
    }
}

/// The folder in which `roles/NAME` lies.
fn holder_of_roles(role: &Path) -> Option<PathBuf> {
    let roles = role.parent().filter(|parent| parent.ends_with("roles"))?;
    roles.parent().map(Path::to_owned)
}

/// All texts of a value, however deep.
fn gather<'a>(value: &'a Value, texts: &mut Vec<&'a Text>) {
    match value {
        Value::Text(text) => texts.push(text),
        Value::List(items) => items.iter().for_each(|item| gather(item, texts)),
        Value::Map(entries) => entries.values().for_each(|value| gather(value, texts)),
        _ => {}
    }
}
