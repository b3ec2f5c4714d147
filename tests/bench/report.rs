//! What a run of the bench has to tell: on the terminal as it comes, and in docs/performance.md when all was measured.

use std::cell::RefCell;
use std::fs;
use std::path::Path;

const DOCUMENT: &str = "docs/performance.md";
const BEGIN: &str = "<!-- measured: written by `make bench` -->\n";
const END: &str = "<!-- measured: end -->\n";

/// The text so far.
#[derive(Default)]
pub(crate) struct Report {
    text: RefCell<String>,
}

impl Report {
    /// One more paragraph.
    pub(crate) fn tell(&self, paragraph: &str) {
        println!("{paragraph}\n");
        *self.text.borrow_mut() += &format!("{paragraph}\n\n");
    }

    /// Puts it into the document, in the place of what an earlier run told.
    pub(crate) fn keep(&self) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(DOCUMENT);
        let document = fs::read_to_string(&path).unwrap();
        let (before, rest) = document.split_once(BEGIN).unwrap();
        let (_, after) = rest.split_once(END).unwrap();
        fs::write(path, format!("{before}{BEGIN}\n{}{END}{after}", self.text.borrow())).unwrap();
        println!("written into {DOCUMENT}");
    }
}
