//! Filters over numbers.

use minijinja::value::ValueKind;
use minijinja::{Error, Value as Dynamic};

use crate::template::arguments::Arguments;
use crate::template::operators::raised;

/// Python's `int()`, or the default when the value is no number.
pub(super) fn int(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let subject = arguments.subject()?;
    let default = arguments.take(1, "default")?.unwrap_or_else(|| Dynamic::from(0));
    let base = arguments.int(2, "base")?.and_then(|base| u32::try_from(base).ok()).unwrap_or(10);
    let is_infinite = subject.is_number() && f64::try_from(subject.clone()).is_ok_and(f64::is_infinite);
    if is_infinite {
        return Err(arguments.refusal("knows no whole number for infinity"));
    }
    let number = match subject.as_str() {
        Some(text) => whole(text, base).or_else(|| text.trim().parse::<f64>().ok().and_then(cut)),
        None if subject.kind() == ValueKind::Bool => Some(i64::from(subject.is_true())),
        None => subject.as_i64().or_else(|| f64::try_from(subject.clone()).ok().and_then(cut)),
    };
    Ok(number.map_or(default, Dynamic::from))
}

fn whole(text: &str, base: u32) -> Option<i64> {
    let text = text.trim().replace('_', "");
    let (sign, digits) = text.strip_prefix('-').map_or((1, text.as_str()), |digits| (-1, digits));
    let digits = digits.strip_prefix('+').unwrap_or(digits).to_lowercase();
    let prefix = match base {
        16 => "0x",
        8 => "0o",
        2 => "0b",
        _ => "",
    };
    let digits = digits.strip_prefix(prefix).unwrap_or(&digits);
    if !(2..=36).contains(&base) {
        return None;
    }
    i64::from_str_radix(digits, base).ok().map(|number| sign * number)
}

#[expect(clippy::cast_possible_truncation, reason = "the number is within an i64's range")]
fn cut(number: f64) -> Option<i64> {
    let limit = 9.2e18;
    (number.is_finite() && number.abs() < limit).then(|| number.trunc() as i64)
}

/// Python's `float()`, or the default when the value is no number.
pub(super) fn float(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let subject = arguments.subject()?;
    let default = arguments.take(1, "default")?.unwrap_or_else(|| Dynamic::from(0.0));
    let number = match subject.as_str() {
        Some(text) => text.trim().replace('_', "").parse::<f64>().ok(),
        None if subject.kind() == ValueKind::Bool => Some(f64::from(u8::from(subject.is_true()))),
        None => f64::try_from(subject.clone()).ok(),
    };
    Ok(number.map_or(default, Dynamic::from))
}

pub(super) fn abs(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let subject = arguments.subject()?;
    let subject = if subject.kind() == ValueKind::Bool { Dynamic::from(i64::from(subject.is_true())) } else { subject };
    match subject.as_i64().filter(|_| subject.is_integer()) {
        Some(number) => Ok(Dynamic::from(number.abs())),
        None => number(arguments, &subject).map(|number| Dynamic::from(number.abs())),
    }
}

/// Half goes to the even neighbour, as in Python; the result always has a fraction.
pub(super) fn round(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let subject = arguments.subject()?;
    let precision = arguments.int(1, "precision")?.unwrap_or(0);
    let method = arguments.text(2, "method")?.unwrap_or_else(|| "common".to_owned());
    let number = number(arguments, &subject)?;
    let precision = i32::try_from(precision.clamp(-300, 300)).unwrap_or(0);
    let scale = 10f64.powi(precision);
    let rounded = match method.as_str() {
        "common" => common(number, precision),
        "ceil" | "floor" if !(number * scale).is_finite() => {
            return Err(arguments.refusal("needs a number that is not too big to be scaled"));
        }
        // Python rounds to a whole number here, of which there is no -0.
        "ceil" => ((number * scale).ceil() + 0.0) / scale,
        "floor" => ((number * scale).floor() + 0.0) / scale,
        _ => return Err(arguments.refusal("knows the methods common, ceil and floor")),
    };
    let stays_whole = (subject.is_integer() || subject.kind() == ValueKind::Bool) && method == "common";
    Ok(if stays_whole { whole_or_float(rounded) } else { Dynamic::from(rounded) })
}

fn whole_or_float(number: f64) -> Dynamic {
    cut(number).map_or_else(|| Dynamic::from(number), Dynamic::from)
}

fn common(number: f64, precision: i32) -> f64 {
    if let Ok(digits) = usize::try_from(precision) {
        // Rust prints the exact value rounded half to even, which is what Python's `round` does too.
        return format!("{number:.digits$}").parse().unwrap_or(number);
    }
    let scale = 10f64.powi(-precision);
    (number / scale).round_ties_even() * scale
}

fn number(arguments: &Arguments<'_, '_, '_>, value: &Dynamic) -> Result<f64, Error> {
    let number = match value.kind() {
        ValueKind::Bool => Some(f64::from(u8::from(value.is_true()))),
        ValueKind::Number => f64::try_from(value.clone()).ok(),
        _ => None,
    };
    number.ok_or_else(|| arguments.refusal("needs a number"))
}

pub(super) fn log(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let subject = arguments.subject()?;
    let base = arguments.take(1, "base")?;
    let value = number(arguments, &subject)?;
    if value <= 0.0 {
        return Err(arguments.refusal("needs a number above 0"));
    }
    Ok(Dynamic::from(match base {
        None => value.ln(),
        Some(base) => match number(arguments, &base)? {
            10.0 => value.log10(),
            2.0 => value.log2(),
            base => value.ln() / base.ln(),
        },
    }))
}

pub(super) fn pow(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let (subject, exponent) = (arguments.subject()?, arguments.need(1, "y")?);
    raised(number(arguments, &subject)?, number(arguments, &exponent)?).map(Dynamic::from)
}

pub(super) fn root(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let subject = arguments.subject()?;
    let base = arguments.take(1, "base")?.unwrap_or_else(|| Dynamic::from(2));
    let (value, base) = (number(arguments, &subject)?, number(arguments, &base)?);
    if value < 0.0 {
        return Err(arguments.refusal("needs a number that is not below 0"));
    }
    #[expect(clippy::float_cmp, reason = "the exact whole number chooses the exact root")]
    let root = if base == 2.0 { value.sqrt() } else { value.powf(1.0 / base) };
    Ok(Dynamic::from(root))
}
