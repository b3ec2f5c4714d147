//! What a run of the bench has to tell: as it comes, and in docs/performance-relay.md when all was measured.

use std::fs;
use std::path::Path;

use crate::lab::Error;

const DOCUMENT: &str = "docs/performance-relay.md";
const BEGIN: &str = "<!-- measured: written by `make bench-relay` -->\n";
const END: &str = "<!-- measured: end -->\n";

/// The text so far.
pub(super) struct Report<'a> {
    text: String,
    tell: &'a mut dyn FnMut(&str),
}

impl<'a> Report<'a> {
    /// An empty one, whose paragraphs are told as they come.
    pub(super) fn new(tell: &'a mut dyn FnMut(&str)) -> Self {
        Self { text: String::new(), tell }
    }

    /// One more paragraph.
    pub(super) fn tell(&mut self, paragraph: &str) {
        (self.tell)(&format!("{paragraph}\n"));
        self.text += &format!("{paragraph}\n\n");
    }

    /// Something for whoever waits, and not for the document.
    pub(super) fn aside(&mut self, words: &str) {
        (self.tell)(words);
    }

    /// Puts it into the document, in the place of what an earlier run told.
    pub(super) fn keep(&mut self) -> Result<(), Error> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(DOCUMENT);
        let document = fs::read_to_string(&path)?;
        let broken = || format!("{DOCUMENT} has no place for figures: {BEGIN}");
        let (before, rest) = document.split_once(BEGIN).ok_or_else(broken)?;
        let (_, after) = rest.split_once(END).ok_or_else(broken)?;
        fs::write(path, format!("{before}{BEGIN}\n{}{END}{after}", self.text))?;
        self.aside(&format!("written into {DOCUMENT}"));
        Ok(())
    }
}

/// Rows of Markdown.
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these columns.
    pub(super) fn new(columns: &[&str]) -> Self {
        Self { rows: vec![columns.iter().map(|column| (*column).to_owned()).collect()] }
    }

    /// One more row.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Tells it.
    pub(super) fn show(&self, report: &mut Report<'_>) {
        let mut text = String::new();
        for (number, row) in self.rows.iter().enumerate() {
            let rule = if number == 0 { format!("\n|{}", " --- |".repeat(row.len())) } else { String::new() };
            text += &format!("| {} |{rule}\n", row.join(" | "));
        }
        report.tell(text.trim_end());
    }
}

/// Figures beside what they should be.
pub(super) struct Goals {
    table: Table,
}

impl Goals {
    /// None yet.
    pub(super) fn new() -> Self {
        Self { table: Table::new(&["figure", "goal", "measured", ""]) }
    }

    /// A figure that should be small.
    pub(super) fn at_most(&mut self, figure: &str, measured: f64, goal: f64) {
        self.add(figure, format!("≤ {goal}"), measured, measured <= goal);
    }

    /// A figure that should be large.
    pub(super) fn at_least(&mut self, figure: &str, measured: f64, goal: f64) {
        self.add(figure, format!("≥ {goal}"), measured, measured >= goal);
    }

    /// Tells them.
    pub(super) fn show(&self, report: &mut Report<'_>) {
        self.table.show(report);
    }

    fn add(&mut self, figure: &str, goal: String, measured: f64, met: bool) {
        let verdict = if met { "met" } else { "**missed**" };
        let measured = if measured >= 100.0 { format!("{measured:.0}") } else { format!("{measured:.2}") };
        self.table.row([figure.to_owned(), goal, measured, verdict.to_owned()]);
    }
}

/// The value below which this share of the figures is; of an even number, the middle is the mean of two.
pub(super) fn part(figures: &[f64], share: f64) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = share * sorted.len().saturating_sub(1) as f64;
    match (sorted.get(at.floor() as usize), sorted.get(at.ceil() as usize)) {
        (Some(below), Some(above)) => f64::midpoint(*below, *above),
        _ => f64::NAN,
    }
}

/// The middle of some figures.
pub(super) fn median(figures: &[f64]) -> f64 {
    part(figures, 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_of_what_was_measured() {
        let figures: Vec<f64> = (1..=101).rev().map(f64::from).collect();
        assert_eq!((median(&figures), part(&figures, 0.99), part(&figures, 1.0)), (51.0, 100.0, 101.0));
        assert!((median(&[4.0, 1.0]) - 2.5).abs() < 1e-9);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn a_goal_is_met_or_missed_in_words() {
        let mut told = String::new();
        let mut hear = |words: &str| told += words;
        let mut report = Report::new(&mut hear);
        let mut goals = Goals::new();
        goals.at_most("small", 2.0, 1.5);
        goals.at_least("large", 200.4, 100.0);
        goals.show(&mut report);
        assert!(told.contains("| small | ≤ 1.5 | 2.00 | **missed** |\n| large | ≥ 100 | 200 | met |"), "{told}");
    }
}
