//! Tests over lists.

use minijinja::value::ValueKind;
use minijinja::{Error, Value as Dynamic};

use crate::template::arguments::Arguments;
use crate::template::dynamic::type_name;
use crate::template::objects;

type Answer = Result<Dynamic, Error>;

pub(super) fn any(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    Ok(Dynamic::from(arguments.subject_items()?.iter().any(Dynamic::is_true)))
}

pub(super) fn all(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    Ok(Dynamic::from(arguments.subject_items()?.iter().all(Dynamic::is_true)))
}

pub(super) fn subset(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    let (small, large) = (arguments.subject_items()?, objects::items(&arguments.need(1, "b")?)?);
    hashable(arguments, &small, &large)?;
    Ok(Dynamic::from(small.iter().all(|item| large.contains(item))))
}

pub(super) fn superset(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    let (large, small) = (arguments.subject_items()?, objects::items(&arguments.need(1, "b")?)?);
    hashable(arguments, &small, &large)?;
    Ok(Dynamic::from(small.iter().all(|item| large.contains(item))))
}

/// Python has no sets of lists or mappings.
fn hashable(arguments: &Arguments<'_, '_, '_>, small: &[Dynamic], large: &[Dynamic]) -> Result<(), Error> {
    match small.iter().chain(large).find(|item| is_changeable(item)) {
        Some(item) => Err(arguments.refusal(&format!("takes no {} as an item", type_name(item)))),
        None => Ok(()),
    }
}

fn is_changeable(item: &Dynamic) -> bool {
    match item.kind() {
        ValueKind::Map | ValueKind::Iterable => true,
        ValueKind::Seq => {
            !item.is_tuple() || item.try_iter().is_ok_and(|mut items| items.any(|item| is_changeable(&item)))
        }
        _ => false,
    }
}
