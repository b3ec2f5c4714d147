//! Ansible's typing of results: a text that looks like a Python list, mapping or boolean becomes one.

use minijinja::Value as Dynamic;
use minijinja::value::{Tuple, ValueKind};

use super::dialect::unescaped;
use super::objects::{dict, list};
use super::python;

/// How deep a written value may be nested.
const DEEPEST: usize = 100;

/// The value of a text that is one expression. Numbers become text; lists, mappings and booleans stay what they are.
pub(super) fn typed(value: &Dynamic) -> Dynamic {
    match value.kind() {
        ValueKind::None => Dynamic::from(""),
        // What `string` and `to_json` give stays a text, whatever it looks like.
        ValueKind::String if value.is_safe() => value.clone(),
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default();
            read(text).unwrap_or_else(|| value.clone())
        }
        ValueKind::Number => Dynamic::from(python::text(value)),
        ValueKind::Seq if value.is_tuple() => Dynamic::from(python::text(value)),
        _ => value.clone(),
    }
}

/// The list, mapping or boolean that a text is, if it is one.
pub(super) fn read(text: &str) -> Option<Dynamic> {
    match text {
        "True" => Some(Dynamic::from(true)),
        "False" => Some(Dynamic::from(false)),
        _ if text.starts_with(['[', '{']) => literal(text),
        _ => None,
    }
}

/// A Python literal; JSON's `true`, `false` and `null` are read too.
fn literal(text: &str) -> Option<Dynamic> {
    let mut reader = Reader { rest: text, depth: 0 };
    let mut values = vec![reader.value()?];
    // `[1], [2]` is a tuple.
    let mut is_tuple = false;
    while reader.eat(',') {
        is_tuple = true;
        if !reader.rest.trim_start().is_empty() {
            values.push(reader.value()?);
        }
    }
    let value = if is_tuple { Some(Dynamic::from(Tuple::from(values))) } else { values.pop() };
    value.filter(|_| reader.rest.trim_start().is_empty())
}

struct Reader<'t> {
    rest: &'t str,
    depth: usize,
}

impl Reader<'_> {
    fn value(&mut self) -> Option<Dynamic> {
        self.blank();
        self.depth += 1;
        let value = match self.rest.chars().next().filter(|_| self.depth < DEEPEST)? {
            '[' => self.items(']').map(list),
            '(' => self.tuple(),
            '{' => self.mapping(),
            '\'' | '"' => self.texts(),
            '-' | '+' | '.' | '0'..='9' => self.number(),
            _ => self.word(),
        };
        self.depth -= 1;
        value
    }

    fn blank(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn eat(&mut self, sign: char) -> bool {
        self.blank();
        let after = self.rest.strip_prefix(sign);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn items(&mut self, close: char) -> Option<Vec<Dynamic>> {
        self.rest = &self.rest[1..];
        let mut items = Vec::new();
        while !self.eat(close) {
            items.push(self.value()?);
            if !self.eat(',') {
                return self.eat(close).then_some(items);
            }
        }
        Some(items)
    }

    fn tuple(&mut self) -> Option<Dynamic> {
        let written = self.rest;
        let items = self.items(')')?;
        let inside = written[..written.len() - self.rest.len()].trim_end_matches(')').trim_end();
        match items.as_slice() {
            [only] if !inside.ends_with(',') => Some(only.clone()),
            _ => Some(Dynamic::from(Tuple::from(items))),
        }
    }

    fn mapping(&mut self) -> Option<Dynamic> {
        self.rest = &self.rest[1..];
        let mut entries = Vec::new();
        while !self.eat('}') {
            let key = self.value()?;
            if !self.eat(':') {
                return None;
            }
            entries.push((key, self.value()?));
            if !self.eat(',') {
                return self.eat('}').then(|| dict(entries));
            }
        }
        Some(dict(entries))
    }

    fn texts(&mut self) -> Option<Dynamic> {
        let mut text = String::new();
        while let Some(quote) = self.rest.chars().next().filter(|c| matches!(c, '\'' | '"')) {
            text.push_str(&self.quoted(quote)?);
            self.blank();
        }
        Some(Dynamic::from(text))
    }

    fn quoted(&mut self, quote: char) -> Option<String> {
        let mut escaped = false;
        for (at, character) in self.rest.char_indices().skip(1) {
            match character {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '\n' => return None,
                c if c == quote => {
                    let inner = &self.rest[1..at];
                    self.rest = &self.rest[at + 1..];
                    return Some(unescaped(inner));
                }
                _ => {}
            }
        }
        None
    }

    fn number(&mut self) -> Option<Dynamic> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '+' | '-');
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let (written, rest) = self.rest.split_at(end);
        self.rest = rest;
        let digits = written.replace('_', "");
        let unsigned = digits.trim_start_matches(['-', '+']);
        let has_leading_zero =
            unsigned.len() > 1 && unsigned.starts_with('0') && unsigned.bytes().all(|b| b.is_ascii_digit());
        if has_leading_zero && unsigned.bytes().any(|b| b != b'0') {
            return None;
        }
        if let Ok(number) = digits.parse::<i64>() {
            return Some(Dynamic::from(number));
        }
        let is_decimal = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.');
        digits.parse::<f64>().ok().filter(|_| is_decimal).map(Dynamic::from)
    }

    fn word(&mut self) -> Option<Dynamic> {
        let end = self.rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        match word {
            "True" | "true" => Some(Dynamic::from(true)),
            "False" | "false" => Some(Dynamic::from(false)),
            "None" | "null" => Some(Dynamic::from(())),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_list_or_mapping_is_read() {
        for (text, expected) in [
            ("[1, 'a', \"b\\n\", None, true, 1.5, -2]", "[1, 'a', 'b\\n', None, True, 1.5, -2]"),
            ("{'a': [1, {}], 'b': (1,), }", "{'a': [1, {}], 'b': (1,)}"),
            ("[(1), 'a' 'b']", "[1, 'ab']"),
            ("{'a': 1},[2]", "({'a': 1}, [2])"),
            ("True", "True"),
        ] {
            assert_eq!(read(text).map(|value| python::repr(&value)).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_only_begins_like_one_stays_text() {
        for text in ["[1, 2", "[a]", "{1 2}", "[1] x", "[01]", "{{", "[__import__('os')]", "['a\nb']"] {
            assert!(read(text).is_none(), "{text}");
        }
    }
}
