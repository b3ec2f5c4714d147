//! The global functions of templates, and the ones that stand for operators whose Python meaning minijinja has not.

use std::cmp::Ordering;
use std::sync::Arc;

use minijinja::formatting::{FormatStyle, format};
use minijinja::value::{Object, Rest, ValueOrKwargs};
use minijinja::{Environment, Error, State, Value as Dynamic};

use super::arguments::{self, Arguments, Function};
use super::compare::compare;
use super::dynamic::{defined, undefined, valid};
use super::error::{TemplateError, carried};
use super::{lookups, objects, python};

const FUNCTIONS: &[(&str, Function)] = &[
    ("__dict", changeable_dict),
    ("__list", changeable_list),
    ("__mod", remainder),
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
    add(environment, "__ge", Dynamic::from_function(ge));
    add(environment, "__gt", Dynamic::from_function(gt));
    add(environment, "__le", Dynamic::from_function(le));
    add(environment, "__lt", Dynamic::from_function(lt));
    add(environment, "range", Dynamic::from_function(minijinja::functions::range));
    add(environment, "namespace", Dynamic::from_function(minijinja::functions::namespace));
    environment.add_filter("__get", get);
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
    FUNCTIONS.iter().map(|(name, _)| *name).chain(["range", "namespace", "__ge", "__gt", "__le", "__lt"])
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
        None => subject.get_item(&defined(key)?)?,
    };
    if found.is_undefined() {
        super::frame::Frame::current()?.miss(path.unwrap_or_default());
    }
    valid(&found)
}

fn ge(left: &Dynamic, right: &Dynamic) -> Result<bool, Error> {
    compare(left, right).map(Ordering::is_ge)
}

fn gt(left: &Dynamic, right: &Dynamic) -> Result<bool, Error> {
    compare(left, right).map(Ordering::is_gt)
}

fn le(left: &Dynamic, right: &Dynamic) -> Result<bool, Error> {
    compare(left, right).map(Ordering::is_le)
}

fn lt(left: &Dynamic, right: &Dynamic) -> Result<bool, Error> {
    compare(left, right).map(Ordering::is_lt)
}

fn remainder(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let (left, right) = (arguments.need(0, "")?, arguments.need(1, "")?);
    if let Some(pattern) = left.as_str() {
        return formatted(pattern, &right).map(Dynamic::from);
    }
    let numbers = [&left, &right].map(|value| f64::try_from(value.clone()).ok());
    match (left.as_i64(), right.as_i64(), numbers) {
        (Some(_), Some(0), _) => Err(arguments.refusal("divides by zero")),
        (Some(a), Some(b), _) => Ok(Dynamic::from((i128::from(a)).rem_euclid(i128::from(b)) + shift(a, b))),
        (_, _, [Some(a), Some(b)]) if b != 0.0 => Ok(Dynamic::from(a - b * (a / b).floor())),
        _ => Err(super::error::fault("`%` needs numbers, or a text to format")),
    }
}

/// Python's remainder has the sign of the divisor.
fn shift(dividend: i64, divisor: i64) -> i128 {
    let (dividend, divisor) = (i128::from(dividend), i128::from(divisor));
    if divisor < 0 && dividend.rem_euclid(divisor) != 0 { divisor } else { 0 }
}

/// `"%s" % value`: a tuple gives one value for each mark, a mapping gives them by name.
pub(super) fn formatted(pattern: &str, values: &Dynamic) -> Result<String, Error> {
    let values: Vec<Dynamic> =
        if values.is_tuple() { values.try_iter()?.map(printable).collect() } else { vec![printable(values.clone())] };
    format(FormatStyle::Printf, pattern, &values)
}

/// Numbers with a fraction are printed as Python does where the pattern asks for text.
fn printable(value: Dynamic) -> Dynamic {
    if value.is_number() || value.as_str().is_some() || value.kind() == minijinja::value::ValueKind::Map {
        return value;
    }
    Dynamic::from(python::text(&value))
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
