//! What a lookup was asked.

use std::sync::Arc;

use minijinja::{Error, Value as Dynamic};

use crate::template::error::fault;
use crate::template::frame::Frame;
use crate::template::python;

/// One call of a lookup.
pub(super) struct Call {
    name: &'static str,
    /// What it is to look up.
    pub(super) terms: Vec<Dynamic>,
    options: Vec<(String, Dynamic)>,
    /// The evaluation in which it happens.
    pub(super) frame: Arc<Frame>,
}

impl Call {
    pub(super) fn new(
        name: &'static str,
        terms: Vec<Dynamic>,
        options: Vec<(String, Dynamic)>,
        frame: Arc<Frame>,
    ) -> Self {
        Self { name, terms, options, frame }
    }

    /// An option, if it is given.
    pub(super) fn option(&self, name: &str) -> Option<&Dynamic> {
        self.options.iter().find(|(given, _)| given == name).map(|(_, value)| value)
    }

    /// An option as text.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.option(name).filter(|value| !value.is_none()).map(python::text)
    }

    /// Whether an option is set.
    pub(super) fn flag(&self, name: &str, default: bool) -> bool {
        self.option(name).map_or(default, |value| match value.as_str() {
            Some(word) => matches!(word.to_lowercase().as_str(), "yes" | "true" | "on" | "1"),
            None => value.is_true(),
        })
    }

    /// The terms as texts.
    pub(super) fn texts(&self) -> Result<Vec<String>, Error> {
        let mut texts = Vec::with_capacity(self.terms.len());
        for term in &self.terms {
            texts.extend(super::spread(term)?.iter().map(python::text));
        }
        Ok(texts)
    }

    /// A refusal that names the lookup.
    pub(super) fn refusal(&self, message: &str) -> Error {
        fault(format!("lookup `{}` {message}", self.name))
    }
}
