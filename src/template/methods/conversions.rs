//! What minijinja's own `format` does not know: `!r`, `!s` and `!a` in fields, which are handed to it as texts, and fields
//! inside of a field's form.

use minijinja::{Error, Value as Dynamic};

use crate::template::dynamic::defined;
use crate::template::error::fault;
use crate::template::python;

/// A part of a pattern.
enum Part<'p> {
    /// Written as it is, doubled braces too.
    Text(&'p str),
    /// What stands in braces: `name!r:>5`.
    Field { name: &'p str, conversion: Option<char>, spec: &'p str },
}

/// The pattern and its values with every conversion made and every form complete; none when minijinja can do it by itself.
pub(super) fn converted(pattern: &str, given: &[Dynamic]) -> Result<Option<(String, Vec<Dynamic>)>, Error> {
    let parts = parts(pattern);
    let is_beyond = |part: &Part| matches!(part, Part::Field { conversion, spec, .. } if conversion.is_some() || spec.contains('{'));
    if !parts.iter().any(is_beyond) {
        return Ok(None);
    }
    let (named, positional) = match given.split_last() {
        Some((last, rest)) if last.is_kwargs() => (Some(last), rest),
        _ => (None, given),
    };
    let mut fields = Fields { positional, named, next: 0, is_numbered: false };
    let (mut rewritten, mut values) = (String::with_capacity(pattern.len()), positional.to_vec());
    for part in parts {
        match part {
            Part::Text(text) => rewritten.push_str(text),
            Part::Field { name, conversion, spec } => {
                let mut name = fields.name(name)?;
                let spec = fields.spec(spec)?;
                if let Some(letter) = conversion {
                    let text = written(letter, &fields.value(&name)?)?;
                    name = values.len().to_string();
                    values.push(Dynamic::from(text));
                }
                let colon = if spec.is_empty() { "" } else { ":" };
                rewritten.push_str(&format!("{{{name}{colon}{spec}}}"));
            }
        }
    }
    values.extend(named.cloned());
    Ok(Some((rewritten, values)))
}

/// The values that fields name.
struct Fields<'a> {
    positional: &'a [Dynamic],
    named: Option<&'a Dynamic>,
    /// Which one is next for a field that names none.
    next: usize,
    is_numbered: bool,
}

impl Fields<'_> {
    /// The name of a field, which is the number of the next value where nothing is written before its path.
    fn name(&mut self, name: &str) -> Result<String, Error> {
        let is_free = name.is_empty() || name.starts_with(['.', '[']);
        self.is_numbered |= name.starts_with(|c: char| c.is_ascii_digit());
        if self.is_numbered && (is_free || self.next > 0) {
            return Err(fault("fields with a number and fields without one cannot stand together"));
        }
        if !is_free {
            return Ok(name.to_owned());
        }
        self.next += 1;
        Ok(format!("{}{name}", self.next - 1))
    }

    /// A field's form, with the values of the fields that stand in it.
    fn spec(&mut self, spec: &str) -> Result<String, Error> {
        let mut result = String::new();
        let mut rest = spec;
        while let Some((before, inner)) = rest.split_once('{') {
            let (name, behind) = inner.split_once('}').ok_or_else(|| fault("a brace is not closed"))?;
            let name = self.name(name)?;
            result.push_str(before);
            result.push_str(&python::text(&self.value(&name)?));
            rest = behind;
        }
        Ok(result + rest)
    }

    /// The value of this name: by number or name, and the way in from there.
    fn value(&self, name: &str) -> Result<Dynamic, Error> {
        let root = name.find(['.', '[']).unwrap_or(name.len());
        let value = match name[..root].parse::<usize>() {
            Ok(number) => self.positional.get(number).cloned(),
            Err(_) => self.named.and_then(|named| named.get_attr(&name[..root]).ok()),
        };
        let value = value.filter(|value| !value.is_undefined());
        let value = value.ok_or_else(|| fault(format!("`format` is given no value for `{{{name}}}`")))?;
        within(defined(&value)?, &name[root..])
    }
}

/// What a way of members leads to: `.name[0]`.
fn within(mut value: Dynamic, mut way: &str) -> Result<Dynamic, Error> {
    while !way.is_empty() {
        let (key, rest) = match way.strip_prefix('[') {
            Some(inner) => inner.split_once(']').ok_or_else(|| fault("a bracket is not closed"))?,
            None => {
                let key = way.trim_start_matches('.');
                key.split_at(key.find(['.', '[']).unwrap_or(key.len()))
            }
        };
        let key = key.parse::<usize>().map_or_else(|_| Dynamic::from(key), Dynamic::from);
        value = defined(&value.get_item(&key)?)?;
        way = rest;
    }
    Ok(value)
}

fn parts(pattern: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = pattern;
    while let Some(at) = rest.find(['{', '}']) {
        let is_doubled = rest[at + 1..].starts_with(&rest[at..=at]);
        let end = if is_doubled || rest[at..].starts_with('}') { None } else { closing(&rest[at + 1..]) };
        let Some(end) = end else {
            // What is wrong with a brace that is alone, minijinja tells.
            let (text, behind) = rest.split_at(at + if is_doubled { 2 } else { 1 });
            parts.push(Part::Text(text));
            rest = behind;
            continue;
        };
        parts.push(Part::Text(&rest[..at]));
        parts.push(field(&rest[at + 1..at + 1 + end]));
        rest = &rest[at + end + 2..];
    }
    parts.push(Part::Text(rest));
    parts
}

/// Where the brace that closes a field stands.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0;
    text.char_indices().find_map(|(at, character)| match character {
        '{' => {
            depth += 1;
            None
        }
        '}' if depth == 0 => Some(at),
        '}' => {
            depth -= 1;
            None
        }
        _ => None,
    })
}

fn field(inner: &str) -> Part<'_> {
    let (head, spec) = inner.split_once(':').unwrap_or((inner, ""));
    match head.split_once('!') {
        Some((name, letter)) if letter.len() == 1 => Part::Field { name, conversion: letter.chars().next(), spec },
        _ => Part::Field { name: head, conversion: None, spec },
    }
}

fn written(letter: char, value: &Dynamic) -> Result<String, Error> {
    match letter {
        's' => Ok(python::text(value)),
        'r' => Ok(python::repr(value)),
        'a' => Ok(ascii(&python::repr(value))),
        other => Err(fault(format!("`format` knows no conversion `!{other}`"))),
    }
}

/// Letters beyond ASCII as Python escapes them.
fn ascii(text: &str) -> String {
    let escaped = |character: char| match u32::from(character) {
        0..=0x7f => character.to_string(),
        code @ 0x80..=0xff => format!("\\x{code:02x}"),
        code @ 0x100..=0xffff => format!("\\u{code:04x}"),
        code => format!("\\U{code:08x}"),
    };
    text.chars().map(escaped).collect()
}
