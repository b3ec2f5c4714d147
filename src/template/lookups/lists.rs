//! Lookups over lists and mappings, which loops use as `with_…`.

#![expect(clippy::unnecessary_wraps, reason = "every lookup has the signature of the table")]

use minijinja::value::{Tuple, ValueKind};
use minijinja::{Error, Value as Dynamic};

use super::call::Call;
use super::spread;
use crate::template::dynamic::valid;
use crate::template::methods::entries;
use crate::template::objects::{self, dict as mapping};

type Found = Result<Vec<Dynamic>, Error>;

/// The terms, with the items of lists among them.
fn one_level(call: &Call) -> Found {
    let mut found = Vec::new();
    for term in &call.terms {
        found.extend(spread(term)?);
    }
    Ok(found)
}

pub(super) fn items(call: &mut Call) -> Found {
    one_level(call)
}

pub(super) fn list(call: &mut Call) -> Found {
    Ok(std::mem::take(&mut call.terms))
}

pub(super) fn flattened(call: &mut Call) -> Found {
    let mut found = Vec::new();
    flatten_into(&mut found, &call.terms)?;
    Ok(found)
}

fn flatten_into(found: &mut Vec<Dynamic>, terms: &[Dynamic]) -> Result<(), Error> {
    for term in terms {
        match term.kind() {
            ValueKind::Seq | ValueKind::Iterable => flatten_into(found, &objects::items(term)?)?,
            // The word ends the list it stands in; nothing itself does not.
            _ if matches!(term.as_str(), Some("None" | "null")) => break,
            _ => found.push(term.as_str().map_or_else(|| term.clone(), |text| Dynamic::from(text.trim()))),
        }
    }
    Ok(())
}

/// Lists of these items; of items that are lists, what is in them.
fn flat_rows(rows: Vec<Vec<Dynamic>>) -> Found {
    rows.iter().map(|row| flat(row).map(objects::list)).collect()
}

fn flat(row: &[Dynamic]) -> Found {
    Ok(row.iter().map(spread).collect::<Result<Vec<_>, Error>>()?.concat())
}

pub(super) fn indexed_items(call: &mut Call) -> Found {
    // A tuple on its way through a lookup becomes a list.
    let listed = |item: Dynamic| if item.is_tuple() { objects::items(&item).map(objects::list) } else { Ok(item) };
    let pair = |(index, item)| Ok(Dynamic::from(Tuple::from([Dynamic::from(index), listed(item)?])));
    one_level(call)?.into_iter().enumerate().map(pair).collect()
}

pub(super) fn dict(call: &mut Call) -> Found {
    let mut found = Vec::new();
    for term in &call.terms {
        let maps = if term.kind() == ValueKind::Map { vec![term.clone()] } else { spread(term)? };
        for map in maps {
            if map.kind() != ValueKind::Map {
                return Err(call.refusal("needs mappings"));
            }
            let item = |(key, value)| mapping([(Dynamic::from("key"), key), (Dynamic::from("value"), value)]);
            found.extend(entries(&map)?.into_iter().map(item));
        }
    }
    Ok(found)
}

/// Each term is a list; of a mapping, its keys are.
fn columns(call: &Call) -> Result<Vec<Vec<Dynamic>>, Error> {
    let column = |term: &Dynamic| match term.kind() {
        ValueKind::Map => Ok(term.try_iter()?.collect()),
        _ => spread(term),
    };
    let columns: Vec<Vec<Dynamic>> = call.terms.iter().map(column).collect::<Result<_, _>>()?;
    if columns.is_empty() {
        return Err(call.refusal("needs at least one list"));
    }
    Ok(columns)
}

pub(super) fn nested(call: &mut Call) -> Found {
    let columns = columns(call)?;
    let (first, others) = columns.split_at(1);
    let mut rows: Vec<Vec<Dynamic>> = first.concat().into_iter().map(|item| vec![item]).collect();
    for column in others {
        if rows.len().saturating_mul(column.len()) > crate::template::filters::LONGEST {
            return Err(call.refusal("would give more items than fit"));
        }
        let mut longer = Vec::new();
        for row in &rows {
            for item in column {
                longer.push([flat(row)?, spread(item)?].concat());
            }
        }
        rows = longer;
    }
    flat_rows(rows)
}

pub(super) fn together(call: &mut Call) -> Found {
    let columns = columns(call)?;
    let longest = columns.iter().map(Vec::len).max().unwrap_or(0);
    let nothing = Dynamic::from(());
    let row = |index: usize| columns.iter().map(|column| column.get(index).unwrap_or(&nothing).clone()).collect();
    flat_rows((0..longest).map(row).collect())
}

pub(super) fn random_choice(call: &mut Call) -> Found {
    let mut all = one_level(call)?;
    if all.is_empty() {
        return Ok(all);
    }
    let index = call.frame.engines().chance().index(all.len());
    Ok(vec![all.swap_remove(index)])
}

/// The item without the member at the path's end, which the pairs hold already.
fn without(item: &Dynamic, path: &str) -> Result<Dynamic, Error> {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let mut kept = Vec::new();
    for (key, value) in entries(item)? {
        match rest {
            None if key.as_str() == Some(first) => {}
            Some(rest) if key.as_str() == Some(first) => kept.push((key, without(&value, rest)?)),
            _ => kept.push((key, value)),
        }
    }
    Ok(mapping(kept))
}

pub(super) fn subelements(call: &mut Call) -> Found {
    let terms = match call.terms.as_slice() {
        [lone] if lone.kind() == ValueKind::Seq => objects::items(lone)?,
        terms => terms.to_vec(),
    };
    let [outer, path, flags @ ..] = terms.as_slice() else {
        return Err(call.refusal("needs a list and the name under which each item has its own list"));
    };
    let skip_missing = flags.first().map(|flags| flags.get_attr("skip_missing")).transpose()?;
    let skip_missing = skip_missing.is_some_and(|yes| yes.is_true());
    let outer = match outer.kind() {
        ValueKind::Map => entries(outer)?.into_iter().map(|(_, value)| value).collect(),
        _ => objects::items(outer)?,
    };
    let path = crate::template::python::text(path);
    let mut pairs = Vec::new();
    for item in outer {
        if item.kind() == ValueKind::Map && item.get_attr("skipped")?.is_true() {
            continue;
        }
        let mut inner = item.clone();
        for name in path.split('.') {
            inner = if inner.is_undefined() { inner } else { valid(&inner.get_attr(name)?)? };
        }
        match inner.kind() {
            ValueKind::Seq | ValueKind::Iterable => {
                let rest = without(&item, &path)?;
                let pair = |inner| Dynamic::from(Tuple::from([rest.clone(), inner]));
                pairs.extend(objects::items(&inner)?.into_iter().map(pair));
            }
            _ if skip_missing => {}
            _ => return Err(call.refusal(&format!("needs a list under `{path}` in every item"))),
        }
    }
    Ok(pairs)
}
