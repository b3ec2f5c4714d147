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

    /// Checks a template file.
    pub fn check_file(&self, template: &Arc<Source>) -> Checked {
        match header::read(template, &FileOptions::default()) {
            Err(error) => Checked { errors: vec![error], variables: BTreeSet::new() },
            Ok((body, options)) => self.checked(&self.engines().file_unit(template, body, options.settings()), None),
        }
    }

    fn checked(&self, unit: &Unit, text: Option<&Text>) -> Checked {
        let engines: &Arc<Engines> = self.engines();
        let environment = engines.environment(unit.settings());
        match environment.get_template(unit.name()) {
            Err(error) => {
                let scope = Scope::new(Arc::new(Map::new()), Arc::new(SearchPath::default()));
                let (frame, _running) = Frame::begin(engines, &scope);
                Checked { errors: vec![frame.explain(&error, unit, text)], variables: BTreeSet::new() }
            }
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
