//! Sizes as people write them.

use minijinja::value::ValueKind;
use minijinja::{Error, Value as Dynamic};

use crate::template::arguments::Arguments;
use crate::template::python;

const UNITS: [(char, u32, &str); 9] = [
    ('Y', 80, "yotta"),
    ('Z', 70, "zeta"),
    ('E', 60, "exa"),
    ('P', 50, "peta"),
    ('T', 40, "tera"),
    ('G', 30, "giga"),
    ('M', 20, "mega"),
    ('K', 10, "kilo"),
    ('B', 0, ""),
];

pub(super) fn human_readable(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let subject = arguments.subject()?;
    let is_bits = arguments.flag(1, "isbits", false)?;
    let unit = arguments.text(2, "unit")?.map(|unit| unit.to_uppercase());
    let subject = if subject.kind() == ValueKind::Bool { Dynamic::from(u8::from(subject.is_true())) } else { subject };
    let size = f64::try_from(subject).map_err(|_| arguments.refusal("needs a number"))?;
    let fits = |(letter, power, _): &&(char, u32, &str)| match &unit {
        Some(unit) => unit.starts_with(*letter),
        None => size >= 2f64.powi(i32::try_from(*power).unwrap_or(0)),
    };
    let (letter, power, _) = UNITS.iter().find(fits).unwrap_or(&UNITS[8]);
    let base = if is_bits { "bits" } else { "Bytes" };
    let suffix = if *power == 0 { base.to_owned() } else { format!("{letter}{}", &base[..1]) };
    Ok(Dynamic::from(format!("{:.2} {suffix}", size / 2f64.powi(i32::try_from(*power).unwrap_or(0)))))
}

/// Jinja's own, in steps of a thousand unless it is told otherwise.
pub(super) fn filesizeformat(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    const PREFIXES: [char; 8] = ['k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'];
    let subject = arguments.subject()?;
    let is_binary = arguments.flag(1, "binary", false)?;
    let written = python::text(&subject).trim().parse::<f64>();
    let size = written.map_err(|_| arguments.refusal("needs a number"))?;
    let base: f64 = if is_binary { 1024.0 } else { 1000.0 };
    if size < base {
        let s = if (size - 1.0).abs() < f64::EPSILON { "" } else { "s" };
        return Ok(Dynamic::from(format!("{:.0} Byte{s}", size.trunc())));
    }
    let (at, prefix) = (1i32..).zip(PREFIXES).find(|(at, _)| size < base.powi(at + 1)).unwrap_or((8, 'Y'));
    let unit = if is_binary { format!("{}iB", prefix.to_ascii_uppercase()) } else { format!("{prefix}B") };
    Ok(Dynamic::from(format!("{:.1} {unit}", size / base.powi(at))))
}

pub(super) fn human_to_bytes(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let text = python::text(&arguments.subject()?);
    let default_unit = arguments.text(1, "default_unit")?;
    let is_bits = arguments.flag(2, "isbits", false)?;
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let number: f64 = digits.parse().map_err(|_| arguments.refusal("needs a size such as `10M`"))?;
    let unit = Some(unit.trim()).filter(|unit| !unit.is_empty()).map(str::to_owned).or(default_unit);
    let power = match unit {
        None => 0,
        Some(unit) => power(&unit, is_bits).ok_or_else(|| arguments.refusal("needs a size such as `10M` or `10MB`"))?,
    };
    #[expect(clippy::cast_possible_truncation, reason = "sizes beyond this are cut to the largest number there is")]
    let bytes = (number * 2f64.powi(power)).round_ties_even() as i64;
    Ok(Dynamic::from(bytes))
}

fn power(unit: &str, is_bits: bool) -> Option<i32> {
    let first = unit.chars().next()?.to_ascii_uppercase();
    let (letter, power, name) = UNITS.iter().find(|(letter, ..)| *letter == first)?;
    let (word, sign) = if is_bits { ("bit", "b") } else { ("byte", "B") };
    let short = if *letter == 'B' { sign.to_owned() } else { format!("{letter}{sign}") };
    let is_unit = unit.len() == 1 || unit == short || unit.to_lowercase() == format!("{name}{word}");
    is_unit.then(|| i32::try_from(*power).unwrap_or(0))
}
