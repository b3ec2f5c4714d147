//! Tests over lists.

use minijinja::{Error, Value as Dynamic};

use crate::template::arguments::Arguments;
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
    Ok(Dynamic::from(small.iter().all(|item| large.contains(item))))
}

pub(super) fn superset(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    let (large, small) = (arguments.subject_items()?, objects::items(&arguments.need(1, "b")?)?);
    Ok(Dynamic::from(small.iter().all(|item| large.contains(item))))
}
