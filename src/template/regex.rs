//! Python's regular expressions over fancy-regex: its syntax translated, its way of finding and replacing.
//!
//! What differs: `\w` and `\b` know all of Unicode in both; a conditional on a group that does not exist, flags for
//! bytes and locale are refused.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use fancy_regex::Regex;
use minijinja::Error;

use super::error::fault;

/// One match with its groups.
pub(super) type Captures<'t> = fancy_regex::Captures<'t, str>;

/// How a pattern is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[expect(clippy::struct_excessive_bools, reason = "flags are what they are in Python too")]
pub(super) struct Flags {
    pub(super) ignore_case: bool,
    pub(super) multiline: bool,
    /// Whether it must match at the beginning, as `re.match` does.
    pub(super) at_start: bool,
    /// Whether it must match to the end too, as `re.fullmatch` does.
    pub(super) to_end: bool,
}

/// Patterns that were used before.
#[derive(Default)]
pub(super) struct Patterns(Mutex<HashMap<(String, Flags), Arc<Regex>>>);

/// More than this many are forgotten all at once; loops over hosts use few.
const KEPT: usize = 500;

impl Patterns {
    /// The compiled pattern.
    pub(super) fn get(&self, pattern: &str, flags: Flags) -> Result<Arc<Regex>, Error> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (pattern.to_owned(), flags);
        if let Some(regex) = known.get(&key) {
            return Ok(Arc::clone(regex));
        }
        let regex = Regex::new(&translated(pattern, flags))
            .map_err(|error| fault(format!("`{pattern}` is no regular expression: {error}")))?;
        if known.len() >= KEPT {
            known.clear();
        }
        let regex = Arc::new(regex);
        known.insert(key, Arc::clone(&regex));
        Ok(regex)
    }
}

/// All matches, as `re.finditer` gives them: an empty one may follow right behind one that is not.
pub(super) fn matches<'t>(regex: &Regex, text: &'t str) -> Result<Vec<Captures<'t>>, Error> {
    let mut found = Vec::new();
    let mut at = 0;
    let mut empty_at = None;
    while at <= text.len() {
        let Some(captures) = regex.captures_from_pos(text, at).map_err(|error| gave_up(&error))? else { break };
        let Some(whole) = captures.get(0) else { break };
        let (start, end) = (whole.start(), whole.end());
        if start == end && empty_at == Some(start) {
            at = next_character(text, start);
            empty_at = None;
            continue;
        }
        empty_at = (start == end).then_some(start);
        at = end;
        found.push(captures);
    }
    Ok(found)
}

/// The first match.
pub(super) fn search<'t>(regex: &Regex, text: &'t str) -> Result<Option<Captures<'t>>, Error> {
    regex.captures(text).map_err(|error| gave_up(&error))
}

/// A text with the matches replaced, at most `count` of them unless it is 0, and how many were.
pub(super) fn replaced(regex: &Regex, text: &str, replacement: &str, count: usize) -> Result<(String, usize), Error> {
    let pieces = pieces(replacement)?;
    let mut result = String::with_capacity(text.len());
    let mut done = 0;
    let mut replaced = 0;
    for captures in matches(regex, text)? {
        let Some(whole) = captures.get(0).filter(|_| count == 0 || replaced < count) else { break };
        result.push_str(&text[done..whole.start()]);
        for piece in &pieces {
            piece.write(&captures, &mut result)?;
        }
        done = whole.end();
        replaced += 1;
    }
    result.push_str(&text[done..]);
    Ok((result, replaced))
}

fn gave_up(error: &fancy_regex::Error) -> Error {
    fault(format!("the regular expression gave up: {error}"))
}

fn next_character(text: &str, at: usize) -> usize {
    at + text[at..].chars().next().map_or(1, char::len_utf8)
}

/// A part of a replacement.
enum Piece {
    Text(String),
    Number(usize),
    Name(String),
}

impl Piece {
    fn write(&self, captures: &Captures<'_>, result: &mut String) -> Result<(), Error> {
        let group = match self {
            Self::Text(text) => {
                result.push_str(text);
                return Ok(());
            }
            Self::Number(number) if *number < captures.len() => captures.get(*number),
            Self::Number(number) => return Err(fault(format!("the regular expression has no group {number}"))),
            Self::Name(name) => captures.name(name),
        };
        result.push_str(group.map_or("", |group| group.as_str()));
        Ok(())
    }
}

fn pieces(replacement: &str) -> Result<Vec<Piece>, Error> {
    let mut pieces = Vec::new();
    let mut rest = replacement;
    while let Some(at) = rest.find('\\') {
        pieces.push(Piece::Text(rest[..at].to_owned()));
        let after = &rest[at + 1..];
        let (piece, used) = piece(after)?;
        pieces.push(piece);
        rest = &after[used..];
    }
    pieces.push(Piece::Text(rest.to_owned()));
    Ok(pieces)
}

fn piece(after: &str) -> Result<(Piece, usize), Error> {
    let digits = after.bytes().take(2).take_while(u8::is_ascii_digit).count();
    if digits > 0 {
        return Ok((Piece::Number(after[..digits].parse().unwrap_or(0)), digits));
    }
    if let Some(name) = after.strip_prefix("g<").and_then(|rest| rest.split_once('>')).map(|(name, _)| name) {
        let piece = name.parse().map_or_else(|_| Piece::Name(name.to_owned()), Piece::Number);
        return Ok((piece, name.len() + 3));
    }
    let character = after.chars().next();
    let text = match character {
        Some('n') => "\n".to_owned(),
        Some('t') => "\t".to_owned(),
        Some('r') => "\r".to_owned(),
        Some('f') => "\x0c".to_owned(),
        Some('v') => "\x0b".to_owned(),
        Some('a') => "\x07".to_owned(),
        Some('\\') => "\\".to_owned(),
        Some(letter) if letter.is_ascii_alphabetic() => {
            return Err(fault(format!("`\\{letter}` is no escape of a replacement")));
        }
        Some(other) => format!("\\{other}"),
        None => return Err(fault("a replacement cannot end in a backslash")),
    };
    Ok((Piece::Text(text), character.map_or(0, char::len_utf8)))
}

