//! Filters over lists.

use std::cmp::Ordering;

use minijinja::value::ValueKind;
use minijinja::{Error, Value as Dynamic};

use super::LONGEST;
use crate::template::arguments::Arguments;
use crate::template::compare::{compare, sort_by_key};
use crate::template::dynamic::{defined, type_name, whole};
use crate::template::objects;
use crate::template::python;
use crate::template::select::member;

pub(super) fn length(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let subject = arguments.subject()?;
    let length = match subject.as_str() {
        Some(text) => Some(text.chars().count()),
        None if subject.is_number() || subject.is_none() || subject.kind() == ValueKind::Bool => None,
        None => subject.len().or_else(|| subject.try_iter().ok().map(Iterator::count)),
    };
    let length = length
        .ok_or_else(|| arguments.refusal(&format!("needs a text, list or mapping, not {}", type_name(&subject))))?;
    Ok(Dynamic::from(length))
}

pub(super) fn list(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    arguments.subject_items().map(objects::list)
}

pub(super) fn first(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    Ok(arguments.subject_items()?.into_iter().next().unwrap_or_default())
}

pub(super) fn last(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    Ok(arguments.subject_items()?.pop().unwrap_or_default())
}

pub(super) fn reverse(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    if let Some(text) = arguments.subject()?.as_str() {
        return Ok(Dynamic::from(text.chars().rev().collect::<String>()));
    }
    let mut items = arguments.subject_items()?;
    items.reverse();
    Ok(objects::list(items))
}

pub(super) fn join(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let items = arguments.subject_items()?;
    let separator = arguments.text(1, "d")?.unwrap_or_default();
    let attribute = arguments.take(2, "attribute")?;
    let mut parts = Vec::with_capacity(items.len());
    for item in items {
        let item = match &attribute {
            Some(attribute) => member(&item, attribute)?,
            None => item,
        };
        whole(&item)?;
        parts.push(python::text(&item));
    }
    Ok(Dynamic::from(parts.join(&separator)))
}

pub(super) fn sort(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let items = arguments.subject_items()?;
    let reverse = arguments.flag(1, "reverse", false)?;
    let case_sensitive = arguments.flag(2, "case_sensitive", false)?;
    let attribute = arguments.take(3, "attribute")?;
    let mut keyed = Vec::with_capacity(items.len());
    for item in items {
        keyed.push((key(&item, attribute.as_ref(), case_sensitive)?, item));
    }
    sort_by_key(&mut keyed, reverse)?;
    Ok(objects::list(keyed.into_iter().map(|(_, item)| item).collect()))
}

/// What an item is sorted or compared by; several attributes are given with commas between them.
pub(super) fn key(item: &Dynamic, attribute: Option<&Dynamic>, case_sensitive: bool) -> Result<Dynamic, Error> {
    let Some(attribute) = attribute else { return Ok(folded(item, case_sensitive)) };
    let names = python::text(attribute);
    if attribute.as_str().is_none() || !names.contains(',') {
        return Ok(folded(&defined(&member(item, attribute)?)?, case_sensitive));
    }
    let keys = names.split(',').map(|name| {
        let key = defined(&member(item, &Dynamic::from(name))?)?;
        Ok::<_, Error>(folded(&key, case_sensitive))
    });
    Ok(Dynamic::from(keys.collect::<Result<Vec<_>, _>>()?))
}

fn folded(value: &Dynamic, case_sensitive: bool) -> Dynamic {
    match value.as_str() {
        Some(text) if !case_sensitive => Dynamic::from(text.to_lowercase()),
        _ => value.clone(),
    }
}

pub(super) fn flatten(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let items = arguments.subject_items()?;
    let levels = arguments.int(1, "levels")?.and_then(|levels| usize::try_from(levels).ok());
    let skip_nulls = arguments.flag(2, "skip_nulls", true)?;
    let mut flat = Vec::new();
    flatten_into(&mut flat, items, levels.unwrap_or(100), skip_nulls)?;
    Ok(objects::list(flat))
}

fn flatten_into(flat: &mut Vec<Dynamic>, items: Vec<Dynamic>, levels: usize, skip_nulls: bool) -> Result<(), Error> {
    for item in items {
        let is_null = item.is_none() || matches!(item.as_str(), Some("None" | "null"));
        if is_null && skip_nulls {
            continue;
        }
        if levels > 0 && matches!(item.kind(), ValueKind::Seq | ValueKind::Iterable) {
            flatten_into(flat, objects::items(&item)?, levels - 1, skip_nulls)?;
        } else {
            flat.push(item);
        }
    }
    Ok(())
}

