//! What can be said of a template without rendering it: its syntax, filters and tests that do not exist, and the
//! variables it uses.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::dialect::Use;
use super::engine::{Engines, Mode, Unit};
use super::error::TemplateError;
use super::frame::Frame;
use super::header::{self, FileOptions};
use super::scope::{Scope, SearchPath};
use super::templates::Templates;
use super::{filters, functions, predicates};
use crate::source::{Place, Source, nearest};
use crate::value::{Map, Text};

/// What a check found.
#[derive(Debug, Default)]
pub struct Checked {
    /// Mistakes that will stop whoever evaluates it.
    pub errors: Vec<TemplateError>,
    /// The variables it uses, in order of name; those it sets itself are not among them.
    pub variables: BTreeSet<String>,
}

impl Templates {
    /// Checks a text.
    pub fn check(&self, text: &Text) -> Checked {
        if !text.is_template() {
            return Checked::default();
        }
        self.checked(&self.engines().unit(text.as_str(), &Mode::Playbook), Some(text))
    }

    /// Checks a bare expression, as in `when`.
    pub fn check_condition(&self, expression: &Text) -> Checked {
        if expression.is_template() {
            return self.check(expression);
        }
        self.checked(&self.engines().unit(expression.as_str(), &Mode::Expression), Some(expression))
    }

    /// Checks a template file that is rendered with these options.
    pub fn check_file(&self, template: &Arc<Source>, options: &FileOptions) -> Checked {
        match header::read(template, options) {
            Err(error) => Checked { errors: vec![error], variables: BTreeSet::new() },
            Ok((body, options)) => self.checked(&self.engines().file_unit(template, body, options.settings()), None),
        }
    }

    /// The mistake in a text's grammar.
    pub fn misspelt(&self, text: &Text) -> Option<TemplateError> {
        let unit = text.is_template().then(|| self.engines().unit(text.as_str(), &Mode::Playbook))?;
        self.grammar(&unit, Some(text))
    }

    /// The mistake in the grammar of a bare expression.
    pub fn misspelt_condition(&self, expression: &Text) -> Option<TemplateError> {
        if expression.is_template() || expression.as_str().is_empty() {
            return self.misspelt(expression);
        }
        self.grammar(&self.engines().unit(expression.as_str(), &Mode::Expression), Some(expression))
    }

    /// The mistake in the grammar of a template file that is rendered with these options.
    pub fn misspelt_file(&self, template: &Arc<Source>, options: &FileOptions) -> Option<TemplateError> {
        match header::read(template, options) {
            Err(error) => Some(error),
            Ok((body, options)) => self.grammar(&self.engines().file_unit(template, body, options.settings()), None),
        }
    }

    fn grammar(&self, unit: &Unit, text: Option<&Text>) -> Option<TemplateError> {
        let error = self.engines().environment(unit.settings()).get_template(unit.name()).err()?;
        Some(self.explained(&error, unit, text)).filter(|error| matches!(error, TemplateError::Syntax { .. }))
    }

    fn explained(&self, error: &minijinja::Error, unit: &Unit, text: Option<&Text>) -> TemplateError {
        let scope = Scope::new(Arc::new(Map::new()), Arc::new(SearchPath::default()));
        let (frame, _running) = Frame::begin(self.engines(), &scope);
        frame.explain(error, unit, text)
    }

    fn checked(&self, unit: &Unit, text: Option<&Text>) -> Checked {
        let engines: &Arc<Engines> = self.engines();
        let environment = engines.environment(unit.settings());
        match environment.get_template(unit.name()) {
            Err(error) => Checked { errors: vec![self.explained(&error, unit, text)], variables: BTreeSet::new() },
            Ok(template) => {
                let known: BTreeSet<&str> = functions::all().collect();
                let variables = template.undeclared_variables(false).into_iter();
                let variables = variables.filter(|name| !known.contains(name.as_str())).collect();
                Checked { errors: unknown(unit, text), variables }
            }
        }
    }
}

fn unknown(unit: &Unit, text: Option<&Text>) -> Vec<TemplateError> {
    let mut errors = Vec::new();
    for mention in unit.mentions() {
        let short = mention.name.rsplit('.').next().unwrap_or(&mention.name);
        let (what, near) = match mention.what {
            Use::Filter if filters::names().any(|known| known == short) => continue,
            Use::Test if predicates::names().any(|known| known == short) => continue,
            Use::Filter => ("filter", nearest(short, filters::names())),
            Use::Test => ("test", nearest(short, predicates::names())),
        };
        let at: Option<Place> = super::explain::place(unit, text, unit.place_of(mention));
        errors.push(TemplateError::Unknown { what, name: mention.name.clone(), at, near: near.map(str::to_owned) });
    }
    errors
}
