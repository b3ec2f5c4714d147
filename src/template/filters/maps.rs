//! Filters over mappings.

use indexmap::IndexMap;
use minijinja::value::{Tuple, ValueKind};
use minijinja::{Error, Value as Dynamic};

use crate::template::arguments::Arguments;
use crate::template::compare::sort_by_key;
use crate::template::dynamic::valid;
use crate::template::methods::entries;
use crate::template::objects::{self, dict, list};

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
                pairs.extend(inner.into_iter().map(|inner| Dynamic::from(Tuple::from([item.clone(), inner]))));
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
