//! The status screen: a line a stage, and below what is wrong with it.

use std::fmt::Write as _;

use super::StageHealth;

const COLUMNS: [&str; 8] = ["STAGE", "HOSTS", "VERSION", "STATE", "IN/s", "OUT/s", "BACKLOG", "DETAIL"];
/// Numbers stand to the right.
const NUMBERS: std::ops::RangeInclusive<usize> = 4..=6;

/// The status screen.
pub fn table(stages: &[StageHealth]) -> String {
    let mut rows = vec![COLUMNS.map(str::to_owned)];
    rows.extend(stages.iter().map(row));
    let mut text = aligned(&rows);
    for stage in stages.iter().filter(|stage| !stage.troubles.is_empty()) {
        text.push('\n');
        for trouble in &stage.troubles {
            let _ = writeln!(text, "{}: {trouble}", stage.stage);
        }
    }
    text
}

fn row(stage: &StageHealth) -> [String; 8] {
    [
        stage.stage.to_owned(),
        format!("{}/{}", stage.up, stage.hosts),
        stage.version.clone(),
        stage.state.word().to_owned(),
        or_dash(stage.in_per_second.map(rounded)),
        or_dash(stage.out_per_second.map(rounded)),
        or_dash(stage.backlog.map(|count| count.to_string())),
        stage.detail.clone(),
    ]
}

fn or_dash(number: Option<String>) -> String {
    number.unwrap_or_else(|| "-".to_owned())
}

/// Whole messages, but a trickle is not nothing.
fn rounded(rate: f64) -> String {
    if rate > 0.0 && rate < 10.0 { format!("{rate:.1}") } else { format!("{rate:.0}") }
}

fn aligned(rows: &[[String; 8]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().enumerate().map(|(column, cell)| {
            let width = width(column);
            if NUMBERS.contains(&column) { format!("{cell:>width$}") } else { format!("{cell:width$}") }
        });
        let _ = writeln!(text, "{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
    text
}
