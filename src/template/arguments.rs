//! The arguments of a filter, test, function or lookup, bound to names as Python binds them.

use std::sync::Arc;

use minijinja::value::{Kwargs, Rest, ValueOrKwargs};
use minijinja::{Error, State, Value as Dynamic};

use super::dynamic::{defined, type_name, undefined, whole};
use super::error::fault;
use super::{functions, objects, python};

/// What a call was given.
pub(super) struct Arguments<'c, 't, 'e> {
    name: &'static str,
    state: &'c mut State<'t, 'e>,
    positional: Vec<Dynamic>,
    named: Vec<(String, Dynamic)>,
}

/// A filter, test or function.
pub(super) type Function = fn(&mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error>;

/// Calls a function of this room with minijinja's arguments.
pub(super) fn call(
    name: &'static str,
    function: Function,
    state: &mut State<'_, '_>,
    given: Rest<ValueOrKwargs>,
) -> Result<Dynamic, Error> {
    let mut positional = given.into_values();
    let mut named = Vec::new();
    if positional.last().is_some_and(Dynamic::is_kwargs)
        && let Some(last) = positional.pop()
    {
        let keywords = Kwargs::try_from(last)?;
        for key in keywords.args() {
            named.push((key.to_owned(), keywords.peek(key)?));
        }
    }
    let mut arguments = Arguments { name, state, positional, named };
    let result = function(&mut arguments)?;
    arguments.finish()?;
    Ok(result)
}

impl<'t, 'e> Arguments<'_, 't, 'e> {
    /// The evaluation's state, for calling other filters and tests.
    pub(super) fn state(&mut self) -> &mut State<'t, 'e> {
        self.state
    }

    /// What the filter works on, even if it is undefined.
    pub(super) fn subject_or_undefined(&self) -> Dynamic {
        self.positional.first().filter(|value| !functions::is_unset(value)).cloned().unwrap_or_default()
    }

    /// Whether what a test works on is there; a function is, as in Ansible, even where a variable is meant.
    pub(super) fn subject_is_there(&self) -> bool {
        self.positional.first().is_some_and(|value| !value.is_undefined())
    }

    /// What the filter works on.
    pub(super) fn subject(&self) -> Result<Dynamic, Error> {
        self.positional.first().map_or_else(|| Err(undefined(&Dynamic::UNDEFINED)), defined)
    }

    /// What the filter works on, as `str()` writes it.
    pub(super) fn subject_text(&self) -> Result<String, Error> {
        let subject = self.subject()?;
        whole(&subject)?;
        Ok(python::text(&subject))
    }

    /// What the filter works on, which must be a text already.
    pub(super) fn need_subject_text(&self) -> Result<String, Error> {
        let subject = self.subject()?;
        let text = subject.as_str().map(str::to_owned);
        text.ok_or_else(|| self.refusal(&format!("needs a text, not {}", type_name(&subject))))
    }

    /// What the filter works on, as items.
    pub(super) fn subject_items(&self) -> Result<Vec<Dynamic>, Error> {
        let subject = self.subject()?;
        if let Some(text) = subject.as_str() {
            return Ok(text.chars().map(|character| Dynamic::from(character.to_string())).collect());
        }
        objects::items(&subject).map_err(|_| self.refusal(&format!("needs a list, not {}", type_name(&subject))))
    }

    /// The argument with this name, or in this position; the subject is position 0. It can be had once.
    pub(super) fn take(&mut self, position: usize, name: &str) -> Result<Option<Dynamic>, Error> {
        if let Some(index) = self.named.iter().position(|(given, _)| given == name) {
            return defined(&self.named.remove(index).1).map(Some);
        }
        match self.positional.get_mut(position) {
            Some(value) => {
                defined(&std::mem::replace(value, taken())).map(|value| (!is_taken(&value)).then_some(value))
            }
            None => Ok(None),
        }
    }

    /// An argument that may be undefined, as the default of a default may be.
    pub(super) fn positional_or_undefined(&mut self, position: usize, name: &str, default: Dynamic) -> Dynamic {
        if let Some(index) = self.named.iter().position(|(given, _)| given == name) {
            return self.named.remove(index).1;
        }
        let given = self.positional.get_mut(position).map(|value| std::mem::replace(value, taken()));
        given.filter(|value| !is_taken(value)).unwrap_or(default)
    }

    /// An argument that must be given.
    pub(super) fn need(&mut self, position: usize, name: &str) -> Result<Dynamic, Error> {
        let value = self.take(position, name)?;
        value.ok_or_else(|| self.refusal(&format!("needs the argument `{name}`")))
    }

    /// A text, if it is given and not None.
    pub(super) fn text(&mut self, position: usize, name: &str) -> Result<Option<String>, Error> {
        Ok(self.take(position, name)?.filter(|value| !value.is_none()).map(|value| python::text(&value)))
    }

    /// A text that must be given.
    pub(super) fn need_text(&mut self, position: usize, name: &str) -> Result<String, Error> {
        self.need(position, name).map(|value| python::text(&value))
    }

    /// A regular expression, which is no number and no list.
    pub(super) fn pattern(&mut self, position: usize, name: &str) -> Result<String, Error> {
        let value = self.need(position, name)?;
        let text = value.as_str().map(str::to_owned);
        text.ok_or_else(|| self.refusal(&format!("needs a pattern, not {}", type_name(&value))))
    }

    /// A whole number, if it is given and not None.
    pub(super) fn int(&mut self, position: usize, name: &str) -> Result<Option<i64>, Error> {
        let Some(value) = self.take(position, name)?.filter(|value| !value.is_none()) else { return Ok(None) };
        let is_fraction = value.is_number() && !value.is_integer();
        let number = value.as_i64().filter(|_| !is_fraction).or_else(|| value.as_str()?.trim().parse().ok());
        number.map(Some).ok_or_else(|| self.refusal(&format!("needs a whole number as `{name}`")))
    }

    /// A whole number, which may be written with a fraction of zero, if it is given and not None.
    pub(super) fn cut(&mut self, position: usize, name: &str) -> Result<Option<i64>, Error> {
        match self.positional.get(position) {
            Some(value) if f64::try_from(value.clone()).is_ok_and(|number| number.fract() == 0.0) => {
                let number = f64::try_from(value.clone())?;
                self.take(position, name)?;
                Ok(Some(number as i64))
            }
            _ => self.int(position, name),
        }
    }

    /// Whether something is asked for; `default` when it is not said.
    pub(super) fn flag(&mut self, position: usize, name: &str, default: bool) -> Result<bool, Error> {
        Ok(self.take(position, name)?.map_or(default, |value| value.is_true()))
    }

    /// All positional arguments from this position on.
    pub(super) fn rest(&mut self, position: usize) -> Result<Vec<Dynamic>, Error> {
        let from = position.min(self.positional.len());
        self.positional.split_off(from).iter().map(defined).collect()
    }

    /// The same, for another filter or test, which will refuse what is undefined if it must.
    pub(super) fn rest_or_undefined(&mut self, position: usize) -> Vec<Dynamic> {
        let from = position.min(self.positional.len());
        self.positional.split_off(from)
    }

    /// All named arguments that nobody took.
    pub(super) fn named(&mut self) -> Vec<(String, Dynamic)> {
        std::mem::take(&mut self.named)
    }

    /// A refusal that names this filter.
    pub(super) fn refusal(&self, message: &str) -> Error {
        fault(format!("`{}` {message}", self.name))
    }

    fn finish(&self) -> Result<(), Error> {
        if let Some((name, _)) = self.named.first() {
            return Err(self.refusal(&format!("has no argument `{name}`")));
        }
        if self.positional.iter().skip(1).any(|value| !is_taken(value)) {
            return Err(self.refusal("has too many arguments"));
        }
        Ok(())
    }
}

/// What stands where an argument was taken from; an undefined one would be refused before.
fn taken() -> Dynamic {
    Dynamic::from_object(Taken)
}

fn is_taken(value: &Dynamic) -> bool {
    value.downcast_object_ref::<Taken>().is_some()
}

#[derive(Debug)]
struct Taken;

impl minijinja::value::Object for Taken {
    fn repr(self: &Arc<Self>) -> minijinja::value::ObjectRepr {
        minijinja::value::ObjectRepr::Plain
    }
}
