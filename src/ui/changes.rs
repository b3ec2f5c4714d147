//! What a step changed, in lines: a mark, the thing, and the difference of its texts.

use dpp_protocol::{Change, Verb};

/// `~ /etc/hosts mode 0600 -> 0644`.
pub(super) fn words(change: &Change) -> String {
    let mark = match change.verb {
        Verb::Create => '+',
        Verb::Change => '~',
        Verb::Delete => '-',
        Verb::Restart => '>',
        Verb::Run => '$',
    };
    format!("{mark} {} {}", change.what, change.detail).trim_end().to_owned()
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
