//! The operators whose Python meaning minijinja has not: `-` of moments, `**`, `%`, `~`, `+x`, what a loop walks, order.

use std::cmp::Ordering;

use minijinja::value::ValueKind;
use minijinja::{Environment, Error, Value as Dynamic};

use super::compare::compare;
use super::dynamic::{defined, type_name, whole};
use super::error::fault;
use super::printf;
use super::{python, time};

/// Their names, which no template can write.
pub(super) const NAMES: [&str; 13] = [
    "__bound", "__cat", "__each", "__ge", "__gt", "__in", "__le", "__lt", "__minus", "__mod", "__plus", "__pow",
    "__sub",
];

/// Makes them known to an environment.
pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_function("__bound", bound);
    environment.add_function("__cat", concatenated);
    environment.add_function("__each", each);
    environment.add_function("__ge", |left: &Dynamic, right: &Dynamic| compare(left, right).map(Ordering::is_ge));
    environment.add_function("__gt", |left: &Dynamic, right: &Dynamic| compare(left, right).map(Ordering::is_gt));
    environment.add_function("__in", is_in);
    environment.add_function("__le", |left: &Dynamic, right: &Dynamic| compare(left, right).map(Ordering::is_le));
    environment.add_function("__lt", |left: &Dynamic, right: &Dynamic| compare(left, right).map(Ordering::is_lt));
    environment.add_function("__minus", minus);
    environment.add_function("__mod", remainder);
    environment.add_function("__plus", plus);
    environment.add_function("__pow", power);
    environment.add_function("__sub", difference);
}

/// A number as Python counts: a boolean is one too.
enum Number {
    Whole(i128),
    Fraction(f64),
}

impl Number {
    fn of(value: &Dynamic) -> Option<Self> {
        match value.kind() {
            ValueKind::Bool => Some(Self::Whole(i128::from(value.is_true()))),
            ValueKind::Number if value.is_integer() => i128::try_from(value.clone()).ok().map(Self::Whole),
            ValueKind::Number => f64::try_from(value.clone()).ok().map(Self::Fraction),
            _ => None,
        }
    }

    fn fraction(&self) -> f64 {
        match self {
            Self::Whole(number) => *number as f64,
            Self::Fraction(number) => *number,
        }
    }
}

fn numbers(operator: &str, left: &Dynamic, right: &Dynamic) -> Result<(Number, Number), Error> {
    let (left, right) = (defined(left)?, defined(right)?);
    match (Number::of(&left), Number::of(&right)) {
        (Some(one), Some(other)) => Ok((one, other)),
        _ => Err(fault(format!("`{operator}` is not for `{}` and `{}`", type_name(&left), type_name(&right)))),
    }
}

fn too_big(operator: &str) -> Error {
    fault(format!("the result of `{operator}` is too big a number"))
}

fn difference(left: &Dynamic, right: &Dynamic) -> Result<Dynamic, Error> {
    if let Some(result) = time::difference(left, right) {
        return result;
    }
    match numbers("-", left, right)? {
        (Number::Whole(a), Number::Whole(b)) => a.checked_sub(b).map(Dynamic::from).ok_or_else(|| too_big("-")),
        (a, b) => Ok(Dynamic::from(a.fraction() - b.fraction())),
    }
}

fn power(left: &Dynamic, right: &Dynamic) -> Result<Dynamic, Error> {
    match numbers("**", left, right)? {
        (Number::Whole(a), Number::Whole(b)) if b >= 0 => {
            let result = u32::try_from(b).ok().and_then(|b| a.checked_pow(b));
            result.map(Dynamic::from).ok_or_else(|| too_big("**"))
        }
        (a, b) => raised(a.fraction(), b.fraction()).map(Dynamic::from),
    }
}

/// `base ** exponent` of fractions; what Python refuses, or has complex numbers for, is refused.
pub(super) fn raised(base: f64, exponent: f64) -> Result<f64, Error> {
    let result = base.powf(exponent);
    match () {
        () if base == 0.0 && exponent < 0.0 => Err(fault("0 cannot be raised to a negative power")),
        () if result.is_nan() && !base.is_nan() && !exponent.is_nan() => {
            Err(fault("a negative number has no such power"))
        }
        () if result.is_infinite() && base.is_finite() && exponent.is_finite() => Err(too_big("**")),
        () => Ok(result),
    }
}

