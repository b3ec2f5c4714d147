//! Tests that compare a value with others.

use std::cmp::Ordering;

use minijinja::{Error, Value as Dynamic};

use crate::template::arguments::Arguments;
use crate::template::compare::compare;
use crate::template::operators::{self, remainder};

type Answer = Result<Dynamic, Error>;

fn ordered(arguments: &mut Arguments<'_, '_, '_>, holds: fn(Ordering) -> bool) -> Answer {
    let (left, right) = (arguments.subject()?, arguments.need(1, "other")?);
    compare(&left, &right).map(|order| Dynamic::from(holds(order)))
}

pub(super) fn lt(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    ordered(arguments, Ordering::is_lt)
}

pub(super) fn le(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    ordered(arguments, Ordering::is_le)
}

pub(super) fn gt(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    ordered(arguments, Ordering::is_gt)
}

pub(super) fn ge(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    ordered(arguments, Ordering::is_ge)
}

pub(super) fn eq(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    let (left, right) = (arguments.subject()?, arguments.need(1, "other")?);
    Ok(Dynamic::from(left == right))
}

pub(super) fn ne(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    let (left, right) = (arguments.subject()?, arguments.need(1, "other")?);
    Ok(Dynamic::from(left != right))
}

/// The same thing: for what is not changeable, the same value of the same type.
pub(super) fn sameas(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    let left = arguments.subject_or_undefined();
    let right = arguments.positional_or_undefined(1, "other", Dynamic::from(()));
    Ok(Dynamic::from(left.kind() == right.kind() && left.is_integer() == right.is_integer() && left == right))
}

pub(super) fn is_in(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    let (item, container) = (arguments.subject_or_undefined(), arguments.need(1, "seq")?);
    operators::is_in(&item, &container).map(Dynamic::from)
}

pub(super) fn contains(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    let container = arguments.subject()?;
    let item = arguments.positional_or_undefined(1, "value", Dynamic::UNDEFINED);
    operators::is_in(&item, &container).map(Dynamic::from)
}

pub(super) fn divisibleby(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    let by = arguments.need(1, "num")?;
    leaves(arguments, &by, 0.0).map(Dynamic::from)
}

pub(super) fn even(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    leaves(arguments, &Dynamic::from(2), 0.0).map(Dynamic::from)
}

pub(super) fn odd(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    leaves(arguments, &Dynamic::from(2), 1.0).map(Dynamic::from)
}

/// Whether the number leaves this rest when it is divided.
fn leaves(arguments: &Arguments<'_, '_, '_>, by: &Dynamic, rest: f64) -> Result<bool, Error> {
    let subject = arguments.subject()?;
    if subject.as_str().is_some() {
        return Err(arguments.refusal("needs a number"));
    }
    #[expect(clippy::float_cmp, reason = "a rest is exact, or it is not this one")]
    remainder(&subject, by).map(|found| f64::try_from(found).is_ok_and(|found| found == rest))
}
