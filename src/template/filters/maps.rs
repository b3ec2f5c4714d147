//! Filters over mappings.

use indexmap::IndexMap;
use minijinja::value::{Tuple, ValueKind};
use minijinja::{Error, Value as Dynamic};

use crate::template::arguments::Arguments;
use crate::template::compare::sort_by_key;
use crate::template::dynamic::valid;
use crate::template::methods::entries;
use crate::template::objects::{self, dict, list};
use crate::template::python;

type Entries = IndexMap<Dynamic, Dynamic>;

fn map(arguments: &Arguments<'_, '_, '_>, value: &Dynamic) -> Result<Vec<(Dynamic, Dynamic)>, Error> {
    if value.kind() == ValueKind::Map { entries(value) } else { Err(arguments.refusal("needs a mapping")) }
}

pub(super) fn attr(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let (subject, name) = (arguments.subject()?, arguments.need(1, "name")?);
    // Python's attributes are not the items of a mapping or list.
    match subject.kind() {
        ValueKind::Map | ValueKind::Seq | ValueKind::Iterable => Ok(Dynamic::UNDEFINED),
        _ => valid(&subject.get_item(&name)?),
    }
}

pub(super) fn items(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let subject = arguments.subject_or_undefined();
    if subject.is_undefined() {
        return Ok(list(Vec::new()));
    }
    Ok(list(map(arguments, &subject)?.into_iter().map(Dynamic::from).collect()))
}

pub(super) fn dict2items(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let subject = arguments.subject()?;
    let key_name = arguments.text(1, "key_name")?.unwrap_or_else(|| "key".to_owned());
    let value_name = arguments.text(2, "value_name")?.unwrap_or_else(|| "value".to_owned());
    let item =
        |(key, value)| dict([(Dynamic::from(key_name.as_str()), key), (Dynamic::from(value_name.as_str()), value)]);
    Ok(list(map(arguments, &subject)?.into_iter().map(item).collect()))
}

pub(super) fn items2dict(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let items = arguments.subject_items()?;
    let key_name = Dynamic::from(arguments.text(1, "key_name")?.unwrap_or_else(|| "key".to_owned()));
    let value_name = Dynamic::from(arguments.text(2, "value_name")?.unwrap_or_else(|| "value".to_owned()));
    let mut result = Entries::new();
    for item in items {
        let (key, value) = (valid(&item.get_item(&key_name)?)?, valid(&item.get_item(&value_name)?)?);
        if key.is_undefined() || value.is_undefined() {
            return Err(arguments.refusal(&format!("needs items with `{key_name}` and `{value_name}`")));
        }
        result.insert(key, value);
    }
    Ok(dict(result))
}

pub(super) fn dictsort(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let subject = arguments.subject()?;
    let case_sensitive = arguments.flag(1, "case_sensitive", false)?;
    let by = arguments.text(2, "by")?.unwrap_or_else(|| "key".to_owned());
    let reverse = arguments.flag(3, "reverse", false)?;
    let sort_key = |(key, value): &(Dynamic, Dynamic)| {
        let chosen = if by == "value" { value } else { key };
        match chosen.as_str() {
            Some(text) if !case_sensitive => Dynamic::from(text.to_lowercase()),
            _ => chosen.clone(),
        }
    };
    let mut keyed: Vec<_> = map(arguments, &subject)?.into_iter().map(|entry| (sort_key(&entry), entry)).collect();
    sort_by_key(&mut keyed, reverse)?;
    Ok(list(keyed.into_iter().map(|(_, (key, value))| Dynamic::from(Tuple::from([key, value]))).collect()))
}

pub(super) fn combine(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let recursive = arguments.take(usize::MAX, "recursive")?.is_some_and(|yes| yes.is_true());
    let lists =
        arguments.take(usize::MAX, "list_merge")?.map_or_else(|| "replace".to_owned(), |how| python::text(&how));
    let lists = ListMerge::named(&lists).ok_or_else(|| {
        arguments.refusal("knows the list_merge replace, keep, append, prepend, append_rp and prepend_rp")
    })?;
    let subject = arguments.subject()?;
    let mut all = Vec::new();
    for value in std::iter::once(subject).chain(arguments.rest(1)?) {
        collect_maps(arguments, &value, &mut all)?;
    }
    let mut result = Entries::new();
    for map in all {
        result = merged(result, entries(&map)?, recursive, lists)?;
    }
    Ok(dict(result))
}

