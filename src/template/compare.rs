//! Order as Python has it: numbers among numbers, texts among texts, lists item by item; anything else is refused.

use std::cmp::Ordering;

use minijinja::value::ValueKind;
use minijinja::{Error, Value as Dynamic};

use super::dynamic::{defined, type_name};
use super::error::fault;

/// How `left` and `right` are ordered.
pub(super) fn compare(left: &Dynamic, right: &Dynamic) -> Result<Ordering, Error> {
    let (left, right) = (&defined(left)?, &defined(right)?);
    match (left.kind(), right.kind()) {
        (ValueKind::String, ValueKind::String) => Ok(left.as_str().cmp(&right.as_str())),
        (ValueKind::Number | ValueKind::Bool, ValueKind::Number | ValueKind::Bool) => Ok(left.cmp(right)),
        (ValueKind::Seq | ValueKind::Iterable, ValueKind::Seq | ValueKind::Iterable)
            if left.is_tuple() == right.is_tuple() =>
        {
            sequences(left, right)
        }
        _ => Err(fault(format!("cannot order `{}` and `{}`", type_name(left), type_name(right)))),
    }
}

fn sequences(left: &Dynamic, right: &Dynamic) -> Result<Ordering, Error> {
    let (mut left, mut right) = (left.try_iter()?, right.try_iter()?);
    loop {
        match (left.next(), right.next()) {
            (None, None) => return Ok(Ordering::Equal),
            (None, Some(_)) => return Ok(Ordering::Less),
            (Some(_), None) => return Ok(Ordering::Greater),
            (Some(a), Some(b)) if a == b => {}
            (Some(a), Some(b)) => return compare(&a, &b),
        }
    }
}

/// Sorts, stably; the first pair that cannot be ordered is the error.
pub(super) fn sort_by_key<T>(items: &mut [(Dynamic, T)], reverse: bool) -> Result<(), Error> {
    let mut failure = None;
    items.sort_by(|(left, _), (right, _)| match compare(left, right) {
        Ok(order) if reverse => order.reverse(),
        Ok(order) => order,
        Err(error) => {
            failure.get_or_insert(error);
            Ordering::Equal
        }
    });
    failure.map_or(Ok(()), Err)
}
