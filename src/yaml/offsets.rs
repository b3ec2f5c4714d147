//! From the parser's marks, which count characters, to ranges of bytes.

use std::ops::Range;

use saphyr_parser::{Marker, Span};

/// The byte at which each character of a text begins; nothing is kept for a text of ASCII alone.
pub(crate) struct Offsets {
    starts: Option<Vec<usize>>,
    length: usize,
}

impl Offsets {
    /// Looks once through the text.
    pub(crate) fn of(text: &str) -> Self {
        let starts = (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| at).collect());
        Self { starts, length: text.len() }
    }

    /// Of a text whose characters stand for these bytes of another one.
    pub(super) fn at(starts: Vec<usize>, length: usize) -> Self {
        Self { starts: Some(starts), length }
    }

    /// The byte a mark stands at.
    pub(crate) fn byte(&self, mark: &Marker) -> usize {
        match &self.starts {
            None => mark.index().min(self.length),
            Some(starts) => starts.get(mark.index()).copied().unwrap_or(self.length),
        }
    }

    /// The bytes a span covers.
    pub(crate) fn range(&self, span: &Span) -> Range<usize> {
        self.byte(&span.start)..self.byte(&span.end)
    }
}
