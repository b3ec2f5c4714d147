//! The tokens of one Jinja2 tag, with their bytes in the template. It knows no grammar.

use std::ops::Range;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or a keyword.
    Name,
    /// A whole number or one with a fraction.
    Number,
    /// A text in quotes, the quotes included.
    Text,
    /// Punctuation, longest match.
    Sign,
}

/// One token.
#[derive(Debug, Clone)]
pub(super) struct Token<'s> {
    /// What it is.
    pub(super) kind: Kind,
    /// Its characters.
    pub(super) text: &'s str,
    /// Its bytes in the whole template.
    pub(super) range: Range<usize>,
}

const SIGNS: [&str; 30] = [
    "**", "//", "==", "!=", ">=", "<=", "+", "-", "*", "/", "%", "~", "<", ">", "=", "(", ")", "[", "]", "{", "}", ",",
    ".", ":", "|", ";", "!", "&", "^", "@",
];

/// Reads the tokens from `start` to the tag's end mark; returns them with the offset at which the mark begins.
pub(super) fn tokens<'s>(text: &'s str, start: usize, end_mark: &str) -> Option<(Vec<Token<'s>>, usize)> {
    let mut found = Vec::new();
    let mut depth = 0usize;
    let mut at = start;
    loop {
        let rest = text.get(at..)?;
        let skipped = rest.len() - rest.trim_start().len();
        at += skipped;
        let rest = &rest[skipped..];
        if depth == 0 && is_end(rest, end_mark) {
            return Some((found, at));
        }
        let (kind, length) = next(rest)?;
        let token = Token { kind, text: &rest[..length], range: at..at + length };
        depth = match token.text {
            "(" | "[" | "{" => depth + 1,
            ")" | "]" | "}" => depth.saturating_sub(1),
            _ => depth,
        };
        at += length;
        found.push(token);
    }
}

fn is_end(rest: &str, end_mark: &str) -> bool {
    rest.starts_with(end_mark) || rest.strip_prefix(['-', '+']).is_some_and(|rest| rest.starts_with(end_mark))
}

fn next(rest: &str) -> Option<(Kind, usize)> {
    let first = rest.chars().next()?;
    if first.is_alphabetic() || first == '_' {
        return Some((Kind::Name, span(rest, |c| c.is_alphanumeric() || c == '_')));
    }
    if first.is_ascii_digit() {
        return Some((Kind::Number, number(rest)));
    }
    if first == '"' || first == '\'' {
        return Some((Kind::Text, quoted(rest, first)?));
    }
    SIGNS.iter().find(|sign| rest.starts_with(**sign)).map(|sign| (Kind::Sign, sign.len()))
}

fn span(rest: &str, belongs: impl Fn(char) -> bool) -> usize {
    rest.find(|c| !belongs(c)).unwrap_or(rest.len())
}

fn number(rest: &str) -> usize {
    let whole = span(rest, |c| c.is_ascii_alphanumeric() || c == '_');
    let fraction = rest[whole..].strip_prefix('.').filter(|after| after.starts_with(|c: char| c.is_ascii_digit()));
    let mut length = whole + fraction.map_or(0, |after| 1 + span(after, |c| c.is_ascii_alphanumeric() || c == '_'));
    let signed = rest[length..].starts_with(['+', '-']) && rest[..length].ends_with(['e', 'E']);
    if signed && !rest.starts_with("0x") {
        length += 1 + span(&rest[length + 1..], |c| c.is_ascii_digit());
    }
    length
}

fn quoted(rest: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, character) in rest.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return Some(at + quote.len_utf8()),
            _ => {}
        }
    }
    None
}
