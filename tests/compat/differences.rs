//! What differs on purpose: lines of `differences.txt`, a pattern of the place, a pattern of the difference, the reason.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use regex::Regex;

/// All explanations.
pub(crate) struct Differences {
    known: Vec<(String, Regex)>,
    used: RefCell<BTreeSet<usize>>,
}

impl Differences {
    /// Reads them: `PLACE :: DIFFERENCE :: REASON`, both patterns of the whole text; a reason is never left out.
    pub(crate) fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compat/differences.txt");
        let text = fs::read_to_string(path).unwrap();
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let known = lines.map(|line| {
            let parts: Vec<&str> = line.split(" :: ").collect();
            let [place, difference, reason] = parts[..] else { panic!("differences.txt: not three parts: {line}") };
            assert!(reason.len() > 10, "differences.txt: no reason: {line}");
            (line.to_owned(), Regex::new(&format!("^(?s:{place} :: {difference})$")).unwrap())
        });
        Self { known: known.collect(), used: RefCell::default() }
    }

    /// Whether a difference is one of them.
    pub(crate) fn explains(&self, place: &str, difference: &str) -> bool {
        let whole = format!("{place} :: {difference}");
        let found = self.known.iter().position(|(_, pattern)| pattern.is_match(&whole));
        self.used.borrow_mut().extend(found);
        found.is_some()
    }

    /// Explanations of what does not differ any more.
    pub(crate) fn unused(&self) -> Vec<String> {
        let used = self.used.borrow();
        let unused = self.known.iter().enumerate().filter(|(number, _)| !used.contains(number));
        unused.map(|(_, (line, _))| line.clone()).collect()
    }
}
