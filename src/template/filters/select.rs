//! `map`, `select`, `selectattr` and their kin: a filter or a test for each item.

use minijinja::value::{Kwargs, Tuple};
use minijinja::{Error, Value as Dynamic};

use crate::template::arguments::Arguments;
use crate::template::compare::sort_by_key;
use crate::template::dynamic::defined;
use crate::template::objects::list;
use crate::template::python;
use crate::template::select::member;

/// What is nothing, false or 0 counts as an empty list here, as in Jinja2.
fn walked(arguments: &Arguments<'_, '_, '_>) -> Result<Vec<Dynamic>, Error> {
    if arguments.subject()?.is_true() { arguments.subject_items() } else { Ok(Vec::new()) }
}

pub(super) fn map(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let items = walked(arguments)?;
    let attribute = arguments.take(usize::MAX, "attribute")?;
    if let Some(attribute) = attribute {
        let default = arguments.take(usize::MAX, "default")?.filter(|default| !default.is_none());
        let one = |item: &Dynamic| {
            let found = member(item, &attribute)?;
            Ok(if found.is_undefined() { default.clone().unwrap_or(found) } else { found })
        };
        return items.iter().map(one).collect::<Result<Vec<_>, Error>>().map(list);
    }
    let filter = arguments.need_text(1, "filter")?;
    let more = further(arguments, 2)?;
    let mut mapped = Vec::with_capacity(items.len());
    for item in items {
        let given = [std::slice::from_ref(&item), more.as_slice()].concat();
        mapped.push(arguments.state().apply_filter(short(&filter), &given)?);
    }
    Ok(list(mapped))
}

/// The arguments for the inner filter or test, its named ones included.
fn further(arguments: &mut Arguments<'_, '_, '_>, from: usize) -> Result<Vec<Dynamic>, Error> {
    let mut more = arguments.rest_or_undefined(from);
    let named = arguments.named();
    if !named.is_empty() {
        more.push(Dynamic::from(named.into_iter().collect::<Kwargs>()));
    }
    Ok(more)
}

/// A filter's or test's name without its collection.
fn short(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

pub(super) fn select(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    chosen(arguments, None, true)
}

pub(super) fn reject(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    chosen(arguments, None, false)
}

pub(super) fn selectattr(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let attribute = arguments.need(1, "attribute")?;
    chosen(arguments, Some(&attribute), true)
}

pub(super) fn rejectattr(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let attribute = arguments.need(1, "attribute")?;
    chosen(arguments, Some(&attribute), false)
}

fn chosen(arguments: &mut Arguments<'_, '_, '_>, attribute: Option<&Dynamic>, wanted: bool) -> Result<Dynamic, Error> {
    let items = walked(arguments)?;
    let first = if attribute.is_some() { 2 } else { 1 };
    let test = arguments.text(first, "test")?;
    let more = further(arguments, first + 1)?;
    let mut kept = Vec::new();
    for item in items {
        let value = match attribute {
            Some(attribute) => member(&item, attribute)?,
            None => item.clone(),
        };
        let holds = match &test {
            Some(test) => {
                let given = [vec![value], more.clone()].concat();
                arguments.state().perform_test(short(test), &given)?
            }
            None => defined(&value)?.is_true(),
        };
        if holds == wanted {
            kept.push(item);
        }
    }
    Ok(list(kept))
}

pub(super) fn groupby(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let items = arguments.subject_items()?;
    let attribute = arguments.need(1, "attribute")?;
    let default = arguments.take(2, "default")?;
    let case_sensitive = arguments.flag(3, "case_sensitive", false)?;
    let mut keyed = Vec::with_capacity(items.len());
    for item in items {
        let found = member(&item, &attribute)?;
        let key = if found.is_undefined() { default.clone().unwrap_or(found) } else { found };
        let folded = if case_sensitive || key.as_str().is_none() {
            key.clone()
        } else {
            Dynamic::from(python::text(&key).to_lowercase())
        };
        keyed.push((folded, (key, item)));
    }
    sort_by_key(&mut keyed, false)?;
    let mut groups: indexmap::IndexMap<Dynamic, (Dynamic, Vec<Dynamic>)> = indexmap::IndexMap::new();
    for (folded, (key, item)) in keyed {
        groups.entry(folded).or_insert_with(|| (key, Vec::new())).1.push(item);
    }
    Ok(list(groups.into_values().map(|(key, items)| group(key, list(items))).collect()))
}

/// A group can be taken apart as a pair, which is how templates use it.
fn group(key: Dynamic, items: Dynamic) -> Dynamic {
    Dynamic::from(Tuple::from([key, items]))
}
