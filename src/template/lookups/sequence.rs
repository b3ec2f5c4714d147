//! `sequence`: numbers in steps, printed by a format.

use minijinja::{Error, Value as Dynamic};

use super::call::Call;
use crate::template::filters::LONGEST;
use crate::template::printf::formatted;
use crate::template::python;

/// What a term asks for.
struct Sequence {
    start: i64,
    end: Option<i64>,
    count: Option<i64>,
    stride: Option<i64>,
    format: String,
}

pub(super) fn sequence(call: &mut Call) -> Result<Vec<Dynamic>, Error> {
    let mut terms = call.texts()?;
    if terms.is_empty() {
        terms.push(String::new());
    }
    let mut found = Vec::new();
    for term in terms {
        let sequence = read(call, &term)?;
        found.extend(numbers(call, &sequence)?);
    }
    Ok(found)
}

fn read(call: &Call, term: &str) -> Result<Sequence, Error> {
    let mut sequence = Sequence { start: 1, end: None, count: None, stride: None, format: "%d".to_owned() };
    let number = |text: &str| whole(text).ok_or_else(|| call.refusal(&format!("needs numbers, not `{text}`")));
    for name in ["start", "end", "count", "stride", "format"] {
        if let Some(value) = call.option(name) {
            set(&mut sequence, name, &python::text(value), number)?;
        }
    }
    let is_short = term.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    if is_short {
        short(&mut sequence, term, number)?;
    } else {
        for pair in term.split_whitespace() {
            let (name, value) = pair.split_once('=').ok_or_else(|| call.refusal(&format!("cannot read `{pair}`")))?;
            if !set(&mut sequence, name, value, number)? {
                return Err(call.refusal(&format!("has no option `{name}`")));
            }
        }
    }
    Ok(sequence)
}

type Number<'a> = &'a dyn Fn(&str) -> Result<i64, Error>;

fn set(
    sequence: &mut Sequence,
    name: &str,
    value: &str,
    number: impl Fn(&str) -> Result<i64, Error>,
) -> Result<bool, Error> {
    let number: Number<'_> = &number;
    match name {
        "start" => sequence.start = number(value)?,
        "end" => sequence.end = Some(number(value)?),
        "count" => sequence.count = Some(number(value)?),
        "stride" => sequence.stride = Some(number(value)?),
        "format" => value.clone_into(&mut sequence.format),
        _ => return Ok(false),
    }
    Ok(true)
}

/// `[start-]end[/stride][:format]`.
fn short(sequence: &mut Sequence, term: &str, number: impl Fn(&str) -> Result<i64, Error>) -> Result<(), Error> {
    let (range, format) = term.split_once(':').map_or((term, None), |(range, format)| (range, Some(format)));
    let (range, stride) = range.split_once('/').map_or((range, None), |(range, stride)| (range, Some(stride)));
    let dash = range.get(1..).and_then(|rest| rest.find('-')).map(|at| at + 1);
    match dash {
        Some(at) => {
            sequence.start = number(&range[..at])?;
            sequence.end = Some(number(&range[at + 1..])?);
        }
        None => sequence.end = Some(number(range)?),
    }
    sequence.stride = stride.map(&number).transpose()?.or(sequence.stride);
    if let Some(format) = format {
        format.clone_into(&mut sequence.format);
    }
    Ok(())
}

fn whole(text: &str) -> Option<i64> {
    match text.strip_prefix("0x") {
        Some(digits) => i64::from_str_radix(digits, 16).ok(),
        None => text.trim().parse().ok(),
    }
}

/// The last number of so many, unless it is beyond all that can be counted.
fn after(start: i64, count: i64, stride: i64) -> Option<i64> {
    start.checked_add(count.checked_mul(stride)?)?.checked_sub(stride.signum())
}

fn numbers(call: &Call, sequence: &Sequence) -> Result<Vec<Dynamic>, Error> {
    let too_many = || call.refusal("would give more numbers than fit");
    let stride = sequence.stride.unwrap_or(1);
    let (end, stride) = match (sequence.end, sequence.count) {
        (Some(_), Some(_)) => return Err(call.refusal("takes `end` or `count`, not both")),
        (None, None) => return Err(call.refusal("needs `end` or `count`")),
        (None, Some(0)) => return Ok(Vec::new()),
        (None, Some(count)) => (after(sequence.start, count, stride).ok_or_else(too_many)?, stride),
        (Some(end), None) => (end, stride),
    };
    if stride == 0 {
        return Ok(Vec::new());
    }
    if (stride > 0 && end < sequence.start) || (stride < 0 && end > sequence.start) {
        return Err(call.refusal("never reaches its end; turn the sign of `stride`"));
    }
    let steps = (i128::from(end) - i128::from(sequence.start)) / i128::from(stride);
    let steps =
        i32::try_from(steps).ok().filter(|steps| *steps as usize <= LONGEST).map(i64::from).ok_or_else(too_many)?;
    let print =
        |step: i64| formatted(&sequence.format, &Dynamic::from(sequence.start + step * stride)).map(Dynamic::from);
    (0..=steps).map(print).collect()
}
