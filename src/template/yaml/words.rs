//! The words that YAML 1.1 reads as something else than text, which a text must therefore quote.

use crate::template::regex::Patterns;

/// Booleans, nothing, merge and value keys.
const WORDS: [&str; 26] = [
    "yes", "Yes", "YES", "no", "No", "NO", "true", "True", "TRUE", "false", "False", "FALSE", "on", "On", "ON", "off",
    "Off", "OFF", "~", "null", "Null", "NULL", "", "<<", "=", "!",
];

/// Numbers and times.
const NUMBERS: [&str; 4] = [
    r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
    r"[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+",
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?",
];

/// Whether a text written plainly would be read as something else.
pub(super) fn is_other(text: &str, patterns: &Patterns) -> bool {
    if WORDS.contains(&text) {
        return true;
    }
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) {
        return false;
    }
    let flags = crate::template::regex::Flags { at_start: true, to_end: true, ..Default::default() };
    NUMBERS.iter().any(|pattern| {
        let regex = patterns.get(pattern, flags);
        regex.is_ok_and(|regex| regex.is_match(text).unwrap_or(false))
    })
}
