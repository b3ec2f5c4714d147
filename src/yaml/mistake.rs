//! The parser's complaints in a sysadmin's words, pointing at the character that is to blame.

use std::ops::Range;
use std::sync::Arc;

use crate::source::{Place, Problem, Source};

/// Explains a complaint about what stands at a byte.
pub(crate) fn explain(source: &Arc<Source>, at: usize, complaint: &str) -> Problem {
    let text = source.text();
    let problem = |message: &str, range: Range<usize>, label: &str| {
        Problem::error("DPP0101", message).at(&Place::new(source, range), label)
    };
    if let Some(tab) = tab(text, at, complaint) {
        return problem("a tab where YAML wants spaces", tab..tab + 1, "this is a tab")
            .help("indent with spaces; most editors can turn tabs into spaces on saving");
    }
    let line = line_around(text, at);
    let content = line.start + indentation(&text[line.clone()])..line.end;
    let here = at..next_boundary(text, at);
    match complaint {
        _ if complaint.contains("mapping values are not allowed") => colon(source, &content, at),
        _ if complaint.contains("did not find expected key") && at <= content.start => {
            problem("the indentation of this line fits no line above it", content, "begins in another column")
                .help("keys of one mapping begin in the same column")
        }
        _ if complaint.contains("trailing content") || complaint.contains("did not find expected key") => {
            problem("text after the end of a value", here, "nothing may follow here")
                .help("put the whole value in quotes: '\"a\" and the rest', or \"{{ a }} and the rest\"")
        }
        _ if complaint.contains("did not find expected '-'") => {
            problem("neither an item of the list above nor a key of the mapping around it", content, "expected `- `")
                .help("begin it with `- `, or indent it like the key it belongs beside")
        }
        _ if complaint.contains("unexpected character") => {
            let character = &text[here.clone()];
            problem(
                &format!("a text cannot begin with `{character}` unless it is quoted"),
                here.clone(),
                "needs quotes",
            )
            .help("put the value in quotes")
        }
        _ if complaint.contains("unknown anchor") => {
            let word = at..at + text[at..].find(char::is_whitespace).unwrap_or(text.len() - at);
            problem("an alias without an anchor", word, "no `&` of this name stands above")
                .help("a text that begins with `*` needs quotes")
        }
        _ if complaint.contains("quoted scalar") && complaint.contains("escape") => {
            problem("unknown escape in double quotes", escape(text, at), "")
                .help("write the backslash twice, or use single quotes, where it is an ordinary character")
        }
        _ if complaint.contains("invalid indentation in quoted") => {
            problem("this quote is not closed, or a line of its text begins too far to the left", here, "opened here")
                .help("close it, or indent every line of the text deeper than its key")
        }
        _ if complaint.contains("quoted scalar") || complaint.contains("unexpected end of stream") => {
            problem("this quote is never closed", here, "opened here")
                .help("close it, or double it if it belongs to the text")
        }
        _ if complaint.contains("simple key expect") => {
            let last = text[..at].trim_end().len();
            let line = line_around(text, last);
            let start = line.start + indentation(&text[line.clone()]);
            problem("neither a key with `:` nor an item with `- `", start..last, "")
                .help("a space must follow the `:` of a key and the `-` of an item")
        }
        _ if complaint.contains("illegal placement of ':'") => {
            problem("a `:` where no key can stand", here, "").help("is a `]` or `}` missing above?")
        }
        _ => problem(&format!("not valid YAML: {complaint}"), here, ""),
    }
}

/// Says that a mapping or a list stands where a key must; nearly always a template without quotes.
pub(crate) fn collection_as_key(place: &Place) -> Problem {
    let text = place.source().text();
    let range = place.range();
    if text[..range.start].ends_with('{') && text[range.start..].starts_with('{') {
        let line = line_around(text, range.start);
        let template = range.start - 1..line.start + text[line].trim_end().len();
        let quoted = text[template.clone()].replace('"', "'");
        return Problem::error("DPP0101", "a value that begins with `{{` must be quoted")
            .at(&Place::new(place.source(), template), "YAML reads a mapping here")
            .help(format!("write \"{quoted}\""));
    }
    Problem::error("DPP0101", "a key must be a text or a number, not a list or a mapping").at(place, "")
}

/// A colon too many: a second one in a line, or a key one step too far to the right.
fn colon(source: &Arc<Source>, content: &Range<usize>, at: usize) -> Problem {
    let before = &source.text()[content.start..at.max(content.start)];
    if before.contains(": ") {
        return Problem::error("DPP0101", "`: ` inside a text that is not quoted")
            .at(&Place::new(source, at..at + 1), "YAML takes this for a key's colon")
            .help("put the whole value in quotes");
    }
    Problem::error("DPP0101", "a key where the text of the line above goes on")
        .at(&Place::new(source, content.start..at), "belongs to the value above, by its indentation")
        .help("begin it in the same column as the keys beside it; if the line above is a key, it lacks its `:`")
}

/// The tab that is to blame, if one is.
fn tab(text: &str, at: usize, complaint: &str) -> Option<usize> {
    let line = line_around(text, at);
    let indent = line.start..line.start + indentation(&text[line.clone()]);
    if let Some(tab) = text[indent.clone()].find('\t') {
        return Some(indent.start + tab);
    }
    if complaint.contains("tab") {
        return text[line.start..].find('\t').map(|tab| line.start + tab);
    }
    let after_colon = complaint.contains("':' must be followed");
    (after_colon && text[..at].ends_with('\t'))
        .then(|| at - 1)
        .or((after_colon && text[at..].starts_with('\t')).then_some(at))
}

fn escape(text: &str, opening: usize) -> Range<usize> {
    let mut characters = text[opening..].char_indices();
    while let Some((at, character)) = characters.next() {
        if character == '\\' {
            let Some((_, escaped)) = characters.next() else { break };
            if !"0abt\tnvfre \"/\\N_LPxuU\n\r".contains(escaped) {
                return opening + at..opening + at + 1 + escaped.len_utf8();
            }
        }
    }
    opening..opening + 1
}

fn line_around(text: &str, at: usize) -> Range<usize> {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
    start..end.max(start)
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn next_boundary(text: &str, at: usize) -> usize {
    text[at..].chars().next().map_or(at, |character| at + character.len_utf8())
}
