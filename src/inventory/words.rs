//! The words of a line, as Python's `shlex.split(line, comments=True)` parts them, each with its place in the line.

use std::ops::Range;

/// One word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// Its characters, quotes and escapes resolved.
    pub(crate) text: String,
    /// Where it stands in the line, quotes included.
    pub(crate) range: Range<usize>,
}

/// A line's words and its comment, or the opening of a quote that nothing closes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Words {
    pub(crate) words: Vec<Word>,
    /// Where a comment begins right behind a character, which is seldom meant as one.
    pub(crate) glued_comment: Option<usize>,
}

/// Parts a line; the error is where an unclosed quote was opened.
pub(crate) fn words(line: &str) -> Result<Words, usize> {
    let mut parted = Words { words: Vec::new(), glued_comment: None };
    let mut current: Option<Word> = None;
    let mut characters = line.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '#' => {
                parted.glued_comment = current.is_some().then_some(at);
                break;
            }
            blank if blank.is_whitespace() => parted.words.extend(current.take()),
            _ => {
                let word = current.get_or_insert_with(|| Word { text: String::new(), range: at..at });
                match character {
                    '\'' | '"' => quoted(character, at, &mut characters, &mut word.text)?,
                    '\\' => word.text.extend(characters.next().map(|(_, escaped)| escaped)),
                    plain => word.text.push(plain),
                }
                word.range.end = characters.peek().map_or(line.len(), |(next, _)| *next);
            }
        }
    }
    parted.words.extend(current);
    Ok(parted)
}

fn quoted(
    quote: char,
    opening: usize,
    characters: &mut impl Iterator<Item = (usize, char)>,
    text: &mut String,
) -> Result<(), usize> {
    while let Some((_, character)) = characters.next() {
        match character {
            end if end == quote => return Ok(()),
            '\\' if quote == '"' => match characters.next() {
                Some((_, escaped @ ('"' | '\\'))) => text.push(escaped),
                Some((_, other)) => text.extend(['\\', other]),
                None => break,
            },
            plain => text.push(plain),
        }
    }
    Err(opening)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(line: &str) -> Vec<String> {
        words(line).unwrap().words.into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn words_are_parted_as_shlex_parts_them() {
        assert_eq!(texts(r#"web1 a='b c' d="e \"f\" \n" g=h\ i # rest"#), ["web1", "a=b c", r#"d=e "f" \n"#, "g=h i"]);
        assert_eq!(texts("# all"), Vec::<String>::new());
        assert_eq!(texts("a='' b=x#y"), ["a=", "b=x"]);
        assert_eq!(words("a b=x#y").unwrap().glued_comment, Some(5));
        assert_eq!(words("a b='x"), Err(4));
    }
}
