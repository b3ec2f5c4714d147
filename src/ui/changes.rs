//! What a step changed, in lines: a mark, the thing, and the difference of its texts.

use dpp_protocol::{Change, Verb};

/// `~ /etc/hosts mode 0600 -> 0644`.
pub(super) fn words(change: &Change) -> String {
    format!("{} {} {}", mark(change.verb).0, change.what, change.detail).trim_end().to_owned()
}

/// The mark of a change and its colour, which repeats the mark and never stands for it.
pub(super) fn mark(verb: Verb) -> (char, &'static str) {
    match verb {
        Verb::Create => ('+', "32"),
        Verb::Change => ('~', "33"),
        Verb::Delete => ('-', "31"),
        Verb::Restart => ('>', "36"),
        Verb::Run => ('$', "35"),
    }
}

/// A unified difference with three lines of context.
pub(super) fn difference(change: &Change) -> Vec<String> {
    if change.before.is_none() && change.after.is_none() {
        return Vec::new();
    }
    let (before, after) = (change.before.as_deref().unwrap_or_default(), change.after.as_deref().unwrap_or_default());
    let diff = similar::TextDiff::from_lines(before, after);
    diff.unified_diff().context_radius(3).to_string().lines().map(str::to_owned).collect()
}
