//! Lines no longer than so many columns, as Python's `textwrap` breaks them.

/// How a line is broken.
pub(super) struct Wrap {
    pub(super) width: usize,
    pub(super) break_long: bool,
    pub(super) at_hyphens: bool,
}

impl Wrap {
    /// The lines that a line becomes; blanks at a break are dropped, those before the first word stay.
    pub(super) fn lines(&self, line: &str) -> Vec<String> {
        let mut chunks: Vec<String> = self.chunks(line);
        chunks.reverse();
        let mut lines: Vec<String> = Vec::new();
        while !chunks.is_empty() {
            if !lines.is_empty() && chunks.last().is_some_and(|chunk| chunk.trim().is_empty()) {
                chunks.pop();
            }
            let mut current: Vec<String> = Vec::new();
            let mut length = 0;
            while let Some(chunk) = chunks.pop_if(|chunk| length + chunk.chars().count() <= self.width) {
                length += chunk.chars().count();
                current.push(chunk);
            }
            if let Some(chunk) = chunks.pop_if(|chunk| chunk.chars().count() > self.width) {
                self.place_long(chunk, &mut current, length, &mut chunks);
            }
            current.pop_if(|chunk| chunk.trim().is_empty());
            if !current.is_empty() {
                lines.push(current.concat());
            }
        }
        lines
    }

    /// What is longer than a line is broken where the line ends, or has a line of its own.
    fn place_long(&self, chunk: String, current: &mut Vec<String>, length: usize, chunks: &mut Vec<String>) {
        if self.break_long {
            let room = self.width.saturating_sub(length).max(1);
            let at = chunk.char_indices().nth(room).map_or(chunk.len(), |(at, _)| at);
            current.push(chunk[..at].to_owned());
            chunks.push(chunk[at..].to_owned());
        } else if current.is_empty() {
            current.push(chunk);
        } else {
            chunks.push(chunk);
        }
    }

    /// Words and the blanks between them; a word with hyphens is one for each part.
    fn chunks(&self, line: &str) -> Vec<String> {
        let mut chunks: Vec<String> = Vec::new();
        let mut before: Option<char> = None;
        for character in line.chars() {
            let is_blank = |c: char| c.is_ascii_whitespace();
            let breaks = before.is_none_or(|before| {
                is_blank(before) != is_blank(character)
                    || self.at_hyphens && before == '-' && character.is_alphabetic() && is_in_word(chunks.last())
            });
            match chunks.last_mut().filter(|_| !breaks) {
                Some(last) => last.push(character),
                None => chunks.push(character.to_string()),
            }
            before = Some(character);
        }
        chunks
    }
}

/// Whether a hyphen at this end has two letters before it.
fn is_in_word(chunk: Option<&String>) -> bool {
    let mut end = chunk.map(String::as_str).unwrap_or_default().chars().rev().skip(1);
    end.next().is_some_and(char::is_alphabetic) && end.next().is_some_and(char::is_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_where_python_breaks_them() {
        for (line, width, expected) in [
            ("   a", 6, "   a"),
            ("aaa bbb  ccc", 7, "aaa bbb|ccc"),
            ("a abcdefghi", 4, "a ab|cdef|ghi"),
            ("well-known thing", 7, "well-|known|thing"),
            ("x  ", 4, "x"),
            ("", 4, ""),
        ] {
            let wrap = Wrap { width, break_long: true, at_hyphens: true };
            assert_eq!(wrap.lines(line).join("|"), expected, "{line}");
        }
    }
}
