//! The global functions of templates, and how members are looked up.

use std::sync::Arc;

use minijinja::value::{Object, Rest, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, State, Value as Dynamic};

use super::arguments::{self, Arguments, Function};
use super::dynamic::{defined, undefined, valid};
use super::error::{TemplateError, carried};
use super::{lookups, objects, operators};

const FUNCTIONS: &[(&str, Function)] = &[
    ("__dict", changeable_dict),
    ("__list", changeable_list),
    ("dict", dict),
    ("lookup", lookups::lookup),
    ("now", super::time::now),
    ("q", lookups::query),
    ("query", lookups::query),
    ("undef", undef),
];

/// Makes them known to an environment.
pub(super) fn register(environment: &mut Environment<'static>) {
    for (name, function) in FUNCTIONS {
        let call =
            |state: &mut State<'_, '_>, given: Rest<ValueOrKwargs>| arguments::call(name, *function, state, given);
        add(environment, name, Dynamic::from_function(call));
    }
    add(environment, "range", Dynamic::from_function(minijinja::functions::range));
    add(environment, "namespace", Dynamic::from_function(minijinja::functions::namespace));
    environment.add_filter("__get", get);
    operators::register(environment);
}

fn add(environment: &mut Environment<'static>, name: &'static str, function: Dynamic) {
    environment.add_global(name, Dynamic::from_object(Callable { name, function }));
}

/// A function under its name. Who does not call it means a variable of that name, which nobody set.
#[derive(Debug)]
struct Callable {
    name: &'static str,
    function: Dynamic,
}

impl Object for Callable {
    fn call(self: &Arc<Self>, state: &mut State<'_, '_>, args: &[Dynamic]) -> Result<Dynamic, Error> {
        self.function.call(state, args)
    }
}

/// Whether a value is what a name of this room gives where a variable is meant.
pub(super) fn is_unset(value: &Dynamic) -> bool {
    value.downcast_object_ref::<Callable>().is_some()
}

/// The error of using a variable that has the name of a function, and that nobody set.
pub(super) fn unset(value: &Dynamic) -> Option<Error> {
    let name = value.downcast_object_ref::<Callable>()?.name.to_owned();
    Some(carried(TemplateError::Undefined { name, at: None, near: None, because: None }))
}

/// All names, also those that no template writes.
pub(super) fn all() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|(name, _)| *name).chain(["range", "namespace"]).chain(operators::NAMES)
}

/// Whether a name stands for an operator. Other names that begin so are variables: many roles have `__name` for their own.
pub(super) fn is_own(name: &str) -> bool {
    name.starts_with("__") && all().any(|own| own == name)
}

/// The names a template may use.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let known = FUNCTIONS.iter().map(|(name, _)| *name).filter(|name| !name.starts_with("__"));
    known.chain(["range", "namespace"])
}

/// `a.b` and `a['b']`: what is undefined passes on, and is missed under its path when it is used.
fn get(subject: &Dynamic, key: &Dynamic, path: Option<&str>) -> Result<Dynamic, Error> {
    if subject.is_undefined() {
        return Ok(subject.clone());
    }
    let found = match key.as_str() {
        Some(name) => subject.get_attr(name)?,
        // No list has an item 0.0.
        None if key.is_number() && !key.is_integer() && subject.kind() != ValueKind::Map => Dynamic::UNDEFINED,
        None => subject.get_item(&defined(key)?)?,
    };
    if found.is_undefined() {
        super::frame::Frame::current()?.miss(path.unwrap_or_default());
    }
    valid(&found)
}

fn changeable_list(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let items = arguments.need(0, "")?.try_iter()?.checked().collect::<Result<Vec<_>, _>>()?;
    Ok(objects::list(items))
}

fn changeable_dict(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    entries(&arguments.need(0, "")?).map(objects::dict)
}