/// The mappings among the arguments; lists of them count as so many arguments.
fn collect_maps(arguments: &Arguments<'_, '_, '_>, value: &Dynamic, all: &mut Vec<Dynamic>) -> Result<(), Error> {
    match value.kind() {
        ValueKind::Map => all.push(value.clone()),
        ValueKind::Seq | ValueKind::Iterable => {
            for item in objects::items(value)? {
                collect_maps(arguments, &item, all)?;
            }
        }
        _ => return Err(arguments.refusal("needs mappings")),
    }
    Ok(())
}

/// What becomes of two lists under the same key.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum ListMerge {
    Replace,
    Keep,
    Append,
    Prepend,
    AppendReplacing,
    PrependReplacing,
}

impl ListMerge {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "replace" => Self::Replace,
            "keep" => Self::Keep,
            "append" => Self::Append,
            "prepend" => Self::Prepend,
            "append_rp" => Self::AppendReplacing,
            "prepend_rp" => Self::PrependReplacing,
            _ => return None,
        })
    }

    fn merge(self, old: &Dynamic, new: &Dynamic) -> Result<Dynamic, Error> {
        let (old_items, new_items) = (objects::items(old)?, objects::items(new)?);
        let without = |from: &[Dynamic], of: &[Dynamic]| {
            from.iter().filter(|item| !of.contains(item)).cloned().collect::<Vec<_>>()
        };
        Ok(objects::list(match self {
            Self::Replace => return Ok(new.clone()),
            Self::Keep => return Ok(old.clone()),
            Self::Append => [old_items, new_items].concat(),
            Self::Prepend => [new_items, old_items].concat(),
            Self::AppendReplacing => [without(&old_items, &new_items), new_items].concat(),
            Self::PrependReplacing => {
                let kept = without(&old_items, &new_items);
                [new_items, kept].concat()
            }
        }))
    }
}

/// `new` over `old`.
pub(super) fn merged(
    mut old: Entries,
    new: Vec<(Dynamic, Dynamic)>,
    recursive: bool,
    lists: ListMerge,
) -> Result<Entries, Error> {
    for (key, value) in new {
        let is_list = |value: &Dynamic| matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable);
        let value = match old.get(&key) {
            Some(known) if recursive && known.kind() == ValueKind::Map && value.kind() == ValueKind::Map => {
                dict(merged(entries(known)?.into_iter().collect(), entries(&value)?, recursive, lists)?)
            }
            Some(known) if is_list(known) && is_list(&value) => lists.merge(known, &value)?,
            _ => value,
        };
        old.insert(key, value);
    }
    Ok(old)
}

/// `key | extract(container, more…)`.
pub(super) fn extract(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let key = arguments.subject()?;
    let container = arguments.need(1, "container")?;
    let more = arguments.take(2, "morekeys")?;
    let keys = match more {
        Some(more) if matches!(more.kind(), ValueKind::Seq | ValueKind::Iterable) => objects::items(&more)?,
        Some(more) if !more.is_none() => vec![more],
        _ => Vec::new(),
    };
    let mut value = container;
    for key in std::iter::once(key).chain(keys) {
        if value.is_undefined() {
            break;
        }
        value = valid(&value.get_item(&key)?)?;
    }
    Ok(value)
}

pub(super) fn subelements(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let subject = arguments.subject()?;
    let path = arguments.need(1, "subelements")?;
    let skip_missing = arguments.flag(2, "skip_missing", false)?;
    let outer = match subject.kind() {
        ValueKind::Map => entries(&subject)?.into_iter().map(|(_, value)| value).collect(),
        _ => arguments.subject_items()?,
    };
    let names: Vec<Dynamic> = match path.as_str() {
        Some(path) => path.split('.').map(Dynamic::from).collect(),
        None => objects::items(&path)?,
    };
    let mut pairs = Vec::new();
    for item in outer {
        match inner(&item, &names)? {
            Some(inner) => {
                pairs.extend(inner.into_iter().map(|inner| Dynamic::from(Tuple::from([item.clone(), inner]))))
            }
            None if skip_missing => {}
            None => return Err(arguments.refusal("needs a list under that name in every item")),
        }
    }
    Ok(list(pairs))
}

fn inner(item: &Dynamic, names: &[Dynamic]) -> Result<Option<Vec<Dynamic>>, Error> {
    let mut value = item.clone();
    for name in names {
        value = valid(&value.get_item(name)?)?;
        if value.is_undefined() {
            return Ok(None);
        }
    }
    let is_list = matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable);
    is_list.then(|| objects::items(&value)).transpose()
}