pub(super) fn min(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    extreme(arguments, Ordering::Less)
}

pub(super) fn max(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    extreme(arguments, Ordering::Greater)
}

fn extreme(arguments: &mut Arguments<'_, '_, '_>, wanted: Ordering) -> Result<Dynamic, Error> {
    let items = arguments.subject_items()?;
    let case_sensitive = arguments.flag(1, "case_sensitive", false)?;
    let attribute = arguments.take(2, "attribute")?;
    let mut best: Option<(Dynamic, Dynamic)> = None;
    for item in items {
        let key = key(&item, attribute.as_ref(), case_sensitive)?;
        let is_better = match &best {
            Some((known, _)) => compare(&key, known)? == wanted,
            None => true,
        };
        if is_better {
            best = Some((key, item));
        }
    }
    Ok(best.map(|(_, item)| item).unwrap_or_default())
}

pub(super) fn sum(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let items = arguments.subject_items()?;
    let attribute = arguments.take(1, "attribute")?.filter(|attribute| !attribute.is_none());
    let mut total = arguments.take(2, "start")?.unwrap_or_else(|| Dynamic::from(0));
    for item in items {
        let item = match &attribute {
            Some(attribute) => member(&item, attribute)?,
            None => item,
        };
        total = added(&total, &item).ok_or_else(|| arguments.refusal("needs items that can be added"))?;
    }
    Ok(total)
}

fn added(left: &Dynamic, right: &Dynamic) -> Option<Dynamic> {
    let counted = |value: &Dynamic| match value.kind() {
        ValueKind::Bool => Dynamic::from(i64::from(value.is_true())),
        _ => value.clone(),
    };
    let (left, right) = (&counted(left), &counted(right));
    if matches!(left.kind(), ValueKind::Seq | ValueKind::Iterable) {
        let all = objects::items(left).ok()?.into_iter().chain(objects::items(right).ok()?);
        return Some(objects::list(all.collect()));
    }
    if left.as_str().is_some() || right.as_str().is_some() {
        return None;
    }
    match (left.as_i64(), right.as_i64(), left.is_integer() && right.is_integer()) {
        (Some(a), Some(b), true) => a.checked_add(b).map(Dynamic::from),
        _ => Some(Dynamic::from(f64::try_from(left.clone()).ok()? + f64::try_from(right.clone()).ok()?)),
    }
}

pub(super) fn batch(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let items = arguments.subject_items()?;
    let size = arguments.int(1, "linecount")?.and_then(|size| usize::try_from(size).ok()).filter(|size| *size > 0);
    let size = size.ok_or_else(|| arguments.refusal("needs a size above 0"))?.min(LONGEST);
    let fill = arguments.positional_or_undefined(2, "fill_with", Dynamic::from(()));
    let fill = Some(fill).filter(|fill| !fill.is_none());
    let mut rows: Vec<Vec<Dynamic>> = items.chunks(size).map(<[Dynamic]>::to_vec).collect();
    if let (Some(fill), Some(last)) = (fill, rows.last_mut()) {
        last.resize(size, fill);
    }
    Ok(objects::list(rows.into_iter().map(objects::list).collect()))
}

pub(super) fn slice(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let items = arguments.subject_items()?;
    let count = arguments.int(1, "slices")?.and_then(|count| usize::try_from(count).ok()).filter(|count| *count > 0);
    let count = count.ok_or_else(|| arguments.refusal("needs a number of slices above 0"))?.min(LONGEST);
    let fill = arguments.take(2, "fill_with")?.filter(|fill| !fill.is_none());
    let (short, longer) = (items.len() / count, items.len() % count);
    let mut items = items.into_iter();
    let mut columns = Vec::with_capacity(count);
    for index in 0..count {
        let mut column: Vec<Dynamic> = items.by_ref().take(short + usize::from(index < longer)).collect();
        if let Some(fill) = fill.clone().filter(|_| index >= longer) {
            column.push(fill);
        }
        columns.push(objects::list(column));
    }
    Ok(objects::list(columns))
}