/// Whether Python quotes this character in `re.escape`.
pub(super) fn escaped(text: &str) -> String {
    let mut result = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if "()[]{}?*+-|^$\\.&~# \t\n\r\x0b\x0c".contains(character) {
            result.push('\\');
        }
        result.push(character);
    }
    result
}

fn translated(pattern: &str, flags: Flags) -> String {
    let body = Translator { rest: pattern, multiline: flags.multiline, out: String::new() }.run();
    let switches = match (flags.ignore_case, flags.multiline) {
        (true, true) => "(?im)",
        (true, false) => "(?i)",
        (false, true) => "(?m)",
        (false, false) => "",
    };
    match (flags.at_start, flags.to_end) {
        (true, true) => format!(r"{switches}\A(?:{body})\z"),
        (true, false) => format!(r"{switches}\A(?:{body})"),
        _ => format!("{switches}{body}"),
    }
}

struct Translator<'p> {
    rest: &'p str,
    multiline: bool,
    out: String,
}

impl Translator<'_> {
    fn run(mut self) -> String {
        while let Some(character) = self.rest.chars().next() {
            match character {
                '\\' => self.escape(),
                '[' => self.class(),
                '$' if !self.multiline => self.swap(1, r"(?=\n?\z)"),
                '{' => self.brace(),
                '(' if self.rest.starts_with("(?#") => self.comment(),
                other => self.copy(other.len_utf8()),
            }
        }
        self.out
    }

    fn copy(&mut self, length: usize) {
        let (head, tail) = self.rest.split_at(length.min(self.rest.len()));
        self.out.push_str(head);
        self.rest = tail;
    }

    fn swap(&mut self, length: usize, text: &str) {
        self.out.push_str(text);
        self.rest = &self.rest[length..];
    }

    fn escape(&mut self) {
        let Some(next) = self.rest[1..].chars().next() else { return self.copy(1) };
        match next {
            'Z' => self.swap(2, r"\z"),
            '<' | '>' | '"' | '\'' | '/' | ' ' | '%' | ',' | ':' | ';' | '=' | '@' | '_' | '`' | '!' | '\n' => {
                self.rest = &self.rest[1..];
                self.copy(next.len_utf8());
            }
            _ => self.copy(1 + next.len_utf8()),
        }
    }

    /// In a class, signs that Rust's engine reads as set operations are plain characters to Python.
    fn class(&mut self) {
        self.copy(1);
        if self.rest.starts_with('^') {
            self.copy(1);
        }
        if self.rest.starts_with(']') {
            self.swap(1, r"\]");
        }
        while let Some(character) = self.rest.chars().next() {
            match character {
                ']' => return self.copy(1),
                '\\' => self.escape_in_class(),
                '[' => self.swap(1, r"\["),
                '&' => self.swap(1, r"\&"),
                '~' => self.swap(1, r"\~"),
                other => self.copy(other.len_utf8()),
            }
        }
    }

    fn escape_in_class(&mut self) {
        match self.rest[1..].chars().next() {
            Some('b') => self.swap(2, r"\x08"),
            _ => self.escape(),
        }
    }

    /// `{2,3}` repeats, `{,3}` begins at none, anything else is a brace.
    fn brace(&mut self) {
        let inside = self.rest.find('}').map(|end| &self.rest[1..end]);
        let is_count = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        match inside.map(|inside| (inside, inside.split_once(','))) {
            Some((inside, None)) if !inside.is_empty() && is_count(inside) => self.copy(inside.len() + 2),
            Some((inside, Some((least, most)))) if is_count(least) && is_count(most) && inside != "," => {
                let length = inside.len() + 2;
                let least = if least.is_empty() { "0" } else { least };
                let text = format!("{{{least},{most}}}");
                self.swap(length, &text);
            }
            _ => self.swap(1, r"\{"),
        }
    }

    fn comment(&mut self) {
        let end = self.rest.find(')').map_or(self.rest.len(), |end| end + 1);
        self.rest = &self.rest[end..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sub(pattern: &str, replacement: &str, text: &str) -> String {
        let regex = Patterns::default().get(pattern, Flags::default()).expect("compiles");
        replaced(&regex, text, replacement, 0).expect("replaces").0
    }

    #[test]
    fn replacing_goes_on_as_in_python() {
        assert_eq!(sub("x*", "-", "abxd"), "-a-b--d-");
        assert_eq!(sub("^", "> ", "ab"), "> ab");
        assert_eq!(sub("$", "!", "ab\n"), "ab!\n!");
        assert_eq!(sub(r"(?P<a>\w)(\w)", r"\2\g<a>\\", "abcd"), "ba\\dc\\");
        assert_eq!(sub("[[&~]", ".", "[&~]"), "...]");
        assert_eq!(sub("a{,2}b", "x", "aab"), "x");
        assert_eq!(sub("{{x}}", "y", "{{x}}"), "y");
        assert_eq!(sub(r"\<a\>", "y", "<a>"), "y");
    }
}
