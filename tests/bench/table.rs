//! Figures as tables of Markdown, as docs/performance.md shows them.

use crate::report::Report;

/// A table: its columns, then rows.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these columns.
    pub(crate) fn new(columns: &[&str]) -> Self {
        let head = columns.iter().map(|column| (*column).to_owned()).collect();
        Self { rows: vec![head] }
    }

    /// One more row.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Tells it.
    pub(crate) fn show(&self, report: &Report) {
        let mut text = String::new();
        for (number, row) in self.rows.iter().enumerate() {
            let rule = if number == 0 { format!("\n|{}", " --- |".repeat(row.len())) } else { String::new() };
            text += &format!("| {} |{rule}\n", row.join(" | "));
        }
        report.tell(text.trim_end());
    }
}

/// Seconds, as exact as they are worth.
pub(crate) fn seconds(seconds: f64) -> String {
    match seconds {
        long if long >= 10.0 => format!("{long:.1}"),
        short if short < 0.01 => format!("{short:.4}"),
        other => format!("{other:.3}"),
    }
}

/// How many times as much.
pub(crate) fn times(ratio: f64) -> String {
    if ratio >= 20.0 { format!("{ratio:.0}×") } else { format!("{ratio:.2}×") }
}

/// Figures beside what they should be.
pub(crate) struct Goals {
    table: Table,
}

impl Goals {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self { table: Table::new(&["figure", "goal", "measured", ""]) }
    }

    /// A figure that should be small.
    pub(crate) fn at_most(&mut self, figure: &str, measured: f64, goal: f64) {
        self.add(figure, format!("≤ {goal}"), measured, measured <= goal);
    }

    /// A figure that should be large.
    pub(crate) fn at_least(&mut self, figure: &str, measured: f64, goal: f64) {
        self.add(figure, format!("≥ {goal}"), measured, measured >= goal);
    }

    /// Tells them.
    pub(crate) fn show(&self, report: &Report) {
        self.table.show(report);
    }

    fn add(&mut self, figure: &str, goal: String, measured: f64, met: bool) {
        let verdict = if met { "met" } else { "**missed**" };
        let measured = if measured >= 100.0 { format!("{measured:.0}") } else { format!("{measured:.2}") };
        self.table.row([figure.to_owned(), goal, measured, verdict.to_owned()]);
    }
}
