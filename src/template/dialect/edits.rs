//! Changes to a text, applied in one go, and the way back from an offset in the result to the text as it was written.

use std::ops::Range;

/// What a change does at its offset; on one offset, closings stand before openings, openings before replacements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Close,
    Open,
    Replace,
}

#[derive(Debug, Clone)]
struct Edit {
    at: Range<usize>,
    kind: Kind,
    text: String,
}

/// The changes collected for one text.
#[derive(Debug, Default)]
pub(super) struct Edits {
    edits: Vec<Edit>,
}

impl Edits {
    /// Inserts before what begins here; what is opened later stands further out.
    pub(super) fn open(&mut self, at: usize, text: &str) {
        self.add(at..at, Kind::Open, text);
    }

    /// Inserts behind what ends here; what is closed later stands further out.
    pub(super) fn close(&mut self, at: usize, text: &str) {
        self.add(at..at, Kind::Close, text);
    }

    /// Puts other characters in the place of these.
    pub(super) fn replace(&mut self, at: Range<usize>, text: &str) {
        self.add(at, Kind::Replace, text);
    }

    /// How many there are: a mark to which [`Self::forget_after`] goes back.
    pub(super) fn len(&self) -> usize {
        self.edits.len()
    }

    /// Forgets what was added since the mark.
    pub(super) fn forget_after(&mut self, mark: usize) {
        self.edits.truncate(mark);
    }

    /// The text with all changes made, and the map back.
    pub(super) fn apply(self, text: &str) -> (String, OffsetMap) {
        let mut result = String::with_capacity(text.len() + 32 * self.edits.len());
        let mut map = OffsetMap { steps: Vec::new() };
        let mut done = 0;
        for edit in self.sorted() {
            result.push_str(&text[done..edit.at.start.max(done)]);
            map.steps.push((result.len(), edit.at.start, true));
            result.push_str(&edit.text);
            done = edit.at.end.max(done);
            map.steps.push((result.len(), done, false));
        }
        result.push_str(&text[done..]);
        (result, map)
    }

    fn add(&mut self, at: Range<usize>, kind: Kind, text: &str) {
        self.edits.push(Edit { at, kind, text: text.to_owned() });
    }

    fn sorted(self) -> Vec<Edit> {
        let mut numbered: Vec<(usize, Edit)> = self.edits.into_iter().enumerate().collect();
        numbered.sort_by_key(|(number, edit)| {
            let order = if edit.kind == Kind::Open { usize::MAX - number } else { *number };
            (edit.at.start, edit.kind, order)
        });
        numbered.into_iter().map(|(_, edit)| edit).collect()
    }
}

/// From offsets in the changed text to offsets in the text as it was written.
#[derive(Debug, Default)]
pub(in crate::template) struct OffsetMap {
    /// Offset in the result, offset in the original, and whether what follows was inserted.
    steps: Vec<(usize, usize, bool)>,
}

impl OffsetMap {
    /// The range as it was written.
    pub(in crate::template) fn original(&self, range: Range<usize>) -> Range<usize> {
        let start = self.offset(range.start, false);
        start..self.offset(range.end, true).max(start)
    }

    fn offset(&self, at: usize, is_end: bool) -> usize {
        let after = self.steps.partition_point(|(result, ..)| if is_end { *result < at } else { *result <= at });
        match after.checked_sub(1).map(|index| self.steps[index]) {
            None => at,
            Some((_, original, true)) => match (is_end, self.steps.get(after)) {
                (true, Some((_, end, _))) => *end,
                _ => original,
            },
            Some((result, original, false)) => original + (at - result),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_opened_later_stands_further_out() {
        let mut edits = Edits::default();
        edits.open(0, "b(");
        edits.close(1, ")");
        edits.open(0, "a(");
        edits.close(1, ")");
        let (text, map) = edits.apply("x y");
        assert_eq!(text, "a(b(x)) y");
        assert_eq!(map.original(4..5), 0..1);
        assert_eq!(map.original(0..7), 0..1);
        assert_eq!(map.original(8..9), 2..3);
    }
}
