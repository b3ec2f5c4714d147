//! What would steer the terminal, written out: hosts print anything.

use std::borrow::Cow;

/// The line with control characters as `\u{1b}`, but for tabs and colours.
pub(super) fn visible(line: &str) -> Cow<'_, str> {
    let is_steering = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\t');
    if !line.contains(is_steering) {
        return Cow::Borrowed(line);
    }
    let (mut shown, mut rest) = (String::new(), line);
    while let Some(at) = rest.find(is_steering) {
        shown.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = colour(rest).unwrap_or_default();
        if length > 0 {
            shown.push_str(&rest[..length]);
            rest = &rest[length..];
        } else if let Some(letter) = rest.chars().next() {
            shown.extend(letter.escape_unicode());
            rest = &rest[letter.len_utf8()..];
        }
    }
    Cow::Owned(shown + rest)
}

/// How long the sequence is that sets a colour, where one stands at the beginning.
fn colour(text: &str) -> Option<usize> {
    const BEGINS: &str = "\u{1b}[";
    let codes = text.strip_prefix(BEGINS)?;
    let end = codes.find(|letter: char| !letter.is_ascii_digit() && letter != ';')?;
    codes[end..].starts_with('m').then_some(BEGINS.len() + end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_host_prints_steers_no_terminal() {
        assert_eq!(visible("\u{1b}[32mok\u{1b}[0m\tx"), "\u{1b}[32mok\u{1b}[0m\tx");
        assert_eq!(visible("a\u{1b}[2J\u{1b}]0;evil\u{7}\rb"), "a\\u{1b}[2J\\u{1b}]0;evil\\u{7}\\u{d}b");
    }
}
