//! A copy of the file without its passwords, of the same shape: an excerpt of it shows where a mistake is, and no secret.

const KEYS: [&str; 2] = ["password:", "api_key:"];

/// Masks the values of all passwords; lines and columns stay.
pub(super) fn passwords(text: &str) -> String {
    let (mut masked, mut block) = (String::with_capacity(text.len()), None);
    for line in text.split_inclusive('\n') {
        let is_of_block = |indent: usize| line.trim().is_empty() || indent_of(line) > indent;
        if block.is_some_and(is_of_block) {
            masked += &hidden(line);
            continue;
        }
        let (line, opens) = without_values(line, line.contains(['{', '[']));
        block = opens.then(|| indent_of(&line));
        masked += &line;
    }
    masked
}

/// Masks a line, and tells whether its value goes on in the lines below.
fn without_values(line: &str, in_braces: bool) -> (String, bool) {
    let next = KEYS.iter().filter_map(|key| Some(line.find(key)? + key.len())).min();
    let Some(at) = next else { return (line.to_owned(), false) };
    let (before, rest) = line.split_at(at);
    let value = rest.trim_start();
    let blank = &rest[..rest.len() - value.len()];
    if value.starts_with(['|', '>']) {
        return (line.to_owned(), true);
    }
    let end = end_of(value, in_braces);
    let (after, opens) = without_values(&value[end..], in_braces);
    (format!("{before}{blank}{}{after}", hidden(&value[..end])), opens)
}

fn end_of(value: &str, in_braces: bool) -> usize {
    let all = value.trim_end_matches(['\r', '\n']).len();
    match value.chars().next() {
        Some(quote @ ('"' | '\'')) => closing(value, quote).unwrap_or(all),
        _ if in_braces => value.find([',', '}', ']', '\r', '\n']).unwrap_or(all),
        _ => all,
    }
}

/// Returns where a quoted value is over; in it, a backslash or a second quote takes the next quote's meaning away.
fn closing(value: &str, quote: char) -> Option<usize> {
    let mut letters = value.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if letter == '\\' && quote == '"' {
            letters.next();
        } else if letter == quote && (quote == '"' || letters.next_if(|(_, next)| *next == quote).is_none()) {
            return Some(at + letter.len_utf8());
        }
    }
    None
}

/// As many letters that say nothing; a leading `*` would be a YAML alias.
fn hidden(text: &str) -> String {
    text.chars().map(|letter| if letter.is_whitespace() { letter } else { 'x' }).collect()
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

#[cfg(test)]
mod tests {
    use super::passwords;

    #[test]
    fn values_are_hidden_and_nothing_else_moves() {
        for (text, masked) in [
            ("user: a\npassword: hunter2\nqueue: q\n", "user: a\npassword: xxxxxxx\nqueue: q\n"),
            ("a: {password: hunter2, queue: q}\n", "a: {password: xxxxxxx, queue: q}\n"),
            ("a: {password: 'it''s, a}', queue: q}\n", "a: {password: xxxxxxx xxx, queue: q}\n"),
            ("a: {password: \"a\\\"b}\", queue: q}\n", "a: {password: xxxxxxx, queue: q}\n"),
            ("a: {api_key: k, password: p}\n", "a: {api_key: x, password: x}\n"),
            ("a: {password: 'torn, queue: q}\n", "a: {password: xxxxxx xxxxxx xx\n"),
            ("  password: |\n    hunter2\n\n  queue: q\n", "  password: |\n    xxxxxxx\n\n  queue: q\n"),
            ("password: pass, word # no\n", "password: xxxxx xxxx x xx\n"),
            ("password_file: /etc/password\n", "password_file: /etc/password\n"),
            ("password: ü\r\nqueue: q", "password: x\r\nqueue: q"),
        ] {
            assert_eq!(passwords(text), masked);
        }
    }
}
