//! `%` on a text: Python's marks, their widths bounded, every value used.

use minijinja::formatting::{FormatStyle, format};
use minijinja::value::ValueKind;
use minijinja::{Error, Value as Dynamic};

use super::dynamic::whole;
use super::error::fault;
use super::filters::LONGEST;
use super::python;

/// One mark of a pattern.
struct Mark {
    /// Where the letter of its kind stands.
    kind_at: usize,
    kind: char,
    /// How many widths and decimals are values themselves.
    stars: usize,
    is_named: bool,
}

/// `"%s" % value`: a tuple gives one value for each mark, a mapping gives them by name.
pub(super) fn formatted(pattern: &str, values: &Dynamic) -> Result<String, Error> {
    whole(values)?;
    let mut given: Vec<Dynamic> = if values.is_tuple() { values.try_iter()?.collect() } else { vec![values.clone()] };
    let marks = marks(pattern);
    let is_by_name = marks.iter().any(|mark| mark.is_named);
    let used: usize = marks.iter().map(|mark| mark.stars + usize::from(mark.kind != '%')).sum();
    let is_spare = !values.is_tuple() && matches!(values.kind(), ValueKind::Map | ValueKind::Seq | ValueKind::Iterable);
    let is_too_much = used < given.len() && !(is_spare && used == 0);
    if !is_by_name && is_too_much {
        return Err(fault("the text has fewer marks than there are values"));
    }
    if used > given.len() && !is_by_name {
        return Err(fault("the text has more marks than there are values"));
    }
    let pattern = with_written(pattern, &marks, &mut given)?;
    let given: Vec<Dynamic> = given.into_iter().map(printable).collect();
    refuse_wide(&pattern, &given)?;
    format(FormatStyle::Printf, &pattern, &given)
}

fn marks(pattern: &str) -> Vec<Mark> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = pattern[at..].find('%').map(|start| at + start + 1) {
        let name_end = pattern[start..].strip_prefix('(').and_then(|name| name.find(')')).map(|end| start + end + 2);
        let flags = name_end.unwrap_or(start);
        let is_kind = |c: char| !c.is_ascii_digit() && !"#+- .*hlL".contains(c);
        let Some(kind_at) = pattern[flags..].find(is_kind).map(|end| flags + end) else { break };
        let kind = pattern[kind_at..].chars().next().unwrap_or('%');
        let stars = pattern[flags..kind_at].matches('*').count();
        found.push(Mark { kind_at, kind, stars, is_named: name_end.is_some() });
        at = kind_at + kind.len_utf8();
    }
    found
}

/// `%r` writes a value as Python shows it: its mark becomes `%s`, its value that text.
fn with_written(pattern: &str, marks: &[Mark], given: &mut [Dynamic]) -> Result<String, Error> {
    let mut pattern = pattern.to_owned();
    let mut number = 0;
    for mark in marks {
        number += mark.stars;
        if let (true, Some(value)) = ("diu".contains(mark.kind), given.get_mut(number))
            && let Some(whole) = whole_number(value)
        {
            *value = whole;
        }
        if let (true, Some(value)) = ("diuoxXeEfFgG".contains(mark.kind), given.get_mut(number))
            && value.kind() == ValueKind::Bool
        {
            *value = Dynamic::from(i64::from(value.is_true()));
        }
        if ['r', 'a'].contains(&mark.kind) {
            if mark.is_named {
                return Err(fault("`%r` is not known together with a name"));
            }
            pattern.replace_range(mark.kind_at..=mark.kind_at, "s");
            if let Some(value) = given.get_mut(number) {
                *value = Dynamic::from(python::repr(value));
            }
        }
        number += usize::from(mark.kind != '%');
    }
    Ok(pattern)
}

/// A number without its fraction, as `%d` prints it.
fn whole_number(value: &Dynamic) -> Option<Dynamic> {
    let number = f64::try_from(value.clone()).ok().filter(|_| value.is_number() && !value.is_integer())?;
    (number.abs() < 1e18).then(|| Dynamic::from(number.trunc() as i64))
}

/// Refuses a mark of `%` that asks for more columns or decimals than anybody reads: they are memory.
fn refuse_wide(pattern: &str, values: &[Dynamic]) -> Result<(), Error> {
    // What follows a `%` until the letter of its kind: `-5.2` of `%-5.2f`, `(name)05` of `%(name)05d`.
    let marks = pattern.split('%').skip(1).map(|mark| mark.rsplit_once(')').map_or(mark, |(_, mark)| mark));
    let marks: Vec<&str> =
        marks.map(|mark| mark.split(|c: char| c.is_ascii_alphabetic()).next().unwrap_or("")).collect();
    refuse_widths(&marks, marks.iter().any(|mark| mark.contains('*')), values)
}

/// The same for the fields of Python's `format`: `>5.2f` of `{:>5.2f}`, and fields in fields, whose widths are values.
pub(super) fn refuse_wide_fields(pattern: &str, values: &[Dynamic]) -> Result<(), Error> {
    let fields = pattern.split('{').skip(1).filter_map(|field| Some(field.split_once(':')?.1));
    let fields: Vec<&str> = fields.map(|field| field.split('}').next().unwrap_or("")).collect();
    refuse_widths(&fields, [":{", ">{", "<{", "^{", ".{"].iter().any(|nested| pattern.contains(nested)), values)
}

fn refuse_widths(marks: &[&str], by_value: bool, values: &[Dynamic]) -> Result<(), Error> {
    let is_wide = |digits: &str| !digits.is_empty() && digits.parse::<usize>().map_or(true, |width| width > LONGEST);
    let written = |mark: &&str| mark.split(|character: char| !character.is_ascii_digit()).any(is_wide);
    let is_wide_value = |value: &Dynamic| value.as_i64().is_some_and(|width| width.unsigned_abs() > LONGEST as u64);
    if marks.iter().any(written) || by_value && values.iter().any(is_wide_value) {
        return Err(fault(format!("a width above {LONGEST} is refused")));
    }
    Ok(())
}

/// Numbers with a fraction are printed as Python does where the pattern asks for text.
fn printable(value: Dynamic) -> Dynamic {
    if value.is_number() || value.as_str().is_some() || value.kind() == ValueKind::Map {
        return value;
    }
    Dynamic::from(python::text(&value))
}
