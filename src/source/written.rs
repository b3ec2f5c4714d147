//! From a part of a text to the part of the source it was written in.

use std::ops::Range;

use crate::source::Place;

impl Place {
    /// The place of a part of `text`, which was written at this place: without quotes, in quotes or as a block.
    ///
    /// Folding and indentation change nothing but blanks, so the characters that are none are matched in order; where
    /// they differ, because of escapes, the whole place is the answer.
    #[must_use]
    pub fn of_part(&self, text: &str, part: Range<usize>) -> Self {
        let written = self.text();
        if let Some(start) = written.find(text) {
            return self.within(start + part.start..start + part.end);
        }
        if !solid(written).map(|(_, character)| character).eq(solid(text).map(|(_, character)| character)) {
            return self.clone();
        }
        let start = self.counterpart(text, part.start);
        let end = part.end.checked_sub(1).map_or(start, |last| self.counterpart(text, last) + 1);
        self.within(start..end.max(start))
    }

    /// The byte in the source of the first character at or after a byte of the text that is not blank.
    fn counterpart(&self, text: &str, at: usize) -> usize {
        let before = solid(text).take_while(|(offset, character)| offset + character.len_utf8() <= at).count();
        let Some((start, written)) = solid(self.text()).nth(before) else { return self.range().len() };
        let inside = solid(text).nth(before).map_or(0, |(offset, _)| at.saturating_sub(offset));
        start + inside.min(written.len_utf8() - 1)
    }
}

fn solid(text: &str) -> impl Iterator<Item = (usize, char)> {
    text.char_indices().filter(|(_, character)| !character.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    fn part(written: &str, text: &str, wanted: &str) -> String {
        let place = Place::new(&Source::new("x.yml", written), 0..written.len());
        let start = text.find(wanted).unwrap();
        place.of_part(text, start..start + wanted.len()).text().to_owned()
    }

    #[test]
    fn a_part_is_found_however_the_text_was_folded() {
        assert_eq!(part("{{ x }}", "{{ x }}", "x"), "x");
        assert_eq!(part("\"{{ x }}\"", "{{ x }}", "x"), "x");
        assert_eq!(part("eins\n    {{ zwei }}\n    drei", "eins {{ zwei }} drei", "zwei"), "zwei");
        assert_eq!(part("ä\n  ö {{ ü }}", "ä\nö {{ ü }}\n", "ü"), "ü");
    }

    #[test]
    fn with_escapes_the_whole_is_pointed_at() {
        assert_eq!(part("a\\x41 {{ x }}", "aA {{ x }}", "x"), "a\\x41 {{ x }}");
    }
}
