//! Lines inside of `[…]` and `{…}` may begin in any column for `PyYAML`, and so for Ansible; the parser wants them deeper
//! than the key before. Those it complains of are given blanks, and every offset leads back to the text as it was written.

use std::collections::BTreeSet;

use crate::yaml::offsets::Offsets;

/// Deeper than any key of a file that a person wrote.
const BLANKS: &str = "                                                                                ";

/// A text as the parser gets it.
pub(super) struct Flowing {
    written: String,
    /// Bytes at which lines begin that were moved to the right.
    moved: BTreeSet<usize>,
    pub(super) text: String,
}

impl Flowing {
    /// As it was written.
    pub(super) fn of(written: &str) -> Self {
        Self { written: written.to_owned(), moved: BTreeSet::new(), text: written.to_owned() }
    }

    /// With the line of this byte moved to the right; nothing when it was, and did not help.
    pub(super) fn moved(mut self, at: usize) -> Option<Self> {
        let line = self.written.get(..at)?.rfind('\n').map_or(0, |end| end + 1);
        if !self.moved.insert(line) {
            return None;
        }
        let mut done = 0;
        self.text.clear();
        for line in &self.moved {
            self.text.push_str(&self.written[done..*line]);
            self.text.push_str(BLANKS);
            done = *line;
        }
        self.text.push_str(&self.written[done..]);
        Some(self)
    }

    /// The way back from the parser's marks.
    pub(super) fn offsets(&self) -> Offsets {
        if self.moved.is_empty() {
            return Offsets::of(&self.written);
        }
        let blanks = |at: usize| if self.moved.contains(&at) { BLANKS.len() } else { 0 };
        let begins = self.written.char_indices().map(|(at, _)| at);
        Offsets::at(begins.flat_map(|at| std::iter::repeat_n(at, blanks(at) + 1)).collect(), self.written.len())
    }
}

/// Whether the parser complains of a line inside of brackets.
pub(super) fn is_of_flow(complaint: &str) -> bool {
    matches!(complaint, "invalid indentation" | "invalid indentation in flow construct")
}
