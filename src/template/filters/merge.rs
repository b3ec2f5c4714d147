//! `combine`: mappings over one another.

use indexmap::IndexMap;
use minijinja::value::ValueKind;
use minijinja::{Error, Value as Dynamic};

use crate::template::arguments::Arguments;
use crate::template::dynamic::whole;
use crate::template::methods::entries;
use crate::template::objects::{self, dict};
use crate::template::python;

type Entries = IndexMap<Dynamic, Dynamic>;

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
        collect_maps(&value, &mut all)?;
    }
    if let [only] = all.as_slice()
        && only.kind() != ValueKind::Map
    {
        return Ok(only.clone());
    }
    if all.iter().any(|value| value.kind() != ValueKind::Map) {
        return Err(arguments.refusal("needs mappings"));
    }
    let mut result = Entries::new();
    for map in all {
        whole(&map)?;
        result = merged(result, entries(&map)?, recursive, lists)?;
    }
    Ok(dict(result))
}

/// The mappings among the arguments; lists of them count as so many arguments.
fn collect_maps(value: &Dynamic, all: &mut Vec<Dynamic>) -> Result<(), Error> {
    match value.kind() {
        ValueKind::None => {}
        ValueKind::Seq | ValueKind::Iterable => {
            for item in objects::items(value)? {
                collect_maps(&item, all)?;
            }
        }
        _ => all.push(value.clone()),
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
