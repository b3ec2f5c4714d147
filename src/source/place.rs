//! A text with its name, and a range in it.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// A text that somebody wrote, with the name under which the operator knows it.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    name: String,
    text: String,
}

impl Source {
    /// Takes a text under a name: a path as the operator would type it, or `--extra-vars`.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { name: name.into(), text: text.into() })
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// A range of bytes in a source.
#[derive(Clone, PartialEq, Eq)]
pub struct Place {
    source: Arc<Source>,
    start: usize,
    end: usize,
}

impl Place {
    /// A place; the range is cut to the text and to character boundaries.
    pub fn new(source: &Arc<Source>, range: Range<usize>) -> Self {
        let text = source.text();
        let start = floor_boundary(text, range.start);
        let end = floor_boundary(text, range.end.max(start));
        Self { source: Arc::clone(source), start, end: end.max(start) }
    }

    /// The source it is in.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// Its bytes in the source's text.
    pub fn range(&self) -> Range<usize> {
        self.start..self.end
    }

    /// The text at this place.
    pub fn text(&self) -> &str {
        &self.source.text[self.range()]
    }

    /// Line, counted from 1.
    pub fn line(&self) -> usize {
        self.source.text[..self.start].bytes().filter(|byte| *byte == b'\n').count() + 1
    }

    /// Column in characters, counted from 1.
    pub fn column(&self) -> usize {
        let line_start = self.source.text[..self.start].rfind('\n').map_or(0, |at| at + 1);
        self.source.text[line_start..self.start].chars().count() + 1
    }

    /// A place inside this one, by bytes from its start.
    #[must_use]
    pub fn within(&self, range: Range<usize>) -> Self {
        Self::new(&self.source, self.start + range.start..self.start + range.end)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.source.name, self.line(), self.column())
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

fn floor_boundary(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_and_in_characters() {
        let source = Source::new("x.yml", "a\nüö: b\n");
        let place = Place::new(&source, 6..7);
        assert_eq!((place.line(), place.column(), place.text()), (2, 3, ":"));
        assert_eq!(place.to_string(), "x.yml:2:3");
    }

    #[test]
    fn a_range_past_the_end_or_inside_a_character_is_cut() {
        let source = Source::new("x.yml", "ü");
        assert_eq!(Place::new(&source, 1..99).range(), 0..2);
    }
}
