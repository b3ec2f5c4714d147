//! Python's escapes in a quoted text, written anew so that minijinja reads the same characters.

/// How backslashes inside quotes are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::template) enum Backslash {
    /// As Python does: what is no known escape stays as it is.
    Escapes,
    /// As characters: Ansible doubles them in `{{ }}` of playbooks, so that nobody has to escape twice.
    Literal,
}

/// The quoted text for minijinja, or nothing when it reads the same already.
pub(super) fn rewritten(quoted: &str, backslash: Backslash) -> Option<String> {
    if !quoted.contains('\\') {
        return None;
    }
    let quote = quoted.chars().next()?;
    let inner = &quoted[quote.len_utf8()..quoted.len() - quote.len_utf8()];
    let characters = match backslash {
        Backslash::Literal => inner.replace(&format!("\\{quote}"), &quote.to_string()),
        Backslash::Escapes => unescaped(inner),
    };
    Some(format!("{quote}{}{quote}", escaped(&characters, quote)))
}

fn escaped(characters: &str, quote: char) -> String {
    let mut text = String::with_capacity(characters.len() + 8);
    for character in characters.chars() {
        if character == '\\' || character == quote {
            text.push('\\');
        }
        text.push(character);
    }
    text
}

/// The characters that Python reads from the inside of a quoted text.
pub(in crate::template) fn unescaped(inner: &str) -> String {
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let used = escape(after, &mut text);
        rest = &after[used..];
    }
    text.push_str(rest);
    text
}

/// Reads one escape behind its backslash; returns how many bytes it took.
fn escape(after: &str, text: &mut String) -> usize {
    let Some(first) = after.chars().next() else {
        text.push('\\');
        return 0;
    };
    let simple = match first {
        '\n' => return 1,
        '\\' | '\'' | '"' => first,
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        'x' => return coded(after, 2, text),
        'u' => return coded(after, 4, text),
        'U' => return coded(after, 8, text),
        '0'..='7' => return octal(after, text),
        other => {
            text.push('\\');
            other
        }
    };
    text.push(simple);
    first.len_utf8()
}

fn coded(after: &str, digits: usize, text: &mut String) -> usize {
    let character = after.get(1..=digits).and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32);
    if let Some(character) = character {
        text.push(character);
        digits + 1
    } else {
        text.push('\\');
        0
    }
}

fn octal(after: &str, text: &mut String) -> usize {
    let length = after.bytes().take(3).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
    let code = u32::from_str_radix(&after[..length], 8).unwrap_or(0);
    text.extend(char::from_u32(code));
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_escapes_keep_their_backslash_and_known_ones_lose_it() {
        assert_eq!(unescaped(r"^\d+\.\n\x41\101"), "^\\d+\\.\nAA");
    }

    #[test]
    fn in_a_playbook_a_backslash_is_a_character() {
        assert_eq!(rewritten(r"'\1\n'", Backslash::Literal).as_deref(), Some(r"'\\1\\n'"));
        assert_eq!(rewritten(r"'\1'", Backslash::Escapes).as_deref(), Some("'\u{1}'"));
    }
}
