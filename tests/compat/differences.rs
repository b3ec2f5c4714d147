//! What differs on purpose: lines of `differences.txt` and of `differences_slow.txt` for playbooks that are slow, a pattern of the place, a pattern of the difference, the reason.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use regex::Regex;

/// All explanations.
pub(crate) struct Differences {
    known: Vec<(String, Regex)>,
    reasons: Vec<String>,
    used: RefCell<BTreeSet<usize>>,
}

impl Differences {
    /// Reads them: `PLACE :: DIFFERENCE :: REASON`, both patterns of the whole text; a reason is never left out.
    pub(crate) fn read(names: &[&str]) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compat");
        let text: String = names.iter().map(|name| fs::read_to_string(folder.join(name)).unwrap()).collect();
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let (mut known, mut reasons) = (Vec::new(), Vec::new());
        for line in lines {
            let parts: Vec<&str> = line.split(" :: ").collect();
            let [place, difference, reason] = parts[..] else { panic!("{names:?}: not three parts: {line}") };
            assert!(reason.len() > 10, "{names:?}: no reason: {line}");
            known.push((line.to_owned(), Regex::new(&format!("^(?s:{place} :: {difference})$")).unwrap()));
            reasons.push(reason.to_owned());
        }
        Self { known, reasons, used: RefCell::default() }
    }

    /// Whether a difference is one of them.
    pub(crate) fn explains(&self, place: &str, difference: &str) -> bool {
        self.reason(place, difference).is_some()
    }

    /// Why it differs, when that is known.
    pub(crate) fn reason(&self, place: &str, difference: &str) -> Option<String> {
        let whole = format!("{place} :: {difference}");
        // An explanation that says `result` is of a failure, too; one that says `failure` is of nothing else.
        let as_result = whole.replacen(" :: failure", " :: result", 1);
        let found = self.known.iter().position(|(_, pattern)| pattern.is_match(&whole) || pattern.is_match(&as_result));
        self.used.borrow_mut().extend(found);
        found.map(|at| self.reasons[at].clone())
    }

    /// Explanations of what does not differ any more.
    pub(crate) fn unused(&self) -> Vec<String> {
        let used = self.used.borrow();
        let unused = self.known.iter().enumerate().filter(|(number, _)| !used.contains(number));
        unused.map(|(_, (line, _))| line.clone()).collect()
    }
}
