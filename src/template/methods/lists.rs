//! Methods of lists and tuples.

use minijinja::{Error, Value as Dynamic};

use super::Given;
use crate::template::compare::sort_by_key;
use crate::template::error::fault;
use crate::template::objects::{List, items, list};

pub(super) fn call(value: &Dynamic, method: &str, given: &Given<'_>) -> Result<Option<Dynamic>, Error> {
    let nothing = Dynamic::from(());
    Ok(Some(match method {
        "append" => {
            let item = given.need(0)?;
            changed(value, |items| items.push(item))?;
            nothing
        }
        "extend" => {
            let more = items(&given.need(0)?)?;
            changed(value, |items| items.extend(more))?;
            nothing
        }
        "insert" => {
            let (at, item) = (given.int(0)?.unwrap_or(0), given.need(1)?);
            changed(value, |items| items.insert(clamped(at, items.len()), item))?;
            nothing
        }
        "remove" => {
            let item = given.need(0)?;
            changed(value, |items| items.iter().position(|known| *known == item).map(|at| items.remove(at)))?
                .ok_or_else(|| fault("the item that `remove` removes is not there"))?;
            nothing
        }
        "pop" => {
            let at = given.int(0)?.unwrap_or(-1);
            changed(value, |items| index(at, items.len()).map(|at| items.remove(at)))?
                .ok_or_else(|| fault("`pop` removes from beyond the list's end"))?
        }
        "reverse" => {
            changed(value, |items| items.reverse())?;
            nothing
        }
        "clear" => {
            changed(value, Vec::clear)?;
            nothing
        }
        "sort" => {
            let mut keyed: Vec<_> = items(value)?.into_iter().map(|item| (item, ())).collect();
            sort_by_key(&mut keyed, false)?;
            changed(value, |items| *items = keyed.into_iter().map(|(item, ())| item).collect())?;
            nothing
        }
        "copy" => list(items(value)?),
        "index" => {
            let item = given.need(0)?;
            let at = items(value)?.iter().position(|known| *known == item);
            Dynamic::from(at.ok_or_else(|| fault("the item that `index` looks for is not there"))?)
        }
        "count" => {
            let item = given.need(0)?;
            Dynamic::from(items(value)?.iter().filter(|known| **known == item).count())
        }
        _ => return Ok(None),
    }))
}

fn changed<R>(value: &Dynamic, change: impl FnOnce(&mut Vec<Dynamic>) -> R) -> Result<R, Error> {
    match value.downcast_object_ref::<List>() {
        Some(own) => Ok(own.change(change)),
        None => Err(fault("this list cannot be changed; make a new one with `+`")),
    }
}

fn index(at: i64, length: usize) -> Option<usize> {
    let at = if at < 0 {
        length.checked_sub(usize::try_from(at.unsigned_abs()).unwrap_or(usize::MAX))?
    } else {
        usize::try_from(at).ok()?
    };
    (at < length).then_some(at)
}

fn clamped(at: i64, length: usize) -> usize {
    if at < 0 {
        length.saturating_sub(usize::try_from(at.unsigned_abs()).unwrap_or(usize::MAX))
    } else {
        usize::try_from(at).unwrap_or(length).min(length)
    }
}
