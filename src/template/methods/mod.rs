//! The methods that Python's texts, lists and mappings have in templates. What is not here, minijinja's own set of
//! Python methods answers.

mod conversions;
mod lists;
mod maps;
mod strings;

pub(super) use maps::entries;
pub(super) use strings::{capitalized, lines, split as split_text};

use minijinja::value::ValueKind;
use minijinja::{Error, State, Value as Dynamic};

use super::dynamic::{defined, type_name};
use super::error::fault;
use super::objects::items;

/// Answers a method call on a value that has no such method by itself.
pub(super) fn call(
    state: &mut State<'_, '_>,
    value: &Dynamic,
    method: &str,
    arguments: &[Dynamic],
) -> Result<Dynamic, Error> {
    let subject = defined(value)?;
    let given = Given(arguments);
    let answer = match subject.kind() {
        ValueKind::String => strings::call(subject.as_str().unwrap_or_default(), method, &given)?,
        ValueKind::Map => maps::call(&subject, method, &given)?,
        ValueKind::Seq | ValueKind::Iterable => lists::call(&subject, method, &given)?,
        _ => None,
    };
    match answer {
        Some(answer) => Ok(answer),
        None => minijinja_contrib::pycompat::unknown_method_callback(state, value, method, arguments),
    }
}

/// The arguments of a method call.
struct Given<'a>(&'a [Dynamic]);

impl Given<'_> {
    fn at(&self, position: usize) -> Result<Option<Dynamic>, Error> {
        self.0.get(position).filter(|value| !value.is_kwargs()).map(defined).transpose()
    }

    fn need(&self, position: usize) -> Result<Dynamic, Error> {
        self.at(position)?.ok_or_else(|| fault("a method's argument is missing"))
    }

    fn text(&self, position: usize) -> Result<Option<String>, Error> {
        let Some(value) = self.at(position)?.filter(|value| !value.is_none()) else { return Ok(None) };
        let text = value.as_str().map(str::to_owned);
        text.map(Some).ok_or_else(|| fault(format!("a method needs a text, not {}", type_name(&value))))
    }

    fn need_text(&self, position: usize) -> Result<String, Error> {
        self.text(position)?.ok_or_else(|| fault("a method's argument is missing"))
    }

    fn int(&self, position: usize) -> Result<Option<i64>, Error> {
        Ok(self.at(position)?.and_then(|value| value.as_i64()))
    }
}

/// Items of an argument, as texts.
fn texts(value: &Dynamic) -> Result<Vec<String>, Error> {
    let text = |item: Dynamic| match item.as_str() {
        Some(text) => Ok(text.to_owned()),
        None => Err(fault(format!("a method needs texts, not {}", type_name(&defined(&item)?)))),
    };
    if let Some(text) = value.as_str() {
        return Ok(text.chars().map(String::from).collect());
    }
    items(value)?.into_iter().map(text).collect()
}
