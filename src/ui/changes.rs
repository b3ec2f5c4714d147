//! What a step changed, in lines: a mark, the thing, and the difference of its texts.

use dpp_protocol::{Change, Verb};

use crate::event::minute_of;

/// `~ /etc/hosts mode 0600 -> 0644`.
pub(super) fn words(change: &Change) -> String {
    let drift = drift(change).map(|words| format!(" ({words})")).unwrap_or_default();
    format!("{} {} {}", mark(change).0, change.what, change.detail).trim_end().to_owned() + &drift
}

/// That not our files have changed, but somebody the host: `changed on the host since 2026-11-22 14:03`.
pub(super) fn drift(change: &Change) -> Option<String> {
    let since = minute_of(change.drifted.as_deref()?);
    Some(match change.verb {
        Verb::Create => format!("gone from the host since {since}"),
        Verb::Delete => format!("there again since {since}"),
        Verb::Change | Verb::Restart | Verb::Run => format!("changed on the host since {since}"),
    })
}

/// The mark of a change and its colour, which repeats the mark and never stands for it.
pub(super) fn mark(change: &Change) -> (char, &'static str) {
    match change.verb {
        _ if change.drifted.is_some() => ('!', "33"),
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
