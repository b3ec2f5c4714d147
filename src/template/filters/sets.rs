//! Filters that take lists as sets; the order of what is kept is that of the lists.

use indexmap::IndexSet;
use minijinja::{Error, Value as Dynamic};

use super::lists::key;
use crate::template::arguments::Arguments;
use crate::template::dynamic::defined;
use crate::template::objects::{items, list};

type Set = IndexSet<Dynamic>;

fn listed(set: Set) -> Dynamic {
    list(set.into_iter().collect())
}

pub(super) fn unique(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let items = arguments.subject_items()?;
    let case_sensitive = arguments.flag(1, "case_sensitive", false)?;
    let attribute = arguments.take(2, "attribute")?;
    let mut seen = Set::new();
    let mut kept = Vec::new();
    for item in items {
        if seen.insert(key(&item, attribute.as_ref(), case_sensitive)?) {
            kept.push(item);
        }
    }
    Ok(list(kept))
}

fn two(arguments: &mut Arguments<'_, '_, '_>) -> Result<(Set, Set), Error> {
    let left = arguments.subject_items()?;
    let other = arguments.need(1, "b")?;
    let right = items(&other).map_err(|_| arguments.refusal("needs two lists"))?;
    left.iter().chain(&right).try_for_each(|item| defined(item).map(drop))?;
    Ok((left.into_iter().collect(), right.into_iter().collect()))
}

pub(super) fn union(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let (mut left, right) = two(arguments)?;
    left.extend(right);
    Ok(listed(left))
}

pub(super) fn intersect(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let (mut left, right) = two(arguments)?;
    left.retain(|item| right.contains(item));
    Ok(listed(left))
}

pub(super) fn difference(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let (mut left, right) = two(arguments)?;
    left.retain(|item| !right.contains(item));
    Ok(listed(left))
}

pub(super) fn symmetric_difference(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let (left, right) = two(arguments)?;
    Ok(list(left.symmetric_difference(&right).cloned().collect()))
}
