//! The options of a template file, also those that its first line gives: `#jinja2: trim_blocks:False`.

use std::sync::Arc;

use super::engine::{Settings, syntax};
use super::error::TemplateError;
use super::literal;
use super::python;
use super::scope::Scope;
use crate::source::{Place, Source};
use crate::value::Map;

const MARK: &str = "#jinja2:";

/// How a template file is rendered; the defaults are those of Ansible's `template`.
#[derive(Debug, Clone, PartialEq)]
pub struct FileOptions {
    /// Whether the newline behind a block's tag is dropped.
    pub trim_blocks: bool,
    /// Whether blanks before a block's tag are dropped.
    pub lstrip_blocks: bool,
    /// What ends a line.
    pub newline_sequence: String,
    /// `{{` and `}}`.
    pub variable_marks: (String, String),
    /// `{%` and `%}`.
    pub block_marks: (String, String),
    /// `{#` and `#}`.
    pub comment_marks: (String, String),
    /// Further variables of this template alone: `ansible_managed`, `template_path` and the like.
    pub variables: Map,
}

impl Default for FileOptions {
    fn default() -> Self {
        let usual = Settings::default().marks;
        Self {
            trim_blocks: true,
            lstrip_blocks: false,
            newline_sequence: "\n".to_owned(),
            variable_marks: usual.variable,
            block_marks: usual.block,
            comment_marks: usual.comment,
            variables: Map::new(),
        }
    }
}

impl FileOptions {
    /// The engine's settings for it.
    pub(super) fn settings(&self) -> Settings {
        let mut settings = Settings {
            keep_block_newlines: !self.trim_blocks,
            lstrip_blocks: self.lstrip_blocks,
            line_end: ["\r\n", "\r"].into_iter().find(|end| *end == self.newline_sequence),
            ..Settings::default()
        };
        settings.marks.variable = self.variable_marks.clone();
        settings.marks.block = self.block_marks.clone();
        settings.marks.comment = self.comment_marks.clone();
        settings
    }

    fn set(&mut self, name: &str, value: &str) -> Option<()> {
        let typed = literal::read(&format!("[{value}]")).and_then(|list| list.get_item_by_index(0).ok());
        let text = typed.as_ref().map_or_else(|| value.to_owned(), python::text);
        let yes = typed.as_ref().is_some_and(minijinja::Value::is_true);
        match name {
            "trim_blocks" => self.trim_blocks = yes,
            "lstrip_blocks" => self.lstrip_blocks = yes,
            "newline_sequence" => self.newline_sequence = text,
            "variable_start_string" => self.variable_marks.0 = text,
            "variable_end_string" => self.variable_marks.1 = text,
            "block_start_string" => self.block_marks.0 = text,
            "block_end_string" => self.block_marks.1 = text,
            "comment_start_string" => self.comment_marks.0 = text,
            "comment_end_string" => self.comment_marks.1 = text,
            "keep_trailing_newline" => {}
            _ => return None,
        }
        Some(())
    }
}

/// The template without its line of options, and the options with those of that line.
pub(super) fn read<'s>(source: &'s Arc<Source>, given: &FileOptions) -> Result<(&'s str, FileOptions), TemplateError> {
    let mut options = given.clone();
    let mut body = source.text();
    if let Some(rest) = body.strip_prefix(MARK) {
        let line = rest.split('\n').next().unwrap_or_default();
        body = rest[line.len()..].strip_prefix('\n').unwrap_or_default();
        for pair in line.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            let known = pair.split_once(':').and_then(|(name, value)| options.set(name.trim(), value.trim()));
            known.ok_or_else(|| refused(source, pair))?;
        }
    }
    match syntax(&options.settings()) {
        Ok(_) => Ok((body, options)),
        Err(error) => Err(TemplateError::Syntax {
            message: error.detail().unwrap_or("these template marks cannot be used together").to_owned(),
            at: Some(Place::new(source, 0..0)),
        }),
    }
}

fn refused(source: &Arc<Source>, pair: &str) -> TemplateError {
    let start = source.text().find(pair).unwrap_or(0);
    let place = Place::new(source, start..start + pair.len());
    TemplateError::Syntax { message: format!("`{pair}` is no template option"), at: Some(place) }
}

/// The scope with the template's own variables in front.
pub(super) fn scope(scope: &Scope, options: &FileOptions) -> Scope {
    if options.variables.is_empty() { scope.clone() } else { scope.with(Arc::new(options.variables.clone())) }
}