/// `left % right`: of numbers, or a text that is formatted.
pub(super) fn remainder(left: &Dynamic, right: &Dynamic) -> Result<Dynamic, Error> {
    let (left, right) = (&defined(left)?, &defined(right)?);
    if let Some(pattern) = left.as_str() {
        return printf::formatted(pattern, right).map(Dynamic::from);
    }
    match numbers("%", left, right)? {
        (Number::Whole(_), Number::Whole(0)) => Err(fault("`%` divides by zero")),
        (Number::Whole(a), Number::Whole(b)) => {
            let rest = a.wrapping_rem(b);
            Ok(Dynamic::from(if rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest }))
        }
        (a, b) => fractional_remainder(a.fraction(), b.fraction()).map(Dynamic::from),
    }
}

/// Python's remainder has the sign of the divisor.
fn fractional_remainder(dividend: f64, divisor: f64) -> Result<f64, Error> {
    if divisor == 0.0 {
        return Err(fault("`%` divides by zero"));
    }
    let rest = dividend % divisor;
    Ok(match () {
        () if rest == 0.0 => 0f64.copysign(divisor),
        () if (rest < 0.0) != (divisor < 0.0) => rest + divisor,
        () => rest,
    })
}

fn minus(value: &Dynamic) -> Result<Dynamic, Error> {
    difference(&Dynamic::from(0), value).map(|number| match f64::try_from(value.clone()) {
        // -0.0 is not 0 - 0.0.
        Ok(fraction) if value.is_number() && !value.is_integer() => Dynamic::from(-fraction),
        _ => number,
    })
}

fn plus(value: &Dynamic) -> Result<Dynamic, Error> {
    let value = defined(value)?;
    match value.kind() {
        ValueKind::Bool => Ok(Dynamic::from(i64::from(value.is_true()))),
        ValueKind::Number => Ok(value),
        _ => Err(fault(format!("`+` is not for `{}`", type_name(&value)))),
    }
}

fn concatenated(left: &Dynamic, right: &Dynamic) -> Result<Dynamic, Error> {
    let text = |value: &Dynamic| defined(value).and_then(|value| whole(&value).map(|()| python::text(&value)));
    let text = text(left)? + &text(right)?;
    Ok(Dynamic::from(text))
}

/// What a `for` walks and a slice cuts: no None and no number. What is undefined is refused by the loop itself.
fn each(value: &Dynamic) -> Result<Dynamic, Error> {
    match value.kind() {
        ValueKind::None | ValueKind::Bool | ValueKind::Number => {
            Err(fault(format!("`{}` has no items", type_name(value))))
        }
        _ => Ok(value.clone()),
    }
}

/// Where a slice begins or ends, or how it steps: a whole number or nothing.
fn bound(value: &Dynamic) -> Result<Dynamic, Error> {
    let value = defined(value)?;
    match value.kind() {
        ValueKind::None => Ok(value),
        ValueKind::Bool => Ok(Dynamic::from(i64::from(value.is_true()))),
        ValueKind::Number if value.is_integer() => Ok(value),
        _ => Err(fault(format!("a slice is not cut at a `{}`", type_name(&value)))),
    }
}

/// `item in container`.
pub(super) fn is_in(item: &Dynamic, container: &Dynamic) -> Result<bool, Error> {
    let container = defined(container)?;
    match container.kind() {
        ValueKind::String => match item.as_str() {
            Some(part) => Ok(container.as_str().is_some_and(|text| text.contains(part))),
            None => Err(fault(format!("`in` a text needs a text, not {}", type_name(&defined(item)?)))),
        },
        ValueKind::Map => {
            let item = defined(item)?;
            Ok(container.try_iter()?.any(|key| key == item))
        }
        ValueKind::Seq | ValueKind::Iterable => {
            for known in container.try_iter()?.checked() {
                if defined(&known?)? == defined(item)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        _ => Err(fault(format!("nothing is `in` a `{}`", type_name(&container)))),
    }
}
