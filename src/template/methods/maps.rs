//! Methods of mappings.

use minijinja::{Error, Value as Dynamic};

use super::Given;
use crate::template::error::fault;
use crate::template::objects::{Dict, dict, items, list};

pub(super) fn call(map: &Dynamic, method: &str, given: &Given<'_>) -> Result<Option<Dynamic>, Error> {
    Ok(Some(match method {
        "items" | "iteritems" | "viewitems" => pairs(map)?,
        "keys" | "iterkeys" => list(items(map)?),
        "values" | "itervalues" => list(values(map)?),
        "get" => get(map, given)?,
        "has_key" => Dynamic::from(!map.get_item(&given.need(0)?)?.is_undefined()),
        "copy" => dict(entries(map)?),
        "update" => update(map, given)?,
        "pop" => pop(map, given)?,
        "setdefault" => set_default(map, given)?,
        "clear" => changed(map, |entries| {
            entries.clear();
            Dynamic::from(())
        })?,
        _ => return Ok(None),
    }))
}

/// Keys and values in order.
pub(in crate::template) fn entries(map: &Dynamic) -> Result<Vec<(Dynamic, Dynamic)>, Error> {
    let keys = items(map)?;
    keys.into_iter().map(|key| Ok((key.clone(), crate::template::dynamic::valid(&map.get_item(&key)?)?))).collect()
}

fn pairs(map: &Dynamic) -> Result<Dynamic, Error> {
    Ok(list(entries(map)?.into_iter().map(Dynamic::from).collect()))
}

fn values(map: &Dynamic) -> Result<Vec<Dynamic>, Error> {
    Ok(entries(map)?.into_iter().map(|(_, value)| value).collect())
}

fn get(map: &Dynamic, given: &Given<'_>) -> Result<Dynamic, Error> {
    let found = crate::template::dynamic::valid(&map.get_item(&given.need(0)?)?)?;
    if !found.is_undefined() {
        return Ok(found);
    }
    Ok(given.at(1)?.unwrap_or_else(|| Dynamic::from(())))
}

fn changed(
    map: &Dynamic,
    change: impl FnOnce(&mut indexmap::IndexMap<Dynamic, Dynamic>) -> Dynamic,
) -> Result<Dynamic, Error> {
    match map.downcast_object_ref::<Dict>() {
        Some(own) => Ok(own.change(change)),
        None => Err(fault("this mapping cannot be changed; make a new one with `combine`")),
    }
}

fn update(map: &Dynamic, given: &Given<'_>) -> Result<Dynamic, Error> {
    let mut more = match given.at(0)? {
        Some(other) if other.kind() == minijinja::value::ValueKind::Map => entries(&other)?,
        Some(other) => {
            let pair = |item: Dynamic| Ok((item.get_item_by_index(0)?, item.get_item_by_index(1)?));
            items(&other)?.into_iter().map(pair).collect::<Result<_, Error>>()?
        }
        None => Vec::new(),
    };
    if let Some(named) = given.0.last().filter(|last| last.is_kwargs()) {
        more.extend(entries(named)?);
    }
    changed(map, |entries| {
        entries.extend(more);
        Dynamic::from(())
    })
}

fn pop(map: &Dynamic, given: &Given<'_>) -> Result<Dynamic, Error> {
    let (key, default) = (given.need(0)?, given.at(1)?);
    let found = map.get_item(&key)?;
    match (found.is_undefined(), default) {
        (true, Some(default)) => Ok(default),
        (true, None) => Err(fault("the key that `pop` removes is not there")),
        (false, _) => changed(map, |entries| entries.shift_remove(&key).unwrap_or_default()),
    }
}

fn set_default(map: &Dynamic, given: &Given<'_>) -> Result<Dynamic, Error> {
    let (key, default) = (given.need(0)?, given.at(1)?.unwrap_or_else(|| Dynamic::from(())));
    changed(map, |entries| entries.entry(key).or_insert(default).clone())
}