fn entries(value: &Dynamic) -> Result<Vec<(Dynamic, Dynamic)>, Error> {
    let is_map = value.kind() == minijinja::value::ValueKind::Map;
    let pair = |item: Result<Dynamic, Error>| {
        let item = item?;
        if is_map {
            return Ok((item.clone(), value.get_item(&item)?));
        }
        if item.as_str().map_or_else(|| item.len(), |text| Some(text.chars().count())) != Some(2) {
            return Err(super::error::fault("a mapping is made of pairs"));
        }
        Ok((item.get_item_by_index(0)?, item.get_item_by_index(1)?))
    };
    value.try_iter()?.checked().map(pair).collect()
}

fn dict(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let mut all = match arguments.take(0, "")? {
        Some(value) => entries(&value)?,
        None => Vec::new(),
    };
    all.extend(arguments.named().into_iter().map(|(name, value)| (Dynamic::from(name), value)));
    Ok(objects::dict(all))
}

fn undef(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let hint = arguments.text(0, "hint")?;
    let _ = (arguments.take(1, "obj")?, arguments.take(2, "name")?);
    match hint {
        None => Err(undefined(&Dynamic::UNDEFINED)),
        Some(hint) => Err(carried(TemplateError::Undefined {
            name: "undef()".to_owned(),
            at: None,
            near: None,
            because: Some(hint),
        })),
    }
}

#[cfg(test)]
mod tests {
    use crate::template::{Scope, SearchPath, Surroundings, Templates};
    use crate::value::{Map, Text, Value};

    fn rendered(text: &str, variables: Map) -> Result<Value, String> {
        let scope = Scope::new(std::sync::Arc::new(variables), std::sync::Arc::new(SearchPath::default()));
        let templates = Templates::new(Surroundings::of_this_process());
        templates.text(&Text::template(text), &scope).map_err(|error| error.problem().message)
    }

    #[test]
    fn memory_that_nobody_needs_is_refused_and_numbers_in_a_text_are_none() {
        for text in [
            "{{ '%9999999999d' % 1 }}",
            "{{ '%(a)-9999999999s' % {'a': 1} }}",
            "{{ '%.99999999999999999999999f' % 1 }}",
            "{{ '%*d' % (9999999999, 1) }}",
            "{{ '%9999999999d' | format(1) }}",
            "{{ '{:>999999999999}'.format(1) }}",
            "{{ '{:{}}'.format(1, 99999999999) }}",
            "{{ '\t'.expandtabs(999999999999) }}",
            "{{ 'x'.ljust(999999999999) }}",
        ] {
            let refused = rendered(text, Map::new()).unwrap_err();
            assert!(refused.contains("refused"), "{text}: {refused}");
        }
        for (text, expected) in [
            ("{{ '%s at 20261130000000' % 'x' }}", "x at 20261130000000"),
            ("{{ '%d%%' % 20261130000000 }}", "20261130000000%"),
            ("{{ '{} 20261130000000 {:>3}'.format(1, 2) }}", "1 20261130000000   2"),
            ("{{ 'a\tbcd\te'.expandtabs(4) }}|", "a   bcd e|"),
        ] {
            assert_eq!(rendered(text, Map::new()).unwrap().as_str(), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_variable_that_is_named_like_a_function_is_undefined_until_it_is_set() {
        for (text, expected) in [
            ("{{ q | default('x') }}", Ok("x")),
            ("{{ 'yes' if q is defined else 'no' }}", Ok("yes")),
            ("{{ q('items', ['a']) | first }}", Ok("a")),
            ("{{ q }}", Err("`q` is not defined")),
            ("a {{ lookup }}", Err("`lookup` is not defined")),
            ("{{ q | upper }}", Err("`q` is not defined")),
        ] {
            let found = rendered(text, Map::new());
            match (&found, expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found.as_str(), Some(expected), "{text}"),
                (Err(found), Err(expected)) => assert_eq!(found, expected, "{text}"),
                _ => panic!("{text}: {found:?}"),
            }
        }
        let set = Map::from_iter([("q".to_owned(), Value::plain("mine"))]);
        assert_eq!(rendered("{{ q }}", set).unwrap().as_str(), Some("mine"));
    }
}
