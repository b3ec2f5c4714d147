//! Values of an INI inventory: what Python's `ast.literal_eval` takes for a literal is one, all else is a text.

use crate::source::Place;
use crate::value::{Map, Text, Value};

/// Reads a value that stands at a place.
pub(crate) fn value(written: &str, place: &Place) -> Value {
    let mut reader = Reader { rest: written.trim_start_matches([' ', '\t']) };
    match reader.value() {
        Some(value) if reader.at_end() => match value {
            Value::Text(text) => Value::Text(text.at(place.clone())),
            other => other,
        },
        _ => Value::Text(Text::template(written).at(place.clone())),
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn value(&mut self) -> Option<Value> {
        self.blank();
        match self.rest.chars().next()? {
            '\'' | '"' => self.text().map(Value::template),
            '[' => self.items('[', ']').map(|(items, _)| Value::from(items)),
            '(' => self.tuple(),
            '{' => self.mapping(),
            '+' | '-' | '.' | '0'..='9' => self.number(),
            _ => self.name(),
        }
    }

    /// Nothing but blanks and a comment may follow, for Python's own comments are no part of the literal.
    fn at_end(&mut self) -> bool {
        self.blank();
        self.rest.is_empty() || self.rest.starts_with('#')
    }

    fn blank(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, expected: char) -> Option<()> {
        self.blank();
        self.rest = self.rest.strip_prefix(expected)?;
        Some(())
    }

    fn name(&mut self) -> Option<Value> {
        let names = [("True", Value::Bool(true)), ("False", Value::Bool(false)), ("None", Value::Null)];
        let (name, value) = names.into_iter().find(|(name, _)| self.rest.starts_with(name))?;
        self.rest = &self.rest[name.len()..];
        Some(value)
    }

    fn number(&mut self) -> Option<Value> {
        let sign = usize::from(self.rest.starts_with(['+', '-']));
        let mut length = sign;
        for (at, character) in self.rest[sign..].char_indices() {
            let after_exponent = self.rest[..sign + at].ends_with(['e', 'E']) && !self.rest[sign..].starts_with("0x");
            if !(character.is_ascii_alphanumeric()
                || "._".contains(character)
                || after_exponent && "+-".contains(character))
            {
                break;
            }
            length = sign + at + character.len_utf8();
        }
        let (word, rest) = self.rest.split_at(length);
        self.rest = rest;
        number(word)
    }

    fn text(&mut self) -> Option<String> {
        let quote = self.rest.chars().next()?;
        let mut text = String::new();
        let mut characters = self.rest.char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            match character {
                end if end == quote => {
                    self.rest = &self.rest[at + 1..];
                    return Some(text);
                }
                '\\' => match characters.next()?.1 {
                    'n' => text.push('\n'),
                    't' => text.push('\t'),
                    'r' => text.push('\r'),
                    same @ ('\\' | '\'' | '"') => text.push(same),
                    'x' => text.push(code(&mut characters, 2)?),
                    'u' => text.push(code(&mut characters, 4)?),
                    other => text.extend(['\\', other]),
                },
                plain => text.push(plain),
            }
        }
        None
    }

    /// Items between brackets, and whether a comma stood among them.
    fn items(&mut self, open: char, close: char) -> Option<(Vec<Value>, bool)> {
        self.take(open)?;
        let mut items = Vec::new();
        let mut comma = false;
        loop {
            if self.take(close).is_some() {
                return Some((items, comma));
            }
            if !items.is_empty() && !std::mem::take(&mut comma) {
                return None;
            }
            items.push(self.value()?);
            comma = self.take(',').is_some();
        }
    }

    fn tuple(&mut self) -> Option<Value> {
        let (mut items, comma) = self.items('(', ')')?;
        if items.len() == 1 && !comma { items.pop() } else { Some(items.into()) }
    }

    fn mapping(&mut self) -> Option<Value> {
        self.take('{')?;
        let mut entries = Map::new();
        loop {
            if self.take('}').is_some() {
                return Some(entries.into());
            }
            let key = match self.value()? {
                Value::Text(text) => text.as_str().to_owned(),
                Value::Int(number) => number.to_string(),
                _ => return None,
            };
            self.take(':')?;
            let value = self.value()?;
            entries.insert(key, value);
            if self.take(',').is_none() {
                self.take('}')?;
                return Some(entries.into());
            }
        }
    }
}

fn number(word: &str) -> Option<Value> {
    let (sign, digits) = word.split_at(usize::from(word.starts_with(['+', '-'])));
    if digits.starts_with('_') || digits.ends_with('_') || digits.contains("__") {
        return None;
    }
    let plain = digits.replace('_', "");
    let (radix, bare) = match plain.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("0x") => (16, &plain[2..]),
        Some("0o") => (8, &plain[2..]),
        Some("0b") => (2, &plain[2..]),
        _ => (10, plain.as_str()),
    };
    if !bare.is_empty() && bare.chars().all(|digit| digit.is_digit(radix)) {
        // Python refuses `0644`, so that it stays a text.
        let leading_zero =
            radix == 10 && bare.len() > 1 && bare.starts_with('0') && bare.contains(|digit| digit != '0');
        return if leading_zero {
            None
        } else {
            i64::from_str_radix(&format!("{sign}{bare}"), radix).ok().map(Value::Int)
        };
    }
    let is_float = radix == 10 && plain.starts_with(|first: char| first.is_ascii_digit() || first == '.');
    is_float.then(|| format!("{sign}{plain}").parse().ok().map(Value::Float)).flatten()
}

fn code(characters: &mut impl Iterator<Item = (usize, char)>, length: usize) -> Option<char> {
    let digits: String = characters.take(length).map(|(_, digit)| digit).collect();
    char::from_u32(u32::from_str_radix(&digits, 16).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    #[test]
    fn literals_are_read_and_all_else_is_text() {
        let table = [
            ("5", "5"),
            ("-5", "-5"),
            ("1_000", "1000"),
            ("0644", "\"0644\""),
            ("0o644", "420"),
            ("0x1F", "31"),
            ("1.50", "1.5"),
            ("1e3", "1000.0"),
            ("1e+3", "1000.0"),
            ("6.2.1", "\"6.2.1\""),
            ("10.0.0.1", "\"10.0.0.1\""),
            ("True", "true"),
            ("true", "\"true\""),
            ("yes", "\"yes\""),
            ("None", "null"),
            ("Nonesuch", "\"Nonesuch\""),
            ("'a b'", "\"a b\""),
            ("'a' b", "\"'a' b\""),
            ("['a', 2, [True]]", "[\"a\",2,[true]]"),
            ("['a',]", "[\"a\"]"),
            ("['a' 'b']", "\"['a' 'b']\""),
            ("(1)", "1"),
            ("(1,)", "[1]"),
            ("{'a': {'b': 1}, 'c': 2}", "{\"a\":{\"b\":1},\"c\":2}"),
            ("5 # five", "5"),
            ("five # 5", "\"five # 5\""),
            ("{{ x }}", "\"{{ x }}\""),
            ("", "\"\""),
            ("-", "\"-\""),
            ("0x", "\"0x\""),
            (".inf", "\".inf\""),
            ("1__0", "\"1__0\""),
        ];
        let place = Place::new(&Source::new("hosts", ""), 0..0);
        for (written, read) in table {
            assert_eq!(serde_json::Value::from(&value(written, &place)).to_string(), read, "{written}");
        }
    }
}
